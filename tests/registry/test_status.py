"""`arc-ci status --registry` on the real docker-registry: tags that drift from their version's are named."""
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/engine"))
from engine import Registry  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
INDEX = "application/vnd.oci.image.index.v1+json"


def git(repo, *words):
    return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=repo, check=True,
                          capture_output=True, text=True).stdout


def put(registry, name, tag, note):
    """An index that lists nothing, told apart by its annotation."""
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {"note": note}}).encode()
    request = urllib.request.Request(f"http://{registry.host}/v2/{name}/manifests/{tag}", data=body, method="PUT",
                                     headers={"Content-Type": INDEX})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers["Docker-Content-Digest"]


@pytest.fixture
def registry(tmp_path):
    server = Registry(tmp_path / "registry").start()
    yield server
    server.stop()


@pytest.fixture
def repo(tmp_path, registry):
    repo = tmp_path / "repo"
    (repo / "services/a").mkdir(parents=True)
    (repo / ".github").mkdir()
    (repo / ".github/arc-ci.yaml").write_text(json.dumps({"groups": {"g": {
        "title": "G", "tag": "g/v*", "registry": f"{registry.host}/o", "services": ["services/a"]}}}))
    (repo / "services/a/service.yaml").write_text("name: arc-a\ncodename: a\n")
    (repo / "services/a/Dockerfile").write_text("FROM scratch\n")
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: one")
    git(repo, "tag", "g/v1.0.0")
    return repo


def status(repo):
    env = {"PATH": os.environ["PATH"], "HOME": str(repo.parent)}
    run = subprocess.run([ARC_CI, "status", "--registry", "--exit-code", "--json"], cwd=repo, env=env,
                         capture_output=True, text=True, timeout=60)
    assert run.stdout, run.stderr
    return run.returncode, json.loads(run.stdout)["groups"][0]["adrift"]


def test_tags_that_name_one_image_are_quiet_and_others_are_named(registry, repo):
    code, adrift = status(repo)
    assert code == 1 and {row["digest"] for row in adrift} == {None}, "nothing was pushed: everything is missing"
    tags = [row["tag"] for row in adrift]
    assert "g-v1.0.0" in tags and "latest" in tags
    good = [put(registry, "o/arc-a", tag, "good") for tag in tags][0]
    assert status(repo) == (0, [])
    bad = put(registry, "o/arc-a", "latest", "bad")
    code, adrift = status(repo)
    assert code == 1
    assert [(row["tag"], row["digest"], row["expected"]) for row in adrift] == [("latest", bad, good)]


def test_a_registry_that_is_not_there_is_an_error(registry, repo):
    registry.stop()
    run = subprocess.run([ARC_CI, "status", "--registry"], cwd=repo, capture_output=True, text=True, timeout=120,
                         env={"PATH": os.environ["PATH"], "HOME": str(repo.parent)})
    assert run.returncode == 3 and f"  adrift: GET http://{registry.host}/v2/o/arc-a/" in run.stdout
    assert f"GET http://{registry.host}/v2/o/arc-a/" in run.stderr
