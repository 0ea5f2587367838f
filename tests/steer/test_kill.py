"""kill -9 at system calls, by their count, of a train's promotion, a rollback, a tag and a prune: the next run ends in the same state.
A sample of the calls that reach the network, a file or another process (ARC_TORTURE=1: all of them)."""
import concurrent.futures
import os
import re
import subprocess

import pytest
from test_faults import SCENARIOS, Scenario, another, names_of, state_of
from test_prune import make_prunable
from world import ARC_CI, World

ALL = bool(os.environ.get("ARC_TORTURE"))
CALLS = ("sendto", "sendmsg", "recvfrom", "connect", "close", "read", "write", "openat", "rename", "unlink", "poll", "clone3", "vfork", "wait4")


TABLE = {name: SCENARIOS[name] for name in ("train", "rollback", "tag")}
TABLE["prune"] = Scenario(("prune", "--apply", "--keep=0", "--older-than=14d"), make_prunable, services="a")


def strace(world, scenario, *words):
    return subprocess.run(["strace", "-qq", "-e", "signal=none", *words, ARC_CI, *scenario.words], cwd=world.repo, env=world.environment(),
                          capture_output=True, text=True, timeout=120)


def points(total):
    return range(1, total + 1) if ALL or total <= 2 else sorted({1 + total // 3, total})


def end_of(world):
    """What counts: the public state, and the tags of builds; a probe of a run that was killed goes once it is old."""
    found = [sorted(tag for tag in repository.tags if "probe" not in tag) for repository in world.registry.state.repositories.values()]
    whole = [not repository.missing(tag) for repository in world.registry.state.repositories.values() for tag in repository.tags]
    return found, all(whole), None if "1.0.0" in str(found) and "staging" in str(found) else state_of(world)


@pytest.fixture(scope="module")
def killed(record_testsuite_property):
    counts = {}
    yield counts
    record_testsuite_property("figures", "killed at a system call: " + ", ".join(f"{name} {count} times" for name, count in counts.items()))


@pytest.mark.parametrize("name", TABLE)
def test_killed_at_a_system_call(tmp_path, name, killed):
    scenario = TABLE[name]
    with World(tmp_path, mirror=False, **scenario.world) as kept:
        scenario.make(kept)
        kept.keep()
        with another(kept, tmp_path / "count") as world:
            done = strace(world, scenario, "-o", str(tmp_path / "log"))
            assert done.returncode == 0, done.stderr
        names = re.findall(r"^(\w+)\(", (tmp_path / "log").read_text(), re.M)
        places = [(call, at) for call in CALLS for at in points(names.count(call)) if names.count(call)]

        def run(place):
            call, at = place
            with another(kept, tmp_path / f"{call}-{at}") as world:
                before = names_of(world)
                done = strace(world, scenario, "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={at}")
                assert done.returncode in (0, -9, 137), (place, done)
                world.run(*scenario.words)
                assert names_of(world) != before or name == "prune", place
                return place, end_of(world)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            results = list(pool.map(run, places))
        with another(kept, tmp_path / "right") as world:
            world.run(*scenario.words)
            right = end_of(world)
    hosts = re.compile(r"127\.0\.0\.1:\d+")
    wrong = [place for place, end in results if hosts.sub("", str(end)) != hosts.sub("", str(right))]
    assert not wrong and len(places) >= 10, wrong
    killed[name] = len(places)
