"""`arc-ci build` before anything is built: what the registry has already, and what it does not show. docker is a stand-in."""
import json
import os

import pytest

from test_promote import CONFIG, INDEX, MANIFEST, Registry, shop  # noqa: F401

DOCKER = """#!/bin/sh
case "$*" in
*bake*) cat >"$0.definition"; echo "built after all" >&2; exit 1 ;;
*version*) echo linux/amd64 ;;
esac
"""
BAKES = DOCKER.replace("exit 1", """
    while [ $# -gt 0 ]; do [ "$1" = --metadata-file ] && echo '{"a": {"containerimage.digest": "sha256:%s"}}' >"$2"; shift; done""" % ("ab" * 32))


def build(shop, *words, docker=DOCKER, **env):  # noqa: F811
    folder = shop.folder.parent
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/docker").write_text(docker)
    (folder / "bin/docker").chmod(0o755)
    (folder / "plan.json").write_text(json.dumps(shop.plan))
    return shop.arc("build", f"--plan={folder}/plan.json", *words, PATH=f"{folder}/bin:{os.environ['PATH']}", **env)


def keys(shop):  # noqa: F811
    said = build(shop, "--dry-run").stdout.split("<<'END'\n")[1].removesuffix("END\n")
    return {name: next(row.split("=", 1)[1] for row in target["annotations"] if row.startswith("index:arc.ci.key="))
            for name, target in json.loads(said)["target"].items() if "annotations" in target}


