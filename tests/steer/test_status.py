"""`arc-ci status` of what releases left at GitHub: the gate's last verdict, and the ledger."""
import json

import pytest
import test_cmd
import world
from world import World, stamp


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with World(tmp_path_factory.mktemp("shop"), mirror=False) as world:
        for version in ("1.0.0", "1.1.0"):
            world.release(version)
        world.keep()
        yield world


@pytest.fixture
def shop(kept):
    kept.restore()
    return kept


def scanned(world, version="1.1.0", days=12, **members):
    """Gives a release what `arc-ci scan` wrote so many days ago."""
    scan = {"document": "scan", "format": 1, "verdict": "clean", "gate": "pass", "reason": "nothing found", "scanned": stamp(days), **members}
    world.github.state.add_asset(world.at_github(version), "scan.json", json.dumps(scan).encode(), "application/json")


def row_of(world, *words, **options):
    document = world.document("status", *words, **options)
    test_cmd.validate(document, "status")
    row, = document["groups"]
    return row


def test_the_last_verdict_has_an_age(shop):
    scanned(shop)
    assert row_of(shop)["record"] is None
    record = row_of(shop, "--scan")["record"]
    assert record == {"tag": "shop/v1.1.0", "build": None, "problem": None,
                      "scan": {"verdict": "clean", "gate": "pass", "scanned": stamp(12), "days": 12}}
    assert "\n  scanned 12 days ago: clean, gate: pass (shop/v1.1.0)\n" in shop.run("status", "--scan").out


@pytest.mark.parametrize("members, line", [
    ({"days": 1, "verdict": "findings", "gate": "report-only"}, "scanned 1 day ago: findings, gate: report-only (shop/v1.1.0)"),
    ({"days": -3}, "scanned 0 days ago: clean"),
    ({"scanned": "yesterday"}, "unknown: scan.json of the release shop/v1.1.0: scan.json: scanned is 'yesterday'; expected a time"),
    ({"verdict": "\x1b[31mfine"}, "scan.json: verdict is '\\x1b[31mfine'"),
    ({"document": "build"}, "unknown: scan.json of the release shop/v1.1.0: a document of kind 'build'"),
], ids=str)
def test_whatever_the_file_says(shop, members, line):
    scanned(shop, **members)
    shown = shop.run("status", "--scan", "--exit-code").out
    assert line in shown and "\x1b" not in shown
    row_of(shop, "--scan")


def test_a_verdict_without_a_time_has_no_age(shop):
    scanned(shop)
    asset, = [one for one in shop.at_github("1.1.0")["assets"] if one["name"] == "scan.json"]
    scan = json.loads(shop.github.state.blobs[asset["id"]])
    del scan["scanned"]
    shop.github.state.blobs[asset["id"]] = json.dumps(scan).encode()
    assert row_of(shop, "--scan")["record"]["scan"] == {"verdict": "clean", "gate": "pass", "scanned": None, "days": None}
    assert "scanned at an unknown time: clean" in shop.run("status", "--scan").out


def test_a_release_without_a_verdict_says_so(shop):
    assert row_of(shop, "--scan")["record"]["scan"] is None
    assert "\n  not scanned: the release shop/v1.1.0 has no scan.json\n" in shop.run("status", "--scan").out
    shop.github.state.releases.clear()
    assert "\n  not scanned: it has no published release\n" in shop.run("status", "--scan").out


@pytest.mark.parametrize("how", ["draft", "withdrawn", "gone"])
def test_it_is_of_the_last_release_that_people_have(shop, how):
    """Not of a tag whose release is a draft, was taken back, or never came."""
    scanned(shop, "1.0.0", 40)
    scanned(shop, "1.1.0", 1)
    release = shop.at_github("1.1.0")
    if how == "gone":
        shop.github.state.releases.remove(release)
    else:
        release.update({"draft": True} if how == "draft" else {"body": "<!-- arc-ci: withdrawn -->"})
    record = row_of(shop, "--scan")["record"]
    assert (record["tag"], record["scan"]["days"]) == ("shop/v1.0.0", 40)


def test_whom_to_ask_must_be_known_and_need_not_answer(shop):
    failed = shop.run("status", "--scan", status=3, GITHUB_TOKEN=None)
    assert "set GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN" in failed.err
    shop.github.state.off = {"/releases/tags": (403, "Resource not accessible by integration")}
    record = row_of(shop, "--scan")["record"]
    assert "Resource not accessible" in record["problem"] and record["tag"] == "shop/v1.1.0"
    shop.github.state.off = {"/releases": (403, "Resource not accessible by integration")}
    assert row_of(shop, "--scan")["record"] is None
    assert "whether releases are published is not known" in shop.run("status", "--scan").err


