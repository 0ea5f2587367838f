"""The messaging workflows, run by act on the stage of stage.py: which jobs ran, what is in the registry, what was
released."""
import json
import re

import pytest

BUILDS = {"flash": "arc-flash", "strange": "arc-strange", "sonic": "arc-sonic"}
DIRECTORY = {"flash": "messaging", "strange": "streaming", "sonic": "cache"}


def tags(checkout, service):
    return {tag for tag in checkout.stage.engine.registry.tags(f"arc-framework/{BUILDS[service]}") if not tag.startswith("staging-")}


def digest(checkout, service, tag):
    return checkout.stage.engine.registry.manifest(f"arc-framework/{BUILDS[service]}", tag)[0]


def change(checkout, *services):
    before = checkout.git("rev-parse", "HEAD")
    for service in services:
        checkout.write(f"services/{DIRECTORY[service]}/README.md", f"changed after {before}\n")
    return before, checkout.commit("Change " + " and ".join(services))


def built(run):
    """The services whose cells ran."""
    return {re.search(r"/(\w+) linux/", job).group(1) for job in run.jobs if " linux/" in job}


def test_push_to_main_builds_what_changed_and_pushes(checkout):
    before, after = change(checkout, "flash", "sonic")
    run = checkout.run("messaging-images.yml", "push", {"ref": "refs/heads/main", "before": before, "after": after})
    assert run.status == 0, run.log[-4000:]
    assert built(run) == {"flash", "sonic"}
    assert run.jobs["security/scan"] == run.jobs["publish"] == "success"
    for service in ("flash", "sonic"):
        assert f"sha-{after[:12]}" in tags(checkout, service)
    assert f"sha-{after[:12]}" not in tags(checkout, "strange")


@pytest.mark.parametrize("event", ["push to dev", "pull request", "dispatch ci"])
def test_nothing_is_pushed_elsewhere(checkout, event):
    before, after = change(checkout, "strange")
    standing = {service: tags(checkout, service) for service in BUILDS}
    name, payload = {
        "push to dev": ("push", {"ref": "refs/heads/dev", "before": before, "after": after}),
        "pull request": ("pull_request", {"number": 7, "pull_request": {
            "number": 7, "base": {"ref": "main", "sha": before}, "head": {"ref": "topic", "sha": after}}}),
        "dispatch ci": ("workflow_dispatch", {"ref": "refs/heads/main", "inputs": {"mode": "ci"}}),
    }[event]
    run = checkout.run("messaging-images.yml", name, payload)
    assert run.status == 0, run.log[-4000:]
    assert built(run) == (set(BUILDS) if event == "dispatch ci" else {"strange"})
    assert not any(job.endswith("/merge") for job in run.jobs) and "publish" not in run.jobs
    assert standing == {service: tags(checkout, service) for service in BUILDS}
    assert run.jobs["report"] == "success"


def test_a_pull_request_is_told(checkout):
    """Every service has a status on the head, built or not; one comment, which a second run leaves as it is."""
    before, after = change(checkout, "strange")
    pull = {"number": 7, "base": {"ref": "main", "sha": before},
            "head": {"ref": "topic", "sha": after, "repo": {"full_name": "arc-framework/arc-platform"}}}
    for _ in range(2):
        run = checkout.run("messaging-images.yml", "pull_request", {"number": 7, "pull_request": pull})
        assert run.status == 0 and run.jobs["report"] == "success", run.log[-4000:]
    state = checkout.double.state
    assert {status["context"]: status["state"] for status in state.statuses if status["_sha"] == after} == dict.fromkeys(
        [*(f"messaging / {service}" for service in (*BUILDS, "images", "gate"))], "success")
    comment, = state.comments
    assert "strange" in comment["body"] and not state.violations


def test_dispatch_release_builds_and_pushes_all(checkout):
    head = checkout.commit("Something to build")
    run = checkout.run("messaging-images.yml", "workflow_dispatch",
                       {"ref": "refs/heads/main", "inputs": {"mode": "release"}})
    assert run.status == 0, run.log[-4000:]
    assert built(run) == set(BUILDS)
    for service in BUILDS:
        assert f"sha-{head[:12]}" in tags(checkout, service)


def test_dispatch_release_on_a_tag_pushes_nothing(checkout):
    """It would have moved the version's tags, for one platform and without a gate."""
    checkout.tag("messaging/v8.0.0")
    run = checkout.run("messaging-images.yml", "workflow_dispatch",
                       {"ref": "refs/tags/messaging/v8.0.0", "inputs": {"mode": "release"}})
    assert run.status != 0 and run.jobs["changes"] == "failure" and "mode release is for branches" in run.log
    assert not built(run) and "publish" not in run.jobs
    assert not any("messaging-v8.0.0" in tags(checkout, service) for service in BUILDS)


