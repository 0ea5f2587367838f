"""The generic pair group-images.yml and group-release.yml, called for a second group in a repository that has two: by
the callers that their own comments show."""
import json
import re
import shutil

import pytest
import yaml

GROUP, SERVICES = "storage", ("vault", "relic")


def caller(checkout, name):
    """The example in the workflow's comment, for the group of this test."""
    text = (checkout.path / f".github/workflows/{name}.yml").read_text()
    lines = re.search(r"^#\n((?:#     .*\n)+)", text, re.M).group(1)
    example = "".join(line.removeprefix("#     ") + "\n" for line in lines.splitlines())
    return "name: Storage\n" + example.replace("messaging", GROUP)


@pytest.fixture
def storage(checkout):
    """Two services made from Sonic, in a group of their own beside the messaging one."""
    for codename in SERVICES:
        folder = checkout.path / "services" / codename
        shutil.copytree(checkout.path / "services/cache", folder)
        for file in folder.iterdir():
            file.write_text(file.read_text().replace("sonic", codename).replace("63", "73"))
    config = checkout.path / ".github/arc-ci.yaml"
    document = yaml.safe_load(config.read_text())
    document["groups"][GROUP] = {**document["groups"]["messaging"], "title": "Storage", "tag": f"{GROUP}/v*",
                                 "services": [f"services/{codename}" for codename in SERVICES]}
    config.write_text(json.dumps(document))
    for kind in ("images", "release"):
        checkout.write(f".github/workflows/{GROUP}-{kind}.yml", caller(checkout, f"group-{kind}"))
    checkout.commit("Add the storage group")
    return checkout


def tags(checkout, codename):
    return set(checkout.stage.engine.registry.tags(f"arc-framework/arc-{codename}"))


def digest(checkout, codename, tag):
    return checkout.stage.engine.registry.manifest(f"arc-framework/arc-{codename}", tag)[0]


def built(run):
    """The services whose cells ran."""
    return {re.search(r"/(\w+) linux/", job).group(1) for job in run.jobs if " linux/" in job}


def push(checkout, path):
    before = checkout.git("rev-parse", "HEAD")
    checkout.write(path, f"changed after {before}\n")
    after = checkout.commit(f"Change {path}")
    run = checkout.run(f"{GROUP}-images.yml", "push", {"ref": "refs/heads/main", "before": before, "after": after})
    assert run.status == 0, run.log[-4000:]
    return run, f"sha-{after[:12]}"


def test_images_of_what_changed(storage):
    run, tag = push(storage, "services/vault/README.md")
    assert built(run) == {"vault"}
    assert run.jobs["security/scan"] == run.jobs["images/publish"] == run.jobs["images/report"] == "success"
    assert tag in tags(storage, "vault") and tag not in tags(storage, "relic")
    assert {status["context"]: status["state"] for status in storage.double.state.statuses} == dict.fromkeys(
        [f"{GROUP} / {name} (push)" for name in (*SERVICES, "images", "gate")], "success")

    run, tag = push(storage, "services/messaging/README.md")
    assert built(run) == set() and "images/publish" not in run.jobs
    assert run.jobs["security/scan"] == "success"
    assert not any(tag in tags(storage, codename) for codename in (*SERVICES, "flash"))


def test_images_by_hand(storage):
    head = storage.git("rev-parse", "HEAD")
    run = storage.run(f"{GROUP}-images.yml", "workflow_dispatch", {"ref": "refs/heads/main", "inputs": {"mode": "release"}})
    assert run.status == 0, run.log[-4000:]
    assert built(run) == set(SERVICES)
    assert all(f"sha-{head[:12]}" in tags(storage, codename) for codename in SERVICES)


def test_release(storage):
    tag = f"{GROUP}/v1.0.0"
    storage.tag(tag)
    standing = tags(storage, "flash")
    run = storage.run(f"{GROUP}-release.yml", "push", {"ref": f"refs/tags/{tag}"})
    assert run.status == 0, run.log[-6000:]
    assert {job.removeprefix("release/") for job in run.jobs} == {
        "prepare", "build/plan", "build/merge", "security/scan", "release",
        *(f"build/{codename} linux/{machine}" for codename in SERVICES for machine in ("amd64", "arm64"))}
    published, = storage.double.state.published(tag)
    assert published["name"] == "Storage 1.0.0" and not storage.double.state.violations
    for codename in SERVICES:
        assert digest(storage, codename, "latest") == digest(storage, codename, f"{GROUP}-v1.0.0")
        assert digest(storage, codename, "latest") in published["body"]
    assert standing == tags(storage, "flash")
