"""Release trains: which releases one takes, on a real registry. What a fault or a kill leaves is tests/steer's."""
import json

import images
import test_cmd

TAKEN = {"a": "messaging/v1.1.0", "b": "messaging/v1.1.0", "c": "data/v0.4.0"}
TAGS = ("platform-v1.0.0", "platform-latest")


def moved(platform):
    return {(service, tag): platform.digest(service, tag) for service in TAKEN for tag in TAGS}


def expected(platform, taken=TAKEN):
    return {(service, tag): platform.built[service, taken[service]] for service in TAKEN for tag in TAGS}


NOTHING = {(service, tag): None for service in TAKEN for tag in TAGS}


def test_the_newest_stable_release_of_every_group_is_taken(platform):
    build = platform.depart("platform/v1.0.0")
    plan = json.loads((platform.folder / "plan.json").read_text())
    assert {row["service"]: row["released"]["tag"] for row in plan["services"]} == TAKEN
    assert plan["any"] is False and {row["service"]: row["staging"] for row in plan["services"]} == \
        {"a": "messaging-v1.1.0", "b": "messaging-v1.1.0", "c": "data-v0.4.0"}
    assert {row["service"]: row["digest"] for row in build["services"]} == \
        {service: platform.built[service, tag] for service, tag in TAKEN.items()}
    assert moved(platform) == NOTHING
    platform.json("build", "--promote", "--build=build.json")
    assert moved(platform) == expected(platform)
    assert platform.digest("a", "latest") == platform.built["a", "messaging/v1.1.0"]
    again = platform.json("build", "--promote", "--build=build.json")
    assert moved(platform) == expected(platform) and again["services"]


def test_nothing_is_given_to_builders(platform):
    matrix = platform.run("plan", "platform/v1.0.0", GITHUB_OUTPUT=str(platform.folder.parent / "out")).stdout
    assert "messaging/v1.1.0" in matrix
    outputs = (platform.folder.parent / "out").read_text()
    row = '{"service":"platform","platform":"released","runner":"ubuntu-24.04","cells":""}'
    assert f'matrix={{"include":[{row}]}}' in outputs and "any=false" in outputs
    assert json.loads(platform.run("plan", "--bake", "platform/v1.0.0").stdout)["target"] == {}
    platform.depart("platform/v1.0.0", INPUT_CELL="")
    assert platform.json("build", "--merge")["services"] == json.loads((platform.folder / "build.json").read_text())["services"]


def test_a_prerelease_train_takes_prereleases(platform):
    platform.git("tag", "platform/v1.1.0-rc.1")
    plan = platform.json("plan", "platform/v1.1.0-rc.1")
    assert {row["released"]["tag"] for row in plan["services"]} == {"messaging/v1.2.0-rc.1", "data/v0.4.0"}


def test_a_pin_and_a_later_release(platform):
    """What was released behind the train is not taken, and a pinned version is."""
    platform.release("messaging/v1.3.0")
    assert {row["released"]["tag"] for row in json.loads((platform.folder / "plan.json").read_text())["services"]
            if "released" in row} == set()
    platform.git("checkout", "-q", "platform/v1.0.0")
    assert {row["released"]["tag"] for row in platform.json("plan", "platform/v1.0.0")["services"]} == set(TAKEN.values())
    platform.git("checkout", "-q", "main")
    platform.config["groups"]["platform"]["includes"] = ["data", {"group": "messaging", "version": "1.0.0"}]
    platform.write(".github/arc-ci.yaml", json.dumps(platform.config))
    platform.commit("platform/v2.0.0")
    platform.depart("platform/v2.0.0")
    platform.json("build", "--promote", "--build=build.json")
    assert platform.digest("a", "platform-latest") == platform.built["a", "messaging/v1.0.0"]
    platform.config["groups"]["platform"]["includes"][1]["version"] = "9.9.9"
    platform.write(".github/arc-ci.yaml", json.dumps(platform.config))
    platform.commit("platform/v2.1.0")
    assert "platform includes 9.9.9 of messaging" in platform.run("plan", "platform/v2.1.0", status=2).stderr


def test_what_is_not_published_is_not_taken(platform, github):
    for tag in ("messaging/v1.0.0", "data/v0.4.0"):
        github.state.add_release(tag)
    github.state.add_release("messaging/v1.1.0", prerelease=True)
    plan = platform.json("plan", "platform/v1.0.0")
    assert {row["released"]["tag"] for row in plan["services"]} == {"messaging/v1.0.0", "data/v0.4.0"}
    github.state.of_tag("messaging/v1.1.0")[0].update(draft=True, prerelease=False)
    plan = platform.json("plan", "platform/v1.0.0")
    assert {row["released"]["tag"] for row in plan["services"]} == {"messaging/v1.0.0", "data/v0.4.0"}
    github.state.add_release("messaging/v1.1.0", body="<!-- arc-ci: withdrawn -->")
    plan = platform.json("plan", "platform/v1.0.0")
    assert {row["released"]["tag"] for row in plan["services"]} == {"messaging/v1.0.0", "data/v0.4.0"}
    github.state.releases = [release for release in github.state.releases if not release["tag_name"].startswith("data")]
    said = platform.run("plan", "platform/v1.0.0", status=1).stderr
    assert "platform includes data, and c has no published release before commit" in said
    github.state.off["/releases"] = (500, "Server Error")
    assert platform.run("plan", "platform/v1.0.0", status=3).stderr.count("is unknown, since GitHub did not list") == 1


