"""What a call costs before it does anything: next to an empty C program."""
import pathlib
import subprocess
import tempfile

from timing import in_turn

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
