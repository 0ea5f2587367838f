"""A train after its release: what `rollback` and `status` know of it from its lock file."""
import json

import faults
import pytest
import world
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


def test_without_github_or_its_lock_the_tags_say_what_a_train_took(train, tmp_path):
    """It is said what was trusted; a lock file that is given needs no GitHub."""
    done = train.run("rollback", "platform", "1.0.0", "--quiet", GITHUB_TOKEN=None)
    assert taken(train) == TAKEN_FIRST
    assert "no lock file shows what platform/v1.0.0 included (GitHub is not asked): using the release tags that are its ancestors" in done.err
    for version in ("1.0.0", "1.1.0"):
        (tmp_path / version).write_text(json.dumps(lock_of(train, f"platform/v{version}")[1]))
    document = train.document("rollback", "platform", "1.0.0", f"--lock={tmp_path}/1.0.0", GITHUB_TOKEN=None)
    assert len(document["warnings"]) == 1 and "build.json" in document["warnings"][0]
    failed = train.run("rollback", "platform", "1.0.0", f"--lock={tmp_path}/1.1.0", status=2)
    assert "the lock file is of 'platform/v1.1.0', not of platform/v1.0.0" in failed.err
    failed = train.run("rollback", "shop", "1.0.0", f"--lock={tmp_path}/1.0.0", status=2)
    assert "the lock file is of 'platform/v1.0.0', not of shop/v1.0.0" in failed.err


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


# ---- status, and the next version ------------------------------------------------------------------------------------------


def row_of(world, *words, **options):
    """The train's row; the whole document must be adrift as it is."""
    document = world.document("status", *words, **options)
    row = next(row for row in document["groups"] if row["group"] == "platform")
    late = row["problem"] or any(one["tag"] != one["newest"] for one in row["includes"]) or bool(row["adrift"])
    assert document["adrift"] == bool(late)
    return row


def lock_of(world, tag="platform/v1.1.0"):
    """(its asset, its text)"""
    asset, = [one for one in world.github.state.of_tag(tag)[0]["assets"] if one["name"] == "platform.lock.json"]
    return asset, json.loads(world.github.state.blobs[asset["id"]])


def test_a_train_of_the_newest_releases_is_where_it_should_be(train):
    row = row_of(train, "--registry")
    assert row["includes"] == [{"group": "shop", "tag": "shop/v1.1.0", "newest": "shop/v1.1.0", "services": ["a", "b"]},
                               {"group": "data", "tag": "data/v0.1.0", "newest": "data/v0.1.0", "services": ["c"]}]
    assert (row["adrift"], row["problem"], row["unreleased"], row["next-tag"]) == ([], None, False, None)
    assert "platform         platform/v1.1.0" in train.run("status").out
    assert train.document("version", "--next", "platform")["next"] is None


@pytest.mark.parametrize("version, group, following", [("1.1.1", "shop", "1.1.1"), ("1.2.0", "shop", "1.2.0"), ("2.0.0", "shop", "2.0.0"),
                                                       ("0.2.0", "data", "1.2.0")])
def test_a_newer_release_leaves_the_train_behind(train, version, group, following):
    train.release(version, group=group)
    row = row_of(train)
    late, = [one for one in row["includes"] if one["tag"] != one["newest"]]
    assert late["newest"] == f"{group}/v{version}" and row["next-tag"] == f"platform/v{following}" and row["unreleased"]
    shown = train.run("status", "--exit-code", status=1).out
    assert f"adrift: it includes {late['tag']}, a new one would include {group}/v{version} (" in shown
    told = train.document("version", "--next", "platform")
    assert told["next"] == following and told["reason"] == "what its groups have released since"
    assert told["includes"] == row["includes"]
    said = train.run("version", "--next", "platform", "--explain").out
    assert said.splitlines()[2:] == [f"  {late['tag']} → {late['newest']} ({', '.join(late['services'])})"]


def test_what_is_not_published_or_withdrawn_is_no_newer_release(train):
    train.release("1.2.0")
    train.github.state.of_tag("shop/v1.2.0")[0]["draft"] = True
    assert not row_of(train)["unreleased"]
    train.github.state.of_tag("shop/v1.2.0")[0].update(draft=False, body="<!-- arc-ci: withdrawn -->")
    assert not row_of(train)["unreleased"]
    train.github.state.of_tag("shop/v1.1.0")[0]["body"] = "<!-- arc-ci: withdrawn -->"     # what it took
    assert [one["newest"] for one in row_of(train)["includes"]] == ["shop/v1.0.0", "data/v0.1.0"]


def test_the_lock_file_says_what_it_took_and_its_digests(train, tmp_path):
    asset, lock = lock_of(train)
    lock["includes"][0].update(tag="shop/v1.0.0", version="1.0.0", revision=train.git("rev-parse", "shop/v1.0.0").strip())
    lock["images"][0]["digest"] = "sha256:" + "1" * 64
    (tmp_path / "lock.json").write_text(json.dumps(lock))
    row = row_of(train, "--registry", "--lock", str(tmp_path / "lock.json"), GITHUB_TOKEN=None)
    assert [one["tag"] for one in row["includes"]] == ["shop/v1.0.0", "data/v0.1.0"]
    assert {(one["service"], one["expected"]) for one in row["adrift"]} == {("a", "sha256:" + "1" * 64)}
    train.github.state.blobs[asset["id"]] = json.dumps(lock).encode()
    assert row_of(train, "--registry") == row_of(train, "--registry", "--lock", str(tmp_path / "lock.json"))
    (tmp_path / "old.json").write_text(json.dumps(lock_of(train, "platform/v1.0.0")[1]))
    assert row_of(train, "--lock", str(tmp_path / "old.json"))["problem"] == (
        "the lock file is of platform/v1.0.0, the last release is platform/v1.1.0")
    (tmp_path / "shop.json").write_text(json.dumps({**lock, "group": "shop"}))
    assert "'shop' is no group that includes others" in train.run("status", "--lock", str(tmp_path / "shop.json"), status=2).err
    assert "not JSON" in train.run("status", "--lock", str(train.repo / ".github/arc-ci.yaml"), status=2).err


