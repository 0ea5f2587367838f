"""Times commands in turn: A B, B A, …, so that what else the machine does, and what each leaves behind, hits all alike."""
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def once(command, tries=1, **kwargs):
    for left in reversed(range(tries)):
        start = time.perf_counter()
        run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=not left, **kwargs)
        if run.returncode == 0:
            return (time.perf_counter() - start) * 1000


def in_turn(commands, rounds=200, tries=1, **kwargs):
    """Median milliseconds of each command (a list of argument lists). One that fails is tried again, and only the run
    that succeeds is counted."""
    times = [[] for _ in commands]
    for command in commands:
        once(command, tries, **kwargs)
    for turn in range(rounds):
        for place in range(len(commands)):
            i = (turn + place) % len(commands)
            times[i].append(once(commands[i], tries, **kwargs))
    return [statistics.median(each) for each in times]


def program(name):
    """Builds a program of tests/bench; returns its path."""
    subprocess.run(["cmake", "--build", ROOT / "build", "--target", name], check=True, stdout=subprocess.DEVNULL)
    return str(ROOT / "build/tests" / name)


def released():
    """Builds the static program that a release has for this machine's platform; returns its path."""
    target = f"linux-{platform.machine()}"
    subprocess.run([sys.executable, ROOT / "packaging/dist.py", target], check=True, stdout=subprocess.DEVNULL)
    return str(ROOT / f"dist/arc-ci-{target}")


def peak(command, **kwargs):
    """Peak resident memory of one run, in MiB."""
    return int(subprocess.run([program("peak"), *command], check=True, capture_output=True, **kwargs).stdout) / 1024
