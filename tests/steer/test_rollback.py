"""`arc-ci rollback`: back to a released version, all tags or none, and what later releases make of it."""
import json
import re

import faults
import pytest
from world import World

MARK = "<!-- arc-ci: withdrawn -->\n> [!CAUTION]\n> **Withdrawn.** Use "
GOOD = {"1": "1.2.0", "1.2": "1.2.0", "1.3": "1.3.0", "latest": "1.2.0"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with World(tmp_path_factory.mktemp("shop")) as world:
        for version in ("1.1.0", "1.2.0", "1.3.0"):
            world.release(version)
        assert world.floating() == {"1": "1.3.0", "1.1": "1.1.0", "1.2": "1.2.0", "1.3": "1.3.0", "latest": "1.3.0"}
        assert world.latest() == ["shop/v1.3.0"]
        world.keep()
        yield world


@pytest.fixture
def shop(kept):
    kept.restore()
    return kept


def writes(double):
    return [entry for entry in double.log if entry[0] not in ("GET", "HEAD")]


def no_step_back(shop, tag):
    """What is `latest` is not rehearsed as a step back."""
    return "back" not in {row["kind"] for row in shop.document("dry-run", tag)["warnings"]}


def moved(document):
    return {row["tag"] for row in document["moves"] if row["moves"]}


def test_floating_tags_and_latest_go_back(shop):
    before = {tag: shop.tags()[tag] for tag in shop.tags() if tag.startswith("shop-")}
    document = shop.document("rollback", "shop", "1.2.0")
    assert shop.floating() == {**GOOD, "1.1": "1.1.0"}
    assert {tag: shop.tags()[tag] for tag in before} == before, "versions keep their own tags"
    assert shop.latest() == ["shop/v1.2.0"]
    assert moved(document) == {"1", "latest"} and len(document["moves"]) == 12 and document["latest-moves"]
    assert document["warnings"] == ["1.3: still of shop/v1.3.0, since shop/v1.2.0 has no such name"]
    assert document["releases"] == [{"tag": "shop/v1.3.0", "url": shop.at_github("1.3.0")["html_url"], "action": "none"}]
    assert not shop.at_github("1.3.0")["prerelease"] and shop.at_github("1.3.0")["body"] == "Notes of 1.3.0\n"
    again = shop.document("rollback", "shop", "1.2.0")
    assert not moved(again) and not again["latest-moves"]


def test_a_dry_run_verifies_and_changes_nothing(shop):
    assert shop.document("rollback", "shop", "v1.2.0", "--dry-run")["tag"] == "shop/v1.2.0"
    document = shop.document("rollback", "shop", "shop/v1.2.0", "--dry-run", "--withdraw=prerelease")
    assert moved(document) == {"1", "latest"} and document["releases"][0]["action"] == "withdrawn"
    assert not writes(shop.registry) and not writes(shop.github)
    repository = shop.registry.state.repository("o/arc-b")
    image = repository.document("shop-v1.2.0")["manifests"][1]["digest"]
    del repository.manifests[image]
    failed = shop.run("rollback", "shop", "1.2.0", "--dry-run", status=1)
    assert image in failed.err and "is missing" in failed.err


def test_the_words_for_a_person(shop):
    shown = shop.run("rollback", "shop", "1.2.0", "--withdraw=prerelease", "--dry-run").out
    assert re.search(r":latest would move sha256:\w+ → sha256:\w+\n", shown) and ":1.2 already points there, sha256:" in shown
    assert "GitHub's latest release: would move shop/v1.3.0 → shop/v1.2.0\n" in shown
    assert "shop/v1.3.0: rolled back, would be marked as withdrawn\n" in shown
    shown = shop.run("rollback", "shop", "1.2.0", "--withdraw=prerelease").out
    assert ":latest moved sha256:" in shown and "shop/v1.3.0: rolled back, marked as withdrawn\n" in shown


@pytest.mark.parametrize("draft", [False, True])
def test_a_release_that_a_person_marked_as_a_prerelease_is_one(shop, draft):
    """On GitHub's page, whatever its version says: no floating tag goes to it, and a fix below it is the latest."""
    shop.at_github("1.3.0").update(prerelease=True, draft=draft)
    version = shop.document("version", "shop/v1.3.0")
    assert version["prerelease"] and not (version["latest"] or version["latest-major"] or version["latest-minor"])
    assert version["latest-reason"] == "its release is marked as a prerelease"
    tags = shop.document("plan", "shop/v1.3.0", "--push")["services"][0]["tags"]
    assert {row["tag"] for row in tags if row["move"] and not row["tag"].startswith("sha-")} == {"shop-v1.3.0"}
    shop.release("1.2.1", "fix: more")
    version = shop.document("version", "shop/v1.2.1")
    assert version["latest"] and version["previous-tag"] == "shop/v1.2.0" and not version["prerelease"]
    assert no_step_back(shop, "shop/v1.2.1")
    assert shop.document("version", "shop/v1.4.0")["previous-tag"] == "shop/v1.2.1", "a stable one skips it"
    assert shop.document("version", "shop/v1.4.0-rc.1")["previous-tag"] == ("shop/v1.2.1" if draft else "shop/v1.3.0")


def test_a_release_that_is_marked_as_a_prerelease_is_not_taken_back(shop):
    """Its testers may go on; the floating tags that it has go back all the same."""
    shop.release("1.4.0", "feat: more")
    shop.at_github("1.4.0").update(prerelease=True)
    document = shop.document("rollback", "shop", "1.2.0", "--withdraw=draft")
    assert [row["tag"] for row in document["releases"]] == ["shop/v1.3.0"]
    assert any("shop/v1.4.0 is marked as a prerelease" in text for text in document["warnings"])
    assert shop.at_github("1.4.0")["body"] == "Notes of 1.4.0\n" and not shop.at_github("1.4.0")["draft"]
    assert shop.tags()["latest"] == shop.tags()["shop-v1.2.0"]
    document = shop.document("rollback", "shop", "1.2.0", "--from=1.4.0", "--withdraw=draft")
    assert [row["action"] for row in document["releases"]] == ["withdrawn"] and shop.at_github("1.4.0")["draft"]


@pytest.mark.parametrize("how", ["prerelease", "draft"])
def test_a_withdrawn_release_says_so_and_the_next_one_knows_it(shop, how):
    reason = "It loses | data <!-- @everyone"
    shop.run("rollback", "shop", "1.2.0", f"--withdraw={how}", f"--reason={reason}")
    withdrawn = shop.at_github("1.3.0")
    assert (withdrawn["draft"], withdrawn["prerelease"]) == (how == "draft", how == "prerelease")
    assert withdrawn["body"].startswith(MARK + "[shop/v1.2.0](") and withdrawn["body"].endswith("\n\nNotes of 1.3.0\n")
    assert withdrawn["body"].count("<!--") == 1 and "It loses" in withdrawn["body"]
    again = shop.document("rollback", "shop", "1.2.0", f"--withdraw={how}")
    assert not moved(again) and withdrawn["body"].count("Withdrawn") == 1

    # A run of its workflow again moves no name to it, takes nothing back, and unmarks nothing.
    path = shop.repo / ".github/arc-ci.yaml"
    text = path.read_text()
    path.write_text(text.replace("latest,", "latest, edge, {name: newest, when: release},"))
    plan = shop.document("dry-run", "shop/v1.3.0")["plan"]
    path.write_text(text)
    assert [tag["tag"] for tag in plan["services"][0]["tags"] if tag["move"] and tag["kind"] in ("floating", "moving")] == []
    version = shop.document("version", "shop/v1.3.0")
    assert not version["latest"] and not version["latest-major"] and version["latest-reason"] == "its release was withdrawn"
    (shop.folder / "version.json").write_text(json.dumps(version))
    shop.github.state.refs["refs/tags/shop/v1.3.0"] = ("commit", shop.git("rev-parse", "HEAD").strip())
    shop.run("release", f"--version={shop.folder}/version.json", f"--notes={shop.repo}/services/a/x")
    assert (withdrawn["draft"], withdrawn["prerelease"]) == (how == "draft", how == "prerelease")

    # A fix of what was gone back to is the latest, and follows it.
    (shop.repo / "services/b/x").write_text("fix")
    shop.git("add", "-A")
    shop.git("commit", "-q", "-m", "fix: the loss")
    following = shop.document("version", "--next", "shop")
    assert following["previous-tag"] == "shop/v1.2.0" and following["next"] == "1.4.0"
    row = shop.document("status")["groups"][0]
    assert row["tag"] == "shop/v1.2.0" and row["commits"] == 2
    shop.release("1.2.1", "fix: more")
    version = shop.document("version", "shop/v1.2.1")
    assert version["latest"] and version["previous-tag"] == "shop/v1.2.0" and no_step_back(shop, "shop/v1.2.1")
    assert shop.floating()["latest"] == shop.floating()["1"] == "1.2.1" and shop.latest() == ["shop/v1.2.1"]


def test_status_sees_a_floating_tag_that_went_back_to_a_withdrawn_release(shop):
    shop.run("rollback", "shop", "1.2.0", "--withdraw=prerelease")
    assert shop.document("status", "--registry")["groups"][0]["adrift"] == []
    repository = shop.registry.state.repository("o/arc-a")
    repository.tags["latest"] = repository.tags["shop-v1.3.0"]
    adrift, = shop.document("status", "--registry")["groups"][0]["adrift"]
    assert adrift["tag"] == "latest" and adrift["expected"] == repository.tags["shop-v1.2.0"]


def test_a_clone_without_the_tag_verifies_the_tags_commit(shop):
    """As actions/checkout leaves it: HEAD is another commit, and the remote has the tags."""
    shop.git("clone", "-q", "--bare", ".", str(shop.folder / "origin.git"))
    shop.git("remote", "add", "origin", str(shop.folder / "origin.git"))
    shop.git("fetch", "-q", "--no-tags", "origin")
    assert shop.run("verify", "shop/v1.2.0").out.count("as built") == 2
    shop.git("tag", "-d", "shop/v1.2.0")
    assert shop.run("verify", "shop/v1.2.0").out.count("as built") == 2
    assert "shop/v1.2.7" in shop.run("verify", "shop/v1.2.7", status=3).err


def test_verify_compares_with_what_was_released(shop):
    """Somebody built the same commit again and moved the version's own tag, in every registry."""
    for name in ("o/arc-a", "mirror/arc-a"):
        repository = shop.registry.state.repository(name)
        released, index = repository.tags["shop-v1.2.0"], repository.document("shop-v1.2.0")
        now = repository.put({**index, "manifests": index["manifests"][::-1]}, "shop-v1.2.0")["digest"]
    said = f":shop-v1.2.0 is {now} now, the release built {released}: it is not what was released"
    assert said in shop.run("verify", "shop/v1.2.0", status=1).out
    assert shop.run("verify", "shop/v1.2.0", GITHUB_TOKEN=None).out.count("as built") == 2
    unasked = shop.run("verify", "shop/v1.2.0", GITHUB_API_URL="http://127.0.0.1:9")
    assert unasked.out.count("as built") == 2 and "not compared with the release's build.json: " in unasked.err


def test_several_are_taken_back_or_one_of_a_line(world):
    for version in ("1.0.0", "1.0.1", "1.1.0", "2.0.0"):
        world.release(version)
    world.run("rollback", "shop", "1.0.0", "--from=1.0.1", "--withdraw=prerelease")
    assert world.floating() == {"1": "1.1.0", "1.0": "1.0.0", "1.1": "1.1.0", "2": "2.0.0", "2.0": "2.0.0", "latest": "2.0.0"}
    assert world.latest() == ["shop/v2.0.0"]
    world.run("rollback", "shop", "1.0.0")
    assert world.floating() == {"1": "1.0.0", "1.0": "1.0.0", "1.1": "1.1.0", "2": "2.0.0", "2.0": "2.0.0", "latest": "1.0.0"}
    assert world.latest() == ["shop/v1.0.0"]


@pytest.mark.parametrize("whose, back", [("release's", True), ("branch's", False), ("nobody's", False), ("unknown", True)])
def test_a_name_that_every_build_moves_goes_back_from_the_release_alone(shop, whose, back):
    path = shop.repo / ".github/arc-ci.yaml"
    path.write_text(path.read_text().replace("latest,", "latest, edge,"))
    before = {}
    for name in shop.images:
        repository = shop.registry.state.repository(name)
        index = repository.document("shop-v1.3.0")
        if whose == "branch's":
            index["annotations"]["org.opencontainers.image.revision"] = "a" * 40
        if whose == "unknown":
            del index["annotations"]["org.opencontainers.image.revision"]
        if whose != "nobody's":
            repository.put(index, "edge")
        before[name] = repository.tags.get("edge")
    done = shop.run("rollback", "shop", "1.2.0")
    for name in shop.images:
        tags = shop.registry.state.repository(name).tags
        assert tags.get("edge") == (tags["shop-v1.2.0"] if back else before[name]) and tags["latest"] == tags["shop-v1.2.0"]
    assert done.err.count(":edge stays: it is not the image of a release that is taken back") == 4 * (whose == "branch's")


def test_a_name_that_a_higher_prerelease_has_stays(world):
    path = world.repo / ".github/arc-ci.yaml"
    path.write_text(path.read_text().replace("latest,", "latest, {name: newest, when: release},"))
    for version in ("1.0.0", "1.1.0"):
        world.release(version)
    world.run("rollback", "shop", "1.0.0")
    assert world.floating()["newest"] == world.floating()["latest"] == "1.0.0"
    world.release("2.0.0-rc.1")
    world.run("rollback", "shop", "1.0.0")
    assert (world.floating()["newest"], world.floating()["latest"]) == ("2.0.0-rc.1", "1.0.0")


def test_another_groups_latest_stays(shop):
    for release in shop.github.state.releases:
        release["_latest"] = "false"
    shop.github.state.add_release("other/v9.0.0", _latest="true")
    document = shop.document("rollback", "shop", "1.2.0", "--withdraw=draft")
    assert document["latest"] == "other/v9.0.0" and not document["latest-moves"] and shop.latest() == ["other/v9.0.0"]


@pytest.mark.parametrize("words, status, message", [
    (("shop", "1.2.1"), 2, "there is no tag 'shop/v1.2.1' of shop"),
    (("shop", "9"), 2, "there is no tag 'shop/v9' of shop"),
    (("ship", "1.2.0"), 2, "there is no release group 'ship'"),
    (("shop",), 2, "back to which version?"),
    (("shop", "1.2.0", "--lock=../build.json"), 2, "--lock: a document of kind 'build', but lock.json is expected"),
    (("shop", "1.2.0", "--from=1.1.0"), 2, "shop/v1.1.0 is not above shop/v1.2.0"),
    (("shop", "1.2.0", "--reason=x"), 2, "--withdraw"),
    (("shop", "1.2.0", "--withdraw=draft", "--reason=" + "*" * 63_000), 2, "--reason is too long: a release's text has at most 125000 characters"),
    (("shop", "1.2.0", "--withdraw=yes"), 2, "no|prerelease|draft"),
    (("shop", "1.2.0-rc.1"), 2, "is a prerelease"),
    (("shop", "1.1.0"), 1, "no published release of shop/v1.1.0"),
])
def test_what_cannot_be(shop, words, status, message):
    shop.git("tag", "shop/v1.2.0-rc.1", "HEAD~1")
    shop.github.state.releases.remove(shop.at_github("1.1.0"))
    failed = shop.run("rollback", *words, status=status)
    assert message in failed.err and not writes(shop.registry)


def test_what_was_not_released_is_not_gone_back_to(shop):
    """Somebody moved the version's own tag; a tag is gone; a service is newer than the release."""
    repository = shop.registry.state.repository("o/arc-a")
    kept = repository.tags["shop-v1.2.0"]
    repository.tags["shop-v1.2.0"] = repository.tags["shop-v1.1.0"]
    failed = shop.run("rollback", "shop", "1.2.0", status=1)
    assert f"is {repository.tags['shop-v1.1.0']} now, the release built {kept}" in failed.err
    child = repository.document(kept)["manifests"][0]["digest"]
    repository.tags["shop-v1.2.0"], manifest = kept, repository.manifests.pop(child)
    failed = shop.run("rollback", "shop", "1.2.0", status=1)
    assert f"/o/arc-a@{kept} linux/amd64: is listed, but {child} is missing" in failed.err
    repository.manifests[child] = manifest
    del repository.tags["shop-v1.2.0"]
    failed = shop.run("rollback", "shop", "1.2.0", status=1)
    assert "check out shop/v1.2.0 first" in failed.err
    assert shop.floating()["latest"] == "1.3.0"


@pytest.mark.parametrize("what", ["empty", "gone"])
def test_a_record_that_cannot_be_read_is_no_record_less(shop, what):
    """A build.json that did not come whole is not taken for a release without one."""
    state = shop.github.state
    asset, = shop.at_github("1.2.0")["assets"]
    state.blobs[asset["id"]] = b""
    if what == "gone":
        state.off = {f"/releases/assets/{asset['id']}": (404, "Not Found")}
    failed = shop.run("rollback", "shop", "1.2.0", status=1)
    assert "build.json of the release shop/v1.2.0 is empty or gone" in failed.err and not writes(shop.registry)


def test_a_release_without_a_record_says_so(shop):
    asset, = shop.at_github("1.2.0")["assets"]
    (shop.folder / "old.json").write_bytes(shop.github.state.blobs[asset["id"]])
    shop.at_github("1.2.0")["assets"].clear()
    done = shop.run("rollback", "shop", "1.2.0")
    said = "no build.json shows what shop/v1.2.0 built (its release has none)"
    assert f"warning: {said}" in done.err and shop.floating()["latest"] == "1.2.0"
    done = shop.run("rollback", "shop", "1.2.0", "--quiet", "--json")
    assert said in done.err and json.loads(done.out)["warnings"][0].startswith(said)
    assert shop.document("rollback", "shop", "1.2.0", f"--build={shop.folder}/old.json")["warnings"][0].startswith("1.3: still of ")


def test_without_github_the_registry_alone_goes_back(shop):
    document = shop.document("rollback", "shop", "1.2.0", GITHUB_TOKEN=None)
    assert shop.floating()["latest"] == "1.2.0" and document["latest"] is None and not shop.github.log
    assert "(GitHub is not asked): using what its version's tags point to now" in document["warnings"][0]
    failed = shop.run("rollback", "shop", "1.2.0", "--withdraw=draft", status=3, GITHUB_TOKEN=None)
    assert "GITHUB_TOKEN" in failed.err


def test_a_configuration_that_went_on_is_no_obstacle(shop):
    """Its title and platforms are others today; the release's own count."""
    path = shop.repo / ".github/arc-ci.yaml"
    path.write_text(path.read_text().replace("title: Shop", "title: The Shop\n    platforms: {release: [linux/amd64]}"))
    shop.run("rollback", "shop", "1.2.0")
    assert shop.floating()["latest"] == "1.2.0"


@pytest.mark.parametrize("word", ["line", "línea", "\U0001f680"])
def test_a_text_of_full_length_keeps_its_start(shop, word):
    """GitHub counts characters, in units of UTF-16, and no bytes."""
    units = lambda text: len(text.encode("utf-16-le")) // 2  # noqa: E731
    release = shop.at_github("1.3.0")
    release["body"] = "".join(f"{word} {i}\n" for i in range(30000)).encode("utf-16-le")[:250000].decode("utf-16-le", "ignore")
    shop.run("rollback", "shop", "1.2.0", "--withdraw=prerelease")
    assert 124900 < units(release["body"]) <= 125000 and f"\n\n{word} 0\n{word} 1\n" in release["body"]
    assert release["body"].startswith(MARK) and release["body"].endswith("\n")


def test_an_immutable_release_becomes_no_draft(shop):
    before = state_of(shop)
    shop.at_github("1.3.0")["immutable"] = True
    failed = shop.run("rollback", "shop", "1.2.0", "--withdraw=draft", status=2)
    assert "shop/v1.3.0 is immutable" in failed.err and "--withdraw=prerelease" in failed.err
    shop.at_github("1.3.0")["immutable"] = False
    assert state_of(shop) == before


# ---- faults ---------------------------------------------------------------------------------------------------------------


def state_of(world):
    registry = {name: repository.tags for name, repository in world.registry.state.repositories.items()}
    return json.dumps([registry, world.github.state.releases], sort_keys=True, default=str)


@pytest.mark.parametrize("tag", ["latest", "1"])
@pytest.mark.parametrize("image", ["o/arc-a", "mirror/arc-b"])
def test_all_tags_or_none(shop, image, tag):
    """One PUT is refused for good: the others are put back, GitHub is left alone, and the next run does it."""
    before, path = state_of(shop), f"/v2/{image}/manifests/{tag}"
    shop.registry.faults = lambda number, request: (
        faults.no_permission if request.method == "PUT" and request.path == path else None)
    failed = shop.run("rollback", "shop", "1.2.0", "--withdraw=prerelease", status=1)
    assert "put back" in failed.err and "NOT put back" not in failed.err
    assert state_of(shop) == before
    shop.registry.faults = faults.none
    shop.run("rollback", "shop", "1.2.0", "--withdraw=prerelease")
    assert shop.floating() == {**GOOD, "1.1": "1.1.0"}


def test_github_says_no_after_the_images(shop):
    shop.github.faults = lambda number, request: faults.no_permission if request.method == "PATCH" else None
    failed = shop.run("rollback", "shop", "1.2.0", "--withdraw=prerelease", status=3)
    assert "the images are rolled back, GitHub's releases are not; run it again" in failed.err
    shop.github.faults = faults.none
    shop.run("rollback", "shop", "1.2.0", "--withdraw=prerelease")
    assert shop.latest() == ["shop/v1.2.0"] and shop.at_github("1.3.0")["prerelease"]
