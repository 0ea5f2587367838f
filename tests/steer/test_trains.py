"""A train after its release: what `rollback` and `status` know of it from its lock file."""
import json

import pytest
from world import World

TAKEN_FIRST = {"a": "1.0.0", "b": "1.0.0", "c": "0.1.0"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with World(tmp_path_factory.mktemp("platform"), services="abc", mirror=False, train=True) as world:
        world.release("1.0.0")
        world.release("0.1.0", group="data")
        world.release("1.0.0", group="platform")
        world.release("1.1.0")
        world.release("1.1.0", group="platform")
        world.keep()
        yield world


@pytest.fixture
def train(kept):
    kept.restore()
    return kept


def taken(world, tag="platform-latest"):
    """Service → the version of its own that a tag of the train names."""
    return {name: world.tags(f"o/arc-{name}")[tag] for name in "abc"}


def test_a_train_goes_back_to_what_its_lock_file_names(train):
    assert taken(train) == {"a": "1.1.0", "b": "1.1.0", "c": "0.1.0"}
    shown = train.document("rollback", "platform", "1.0.0", "--dry-run")
    assert {row["tag"] for row in shown["moves"] if row["moves"]} == {"platform-latest", "platform-1"}
    train.run("rollback", "platform", "1.0.0", "--withdraw=prerelease")
    assert taken(train) == taken(train, "platform-1") == TAKEN_FIRST and train.tags()["latest"] == "1.1.0"
    assert train.github.state.of_tag("platform/v1.1.0")[0]["prerelease"]
    # From there it goes on: the next train is above both, and takes what is published then.
    train.release("0.2.0", group="data")
    train.release("1.1.1", group="platform")
    assert taken(train) == {"a": "1.1.0", "b": "1.1.0", "c": "0.2.0"}


def test_without_github_or_its_lock_the_tags_say_what_a_train_took(train):
    train.run("rollback", "platform", "1.0.0", GITHUB_TOKEN=None)
    assert taken(train) == TAKEN_FIRST


def test_a_lock_that_names_another_image_stops_it(train):
    """Somebody published a release behind the train's commit afterwards, or changed the lock file."""
    release = train.github.state.of_tag("platform/v1.0.0")[0]
    asset, = [one for one in release["assets"] if one["name"] == "platform.lock.json"]
    lock = json.loads(train.github.state.blobs[asset["id"]])
    lock["includes"][0].update(tag="shop/v9.9.9", version="9.9.9")
    train.github.state.blobs[asset["id"]] = json.dumps(lock).encode()
    failed = train.run("rollback", "platform", "1.0.0", status=2)
    assert "the lock file names no release of a" in failed.err and taken(train)["a"] == "1.1.0"
    train.github.state.blobs[asset["id"]] = b""
    failed = train.run("rollback", "platform", "1.0.0", status=1)
    assert "platform.lock.json of the release platform/v1.0.0 is empty or gone" in failed.err