def test_a_pinned_release_that_was_withdrawn_stops_the_train(platform, github):
    platform.config["groups"]["platform"]["includes"] = ["data", {"group": "messaging", "version": "1.0.0"}]
    platform.write(".github/arc-ci.yaml", json.dumps(platform.config))
    platform.commit("platform/v2.0.0")
    for tag in ("messaging/v1.0.0", "data/v0.4.0"):
        github.state.add_release(tag)
    assert "messaging/v1.0.0" in {row["released"]["tag"] for row in platform.json("plan", "platform/v2.0.0")["services"]}
    github.state.of_tag("messaging/v1.0.0")[0]["body"] = "<!-- arc-ci: withdrawn -->"
    said = platform.run("plan", "platform/v2.0.0", status=2).stderr
    assert "platform takes 1.0.0 of messaging, and messaging/v1.0.0 was withdrawn: name another version" in said


def test_an_image_that_is_not_what_its_release_says_stops_all_of_it(platform):
    plan = platform.json("plan", "platform/v1.0.0")
    service = plan["services"][2]
    images.Images(service["image"]).index(service["platforms"], {**service["labels"], "org.opencontainers.image.revision": "0" * 40},
                                          "data-v0.4.0", content="other")
    platform.write("plan.json", json.dumps(plan))
    said = platform.run("build", status=1).stderr
    assert "label org.opencontainers.image.revision is '0000" in said
    assert moved(platform) == NOTHING


def test_a_release_that_was_never_promoted_is_named(platform):
    platform.commit("data/v0.5.0")
    platform.commit("platform/v1.1.0")
    platform.write("plan.json", json.dumps(platform.json("plan", "platform/v1.1.0")))
    said = platform.run("build", status=1).stderr
    assert "arc-c:data-v0.5.0 is not in the registry, but data/v0.5.0 is released" in said


def test_the_release_has_a_lock_file_that_takes_the_same_again(platform, github):
    for tag in ("messaging/v1.0.0", "messaging/v1.1.0", "data/v0.4.0"):
        github.state.add_release(tag)
    platform.depart("platform/v1.0.0")
    notes = platform.run("notes", "--plan=plan.json", "--build=build.json").stdout
    assert "### Releases" in notes and "| messaging | [`1.1.0`](https://github.com/o/r/releases/tag/messaging%2Fv1.1.0) | " in notes
    for name in "ab":
        assert f"/arc-{name}:messaging-v1.1.0`" in notes
    assert "### Changes" not in notes
    for digest in expected(platform).values():
        assert digest in notes
    command = ["release", "--plan=plan.json", "--build=build.json"]
    assert platform.json(*command)["action"] == "created"
    assert platform.json(*command)["action"] == "unchanged"
    release = next(release for release in github.state.releases if release["tag_name"] == "platform/v1.0.0")
    assets = {asset["name"]: asset for asset in release["assets"]}
    assert set(assets) == {"build.json", "platform.lock.json"}
    lock = json.loads(github.state.blobs[assets["platform.lock.json"]["id"]])
    test_cmd.validate(lock, "lock")
    assert [entry["tag"] for entry in lock["includes"]] == ["messaging/v1.1.0", "data/v0.4.0"]
    assert {entry["service"]: entry["digest"] for entry in lock["images"]} == \
        {service: platform.built[service, tag] for service, tag in TAKEN.items()}
    # Later: newer releases are there, and the lock file still names these.
    platform.write("platform.lock.json", json.dumps(lock))
    platform.release("messaging/v1.4.0")
    github.state.add_release("messaging/v1.4.0")
    platform.commit("platform/v1.5.0")
    taken = {row["released"]["tag"] for row in platform.json("plan", "platform/v1.5.0")["services"]}
    assert taken == {"messaging/v1.4.0", "data/v0.4.0"}
    for command in ("plan", "dry-run"):
        document = platform.json(command, "platform/v1.5.0", "--lock=platform.lock.json")
        plan = document["plan"] if command == "dry-run" else document
        assert {row["released"]["tag"] for row in plan["services"]} == set(TAKEN.values())
    # A tag that was moved since is another release.
    lock["includes"][1]["revision"] = platform.git("rev-parse", "HEAD").strip()
    platform.write("platform.lock.json", json.dumps(lock))
    said = platform.run("plan", "platform/v1.5.0", "--lock=platform.lock.json", status=2).stderr
    assert "platform: data/v0.4.0 is at commit" in said and "the lock file has it at" in said
    assert "has no lock file" in platform.run("plan", "data/v0.4.0", "--lock=platform.lock.json", status=2).stderr