def provenance(shop, image, subject, material, **more):  # noqa: F811
    statement = {"predicateType": "https://slsa.dev/provenance/v0.2", "predicate": {"materials": [material], **more}}
    layer = {**shop.blob(json.dumps(statement).encode(), "application/vnd.in-toto+json"),
             "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": shop.blob(b"{}", CONFIG), "layers": [layer]}
    return {**shop.put(image, manifest, MANIFEST), "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}}


@pytest.mark.parametrize("named, query, ref, again", [
    ("@2", "?platform=linux%2Famd64", ":2", False), ("@2", "?digest=sha256:{}&platform=linux%2Famd64", ":2@sha256:{}", True),
    ("", "?digest=sha256:{}", "@sha256:{}", True), ("", "?platform=linux%2Famd64&digest=sha256:{}", "@sha256:{}", True)])
def test_a_base_named_by_its_digest_does_not_move(shop, named, query, ref, again):  # noqa: F811
    """BuildKit's util/purl puts the digest behind; `latest`, or the tag beside it, may be anything by now."""
    host, old = shop.host.replace(":", "%3A"), "ab" * 32
    for tag in ("2", "latest"):
        shop.server.manifests["base/nats", tag] = (INDEX, b'{"schemaVersion": 2, "manifests": []}')
    material = {"uri": f"pkg:docker/{host}/base/nats{named}{query.format(old)}", "digest": {"sha256": old}}
    for service in shop.plan["services"]:
        key, image = keys(shop)[service["service"]], service["image"].split("/", 1)[1]
        shop.push(service, change=lambda index, key=key, image=image: {**index, "annotations": {"arc.ci.key": key}, "manifests": [
            *index["manifests"], *(provenance(shop, image, row["digest"], material) for row in index["manifests"])]})
    done = build(shop, "--json")
    assert ("built after all" in done.stderr) != again, done.stderr
    if again:
        assert [service["base-images"] for service in json.loads(done.stdout)["services"]] == 2 * [
            [{"ref": f"{shop.host}/base/nats{ref.format(old)}", "digest": f"sha256:{old}"}]]


def test_an_image_on_a_base_that_is_built_is_built_too(shop):  # noqa: F811
    """The registry has it on the base before, from the same inputs."""
    a, b = shop.plan["services"]
    a["recipe"] = {"contexts": {"base": "target:b"}}
    for service in (a, b):
        key = keys(shop)[service["service"]]
        shop.push(service, change=lambda index, key=key: {**index, "annotations": {"arc.ci.key": key}})
    done = build(shop)
    assert done.returncode == 0 and done.stderr.count("already built from the same inputs") == 2, done.stderr
    del shop.server.manifests["o/b", b["staging"]]
    assert "already built" not in build(shop).stderr
    definition = json.loads((shop.folder.parent / "bin/docker.definition").read_text())
    assert definition["group"]["default"]["targets"] == ["a", "b"] and definition["target"]["a"]["contexts"] == {"base": "target:b"}


def test_how_a_base_is_built_is_an_input(shop):  # noqa: F811
    """The key had the build arguments of the image alone."""
    a, b = shop.plan["services"]
    a["recipe"] = {"contexts": {"base": "target:b"}}
    b["selected"], before = False, keys(shop)["a"]
    b["build-args"] = {"V": "2"}
    assert keys(shop)["a"] != before


@pytest.mark.parametrize("status, built", [(401, True), (403, True), (404, True), (400, False)])
def test_a_repository_that_the_first_push_makes(shop, monkeypatch, status, built):  # noqa: F811
    """Quay answers a robot that may make it 401 (endpoints/v2/__init__.py); whether it may is what the uploads ask."""
    def get(self):
        if self.command == "POST":
            return self.answer(202)
        return self.answer(status, b'{"errors": [{"code": "UNAUTHORIZED", "message": "access to the requested resource is not authorized"}]}')
    for method in ("do_GET", "do_POST"):
        monkeypatch.setattr(Registry, method, get, raising=False)
    done = build(shop)
    assert ("built after all" in done.stderr) == built, done.stderr
    assert built or f"the registry answers {status}" in done.stderr


@pytest.mark.parametrize("load", [False, True])
def test_what_was_not_pushed_has_no_digest_to_pull_by(shop, load):  # noqa: F811
    """buildx names one all the same: of what the builder keeps."""
    shop.plan["push"] = False
    outputs = shop.folder.parent / "outputs"
    done = build(shop, *["--load"][:load], docker=BAKES, GITHUB_OUTPUT=str(outputs))
    assert done.returncode == 0, done.stderr
    tag = f":{shop.plan['services'][0]['staging']}" if load else ""
    assert {f"a-image-ref={shop.host}/o/a{tag}", "a-image-digest="} <= set(outputs.read_text().splitlines())


def test_a_train_loads_nothing(shop):  # noqa: F811
    """It was said to have loaded what it read back."""
    for service in shop.plan["services"]:
        service["released"] = {"group": "g", "tag": "g/v1.0.0", "version": "1.0.0", "revision": shop.plan["revision"]}
    assert build(shop).returncode == 0
    for option in ("--load", "--cell=a/linux/amd64"):
        done = build(shop, option)
        assert done.returncode == 2 and "--load, --cell, --sbom and --rebuild are for a build, and g takes what is released" in done.stderr


def test_a_provenance_that_the_registry_lost(shop):  # noqa: F811
    """Of an index that is there, it was said that it is not."""
    service = shop.plan["services"][0]
    shop.push(service, change=lambda index: {**index, "manifests": [*index["manifests"], provenance(
        shop, "o/a", index["manifests"][0]["digest"], {})]})
    shop.server.blobs = {name: data for name, data in shop.server.blobs.items() if b"slsa" not in data}
    done = build(shop, "--promote")
    assert done.returncode == 1 and ", or what it lists, is missing" in done.stderr, done.stderr


def test_a_provenance_of_more_than_a_manifest_may_have(shop):  # noqa: F811
    """With mode=max it has every step. It ended the run: "more than the limit of 4194304 bytes"."""
    material = {"uri": "pkg:docker/nats@2", "digest": {"sha256": "ab" * 32}}
    for service in shop.plan["services"]:
        image = service["image"].split("/", 1)[1]
        shop.push(service, change=lambda index, image=image: {**index, "manifests": [
            *index["manifests"], provenance(shop, image, index["manifests"][0]["digest"], material, buildConfig="x" * (5 << 20))]})
    done = build(shop, "--promote", "--json")
    assert done.returncode == 0 and len(shop.server.moved) == 6, done.stderr