def test_a_tag_of_the_train_that_moved_is_adrift(train):
    repository = train.registry.state.repository("o/arc-c")
    repository.tags["platform-latest"] = repository.put({"schemaVersion": 2, "manifests": []})["digest"]
    adrift, = row_of(train, "--registry")["adrift"]
    assert adrift["tag"] == "platform-latest" and adrift["expected"] == lock_of(train)[1]["images"][2]["digest"]


def test_a_release_whose_tag_moved_is_not_what_the_lock_file_says(train):
    train.git("tag", "-f", "data/v0.1.0", "HEAD~1")
    row = row_of(train)
    assert "data/v0.1.0 is at commit" in row["problem"] and "the lock file has it at" in row["problem"]
    assert "  adrift: platform: data/v0.1.0 is at commit" in train.run("status").out


def test_a_train_whose_last_release_is_a_prerelease(train, tmp_path):
    """Its row shows what that one took; the next version still counts from the last stable one."""
    train.release("1.2.0")
    assert "it includes shop/v1.1.0, a new one would include shop/v1.2.0" in train.run("status").out
    train.release("1.2.0-rc.1", group="platform")
    row = row_of(train, "--registry")
    assert {one["tag"] for one in row["includes"]} == {one["newest"] for one in row["includes"]} == {"shop/v1.2.0", "data/v0.1.0"}
    assert (row["tag"], row["next-tag"], row["unreleased"], row["adrift"]) == ("platform/v1.2.0-rc.1", "platform/v1.2.0", False, [])
    assert "): nothing since; next is platform/v1.2.0\n" in train.run("status").out
    train.release("1.3.0-rc.1")
    shown = train.run("status").out
    assert "its groups have newer releases" in shown and "it includes shop/v1.2.0, a new one would include shop/v1.3.0-rc.1" in shown
    (tmp_path / "old.json").write_text(json.dumps(lock_of(train)[1]))
    assert row_of(train, "--lock", str(tmp_path / "old.json"))["problem"] == (
        "the lock file is of platform/v1.1.0, the last release is platform/v1.2.0-rc.1")


def test_a_clone_without_the_trains_tag_verifies_what_it_took(train):
    train.git("clone", "-q", "--bare", ".", str(train.folder / "origin.git"))
    train.git("remote", "add", "origin", str(train.folder / "origin.git"))
    train.git("fetch", "-q", "--no-tags", "origin")
    train.git("tag", "-d", "platform/v1.0.0")
    assert train.run("verify", "platform/v1.0.0").out.count("as built") == 3


def test_github_that_does_not_tell_the_lock_is_said(train):
    train.github.state.off = {"/releases/tags/": (500, "Server Error")}
    assert "500" in row_of(train)["problem"]


def test_a_group_with_a_version_label_of_its_own_is_taken(tmp_path, monkeypatch):
    own = "    build: {{labels: {{org.opencontainers.image.version: 'v{{version}}'}}}}\n"
    monkeypatch.setattr(world, "GROUP", world.GROUP.replace("    tag: shop/v*\n", "    tag: shop/v*\n" + own))
    with World(tmp_path, services="abc", mirror=False, train=True) as platform:
        platform.release("1.0.0")
        platform.release("0.1.0", group="data")
        platform.release("1.0.0", group="platform")
        assert taken(platform) == TAKEN_FIRST


def test_a_train_that_never_ran(train):
    for version in ("1.0.0", "1.1.0"):
        train.git("tag", "-d", f"platform/v{version}")
    row = row_of(train)
    assert (row["tag"], row["problem"], row["next-tag"]) == (None, None, "platform/v0.1.0")
    assert [(one["tag"], one["newest"]) for one in row["includes"]] == [(None, "shop/v1.1.0"), (None, "data/v0.1.0")]
    assert "platform         no release before HEAD: its groups have releases; next is" in train.run("status").out
    told = train.document("version", "--next", "platform")
    assert (told["next"], told["reason"]) == ("0.1.0", "the first release")
    for tag in train.git("tag").split():
        train.git("tag", "-d", tag)
    row = row_of(train)
    assert (row["includes"], row["problem"], row["next-tag"]) == ([], None, None)


def test_a_registry_that_refuses_hides_no_other_group(train):
    """What it does not say is the problem of the groups that have images there."""
    other = train.registry.state.repository("o/arc-a").put({"schemaVersion": 2, "manifests": []})["digest"]
    train.registry.state.repository("o/arc-a").tags["latest"] = other
    train.registry.faults = lambda number, request: faults.no_permission if "/o/arc-c/" in request.path else None
    document = json.loads(train.run("status", "--registry", "--json", status=3).out)
    rows = {row["group"]: row for row in document["groups"]}
    assert [one["digest"] for one in rows["shop"]["adrift"]] == [other] and not rows["shop"]["problem"]
    for name in ("data", "platform"):
        assert "o/arc-c:" in rows[name]["problem"] and "403" in rows[name]["problem"] and rows[name]["adrift"] == []
    shown = train.run("status", "--registry", "--exit-code", status=3).out
    assert f"o/arc-a:latest is {other}" in shown and "the registry answers 403" in shown
