"""Promotion compares tag, plan, ledger and indexes once more, and moves nothing where they do not belong together."""
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/fault")]
import loopback  # noqa: E402
import test_cmd as cmd  # noqa: E402
from harness import quick_sleep  # noqa: E402

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
TAR = "application/vnd.oci.image.layer.v1.tar+gzip"
PLATFORMS = ("linux/amd64", "linux/arm64")


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry(http.server.BaseHTTPRequestHandler):
    """server.manifests[(repository, reference)] = (type, bytes); server.blobs[digest] = bytes; server.moved: the tags that were put. server.secret: who may come
    in; None: everybody. server.refusal: what the others are answered once a tag was put."""
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", kind="application/json", stored=None):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Docker-Content-Digest", digest(stored or body))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def do_GET(self):
        if self.server.secret and self.headers.get("Authorization") != self.server.secret:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(self.server.refusal if self.server.moved else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        _, _, *repository, kind, reference = self.path.split("?")[0].split("/")
        server, repository = self.server, "/".join(repository)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if kind == "blobs":
            data = server.blobs.get(reference)
            return self.answer(404) if data is None else self.answer(200, data, "application/octet-stream")
        if self.command == "PUT":
            server.moved.append(f"{repository}:{reference}")
            server.manifests[repository, reference] = server.manifests[repository, digest(body)] = (self.headers["Content-Type"], body)
            return self.answer(201, stored=body)
        if (repository, reference) not in server.manifests:
            return self.answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
        kind, data = server.manifests[repository, reference]
        return self.answer(200, data, kind)

    do_HEAD = do_PUT = do_GET

    def log_message(self, *_):
        pass


class Shop:
    """A clone with a release that is planned, and its images as a build pushed them."""

    def __init__(self, folder, server):
        self.server, self.folder, self.remote = server, folder / "clone", folder / "remote"
        self.host = f"127.0.0.1:{server.server_port}"
        cmd.make_repo(self.remote, [
            {"write": {".github/arc-ci.yaml": f"groups: {{g: {{registry: '{self.host}/o', services: [a, b]}}}}\n",
                       "a/service.yaml": "name: a\ncodename: a\n", "a/Dockerfile": "FROM scratch\n",
                       "b/service.yaml": "name: b\ncodename: b\n", "b/Dockerfile": "FROM scratch\n"}},
            {"commit": "one"}, {"tag": "g/v1.0.0"}])
        self.git("clone", "-q", str(self.remote), str(self.folder), cwd=folder)
        self.plan = json.loads(self.arc("plan", "--json", "g/v1.0.0").stdout)
        self.ledger = {"document": "build", "format": 1, "group": "g", "revision": self.plan["revision"], "pushed": True, "dirty": False,
                       "services": [self.push(service) for service in self.plan["services"]]}

    def git(self, *words, cwd=None, **more):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder.parent), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "Ada",
               "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "a@example.org", **more}
        return subprocess.run(["git", *words], cwd=cwd or self.remote, env=env, check=True, capture_output=True, text=True).stdout.strip()

    def arc(self, *words, cwd=None, **env):
        return subprocess.run([cmd.ARC_CI, *words], cwd=cwd or self.folder, capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.folder.parent), **env})

    def put(self, image, document, kind):
        data = json.dumps(document).encode() if isinstance(document, dict) else document
        self.server.manifests[image, digest(data)] = (kind, data)
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    def blob(self, data, kind):
        self.server.blobs[digest(data)] = data
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    def image(self, service, platform, change=lambda manifest: manifest):
        image, (system, machine) = service["image"].split("/", 1)[1], platform.split("/")
        config = {"os": system, "architecture": machine, "config": {"Labels": service["labels"]}}
        layer = gzip.compress(f"{platform}{service['service']}".ljust(512).encode(), mtime=0)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.blob(json.dumps(config).encode(), CONFIG),
                    "layers": [self.blob(layer, TAR)]}
        return {**self.put(image, change(manifest), MANIFEST), "platform": {"os": system, "architecture": machine}}

    def push(self, service, change=lambda index: index, **options):
        """Puts a service's index under its staging tag; the ledger's entry of it."""
        image = service["image"].split("/", 1)[1]
        platforms = service["platforms"]
        images = [self.image(service, platform, **options) for platform in platforms]
        index = self.put(image, change({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}), INDEX)
        self.server.manifests[image, service["staging"]] = self.server.manifests[image, index["digest"]]
        return {"service": service["service"], "image": service["image"], "digest": index["digest"], "key": None, "tags": [], "built": True,
                "generated": [], "base-images": [],
                "cells": [{"platform": platform, "digest": row["digest"], "attestations": []} for platform, row in zip(platforms, images)]}

    def promote(self, ledger=None, cwd=None, **env):
        (self.folder.parent / "plan.json").write_text(json.dumps(self.plan))
        (self.folder.parent / "build.json").write_text(json.dumps(ledger or self.ledger))
        return self.arc("build", "--promote", f"--plan={self.folder.parent}/plan.json", f"--build={self.folder.parent}/build.json",
                        cwd=cwd, **env)

    def refuses(self, status, *said, **options):
        run = self.promote(**options)
        assert run.returncode == status and all(words in run.stderr for words in said), run.stderr
        assert not self.server.moved, "nothing moved"


@pytest.fixture
def shop(tmp_path):
    with loopback.serving(Registry, manifests={}, blobs={}, moved=[], secret=None) as server:
        yield Shop(tmp_path, server)


