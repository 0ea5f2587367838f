"""kill -9 at any system call of a promotion and of a release: a sample of each kind of call (ARC_TORTURE=1: all of them). What is
left is never wrong, and the next run ends right."""
import pathlib
import re
import sys

import pytest

from torture import points

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/double"), str(ROOT / "tests/fault")]
import harness  # noqa: E402
from one_image import Registry, promote  # noqa: E402

KILLED = {}


@pytest.fixture(scope="module", autouse=True)
def table(record_testsuite_property):
    yield
    times = ", ".join(f"{command} {number} times" for command, number in sorted(KILLED.items()))
    record_testsuite_property("figures", f"killed at a system call: {times}")


def killer(name, n):
    return ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e", "signal=none", "-e", f"inject={name}:signal=KILL:when={n}"]


def calls(log):
    """Which system calls there were, from main() on: before it nothing can have happened."""
    names = re.findall(r"^(\w+)\(", log.read_text(), re.M)
    return {name: names.count(name) for name in set(names) - {"execve", "brk", "arch_prctl", "set_tid_address", "rseq", "exit_group"}}


def counter(log):
    return ["strace", "-qq", "-o", str(log), "-e", "signal=none"]


def test_a_promotion(tmp_path):
    with Registry() as registry:
        assert promote(registry, tmp_path, counter(tmp_path / "log")).returncode == 0
    for name, total in sorted(calls(tmp_path / "log").items()):
        for n in points(total, 3):
            with Registry() as registry:
                staged = dict(registry.tags)
                done = promote(registry, tmp_path, killer(name, n))
                left = {tag: digest for tag, digest in registry.tags.items() if tag not in staged}
                assert set(left) <= {"v1.2.0", "latest"} and set(left.values()) <= {registry.index}, (name, n, left)
                assert "latest" not in left or "v1.2.0" in left, (name, n)
                assert done.returncode in (0, -9, 137), (name, n, done)
                again = promote(registry, tmp_path)
                assert again.returncode == 0, (name, n, again.stderr)
                assert registry.tags == {**staged, "v1.2.0": registry.index, "latest": registry.index}, (name, n)
            KILLED["promote"] = KILLED.get("promote", 0) + 1


def test_a_release(tmp_path, monkeypatch):
    project = harness.Project(tmp_path)
    log = tmp_path / "log"

    def run(state_of, wrapper):
        monkeypatch.setattr(harness, "WRAPPER", wrapper)
        status, output = project.run(state_of)
        monkeypatch.setattr(harness, "WRAPPER", [])
        return status, output
    with harness.Double(harness.new_state(project)) as double:
        status, output = run(double, counter(log))
        assert status == 0, output
    for name, total in sorted(calls(log).items()):
        for n in points(total, 2):
            with harness.Double(harness.new_state(project)) as double:
                run(double, killer(name, n))
                assert len(double.state.published(harness.TAG)) <= 1 and not double.state.violations
                status, output = project.run(double)
                assert status == 0, (name, n, output)
                harness.check(double, project)
            KILLED["release"] = KILLED.get("release", 0) + 1
