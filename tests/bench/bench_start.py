"""What a call costs before it does anything: this build beside an empty C program, the released static program beside an empty
static one, of the same compiler (zig cc with musl) and of gcc with glibc. All on one core."""
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

from timing import ROOT, in_turn, released

TITLE = "Start-up and dry-run (median of 1,000 runs on one core, in turn; 50 of dry-run)"
SOURCE = "int main(void)\n{\n    return 0;\n}\n"


def make_empty(scratch):
    """The same empty program, linked in each of the ways."""
    sys.path[:0] = [str(ROOT / "packaging"), str(ROOT / "tests")]
    import dist
    tools = dist.Toolchain(f"linux-{platform.machine()}", scratch / "zig")
    (scratch / "empty.c").write_text(SOURCE)
    for name, command in (("dynamic", ["gcc", "-O2"]), ("glibc", ["gcc", "-O2", "-static"]),
                          ("musl", [tools.folder / "cc", "-O2", "-s", "-fPIC", "-static", "-pie"])):
        subprocess.run([*command, "-o", scratch / name, scratch / "empty.c"], check=True, env=tools.env)
    return [[scratch / name] for name in ("dynamic", "musl", "glibc")]


def compare(scratch):
    empty = make_empty(scratch)
    ours, static = str(ROOT / "build/arc-ci"), released()
    for arguments in (["--version"], ["version", "messaging/v1.2.3"]):
        times = in_turn([[ours, *arguments], [static, *arguments], *empty], 1000, cwd=scratch)
        what = "arc-ci " + " ".join(arguments)
        yield what, times[0], "an empty program, dynamic (gcc)", times[2], "ms"
        yield f"{what}, static", times[1], "an empty program, static-pie (zig cc, musl)", times[3], "ms"
        yield f"{what}, static", times[1], "an empty program, static (gcc, glibc)", times[4], "ms"
    times = in_turn([[program, "dry-run", "messaging/v1.2.3"] for program in (static, ours)], 50, cwd=ROOT)
    yield "arc-ci dry-run messaging/v1.2.3, static", times[0], "the same, dynamic", times[1], "ms"


def run():
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as scratch:
        os.sched_setaffinity(0, {max(cores)})
        try:
            yield from compare(pathlib.Path(scratch))
        finally:
            os.sched_setaffinity(0, cores)