def test_what_belongs_together_is_promoted(shop):
    run = shop.promote()
    assert run.returncode == 0 and len(shop.server.moved) == 6, run.stderr


@pytest.mark.parametrize("job, outputs, said", [
    ("success", {}, None), ("failure", {}, "the job security ended as failure: no tag moves"),
    ("cancelled", {}, "the job security ended as cancelled: no tag moves"),
    ("skipped", {}, "the job security was skipped"),
    ("success", {"scan": {"document": "scan", "format": 1, "gate": "fail", "verdict": "scanner-error", "reason": "no database"}},
     "the security gate has not passed (no database): no tag moves")])
def test_nothing_moves_past_a_job_that_did_not_end_well(shop, job, outputs, said):
    """As with sign and release, whatever the publishing job's own condition lets through (`if: always()`)."""
    needs = {"build": {"result": "success", "outputs": {"build": json.dumps(shop.ledger)}},
             "security": {"result": job, "outputs": {name: json.dumps(value) for name, value in outputs.items()}}}
    if said:
        shop.refuses(1, said, INPUT_NEEDS=json.dumps(needs))
    else:
        assert shop.promote(INPUT_NEEDS=json.dumps(needs)).returncode == 0 and shop.server.moved


@pytest.mark.parametrize("ours, theirs, held", [
    ("1.0.0", "1.0.1", True), ("1.0.0", "v1.0.1", True), ("1.0.0", "2.0.0", True), ("1.0.0", "1.0.0", False), ("1.0.0", "0.9.9", False),
    ("1.0.0", "2.0.0-rc.1", False), ("1.0.0", "", False), ("1.0.0", "next", False), ("1.0.0-rc.1", "1.0.0-rc.2", True),
    ("1.0.0-rc.1", "1.0.0", True), ("1.0.0-rc.2", "1.0.0-rc.1", False), ("2026.01.05", "2026.02.01", True),
    ("2026.11.12", "2026.12.01", True), ("1.2", "1.10", True), ("1.10", "1.9", False), ("1.2rc2", "1.2", True), ("1.2", "1.3rc1", False)])
def test_latest_stays_with_a_higher_version_that_came_in_between(shop, ours, theirs, held):
    shop.plan["version"]["version"] = ours
    other = shop.put("o/a", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [],
                                 "annotations": {"org.opencontainers.image.version": theirs}}, INDEX)["digest"]
    shop.server.manifests["o/a", "latest"] = shop.server.manifests["o/a", other]
    run = shop.promote()
    assert run.returncode == 0 and ("latest stays: it is a higher version's" in run.stderr) == held, run.stderr
    assert ("o/a:latest" in shop.server.moved) != held and "o/b:latest" in shop.server.moved


@pytest.mark.parametrize("ours, theirs, held", [("0.5.1", "0.6.0-rc.1", True), ("1.0.1", "1.1.0", True), ("1.1.0", "1.1.0-rc.2", False)])
def test_a_name_that_prereleases_have_goes_back_to_no_lower_version(shop, ours, theirs, held):
    """A stable version (a 0.x with `zero-prerelease`, or one that a person marked) took "next" from a higher prerelease."""
    shop.plan["version"]["version"] = ours
    for service in shop.plan["services"]:
        for tag in service["tags"]:
            tag.update({"prereleases": True} if tag["tag"] == "latest" else {})
    other = shop.put("o/a", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [],
                             "annotations": {"org.opencontainers.image.version": theirs}}, INDEX)["digest"]
    shop.server.manifests["o/a", "latest"] = shop.server.manifests["o/a", other]
    run = shop.promote()
    assert run.returncode == 0 and ("o/a:latest" in shop.server.moved) != held, run.stderr


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_tags_that_cannot_be_put_twice(shop, monkeypatch, lost):
    """ECR with immutable tags refuses the same digest, too (containers-roadmap 2179): what is where it is to be was not refused."""
    def put(self):
        key = (self.path.split("/", 2)[2].split("/manifests/")[0], self.path.rsplit("/", 1)[1])
        if key in self.server.manifests:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return self.answer(400, b'{"errors": [{"code": "TAG_INVALID", "message": "cannot be overwritten because the repository is immutable"}]}')
        if len(self.server.moved) < lost:
            self.answer = lambda *_, **__: setattr(self, "close_connection", True)
        return Registry.do_GET(self)
    monkeypatch.setattr(Registry, "do_PUT", put)
    run = shop.promote()
    assert run.returncode == 0 and len(shop.server.moved) == 6, run.stderr
    shop.server.manifests["o/b", "sha-" + shop.plan["revision"][:12]] = shop.server.manifests["o/a", "latest"]
    run = shop.promote()
    assert run.returncode == 1 and "sha-" in run.stderr and "immutable; the tag is immutable in the registry" in run.stderr, run.stderr


def test_what_is_where_it_is_to_be_was_not_refused(shop, monkeypatch):
    """Nexus where nothing is deployed twice, after an answer that was lost."""
    def put(self):
        self.answer = lambda *_, **__: None
        Registry.do_GET(self)
        del self.answer
        return self.answer(400, b'{"errors": [{"code": "MANIFEST_INVALID", "message": "Repository does not allow updating assets: o"}]}')
    monkeypatch.setattr(Registry, "do_PUT", put)
    run = shop.promote()
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("theirs, held, name", [
    ("later", True, "push"), ("earlier", False, "push"), ("lost", False, "push"), ("elsewhere", False, "push"), ("unknown", True, "push"),
    ("later", True, "workflow_run"), ("lost", False, "workflow_run"), ("later", True, "issue_comment")])
