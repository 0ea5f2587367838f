"""Every request of a rollback × the faults of tests/fault, and kill -9 before and after each: the images' tags are all moved or
none, and a second run ends in the state that a run without a fault ends in."""
import collections
import concurrent.futures
import json
import threading

import faults
import pytest
from github_double import Double
from world import World

WORDS = ("rollback", "shop", "1.0.0", "--withdraw=prerelease")
LASTING = [faults.reset_before, faults.status_500, faults.no_permission, faults.truncated_body]     # from one request on
REQUESTS = {"registry": 19, "github": 8}
PLACES = [(where, at) for where, count in REQUESTS.items() for at in range(1, count + 1)]
TABLE = collections.Counter()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with World(tmp_path_factory.mktemp("shop"), services="a", mirror=False) as world, Double() as elsewhere:
        faults.ELSEWHERE["url"] = elsewhere.url
        for version in ("1.0.0", "1.0.1"):
            world.release(version)
        world.keep()
        world.restore()
        world.run(*WORDS)
        counts = {"registry": world.registry.count, "github": world.github.count}
        assert counts == REQUESTS, "the table of requests is not that of this program"
        world.expected = state_of(world)
        yield world
        assert not elsewhere.exchanges or "Authorization" not in str([one["headers"] for one in elsewhere.exchanges])


def state_of(world):
    registry = {name: repository.tags for name, repository in world.registry.state.repositories.items()}
    releases = [{key: release[key] for key in ("tag_name", "body", "draft", "prerelease", "_latest")}
                for release in world.github.state.releases]
    return json.dumps([registry, releases], sort_keys=True)


def check_second(kept, world):
    for double in (world.registry, world.github):
        assert double.listening.wait(60)
        double.faults = faults.none
    world.run(*WORDS)
    assert state_of(world) == kept.expected


def run_fault(kept, folder, where, at, fault, mode):
    with kept.another(folder) as world:
        before, double = world.floating(), getattr(world, where)
        double.faults = mode(fault, at)
        speed = {"QUICK_SLEEP_SPEED": "10"} if fault is faults.refused else {}
        first = world.run(*WORDS, status=None, **speed)
        assert first.returncode in (0, 1, 3), first.err
        double.faults = faults.none
        assert double.listening.wait(60)
        now = world.floating()
        assert now in (before, dict.fromkeys(before, "1.0.0")) or "NOT put back" in first.err, f"{now}: {first.err}"
        if first.returncode == 0:
            assert state_of(world) == kept.expected
        check_second(kept, world)
        return first


def run_killed(kept, folder, where, at, when):
    with kept.another(folder) as world:
        started, child, double = threading.Event(), {}, getattr(world, where)

        def pid():
            started.wait(10)
            return child["process"].pid
        make = faults.killed_before if when == "before" else faults.killed_after
        double.faults = faults.once(make(pid), at)
        child["process"] = world.start(*WORDS)
        started.set()
        child["process"].communicate(timeout=60)
        assert child["process"].returncode == -9
        check_second(kept, world)


@pytest.fixture(scope="module")
def results(request, kept, tmp_path_factory):
    """The cases that were collected, under way six at a time: most of their time is waiting."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        def submit(item):
            given = dict(item.callspec.params)
            where, at = given.pop("place")
            run = run_killed if "when" in given else run_fault
            return pool.submit(run, kept, tmp_path_factory.mktemp("case"), where, at, **given)
        yield {item.name: submit(item) for item in request.session.items if item.fspath == request.fspath}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place[0]}{place[1]}")
@pytest.mark.parametrize("fault, mode", [*((fault, faults.once) for fault in faults.ALL), *((fault, faults.onwards) for fault in LASTING)],
                         ids=lambda value: value.__name__)
def test_fault(request, results, place, fault, mode):
    first = results[request.node.name].result()
    final = fault in (faults.expired_token, faults.no_permission, faults.redirect_elsewhere, faults.redirect_302)
    # Bytes of another digest are no passing fault; the listing of all releases is given 20 seconds to wait.
    damaged = fault is faults.wrong_length and place[0] == "registry"
    limited = fault in (faults.rate_limit_403, faults.secondary_limit) and place == ("github", 1)
    if mode is faults.once and not (final or damaged or limited):
        assert first.returncode == 0, f"one passing fault should not end a run: {first.err}"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place[0]}{place[1]}")
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill(request, results, place, when):
    results[request.node.name].result()
