"""Every request of a rollback, of a train's promotion and its rollback, and of a tag × the faults of tests/fault, and kill -9 before
and after each: public names are all moved or none, and a second run ends in the state that a run without a fault ends in."""
import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import threading

import faults
import pytest
from github_double import Double
from world import World

ALL = bool(os.environ.get("ARC_TORTURE"))     # the train's 28 requests to a registry as well: five minutes, of the kinds that rollback has
LASTING = [faults.reset_before, faults.status_500, faults.no_permission, faults.truncated_body]     # from one request on


class Scenario:
    """`words` are run in a world that `make` prepared; so many requests they send to each server."""

    def __init__(self, words, make, registry=0, github=0, lasting=False, tabled=("registry", "github"), **world):
        self.words, self.make, self.world, self.lasting, self.tabled = words, make, world, lasting, tabled
        self.requests = {"registry": registry, "github": github}


def released_twice(world):
    for version in ("1.0.0", "1.0.1"):
        world.release(version)


def train_released(world):
    world.release("1.0.0")
    world.release("0.1.0", group="data")
    world.release("1.0.0", group="platform")
    world.release("1.1.0")


def train_departs(world):
    train_released(world)
    world.prepare("1.1.0", group="platform")


def train_released_twice(world):
    train_released(world)
    world.release("1.1.0", group="platform")


def remote_with_a_change(world):
    world.release("1.0.0")
    (world.repo / "services/a/Dockerfile").write_text("FROM nats:2.10.29@sha256:" + "0" * 64 + "\nUSER 1000\n")
    world.git("commit", "-qam", "feat: news")
    subprocess.run(["git", "clone", "-q", "--bare", world.repo, world.repo / ".git/remote"], check=True)    # copied with the repository
    for key, value in {"user.name": "a", "user.email": "a@example.org"}.items():
        world.git("config", key, value)
    world.git("remote", "add", "origin", ".git/remote")