@pytest.mark.parametrize("depth", [0, 1])
def test_a_tag_of_a_branch_does_not_go_back_to_an_earlier_commit(shop, theirs, held, name, depth):
    """Of two pushes a minute apart the first may be built last; a run of last week may be started again."""
    def commit(name, hour):
        cmd.put(shop.remote, {
            ".github/arc-ci.yaml": f"groups: {{g: {{registry: '{shop.host}/o', services: [a], "
                                   f"image-tags: ['sha-{{sha}}', edge, {{name: latest, when: 'branch:main'}}]}}}}\n", name: name})
        shop.git("add", "-A")
        when = f"2026-03-01T{hour:02}:00:00Z"
        shop.git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", name, cwd=shop.remote, GIT_COMMITTER_DATE=when)
        return shop.git("rev-parse", "HEAD"), when
    earlier = commit("1", 1)
    ours = commit("2", 2)
    other = {"later": lambda: commit("3", 3), "earlier": lambda: earlier, "unknown": lambda: ("1" * 40, "2026-03-01T03:00:00Z")}.get(theirs)
    if other:
        other = other()
    elif theirs == "lost":
        other = commit("3", 3)
        shop.git("reset", "-q", "--hard", ours[0])
    else:
        shop.git("checkout", "-qb", "topic", "HEAD~1")
        other = commit("3", 3)
        shop.git("checkout", "-q", "main")
    shop.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = shop.folder.with_name("again")
    shop.git("clone", "-q", *([f"--depth={depth}"] if depth else []), f"file://{shop.remote}", str(clone), cwd=shop.folder.parent)
    shop.git("fetch", "-q", *([f"--depth={depth}"] if depth else []), "origin", ours[0], cwd=clone)
    shop.git("checkout", "-q", ours[0], cwd=clone)
    event = {"GITHUB_EVENT_NAME": name, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": ours[0], "GITHUB_REPOSITORY": "o/r"}
    if name != "push":  # its ref is the default branch, whatever it is about
        shop.git("branch", "default", earlier[0])
        run = {"head_sha": ours[0], "head_branch": "main", "head_repository": {"full_name": "o/r"}}
        (clone.parent / "event.json").write_text(json.dumps({"workflow_run": run}))
        event.update(GITHUB_REF="refs/heads/default", GITHUB_SHA=earlier[0], GITHUB_EVENT_PATH=str(clone.parent / "event.json"))
    shop.plan = json.loads(shop.arc("plan", "--json", "--push", cwd=clone, **event).stdout)
    shop.ledger.update(revision=ours[0], services=[shop.push(service) for service in shop.plan["services"]])
    made = {"org.opencontainers.image.revision": other[0], "org.opencontainers.image.created": other[1]}
    index = shop.put("o/a", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": made}, INDEX)["digest"]
    for tag in ("edge", "latest"):
        shop.server.manifests["o/a", tag] = shop.server.manifests["o/a", index]
    watched = clone.with_name("bin") / "git"
    cmd.put(watched.parent, {"git": f'#!/bin/sh\necho "$*" >> "{watched}.calls"\nexec {shutil.which("git")} "$@"\n'})
    watched.chmod(0o755)
    run = shop.promote(cwd=clone, PATH=f"{watched.parent}:{os.environ['PATH']}", **event)
    calls = watched.with_suffix(".calls")
    assert theirs != "later" or name == "issue_comment" or calls.read_text().count(" fetch ") == 1, "once for both tags"
    assert run.returncode == 0 and f"o/a:sha-{ours[0][:12]}" in shop.server.moved, run.stderr
    for tag in ("edge", "latest")[:1 if name == "issue_comment" else 2]:
        assert (f"{tag} stays: it is a later commit's" in run.stderr) == held, run.stderr
        assert (f"o/a:{tag}" in shop.server.moved) != held


def without_digest(self, status, body=b"", kind="application/json", stored=None):
    """The header is optional (distribution spec 1.1, "Pushing manifests")."""
    self.send_response(status)
    self.send_header("Content-Type", kind)
    self.send_header("Content-Length", str(len(body)))
    self.end_headers()
    self.wfile.write(b"" if self.command == "HEAD" else body)


def test_a_mirror_that_lacks_an_image_and_takes_every_index(shop):
    """Found already built, an index is staged in the first registry alone; the mirror would have had a tag that nobody can pull."""
    for service in shop.plan["services"]:
        service["mirrors"] = [f"{shop.host}/m/{service['name']}"]
        service["tags"] += [{**tag, "ref": f"{service['mirrors'][0]}:{tag['tag']}"} for tag in service["tags"]]
    for (image, reference), stored in list(shop.server.manifests.items()):
        shop.server.manifests[image.replace("o/", "m/"), reference] = stored
    done = shop.promote()
    assert done.returncode == 0 and "m/a:latest" in shop.server.moved and "m/b:g-v1.0.0" in shop.server.moved
    assert f"    tag {shop.host}/m/a:latest\n" in done.stdout and done.stdout.count("    tag latest\n") == 2, "one for each service"
    lost = shop.ledger["services"][1]["cells"][1]["digest"]
    del shop.server.manifests["m/b", lost]
    shop.server.moved.clear()
    done = shop.promote()
    assert done.returncode == 1 and not shop.server.moved
    assert f"nothing was moved: {shop.host}/m/b lacks {lost}, which the index of b lists; build it again with --rebuild" in done.stderr


def test_a_mirror_gets_the_tags_of_uncommitted_files_too(shop):
    """Both tags moved in the first registry, and build.json named one that the mirror did not have."""
    shop.plan = json.loads(shop.arc("plan", "--json", "--push").stdout)
    for service in shop.plan["services"]:
        service["mirrors"] = [f"{shop.host}/m/{service['name']}"]
        service["tags"] = [{**tag, **ref} for tag in service["tags"] if tag["move"] for ref in (
            {}, {"ref": f"{service['mirrors'][0]}:{tag['tag']}"})]
    marks = {f"org.opencontainers.image.{name}": "-dirty" for name in ("version", "revision")}
    shop.ledger["services"] = [shop.push({**service, "staging": service["staging"] + "-dirty", "labels": {
        name: value + marks.get(name, "") for name, value in service["labels"].items()}}) for service in shop.plan["services"]]
    for (image, reference), stored in list(shop.server.manifests.items()):
        shop.server.manifests[image.replace("o/", "m/"), reference] = stored
    files = [f"--{name}={shop.folder.parent}/{name}.json" for name in ("plan", "build")]
    assert shop.promote().returncode == 1 and not shop.server.moved, "its labels are those of uncommitted files"
    done = shop.arc("build", "--promote", "--allow-dirty", "--json", *files)
    tag = f"sha-{shop.plan['revision'][:12]}-dirty"
    assert sorted(shop.server.moved) == [f"{name}:{tag}" for name in ("m/a", "m/b", "o/a", "o/b")], done.stderr
    assert json.loads(done.stdout)["services"][0]["tags"] == [tag, f"{shop.host}/m/a:{tag}"]


def test_a_registry_that_names_no_digest_is_asked_what_it_has(shop, monkeypatch):
    monkeypatch.setattr(Registry, "answer", without_digest)
    assert shop.promote().returncode == 0 and len(shop.server.moved) == 6


def test_a_proxy_that_packs_what_goes_through(shop, monkeypatch):
    """Digests are over the bytes before. Of a range nobody could unpack anything."""
    ranges, answer = [], Registry.answer

    def packed(self, status, body=b"", kind="application/json", stored=None):
        if "Range" in self.headers:
            ranges.append(self.headers["Accept-Encoding"])
            return answer(self, status, body, kind, stored)
        data = gzip.compress(body)
        self.send_response(status)
        for header in (("Content-Type", kind), ("Content-Length", str(len(data))), ("Content-Encoding", "gzip"),
                       ("Docker-Content-Digest", digest(stored or body))):
            self.send_header(*header)
        self.end_headers()
        return self.wfile.write(b"" if self.command == "HEAD" else data)
    monkeypatch.setattr(Registry, "answer", packed)
    (shop.folder.parent / "plan.json").write_text(json.dumps(shop.plan))
    run = shop.arc("build", "--promote", f"--plan={shop.folder.parent}/plan.json")
    assert run.returncode == 0 and len(shop.server.moved) == 6, run.stderr
    assert ranges and set(ranges) == {None}


@pytest.mark.parametrize("foreign, more", [(False, {}), (True, {"urls": ["https://example.org/x"]}), (False, {"mediaType": TAR.replace("gzip", "zstd")}),
                                           (False, {"mediaType": TAR.removesuffix("+gzip")})], ids=["gzip", "foreign", "zstd", "tar"])
def test_a_layer_that_the_registry_lost(shop, foreign, more):
    """Nobody could pull it, however it is packed; one that lies elsewhere by its manifest is no layer of the registry."""
    def change(manifest):
        return {**manifest, "layers": [{**layer, **more} for layer in manifest["layers"]]}
    (shop.folder.parent / "plan.json").write_text(json.dumps(shop.plan))
    images = [shop.image(shop.plan["services"][0], platform, change) for platform in shop.plan["platforms"]]
    shop.push(shop.plan["services"][0], change=lambda index: {**index, "manifests": images})
    lost = next(name for name, data in shop.server.blobs.items() if b"\x1f\x8b" in data[:2] and b"linux/amd64a" in gzip.decompress(data))
    del shop.server.blobs[lost]
    run = shop.arc("build", "--promote", f"--plan={shop.folder.parent}/plan.json")
    assert run.returncode == (not foreign) and (f"linux/amd64: lists the layer {lost}, which is missing" in run.stderr) == (not foreign)


@pytest.mark.parametrize("first", ["/manifests/", "/blobs/"])
def test_a_lost_layer_beside_a_refused_request(shop, monkeypatch, first):
    """What could not be asked for ahead is asked again, not taken to be there."""
    refused = set()
    answer = Registry.do_GET

    def busy(self):
        if first in self.path and self.path not in refused and (first == "/manifests/" or "Range" in self.headers):
            refused.add(self.path)
            return self.answer(503)
        return answer(self)
    monkeypatch.setattr(Registry, "do_GET", busy)
    (shop.folder.parent / "plan.json").write_text(json.dumps(shop.plan))
    lost = next(name for name, data in shop.server.blobs.items() if b"\x1f\x8b" in data[:2] and b"linux/arm64a" in gzip.decompress(data))
    del shop.server.blobs[lost]
    run = shop.arc("build", "--promote", f"--plan={shop.folder.parent}/plan.json")
    assert refused and f"linux/arm64: lists the layer {lost}, which is missing" in run.stderr and not shop.server.moved


def test_a_page_in_place_of_a_manifest(shop, monkeypatch):
    monkeypatch.setattr(Registry, "do_GET", lambda self: self.answer(200, b"\n<html>Log in", "text/plain"))
    run = shop.promote()
    assert run.returncode == 3 and "the answer is a page of HTML, not a registry's: a proxy's, or a login's?" in run.stderr


def test_an_index_in_place_of_an_image_and_an_image_without_a_platform(shop):
    inner = shop.put("o/a", {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}, INDEX)
    for row, said in (({**inner, "platform": {"os": "linux", "architecture": "amd64"}}, "linux/amd64: is not an image: sha256:"),
                      (inner, "without a platform: was not planned")):
        shop.ledger["services"][0] = shop.push(shop.plan["services"][0], change=lambda index, row=row: {**index, "manifests": [row]})
        shop.refuses(1, said)


@pytest.mark.parametrize("change, said", [
    (lambda rows: [*rows, rows[0]], "linux/amd64: is listed twice"),
    (lambda rows: rows[1:], "linux/amd64: is missing from the index"),
    (lambda rows: [*rows, {**rows[0], "platform": {"os": "linux", "architecture": "riscv64"}}], "linux/riscv64: was not planned"),
])
def test_each_planned_platform_is_listed_once(shop, change, said):
    shop.ledger["services"][0] = shop.push(shop.plan["services"][0], change=lambda index: {**index, "manifests": change(index["manifests"])})
    shop.refuses(1, said)


@pytest.mark.parametrize("change", [{"size": 1}, {"mediaType": INDEX}])
def test_a_descriptor_of_something_else(shop, change):
    """containerd: "failed size validation", and what is asked for as an index and comes as an image."""
    shop.ledger["services"][0] = shop.push(shop.plan["services"][0], change=lambda index: {
        **index, "manifests": [{**index["manifests"][0], **change}, *index["manifests"][1:]]})
    shop.refuses(1, "linux/amd64: is listed as ", "nobody could pull it")


@pytest.mark.parametrize("times, status", [(1, 0), (9, 3)])
def test_what_was_just_pushed_is_not_everywhere_yet(shop, monkeypatch, times, status):
    """A registry of several machines, or one that answers from a cache: 404 for what it has just taken."""
    asked, there = [], Registry.do_GET

    def get(self):
        asked.append(self.path)
        return self.answer(404) if joined in self.path and asked.count(self.path) <= times else there(self)
    legs = [shop.push({**service, "platforms": [cell["platform"]], "staging": cell["staging"]})
            for service in shop.plan["services"] for cell in shop.plan["cells"] if cell["service"] == service["service"]]
    (shop.folder.parent / "plan.json").write_text(json.dumps(shop.plan))
    merge = ("build", "--merge", f"--plan={shop.folder.parent}/plan.json", "--json")
    joined = json.loads(shop.arc(*merge).stdout)["services"][0]["digest"]
    asked.clear()
    monkeypatch.setattr(Registry, "do_GET", get)
    run = shop.arc(*merge)
    assert run.returncode == status and len(legs) == 4, run.stderr
    assert status == 0 or (asked.count(f"/v2/o/a/manifests/{joined}") == 5 and "404" in run.stderr), run.stderr


@pytest.mark.parametrize("status, code", [(404, "MANIFEST_BLOB_UNKNOWN"), (400, "BLOB_UNKNOWN"), (400, "MANIFEST_UNKNOWN"), (400, "MANIFEST_INVALID")])
def test_what_an_index_lists_is_not_everywhere_yet(shop, monkeypatch, status, code):
    """Its images were pushed a moment ago, by other jobs; and a refusal for another reason is final."""
    refused = []

    def put(self):
        if self.path in refused:
            return Registry.do_GET(self)
        refused.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        return self.answer(status, json.dumps({"errors": [{"code": code, "message": "not there"}]}).encode())
    for service in shop.plan["services"]:
        for cell in shop.plan["cells"]:
            if cell["service"] == service["service"]:
                shop.push({**service, "platforms": [cell["platform"]], "staging": cell["staging"]})
    (shop.folder.parent / "plan.json").write_text(json.dumps(shop.plan))
    monkeypatch.setattr(Registry, "do_PUT", put)
    run = shop.arc("build", "--merge", f"--plan={shop.folder.parent}/plan.json", "--json", LD_PRELOAD=quick_sleep())
    assert run.returncode == (3 if code == "MANIFEST_INVALID" else 0) and refused, run.stderr


@pytest.mark.parametrize("before", [None, b'{"schemaVersion": 2, "manifests": []}'])
def test_what_was_just_put_is_not_everywhere_yet(shop, monkeypatch, before):
    """And the answer to the PUT names no digest: a machine that does not have it yet answers 404, or what the tag was before."""
    asked, there = [], Registry.do_GET
    if before:
        shop.server.manifests["o/a", "latest"] = (INDEX, before)

    def get(self):
        if "o/a:latest" not in self.server.moved or not self.path.endswith("/o/a/manifests/latest"):
            return there(self)
        asked.append(self.command)
        if len(asked) > 2:
            return there(self)
        return self.answer(200, before, INDEX) if before else self.answer(404)
    for method in ("do_GET", "do_HEAD"):
        monkeypatch.setattr(Registry, method, get)
    monkeypatch.setattr(Registry, "do_PUT", there)
    monkeypatch.setattr(Registry, "answer", without_digest)
    run = shop.promote(LD_PRELOAD=quick_sleep())
    assert run.returncode == 0 and len(asked) == 3, run.stderr


def test_a_registry_that_says_yes_and_stores_nothing(shop, monkeypatch):
    def forget(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        without_digest(self, 201)
    monkeypatch.setattr(Registry, "do_PUT", forget)
    shop.refuses(1, "cannot move ", "the registry answers 201, and stored nothing: GET ", LD_PRELOAD=quick_sleep())


@pytest.mark.parametrize("status, code, message, advice", [
    (403, "DENIED", "permission_denied: write_package", "this login may not push"),
    (404, "NAME_UNKNOWN", "The repository with name 'o/a' does not exist", "create it first"),
    (400, "TAG_INVALID", "The tag 'latest' cannot be overwritten because the repository is immutable.", "from image-tags"),
    (400, "MANIFEST_INVALID", "cannot update tag latest. The repository has enabled tag immutability", "from image-tags"),
    (412, "PRECONDITION", "Failed to process request due to 'a:latest' configured as immutable.", "from image-tags"),
    (404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", None)])
def test_a_tag_that_a_registry_keeps_says_what_to_do(shop, monkeypatch, status, code, message, advice):
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    monkeypatch.setattr(Registry, "do_PUT", lambda self: (self.rfile.read(int(self.headers["Content-Length"])),
                                                          self.answer(status, body)))
    said = f"the registry answers {status}: {message}"
    shop.refuses(1, "cannot move ", f"{said}; " if advice else f"{said}; 0 tags", advice or "put back")


def test_what_moved_is_seen_where_the_registry_refuses_to_be_asked_by_head(shop, monkeypatch):
    """It stores what it refuses, and is put back."""
    old = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    shop.put("o/a", old, INDEX)
    shop.server.manifests["o/a", "latest"] = (INDEX, old)

    def answer_wrong(self):
        if not self.path.endswith("/o/a/manifests/latest"):
            return Registry.do_GET(self)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        shop.server.manifests["o/a", "latest"] = (INDEX, body)
        return self.answer(201 if body == old else 400, stored=body)
    monkeypatch.setattr(Registry, "do_PUT", answer_wrong)
    monkeypatch.setattr(Registry, "do_HEAD", lambda self: self.answer(405, b"{}"))
    run = shop.promote()
    assert run.returncode == 1 and "cannot move " in run.stderr, run.stderr
    assert shop.server.manifests["o/a", "latest"] == (INDEX, old)


@pytest.mark.parametrize("known", [True, False])
def test_a_tag_that_another_run_moved_on_is_not_put_back(shop, monkeypatch, known):
    """It moves `latest` between ours and the failure; and of a registry that no longer answers, nobody knows."""
    later = shop.put("o/a", {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}, INDEX)["digest"]
    old = shop.put("o/a", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"old": "1"}}, INDEX)["digest"]
    shop.server.manifests["o/a", "latest"] = shop.server.manifests["o/a", old]
    refused = []

    def put(self):
        if not self.path.endswith("/o/b/manifests/latest"):
            return Registry.do_GET(self)
        self.rfile.read(int(self.headers["Content-Length"]))
        if refused:  # the second time it is sent alone, after the others
            self.server.manifests["o/a", "latest"] = self.server.manifests["o/a", later]
        refused.append(self.path)
        return self.answer(403)
    monkeypatch.setattr(Registry, "do_PUT", put)
    if not known:
        monkeypatch.setattr(Registry, "do_HEAD", lambda self: self.answer(500))
    run = shop.promote(LD_PRELOAD=quick_sleep())
    assert run.returncode == 1 and f"cannot move {shop.host}/o/b:latest" in run.stderr, run.stderr
    assert shop.server.manifests["o/a", "latest"] == shop.server.manifests["o/a", later if known else old], run.stderr


@pytest.mark.parametrize("alone", [True, False, None])
def test_a_new_tag_is_removed_where_that_removes_nothing_else(shop, monkeypatch, alone):
    """Some registries remove what it points to, and with that the tags that were right before, and the staging tag. GHCR removes
    nothing, nor what it would be tried on."""
    def delete(self):
        if alone is None:
            return self.answer(405, b'{"errors": [{"code": "UNSUPPORTED", "message": "The operation is unsupported."}]}')
        _, _, *image, _, reference = self.path.split("/")
        manifests, image = self.server.manifests, "/".join(image)
        if (image, reference) not in manifests:
            return self.answer(404)
        if alone and not reference.startswith("sha256:"):
            del manifests[image, reference]
        else:
            for place in [place for place, stored in manifests.items() if place[0] == image and stored == manifests[image, reference]]:
                del manifests[place]
        return self.answer(202)
    monkeypatch.setattr(Registry, "do_DELETE", delete, raising=False)
    monkeypatch.setattr(Registry, "do_PUT", lambda self: Registry.do_GET(self) if not self.path.endswith("/o/b/manifests/latest") else (
        self.rfile.read(int(self.headers["Content-Length"])), self.answer(403)))
    before, old = dict(shop.server.manifests), shop.ledger["services"][0]["digest"]
    for tag in ("g-v1.0.0", "latest"):
        before["o/a", tag] = shop.server.manifests["o/a", tag] = shop.server.manifests["o/a", old]
    run = shop.promote()
    left = {place for place in shop.server.manifests if not place[1].startswith("sha256:")}
    assert run.returncode == 1 and before.items() <= shop.server.manifests.items(), run.stderr
    assert (left == {place for place in before if not place[1].startswith("sha256:")}) == bool(alone), left
    assert ("NOT put back" in run.stderr) != bool(alone) and not any("probe" in tag for _, tag in left), run.stderr


@pytest.mark.parametrize("annotated", [False, True])
def test_the_tag_was_moved_meanwhile(shop, annotated):
    shop.git("commit", "-q", "--allow-empty", "-m", "two")
    shop.git("tag", "-f", *(["-a", "-m", "x"] if annotated else []), "g/v1.0.0")
    shop.refuses(1, "nothing was moved: the tag g/v1.0.0 now points to commit ", "use a new version")


def test_the_tag_was_made_anew_for_the_same_commit(shop):
    shop.git("tag", "-f", "-a", "-m", "x", "g/v1.0.0")
    assert shop.promote().returncode == 0


def test_the_tag_was_deleted_meanwhile(shop):
    shop.git("tag", "-d", "g/v1.0.0")
    shop.git("branch", "g/v1.0.0")  # a branch of its name is no tag
    shop.git("tag", "x/refs/tags/g/v1.0.0")
    shop.refuses(1, "nothing was moved: the tag g/v1.0.0 is gone", "git push origin g/v1.0.0")


def test_the_remote_is_gone(shop):
    shop.remote.rename(shop.remote.with_name("elsewhere"))
    shop.refuses(3, "nothing was moved, since it is unknown whether the tag g/v1.0.0 still points to commit ", "does not appear")


def test_no_git_to_ask_with(shop):
    shop.refuses(3, "it is unknown whether the tag", "there is no program 'git'", PATH="/nowhere")


def test_a_repository_without_a_remote_has_the_tag_itself(shop):
    shop.git("remote", "remove", "origin", cwd=shop.folder)
    assert shop.promote().returncode == 0
    shop.git("tag", "-d", "g/v1.0.0", cwd=shop.folder)
    shop.server.moved.clear()
    shop.refuses(1, "the tag g/v1.0.0 is gone")


def test_no_clone_at_all_is_said(shop):
    run = shop.promote(cwd=shop.folder.parent)
    assert run.returncode == 0 and "warning: this is not a clone" in run.stderr and len(shop.server.moved) == 6


def test_a_ci_plan_asks_nobody(shop):
    shop.remote.rename(shop.remote.with_name("elsewhere"))
    shop.plan = json.loads(shop.arc("plan", "--json", "--push").stdout)
    shop.ledger["services"] = [shop.push(service) for service in shop.plan["services"]]
    run = shop.promote()
    assert run.returncode == 0 and shop.server.moved, run.stderr


@pytest.mark.parametrize("change, said", [
    (lambda ledger: ledger.update(revision="1" * 40), "build.json is about commit 111111111111, the plan about "),
    (lambda ledger: ledger.update(group="h"), "build.json is about group h, the plan about g"),
    (lambda ledger: ledger["services"][0].update(image="127.0.0.1:1/o/a"), "build.json is of another plan: it has a as 127.0.0.1:1/o/a"),
    (lambda ledger: ledger["services"][0].update(service="c"), "it has c as "),
    (lambda ledger: ledger.update(dirty=True), "are promoted only with --allow-dirty"),
], ids=["commit", "group", "image", "service", "dirty"])
def test_the_ledger_of_another_run(shop, change, said):
    change(shop.ledger)
    shop.refuses(2, said)


@pytest.mark.parametrize("change, said", [
    (lambda entry: entry["cells"][0].update(digest="sha256:" + "1" * 64), "build.json has sha256:1"),
    (lambda entry: entry["cells"].pop(), "build.json has no image for linux/arm64 of b"),
    (lambda entry: entry["cells"].append({**entry["cells"][0], "platform": "linux/s390x"}), "has 3 images of b, the index 2"),
    (lambda entry: entry["cells"].reverse(), None),
    (lambda entry: [cell.update(digest=entry["cells"][0]["digest"]) for cell in entry["cells"]], "they do not belong together"),
], ids=["digest", "missing", "more", "order", "the same twice"])
def test_each_cell_of_the_last_index_is_held_against_the_ledger(shop, change, said):
    change(shop.ledger["services"][1])
    if said:
        shop.refuses(1, said)
    else:
        assert shop.promote().returncode == 0


def test_the_ledger_of_another_build_of_the_same_commit(shop):
    """The images are compared, not the index around them: those are what the gate saw."""
    again = shop.push(shop.plan["services"][0], change=lambda index: {**index, "annotations": {"built": "again"}})
    shop.ledger["services"][0]["digest"] = again["digest"]
    assert shop.promote().returncode == 0
    shop.server.moved.clear()
    shop.ledger["services"][1]["digest"] = again["digest"]  # of the other service
    shop.refuses(1, "is not in the registry: build b first")


@pytest.mark.parametrize("name", ["Manifests", "MANIFESTS", "manife\u017fts", "Annotations", "MediaType"])
def test_an_index_that_docker_reads_otherwise(shop, name):
    shop.ledger["services"][0] = shop.push(shop.plan["services"][0], change=lambda index: {**index, name: []})
    shop.refuses(1, f"has a member '{name}', which docker reads as '")


@pytest.mark.parametrize("name", ["Config", "Layers", "Subject", "SchemaVersion"])
def test_a_manifest_that_docker_reads_otherwise(shop, name):
    service = shop.plan["services"][0]
    shop.ledger["services"][0] = shop.push(service)
    image = service["image"].split("/", 1)[1]
    rows = [shop.image(service, platform, change=lambda manifest: {**manifest, name: {}}) for platform in PLATFORMS]
    index = shop.put(image, {"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}, INDEX)
    shop.ledger["services"][0].update(digest=index["digest"])
    for cell, row in zip(shop.ledger["services"][0]["cells"], rows):
        cell["digest"] = row["digest"]
    shop.refuses(1, f"has a member '{name}', which docker reads as '")


def test_a_credential_helper_runs_once_for_a_registry(shop):
    """It ran for every image, and again to push to each: gcloud's takes a second."""
    folder = shop.folder.parent
    (folder / "bin").mkdir()
    helper = folder / "bin/docker-credential-x"
    helper.write_text(f"#!/bin/sh\nread -r host\necho $host >>{folder}/asked\necho '{{\"Username\": \"u\", \"Secret\": \"p\"}}'\n")
    helper.chmod(0o755)
    (folder / ".docker").mkdir()
    (folder / ".docker/config.json").write_text('{"credsStore": "x"}')
    shop.server.secret, shop.server.refusal = "Basic dTpw", 401
    run = shop.promote(PATH=f"{folder}/bin:{os.environ['PATH']}")
    assert run.returncode == 0 and len(shop.server.moved) == 6, run.stderr
    assert (folder / "asked").read_text().split() == [shop.host]


@pytest.mark.parametrize("private, secret, refusal, warns", [
    (False, "Basic dTpw", 401, "cannot be pulled without a login"), (False, "Basic dTpw", 403, "cannot be pulled without a login"),
    (False, "Basic dTpw", 404, "cannot be pulled without a login"), (False, "Basic dTpw", 400, "the registry answers 400"),
    (True, "Basic dTpw", 401, None), (False, None, 401, None)],
    ids=["a public repository", "another word for it", "as if it were not there", "a registry out of order", "a private one", "public images"])
def test_an_image_of_a_public_repository_that_nobody_can_pull(shop, private, secret, refusal, warns):
    shop.server.secret, shop.server.refusal = secret, refusal
    home = shop.folder.parent
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(json.dumps({"auths": {shop.host: {"auth": "dTpw"}}}))
    (home / "event.json").write_text(json.dumps({"repository": {"private": private}}))
    run = shop.promote(GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH=f"{home}/event.json")
    assert run.returncode == 0 and len(shop.server.moved) == 6, run.stderr
    assert run.stderr.count("without a login") == (2 if warns else 0) and (warns or "") in run.stderr, run.stderr
    assert ("make the package public" in run.stderr) == (warns == "cannot be pulled without a login")


def test_run_again_after_the_publication_failed_it_moves_nothing(shop):
    assert shop.promote().returncode == 0
    shop.server.moved.clear()
    run = shop.promote()
    assert run.returncode == 0 and not shop.server.moved and run.stderr.count("already points there") == 6, run.stderr


def test_an_image_that_calls_itself_an_attestation(shop):
    """A client that looks for its platform pulls it, and nobody has scanned it: it is not among the images."""
    service = shop.plan["services"][0]
    hidden = shop.image({**service, "service": "other"}, "linux/amd64")

    def change(index):
        about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": index["manifests"][0]["digest"]}
        return {**index, "manifests": [{**hidden, **place, "annotations": about}, *index["manifests"]]}
    for place, shown in (({}, "linux/amd64"), ({"platform": {"os": "linux", "architecture": "s390x"}}, "linux/s390x"),
                         ({"platform": None}, "no platform")):
        shop.ledger["services"][0] = shop.push(service, change=change)
        shop.refuses(1, f"{hidden['digest']} is listed for {shown}, so it could be pulled as an image")
    place = {"platform": {"os": "unknown", "architecture": "unknown"}}
    shop.ledger["services"][0] = shop.push(service, change=change)
    assert shop.promote().returncode == 0, "as BuildKit lists them"


def test_a_manifest_that_is_both_an_index_and_an_image(shop):
    """Which of the two a client pulls depends on the client (CVE-2021-41190)."""
    service = shop.plan["services"][0]
    inner = json.loads(shop.server.manifests["o/a", shop.image({**service, "service": "other"}, "linux/amd64")["digest"]][1])
    for kind in (INDEX, MANIFEST):
        shop.ledger["services"][0] = shop.push(service, change=lambda index, kind=kind: {
            **index, "mediaType": kind, "config": inner["config"], "layers": inner["layers"]})
        shop.refuses(1, "is both an index and an image")
    image = shop.image(service, "linux/amd64")
    both = {**json.loads(shop.server.manifests["o/a", image["digest"]][1]), "manifests": [image], "mediaType": INDEX}
    row = {**shop.put("o/a", both, INDEX), "platform": image["platform"]}
    shop.ledger["services"][0] = shop.push(service, change=lambda index: {**index, "manifests": [row, index["manifests"][1]]})
    shop.ledger["services"][0]["cells"][0]["digest"] = row["digest"]
    shop.refuses(1, "linux/amd64: is both an index and an image")


def test_one_of_two_jobs_built_uncommitted_files(shop):
    """The first job's word counted for both."""
    halves = [{**shop.ledger, "services": [service]} for service in shop.ledger["services"]]

    def promote(**change):
        jobs = {name: {"result": "success", "outputs": {"build": json.dumps(half)}}
                for name, half in (("a", halves[0]), ("b", {**halves[1], **change}))}
        (shop.folder.parent / "plan.json").write_text(json.dumps(shop.plan))
        return shop.arc("build", "--promote", f"--plan={shop.folder.parent}/plan.json", INPUT_NEEDS=json.dumps(jobs))
    run = promote(dirty=True)
    assert run.returncode == 2 and "promoted only with --allow-dirty" in run.stderr and not shop.server.moved, run.stderr
    assert promote().returncode == 0
