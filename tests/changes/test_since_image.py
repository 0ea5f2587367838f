"""arc-ci changes --since-image, against a registry that speaks the distribution spec's reading half."""
import hashlib
import http.server
import json
import os
import shutil
import subprocess

import pytest

import loopback
import test_cmd as cmd

REVISION = "org.opencontainers.image.revision"


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, body = self.server.content.get(self.path, (None, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'))
        if self.path == "/v2/":
            kind = "application/json"
        self.send_response(self.server.status if self.server.status != 200 else 200 if kind else 404)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def registry():
    with loopback.serving(Registry, content={}, status=200) as server:
        yield server


def put(registry, kind, document, name=None, blob=False):
    body = json.dumps(document).encode()
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    where = "blobs" if blob else "manifests"
    for reference in filter(None, (digest, name)):
        registry.content[f"/v2/o/arc-a/{where}/{reference}"] = (kind, body)
    return {"mediaType": kind, "digest": digest, "size": len(body)}


def publish(registry, revision, annotated=False, tag="latest"):
    """An index as buildx makes it: an attestation first, then the image with its label."""
    labels = {REVISION: revision} if revision and not annotated else {}
    config = put(registry, "application/vnd.oci.image.config.v1+json", {"os": "linux", "config": {"Labels": labels}}, blob=True)
    manifest = "application/vnd.oci.image.manifest.v1+json"
    image = put(registry, manifest, {"schemaVersion": 2, "mediaType": manifest, "config": config, "layers": []})
    proof = put(registry, manifest, {"schemaVersion": 2, "mediaType": manifest, "config": config, "layers": [], "annotations": {"x": "y"}})
    index = "application/vnd.oci.image.index.v1+json"
    put(registry, index, {"schemaVersion": 2, "mediaType": index, "manifests": [
        {**proof, "platform": {"os": "unknown", "architecture": "unknown"}},
        {**image, "platform": {"os": "linux", "architecture": "amd64"}}],
        **({"annotations": {REVISION: revision}} if annotated else {})}, tag)


@pytest.fixture
def repo(tmp_path, registry):
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [
        {"write": {".github/arc-ci.yaml": "groups:\n  g:\n    title: G\n    tag: g/v*\n"
                   f"    registry: 127.0.0.1:{registry.server_port}/o\n    platforms: {{ci: [linux/amd64], release: [linux/amd64]}}\n"
                   "    services: [services/a]\n", "services/a/service.yaml": "name: arc-a\ncodename: a\n"}},
        {"commit": "one"}, {"write": {"services/a/x": "1\n"}}, {"commit": "two"}, {"write": {"other": "1\n"}}, {"commit": "three"}])
    return repo


def changes(repo, **event):
    env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    return subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--since-image", "--json"], cwd=repo, capture_output=True, text=True,
                          env={**env, "HOME": str(repo.parent), **event}, timeout=120)


def service(repo, **event):
    run = changes(repo, **event)
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    cmd.validate(document, "changes")
    return document["filters"]["a"]


@pytest.mark.parametrize("annotated", [False, True])
@pytest.mark.parametrize("revision, matched", [("HEAD~2", True), ("HEAD~1", False), ("HEAD", False)])
def test_compares_with_the_images_commit(repo, registry, annotated, revision, matched):
    commit = cmd.git(repo, "rev-parse", revision).strip()
    publish(registry, commit, annotated)
    found = service(repo)
    assert found["matched"] is matched
    assert found["reason"] == f"since {commit}, which its image was built of"


def test_an_image_that_is_not_there_was_never_good(repo):
    found = service(repo)
    assert found["matched"] and found["count"] == 2
    assert found["reason"] == "never published: every file counts as added"


@pytest.mark.parametrize("revision", [None, "--upload-pack=x", "f" * 40])
def test_an_image_without_a_commit_of_ours_counts_as_changed(repo, registry, revision):
    publish(registry, revision)
    assert service(repo)["matched"]


def test_a_registry_that_cannot_be_asked_is_an_error(repo, registry):
    registry.status = 403
    run = changes(repo)
    assert run.returncode == 3 and not run.stdout
    assert "since-image of a" in run.stderr


def test_a_version_that_the_registry_lacks_is_published(repo, registry):
    """Of a file's version: what nobody published is due, though nothing changed since; what is there is not published again."""
    (repo / ".github/arc-ci.yaml").write_text(
        f"groups:\n  g:\n    registry: 127.0.0.1:{registry.server_port}/o\n    versioning: loose\n    image-tags: ['{{version}}-{{codename}}', rolling]\n"
        "    services: [{name: arc-a, codename: a, directory: services/a, version: {file: VERSION}}]\n")
    (repo / "services/a/Dockerfile").write_text("FROM scratch\n")
    (repo / "VERSION").write_text("1.4\n")
    cmd.git(repo, "add", "-A")
    cmd.git(repo, "commit", "-qm", "1.4")
    raised = cmd.git(repo, "rev-parse", "HEAD").strip()
    (repo / "services/a/x").write_text("2\n")
    cmd.git(repo, "commit", "-qam", "a fix")

    def moved():
        run = changes(repo)
        assert run.returncode == 0, run.stderr
        env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
        plan = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "plan", "--changes", "-", "--push", "--json"], cwd=repo, input=run.stdout, capture_output=True,
                              text=True, env={**env, "HOME": str(repo.parent)}, timeout=120)
        assert plan.returncode == 0, plan.stderr
        [found] = json.loads(plan.stdout)["services"]
        return found["selected"], [tag["tag"] for tag in found["tags"] if tag["move"]]

    assert service(repo)["reason"] == "its version was never published: every file counts as added"
    assert moved() == (True, ["1.4-a", "rolling"])
    publish(registry, raised, tag="1.4-a")
    assert service(repo)["base"] == raised and moved() == (True, [])  # a check
    publish(registry, cmd.git(repo, "rev-parse", "HEAD").strip(), tag="1.4-a")
    assert moved() == (False, [])