SCENARIOS = {
    "rollback": Scenario(("rollback", "shop", "1.0.0", "--withdraw=prerelease"), released_twice, 19, 8, lasting=True, services="a"),
    "train": Scenario(("build", "--promote", "--plan=../plan.json", "--build=../build.json"), train_departs, 24, 0, services="ab", train=True),
    "train's rollback": Scenario(("rollback", "platform", "1.0.0", "--withdraw=prerelease"), train_released_twice, 28, 10,
                                 tabled=("registry", "github") if ALL else ("github",), services="ab", train=True),
    "tag": Scenario(("tag", "shop", "1.1.0", "--push"), remote_with_a_change, 0, 1, lasting=True, services="a"),
}
PLACES = [(name, where, at) for name, scenario in SCENARIOS.items() for where in scenario.tabled
          for at in range(1, scenario.requests[where] + 1)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Of each scenario its world, with what it starts and ends with."""
    worlds = {}
    with Double() as elsewhere:
        faults.ELSEWHERE["url"] = elsewhere.url
        for name, scenario in SCENARIOS.items():
            world = worlds[name] = World(tmp_path_factory.mktemp("world"), mirror=False, **scenario.world)
            scenario.make(world)
            world.keep()
            world.restore()
            world.before = names_of(world)
            world.run(*scenario.words)
            counts = {"registry": world.registry.count, "github": world.github.count}
            assert counts == scenario.requests, f"{name}: the table of requests is not that of this program"
            world.after, world.expected = names_of(world), state_of(world)
            assert world.before != world.after
        yield worlds
        for world in worlds.values():
            world.__exit__()
        assert not elsewhere.exchanges or "Authorization" not in str([one["headers"] for one in elsewhere.exchanges])


def names_of(world):
    """Image → its tags; and the tags of git's remote."""
    found = {name: {tag: to for tag, to in repository.tags.items() if not tag.startswith("staging-")}
             for name, repository in world.registry.state.repositories.items()}
    remote = world.repo / ".git/remote"
    return found, subprocess.run(["git", "tag"], cwd=remote, check=True, capture_output=True, text=True).stdout if remote.is_dir() else None


def state_of(world):
    releases = [{key: release[key] for key in ("tag_name", "body", "draft", "prerelease", "_latest")}
                for release in world.github.state.releases]
    return json.dumps([names_of(world), releases, world.git("tag")], sort_keys=True)


def another(kept, folder):
    world = kept.another(folder)
    if (world.repo / ".git/remote").is_dir():
        world.git("checkout", "-q", "--", ".")     # a tag is made of what is committed
    for name in ("plan.json", "build.json"):
        if (kept.folder / name).exists():
            (world.folder / name).write_text((kept.folder / name).read_text().replace(kept.registry.host, world.registry.host))
    return world


def check_second(kept, scenario, world):
    for double in (world.registry, world.github):
        assert double.listening.wait(60)
        double.faults = faults.none
    world.run(*scenario.words)
    assert state_of(world) == kept.expected


def run_fault(kept, scenario, folder, where, at, fault, mode):
    with another(kept, folder) as world:
        double = getattr(world, where)
        double.faults = mode(fault, at)
        first = world.run(*scenario.words, status=None, **faults.patience(fault))
        assert first.returncode in (0, 1, 3), first.err
        double.faults = faults.none
        assert double.listening.wait(60)
        now = names_of(world)
        assert now in (kept.before, kept.after) or "NOT put back" in first.err, f"{now}: {first.err}"
        if first.returncode == 0:
            assert state_of(world) == kept.expected
        check_second(kept, scenario, world)
        return first


def run_killed(kept, scenario, folder, where, at, when):
    with another(kept, folder) as world:
        started, child, double = threading.Event(), {}, getattr(world, where)

        def pid():
            started.wait(60)
            return child["process"].pid
        make = faults.killed_before if when == "before" else faults.killed_after
        double.faults = faults.once(make(pid), at)
        child["process"] = world.start(*scenario.words)
        started.set()
        child["process"].communicate(timeout=60)
        assert child["process"].returncode == -9
        check_second(kept, scenario, world)


@pytest.fixture(scope="module")
def results(request, kept, tmp_path_factory, record_testsuite_property):
    """The cases that were collected, under way six at a time: most of their time is waiting."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        def submit(item):
            given = dict(item.callspec.params)
            name, where, at = given.pop("place")
            run = run_killed if "when" in given else run_fault
            return pool.submit(run, kept[name], SCENARIOS[name], tmp_path_factory.mktemp("case"), where, at, **given)
        items = [item for item in request.session.items if item.fspath == request.fspath and "results" in item.fixturenames]
        yield {item.name: submit(item) for item in items}
    counts = collections.Counter(item.callspec.params["place"][0] for item in items)
    record_testsuite_property("figures", f"faults and kills at each request of the steering commands: {len(items):,} cases = "
                              + " + ".join(f"{count} of {name}" for name, count in counts.items()))


CASES = [(place, fault, faults.once) for place in PLACES for fault in faults.ALL]
CASES += [(place, fault, faults.onwards) for place in PLACES for fault in LASTING if SCENARIOS[place[0]].lasting]


def names(value):
    return value.__name__ if callable(value) else "-".join(map(str, value))


@pytest.mark.parametrize("place, fault, mode", CASES, ids=names)
def test_fault(request, results, place, fault, mode):
    first = results[request.node.name].result()
    final = fault in (faults.expired_token, faults.no_permission, faults.redirect_elsewhere, faults.redirect_302)
    # Bytes of another digest are no passing fault; the listing of all releases is given 20 seconds to wait.
    damaged = fault is faults.wrong_length and place[1] == "registry"
    limited = fault in (faults.rate_limit_403, faults.secondary_limit) and place[1:] == ("github", 1)
    if mode is faults.once and not (final or damaged or limited):
        assert first.returncode == 0, f"one passing fault should not end a run: {first.err}"


@pytest.mark.parametrize("place", PLACES, ids=names)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill(request, results, place, when):
    results[request.node.name].result()


# ---- the git that a tag is made and pushed with ------------------------------------------------------------------------------

GIT = """#!/bin/sh
number=$(($(cat {folder}/count) + 1))
echo $number >{folder}/count
[ $number = {at} ] || exec {git} "$@"
case {how} in *after) {git} "$@";; esac
case {how} in kill*) kill -9 $PPID;; esac
echo "fatal: the remote end hung up unexpectedly" >&2
exit 128
"""


def run_git_fault(kept, folder, at, how):
    """The run's nth call of git fails, or takes the run with it, before or after it did what it does; returns how many there were."""
    with another(kept, folder) as world:
        git = world.folder / "bin/git"
        git.parent.mkdir()
        git.write_text(GIT.format(folder=world.folder, git=shutil.which("git"), at=at, how=how))
        git.chmod(0o755)
        (world.folder / "count").write_text("0")
        words = SCENARIOS["tag"].words
        first = world.run(*words, status=None, PATH=f"{git.parent}:{os.environ['PATH']}")
        calls = int((world.folder / "count").read_text())
        assert first.returncode in ((-9,) if how.startswith("kill") else (0, 1, 3)), first.err
        if first.returncode == 0:
            assert state_of(world) == kept.expected
        for lock in world.repo.glob(".git/**/*.lock"):
            lock.unlink()
        check_second(kept, SCENARIOS["tag"], world)
        return calls


def test_every_call_of_git(kept, tmp_path, record_testsuite_property):
    calls = run_git_fault(kept["tag"], tmp_path / "none", 0, "fail-before")
    cases = [(at, how) for at in range(1, calls + 1) for how in ("fail-before", "fail-after", "kill-before", "kill-after")]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        under_way = {case: pool.submit(run_git_fault, kept["tag"], tmp_path / "-".join(map(str, case)), *case) for case in cases}
        for (at, how), result in under_way.items():
            try:
                result.result()
            except AssertionError as problem:
                raise AssertionError(f"{how} call {at} of git: {problem}") from problem
    assert calls >= 5
    record_testsuite_property("figures", f"calls of git of a tag: {len(cases)} cases = {calls} calls x 4")