def release(checkout, tag):
    checkout.tag(tag)
    run = checkout.run("messaging-release.yml", "push", {"ref": f"refs/tags/{tag}"})
    assert run.status == 0, run.log[-6000:]
    published, = checkout.double.state.published(tag)
    assert checkout.double.state.of_tag(tag) == [published] and not checkout.double.state.violations
    return published


def test_releases(checkout):
    """A first release, a release candidate, a second release and a backport: what is public after each."""
    first = release(checkout, "messaging/v0.1.0")
    for service in BUILDS:
        assert {"messaging-v0.1.0", "latest"} <= tags(checkout, service)
        assert digest(checkout, service, "latest") == digest(checkout, service, "messaging-v0.1.0")
        assert digest(checkout, service, "latest") in first["body"]
    assert first["name"] == "Messaging & Cache Services 0.1.0"
    assert first["prerelease"] is False and first["draft"] is False
    assert "build.json" in {asset["name"] for asset in first["assets"]}

    change(checkout, "flash")
    candidate = release(checkout, "messaging/v0.1.1-rc.1")
    assert candidate["prerelease"] is True
    assert digest(checkout, "flash", "latest") == digest(checkout, "flash", "messaging-v0.1.0")

    change(checkout, "flash")
    release(checkout, "messaging/v0.2.0")
    assert digest(checkout, "flash", "latest") == digest(checkout, "flash", "messaging-v0.2.0")

    checkout.git("checkout", "-q", "-b", "fix", "messaging/v0.1.0")
    change(checkout, "sonic")
    backport = release(checkout, "messaging/v0.1.1")
    for service in BUILDS:
        assert digest(checkout, service, "latest") == digest(checkout, service, "messaging-v0.2.0")
        assert "messaging-v0.1.1" in tags(checkout, service)
    assert backport["_latest"] == "false"


def test_a_failing_gate_leaves_nothing_public(checkout):
    """A critical finding in an image: the version's tags do not move, and there is no release."""
    for service in DIRECTORY.values():
        checkout.write(f"services/{service}/package.json", json.dumps({"name": "never-fixed", "version": "1.0.0"}))
        dockerfile = checkout.path / f"services/{service}/Dockerfile"
        dockerfile.write_text(dockerfile.read_text() + "\nCOPY package.json /app/node_modules/never-fixed/package.json\n")
    checkout.commit("Add a dependency with a critical weakness")
    checkout.tag("messaging/v9.0.0")
    run = checkout.run("messaging-release.yml", "push", {"ref": "refs/tags/messaging/v9.0.0"})
    assert run.status != 0
    assert run.jobs["security/scan"] == "failure"
    assert "release" not in run.jobs
    assert not checkout.double.state.of_tag("messaging/v9.0.0")
    for service in BUILDS:
        assert "messaging-v9.0.0" not in tags(checkout, service)


# Texts that would run something, and texts that end a quotation: these apart, or they would shield the others.
HOSTILE = {"commands": ["$(touch owned)", "`touch owned`", "a;touch owned", "::error::z", "ünï"],
           "quotes": ["x'\"y", "';touch owned;'", '";touch owned;"']}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_names_are_only_names(checkout, kind):
    """A branch, a title and files of such names: the workflow runs, and runs nothing else."""
    before = checkout.git("rev-parse", "HEAD")
    for name in HOSTILE[kind]:
        checkout.write(f"services/messaging/{name}", "text\n")
    after = checkout.commit("Add " + " ".join(HOSTILE[kind]))
    branch = "topic/" + "-".join(HOSTILE[kind]).replace(" ", "${IFS}").replace("::", "-")
    run = checkout.run("messaging-images.yml", "pull_request", {"number": 7, "pull_request": {
        "number": 7, "title": " ".join(HOSTILE[kind]), "base": {"ref": "main", "sha": before},
        "head": {"ref": branch, "sha": after}}})
    assert run.status == 0, run.log[-4000:]
    assert built(run) == {"flash"}
    assert not list(checkout.path.rglob("owned")) and not list(checkout.stage.home.rglob("owned"))


@pytest.mark.parametrize("name", ["$(touch${IFS}owned)`touch${IFS}owned`;touch${IFS}owned;ü", "'\""], ids=HOSTILE)
def test_a_hostile_tag_is_no_release(checkout, name):
    """The pattern messaging/v* lets it in; `arc-ci version` ends it before anything is built."""
    tag = f"messaging/v1.0.0-{name}"
    checkout.tag(tag)
    run = checkout.run("messaging-release.yml", "push", {"ref": f"refs/tags/{tag}"})
    assert run.jobs == {"prepare": "failure"}
    assert not list(checkout.path.rglob("owned")) and not list(checkout.stage.home.rglob("owned"))
