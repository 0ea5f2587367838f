"""messaging-release.yml, run by act on the stage of tests/workflows: its wall time, and how much of it is arc-ci."""
import pathlib
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "workflows"))
TITLE = "A release of 3 services × 2 platforms by messaging-release.yml"
ROUNDS = 3

# In arc-ci's place. A process that has ended and was not waited for yet still tells the time that it ran itself; that of
# its children, docker's and the scanner's, is not in it.
WRAPPER = """#!/usr/bin/python3 -IS
import os, sys, time
start = time.monotonic()
child = os.posix_spawn({program!r}, [{program!r}, *sys.argv[1:]], os.environ)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
wall = time.monotonic() - start
with open(f"/proc/{{child}}/schedstat") as stat:
    own = int(stat.read().split()[0]) / 1e9
with open({log!r}, "a") as log:
    log.write(f"{{own}} {{wall}}\\n")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def measure(checkout, tag, log):
    """One release: seconds of the run, and (own processor time, wall time) of every arc-ci in it."""
    checkout.commit(f"Release {tag}")
    checkout.tag(tag)
    log.write_text("")
    start = time.perf_counter()
    run = checkout.run("messaging-release.yml", "push", {"ref": f"refs/tags/{tag}"})
    wall = time.perf_counter() - start
    if run.status != 0:
        raise RuntimeError(run.log[-4000:])
    return wall, [tuple(map(float, line.split())) for line in log.read_text().splitlines()]


def run():
    from stage import open_stage
    with tempfile.TemporaryDirectory() as scratch, open_stage(pathlib.Path(scratch)) as stage:
        log = stage.folder / "arc-ci.log"
        checkout = stage.checkout("repository")
        measure(checkout, "messaging/v0.1.0", log)  # builds arc-ci
        program, = stage.home.glob(".cache/arc-ci/bin/*/arc-ci")
        program.rename(program.with_suffix(".real"))
        program.write_text(WRAPPER.format(program=str(program.with_suffix(".real")), log=str(log)))
        program.chmod(0o755)
        runs = [measure(checkout, f"messaging/v0.1.{number}", log) for number in range(1, ROUNDS + 1)]
        checkout.double.close()
        wall = statistics.median(wall for wall, _ in runs)
        own = statistics.median(sum(own for own, _ in calls) for _, calls in runs)
        waited = statistics.median(sum(wall for _, wall in calls) for _, calls in runs)
        yield f"our own code: processor time of its {len(runs[0][1])} processes", own, "the run's wall time", wall, "s"
        yield "the same, while docker, buildx and Trivy worked for it", own, "wall time of these processes", waited, "s"