@pytest.mark.parametrize("images, tag", [("[latest-x, 'latest-{codename}']", "latest-x"), ("['{version}', '{sha}', 'main-{codename}']", "main-a"),
                                         ("['{version}']", "latest")])
def test_the_tag_that_a_group_without_latest_moves(repo, registry, images, tag):
    config = repo / ".github/arc-ci.yaml"
    config.write_text(config.read_text() + f"    image-tags: {images}\n")
    commit = cmd.git(repo, "rev-parse", "HEAD").strip()
    publish(registry, commit, tag=tag)
    assert service(repo)["base"] == commit


@pytest.mark.parametrize("images, tag", [("['{version}', latest, {name: edge, when: 'branch:main'}]", "edge"), ("['{version}', '{branch}']", "main"),
                                         ("[latest, {name: edge, when: 'branch:next'}]", "latest")])
def test_the_tag_that_the_branch_moves(repo, registry, images, tag):
    """`latest` of an older release made every run build again what edge had; of a newer one, it hid that edge lacked it."""
    config = repo / ".github/arc-ci.yaml"
    config.write_text(config.read_text() + f"    image-tags: {images}\n")
    commit, older = cmd.git(repo, "rev-parse", "HEAD", "HEAD~2").split()
    for name in ("latest", "edge", "main"):
        publish(registry, commit if name == tag else older, tag=name)
    assert service(repo, GITHUB_EVENT_NAME="push", GITHUB_REF="refs/heads/main", GITHUB_SHA=commit)["base"] == commit


@pytest.mark.skipif(not shutil.which("docker"), reason="no docker, which reads a bake file")
def test_a_base_that_is_not_published_was_good_where_all_that_starts_from_it_was(repo, registry):
    image = f"127.0.0.1:{registry.server_port}/o/arc-a"
    (repo / ".github/arc-ci.yaml").write_text("groups: {g: {tag: g/v*, bake: docker-bake.json}}\n")
    (repo / "docker-bake.json").write_text(json.dumps({"group": {"default": {"targets": ["a", "b"]}}, "target": {
        "root": {"context": "root"}, "base": {"context": "base", "contexts": {"r": "target:root"}},
        "a": {"context": "services/a", "contexts": {"b": "target:base"}, "tags": [f"{image}:latest"]},
        "b": {"context": "services/a", "contexts": {"b": "target:base"}, "tags": [f"{image}:b"]}}}))
    for name, source in (("root", "scratch"), ("base", "r"), ("services/a", "b")):
        (repo / name).mkdir(exist_ok=True, parents=True)
        (repo / name / "Dockerfile").write_text(f"FROM {source}\nCOPY x /\n")
        (repo / name / "x").write_text("1\n")
    commits = []
    for step in ("docker-bake.json", "root/x", "services/a/x"):
        (repo / step).write_text((repo / step).read_text() + "\n")
        cmd.git(repo, "add", "-A")
        cmd.git(repo, "commit", "-qm", step)
        commits.append(cmd.git(repo, "rev-parse", "HEAD").strip())

    def matched(a, b):
        publish(registry, a, tag="latest")
        publish(registry, b, tag="b")
        run = changes(repo)
        assert run.returncode == 0, run.stderr
        filters = json.loads(run.stdout)["filters"]
        return filters["root"]["base"], [name for name in filters if filters[name]["matched"]]

    assert matched(commits[2], commits[2]) == (commits[2], [])
    assert matched(commits[2], commits[1]) == (commits[1], ["b"])
    assert set(matched(commits[2], commits[0])[1]) == {"a", "b", "base", "root"}


class Patient(Registry):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.server.connections += 1
        super().setup()


def test_all_images_are_asked_for_over_one_connection(tmp_path):
    with loopback.serving(Patient, content={}, status=200, connections=0) as server:
        names = ["a", "b", "c"]
        files = {f"services/{name}/service.yaml": f"name: arc-{name}\ncodename: {name}\n" for name in names}
        files[".github/arc-ci.yaml"] = f"groups: {{g: {{registry: '127.0.0.1:{server.server_port}/o', services: ['services/*']}}}}\n"
        cmd.make_repo(tmp_path / "repo", [{"write": files}, {"commit": "one"}])
        run = changes(tmp_path / "repo")
        assert run.returncode == 0 and json.loads(run.stdout)["changes"] == names, run.stderr
        assert server.connections == 1