def test_a_tag_that_the_ledger_does_not_name_is_adrift(shop):
    """Somebody moved every tag of the version: they agree with one another, and are not what was released."""
    assert row_of(shop, "--registry")["adrift"] == []
    repository = shop.registry.state.repository("o/arc-a")
    released = repository.tags["shop-v1.1.0"]
    other = repository.put({"schemaVersion": 2, "manifests": []})["digest"]
    repository.tags |= {tag: other for tag, to in repository.tags.items() if to == released and not tag.startswith("staging")}
    adrift = row_of(shop, "--registry")["adrift"]
    assert {"shop-v1.1.0", "1", "1.1", "latest"} <= {one["tag"] for one in adrift}
    assert {(one["digest"], one["expected"]) for one in adrift} == {(other, released)}
    shown = shop.run("status", "--registry", "--exit-code", status=1).out
    assert f"o/arc-a:latest is {other}, the released image is {released}\n" in shown
    assert row_of(shop, "--registry", GITHUB_TOKEN=None)["adrift"] == []      # nobody tells what was released
    asset, = shop.at_github("1.1.0")["assets"]
    shop.github.state.blobs[asset["id"]] = b""
    assert "build.json of the release shop/v1.1.0 is empty or gone" in row_of(shop, "--registry")["problem"]


def test_an_image_that_a_cleaner_removed_is_adrift(shop):
    """It took what has no tag of its own for unused; the tags still name what was released."""
    repository = shop.registry.state.repository("o/arc-a")
    child = repository.document("shop-v1.1.0")["manifests"][1]["digest"]
    del repository.manifests[child]
    row = row_of(shop, "--registry")
    assert row["adrift"] == [] and row["problem"] == f"{shop.registry.host}/o/arc-a lacks {child}, which its release lists: pulls of it fail"
    assert f"  adrift: {row['problem']}\n" in shop.run("status", "--registry", "--exit-code", status=1).out


def test_a_name_that_every_build_moves_is_not_adrift(shop):
    path = shop.repo / ".github/arc-ci.yaml"
    path.write_text(path.read_text().replace("latest,", "latest, edge, \"nightly-{date}\","))
    for name in shop.images:
        shop.registry.state.repository(name).put({"schemaVersion": 2, "manifests": []}, "edge")
    assert row_of(shop, "--registry")["adrift"] == []


def test_a_name_that_a_higher_prerelease_has_is_not_adrift(world):
    path = world.repo / ".github/arc-ci.yaml"
    path.write_text(path.read_text().replace("latest,", "latest, {name: newest, when: release},"))
    world.release("1.0.0")
    assert row_of(world, "--registry")["adrift"] == []
    for name in world.images:
        world.registry.state.repository(name).put({"schemaVersion": 2, "manifests": []}, "newest")
    assert {one["tag"] for one in row_of(world, "--registry")["adrift"]} == {"newest"}
    world.release("1.1.0-rc.1")
    assert world.floating()["newest"] == "1.1.0-rc.1" and row_of(world, "--registry")["adrift"] == []


def test_the_page_has_the_builds_by_itself(shop, tmp_path):
    scanned(shop)
    page, build = tmp_path / "status.html", shop.folder / "build.json"
    shop.run("status", f"--html={page}")
    text = page.read_text()
    assert text.count("</h2>") == 2 and '<td class="good">clean, 12 days ago</td>' in text
    assert f"Build of shop, commit {shop.git('rev-parse', 'shop/v1.1.0')[:12]}" in text
    shop.run("status", f"--html={page}", f"--build={build}")
    assert page.read_text().count("</h2>") == 2
    shop.run("status", f"--html={page}", GITHUB_TOKEN=None)
    assert "Build of shop" not in page.read_text() and "<td>not known</td>" in page.read_text()
    shop.at_github("1.1.0")["assets"][0]["name"] = "other.json"
    shop.run("status", f"--html={page}")
    assert "Build of shop" not in page.read_text()
    asset = shop.at_github("1.1.0")["assets"][0]
    asset["name"], shop.github.state.blobs[asset["id"]] = "build.json", b'{"document": "build", "format": 9}'
    shop.run("status", f"--html={page}")
    assert '<p class="bad">build.json of the release shop/v1.1.0: ' in page.read_text()


def test_each_service_with_tags_of_its_own_is_looked_at(tmp_path, monkeypatch):
    """Only the release with the highest version of all services was."""
    monkeypatch.setattr(world, "GROUP", world.GROUP.replace("shop/v*", '"{{codename}}/v*"'))
    with World(tmp_path, mirror=False) as shop:
        for group, version in (("a", "1.0.0"), ("b", "0.1.0"), ("b", "0.2.0")):
            shop.release(version, group=group)
        assert row_of(shop, "--registry")["adrift"] == []
        tags = shop.registry.state.repository("o/arc-b").tags
        tags["latest"] = tags["b-v0.1.0"]
        assert [(one["service"], one["tag"]) for one in row_of(shop, "--registry")["adrift"]] == [("b", "latest")]
        del shop.registry.state.repository("o/arc-a").tags["latest"]
        assert {one["service"] for one in row_of(shop, "--registry")["adrift"]} == {"a", "b"}
