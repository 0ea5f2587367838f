"""The model of the release (release_model.py): its invariants hold in every state that jobs, crashes and lost answers lead to, and
the requests that arc-ci sends are those of the model, in its order."""
import pathlib
import re
import sys

import pytest

from release_model import PRUNE, START, State, broken, explore, of_version, published, release, roll_back, start, successors, tag

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/fault"), str(ROOT / "tests/double")]
from harness import Double, Project, new_state  # noqa: E402
from one_image import Registry, promote  # noqa: E402

STATES = {}

# Who is at it at the same time, whether the workflow's concurrency group holds them apart, crashes and lost answers.
SCENARIOS = {
    "one job": ([release(1)], False, 2, 2),
    "two jobs of one version": ([release(1), release(1)], False, 1, 1),
    "two versions, one after another": ([release(1), release(2)], True, 2, 2),
    "a version, prune and a rollback": ([release(1), PRUNE, roll_back(1)], False, 1, 1),
    "two versions, prune and a rollback": ([release(1), release(2), PRUNE, roll_back(1)], True, 1, 0),
}


@pytest.fixture(scope="module", autouse=True)
def table(record_testsuite_property):
    yield
    record_testsuite_property("figures", f"model of the release: {sum(STATES.values())} states in {len(STATES)} scenarios")


@pytest.mark.parametrize("name", SCENARIOS)
def test_all_interleavings(name):
    jobs, serial, crashes, losses = SCENARIOS[name]
    count, broke, ends = explore(jobs, serial, crashes, losses)
    STATES[name] = count
    assert broke is None, " → ".join(broke)
    assert ends


def test_the_next_run_ends_right():
    """From wherever a crash left it, a run to which nothing happens publishes the version once, with its image; unless its gate
    fails, or another image has the version's tag."""
    _, _, ends = explore([release(1), release(1)], False, 1, 1)
    worlds = {end.world for end in ends}
    assert len(worlds) > 10
    for world in worlds:
        queue, last = [State(world, (release(1),), 0, 0, None)], []
        while queue:
            state = queue.pop()
            nexts = successors(state, False)
            queue += [later for _, later in nexts]
            last += [] if nexts else [state]
        done = [state.world for state in last if state.jobs[0].at == "done"]
        for end in done:
            assert len(of_version(end, 1)) == len(published(end, 1)) == 1 and tag(end, "v1") in end.indexes
        assert done or tag(world, "v1") != tag(world, "staging-v1")


def test_without_the_workflows_lock_latest_can_go_back():
    """The model can see what it is for: a registry moves tags without asking what they were, so two releases of a group must not
    run at a time. That is what the workflows' concurrency group is for."""
    _, broke, _ = explore([release(1), release(2)], False, 0, 0)
    assert broke and broke[-1] == "latest went back by itself"
    for name in ("messaging-release.yml", "arc-ci-release.yml"):
        text = (ROOT / ".github/workflows" / name).read_text()
        assert re.search(r"^concurrency:\n  group: \S+-release\n  cancel-in-progress: false\n  queue: max$", text, re.M), name


@pytest.mark.parametrize("breakage", ["an unverified index", "two releases", "pruned"])
def test_the_invariants_can_break(breakage):
    good, bad = ("v", 1, True), (1, 1, False)
    worlds = {
        "an unverified index": START._replace(indexes=frozenset({bad}), tags=(("v1", bad),)),
        "two releases": START._replace(releases=((1, 1, False, True), (2, 1, False, True))),
        "pruned": START._replace(tags=(("v1", good),), gated=frozenset({good}), signed=frozenset({good})),
    }
    assert broken(None, start([])._replace(world=worlds[breakage]), "")


# ---- the code's own requests -----------------------------------------------------------------------------------------------


def modelled(*skipped):
    """The labels of one job's undisturbed way through the model, from the verification on."""
    state, labels = start([release(1)], 0, 0), []
    while True:
        nexts = [one for one in successors(state, False) if one[1].jobs[0].at != "failed" and "refused" not in one[0]]
        if not nexts:
            break
        label, state = nexts[0]
        labels.append(label.split(" ", 1)[1])
    at = len(labels) - 1 - labels[::-1].index("verify")
    return [label for label in labels[at:] if label not in skipped]


def test_promotion_is_the_models(tmp_path):
    expected = [label for label in modelled() if label in ("verify", "look up version", "put version", "look up latest", "put latest")]
    with Registry() as registry:
        done = promote(registry, tmp_path)
        assert done.returncode == 0, done.stderr
        assert registry.labels() == expected == ["verify", "look up version", "put version", "look up latest", "put latest"]
        assert registry.tags["v1.2.0"] == registry.tags["latest"] == registry.index
        registry.requests.clear()
        assert promote(registry, tmp_path).returncode == 0
        assert registry.labels() == ["verify", "look up version", "look up latest"]  # nothing is left to do


def test_publication_is_the_models(tmp_path):
    expected = [label for label in modelled() if label in ("find", "create", "upload", "remove rivals", "publish")]
    project = Project(tmp_path)
    state = new_state(project)
    with Double(state) as double:
        status, output = project.run(double)
        assert status == 0, output
        first = labels_of(double)
        assert project.run(double)[0] == 0
        again = labels_of(double)[len(first):]
    assert first == expected == ["find", "create", "upload", "find", "publish"]
    assert set(again) <= {"find"}


def labels_of(double):
    found = []
    for entry in double.exchanges:
        method, path = entry["method"], entry["path"]
        label = {"POST": "upload" if "/assets" in path else "create", "PATCH": "publish", "DELETE": "remove rivals"}.get(method, "find")
        if "/releases" in path and found[-1:] != [label]:
            found.append(label)
    return found
