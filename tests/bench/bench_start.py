"""What a call costs before it does anything: this build beside an empty C program, the released static program beside an empty
static one, of the same compiler (musl) and of glibc."""
import pathlib
import platform
import subprocess
import sys
import tempfile

from timing import ROOT, in_turn, released

TITLE = "Start-up (median of 200 runs, in turn)"
ARC_CI = str(pathlib.Path(__file__).resolve().parents[2] / "build/arc-ci")


def run():
    with tempfile.TemporaryDirectory() as scratch:
        source, empty = f"{scratch}/empty.c", f"{scratch}/empty"
        pathlib.Path(source).write_text("int main(void)\n{\n    return 0;\n}\n")
        subprocess.run(["gcc", "-O2", "-o", empty, source], check=True)
        for arguments in (["--help"], ["version", "messaging/v1.2.3"]):
            ours, theirs = in_turn([[ARC_CI, *arguments], [empty]], cwd=scratch)
            yield "arc-ci " + " ".join(arguments), ours, "an empty C program", theirs, "ms"
        yield from run_static(source, pathlib.Path(scratch))


def run_static(source, scratch):
    sys.path[:0] = [str(ROOT / "packaging"), str(ROOT / "tests")]
    import dist
    program = released()
    tools = dist.Toolchain(f"linux-{platform.machine()}", scratch / "zig")
    subprocess.run([tools.folder / "cc", "-O2", "-o", scratch / "musl", source], check=True, env=tools.env)
    subprocess.run(["gcc", "-O2", "-static", "-o", scratch / "glibc", source], check=True)
    for arguments in (["--version"], ["version", "messaging/v1.2.3"]):
        ours, musl, glibc = in_turn([[program, *arguments], [scratch / "musl"], [scratch / "glibc"]], cwd=scratch)
        yield "static arc-ci " + " ".join(arguments), ours, "an empty static program, musl", musl, "ms"
        yield "static arc-ci " + " ".join(arguments), ours, "an empty static program, glibc", glibc, "ms"
