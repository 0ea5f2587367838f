"""`arc-ci doctor --push` and a build's own look: whether the registry takes what is pushed, before anything is built."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/double"), str(ROOT / "tests/fault")]
import faults  # noqa: E402
import test_cmd as cmd  # noqa: E402
from harness import quick_sleep  # noqa: E402
from registry_double import PASSWORD, RegistryDouble  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
IMAGES = ["m/arc-a", "m/arc-b", "o/arc-a", "o/arc-b"]   # of two services, in a registry and a mirror
REFUSALS = {
    "no right": (403, "DENIED", "requested access to the resource is denied", "this login may not push"),
    "no package": (403, "DENIED", "permission_denied: installation not allowed to Create organization package",
                   "the organization must allow new packages"),
    "no repository": (404, "NAME_UNKNOWN", "repository name not known to registry", "create it first"),
    "read-only": (405, "UNSUPPORTED", "the operation is unsupported", "it is read-only"),
    "quota": (403, "DENIED", "adding 5 MiB would exceed the Quota of 1 GiB", "the registry is full"),
    "Harbor's quota": (403, "DENIED", "adding 2.0 MiB of storage resource, which when updated to current usage of 1 GiB will exceed "
                       "the configured upper limit of 1 GiB.", "the registry is full"),
    "Harbor, read-only": (403, "DENIED", "The system is in read only mode. Any modification is prohibited.", "it is read-only"),
    "full": (507, "UNKNOWN", "insufficient storage", "the registry is full"),
    "too large": (413, "SIZE_INVALID", "too large", "the registry is full"),
    "no login": (401, "UNAUTHORIZED", "authentication required", "docker login"),
}


@pytest.fixture
def registry():
    with RegistryDouble() as double:
        yield double


@pytest.fixture
def repo(tmp_path, registry):
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [{"write": {
        ".github/arc-ci.yaml": f"groups:\n  g:\n    title: G\n    tag: g/v*\n    registry: [{registry.host}/o, {registry.host}/m]\n"
                               "    services: [services/a, services/b]\n",
        **{f"services/{name}/{file}": text for name in "ab" for file, text in {
            "service.yaml": f"name: arc-{name}\ncodename: {name}\n", "Dockerfile": "FROM scratch\nCOPY . /\n"}.items()}}},
        {"commit": "one"}, {"tag": "g/v1.0.0"}])
    return repo


def run(repo, registry, *words, login=True, path=None, **more):
    home = repo.parent / "home"
    (home / ".docker").mkdir(parents=True, exist_ok=True)
    (home / ".docker/config.json").write_text(json.dumps(registry.login() if login else {}))
    env = {"PATH": path or os.environ["PATH"], "HOME": str(home), "LD_PRELOAD": quick_sleep(), **more}
    done = subprocess.run([*cmd.WRAPPER, ARC_CI, *words], cwd=repo, capture_output=True, text=True, env=env, timeout=120)
    assert PASSWORD not in done.stdout + done.stderr
    return done


def doctor(repo, registry, status, **options):
    done = run(repo, registry, "doctor", "--push", "--json", **options)
    assert done.returncode == status, done.stdout + done.stderr
    return next(check for check in json.loads(done.stdout)["checks"] if check["name"] == "push")


@pytest.mark.parametrize("login", [False, True])
def test_every_image_is_asked_and_nothing_stays(repo, registry, login):
    registry.state.login = login
    check = doctor(repo, registry, 0)
    assert (check["status"], check["found"], check["needed"]) == ("ok", "allowed to all 4 images", True)
    assert sorted(path.split("/blobs")[0][4:] for method, path, status in done(registry, "POST")) == IMAGES
    assert len(done(registry, "DELETE")) == 4
    assert not any(repository.uploads for repository in registry.state.repositories.values())


def done(registry, method):
    return [entry for entry in registry.log if entry[0] == method and entry[2] in (202, 204)]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_says_what_to_do(repo, registry, refusal):
    status, code, message, advice = REFUSALS[refusal]
    registry.state.push["o/arc-b"] = (status, code, message)
    check = doctor(repo, registry, 3)
    assert check["status"] == "missing"
    assert advice in check["advice"] and "arc-a" not in check["found"]
    if refusal != "no login":   # it came without a challenge, so there was nothing to answer it with
        assert f"{registry.host}/o/arc-b: the registry answers {status}: {message}" in check["found"]


def test_a_quota_of_requests_is_no_full_registry(repo, registry):
    """Google's: it passes by itself, and nothing that anybody removes would help."""
    registry.state.push["o/arc-b"] = (429, "TOOMANYREQUESTS", "Quota exceeded for quota metric 'Requests per minute'")
    check = doctor(repo, registry, 3)
    assert "the registry answers 429: Quota exceeded" in check["found"] and check["advice"] is None


def test_no_login(repo, registry):
    registry.state.login = True
    assert "docker login" in doctor(repo, registry, 3, login=False)["advice"]


def test_a_session_elsewhere_is_left_alone(repo, registry, monkeypatch):
    """Its address is of another origin: no request of ours, and no login, goes there."""
    monkeypatch.setattr(type(registry), "open_upload", lambda self, request, name: (
        202, b"", {"Location": f"http://localhost:{registry.port}/v2/{name}/blobs/uploads/1"}))
    assert doctor(repo, registry, 0)["status"] == "ok"
    assert not [entry for entry in registry.log if entry[0] == "DELETE"]


LASTING = (faults.expired_token, faults.no_permission, faults.redirect_elsewhere, faults.redirect_302)


@pytest.mark.parametrize("fault", [fault for fault in faults.ALL if fault not in LASTING], ids=lambda fault: fault.__name__)
def test_one_passing_fault_is_no_refusal(repo, registry, fault):
    registry.faults = faults.once(fault, 2)
    assert doctor(repo, registry, 0, **faults.patience(fault))["status"] == "ok"


def test_a_build_is_not_begun_for_a_registry_that_refuses(repo, registry, tmp_path):
    """docker here fails whenever it is asked to build."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "docker").write_text('#!/bin/sh\ncase "$*" in *bake*) echo "built after all" >&2;; esac\nexit 1\n')
    (tools / "docker").chmod(0o755)
    (repo.parent / "plan.json").write_text(run(repo, registry, "plan", "--json", "--push", "g/v1.0.0").stdout)
    build = ("build", "--plan", str(repo.parent / "plan.json"))
    path = f"{tools}:{os.environ['PATH']}"
    assert "built after all" in run(repo, registry, *build, path=path).stderr, "a registry that takes it is pushed to"
    registry.state.push["m/arc-b"] = (404, "BLOB_UNKNOWN", "blob unknown to registry")
    assert "built after all" in run(repo, registry, *build, path=path).stderr, "what does not answer the question stops nothing"
    registry.state.push["m/arc-b"] = REFUSALS["no right"][:3]
    one = run(repo, registry, *build, path=path)
    assert one.returncode == 3 and "built after all" not in one.stderr
    assert f"pushed to 1 of 4 images: {registry.host}/m/arc-b: the registry answers 403" in one.stderr
    registry.state.push["o/arc-a"] = REFUSALS["no repository"][:3]
    two = run(repo, registry, *build, path=path)
    assert two.returncode == 3 and "2 of 4 images" in two.stderr and "doctor --push" in two.stderr


@pytest.mark.parametrize("says, text", {
    "no engine": "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    "no engine, of a remote builder": "ERROR: failed to dial gRPC: cannot connect to the Docker daemon. Is 'docker daemon' running on this host?",
    "no engine, since 29": "ERROR: failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct",
    "no right to it": "ERROR: permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
    "no plugin": "docker: 'buildx' is not a docker command.",
    "no docker but podman": "Error: unrecognized command `podman buildx bake`",
    "no plugin, since 28": "docker: unknown command: docker buildx",
}.items())
def test_a_docker_that_cannot_build_is_missing(repo, registry, tmp_path, says, text):
    """Whatever its version calls that; another try would not help."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "docker").write_text(f'#!/bin/sh\ncat <<"END" >&2\n{text}\nEND\nexit 1\n')
    (tools / "docker").chmod(0o755)
    (repo.parent / "plan.json").write_text(run(repo, registry, "plan", "--json", "g/v1.0.0").stdout)
    build = run(repo, registry, "build", "--plan", str(repo.parent / "plan.json"), path=f"{tools}:{os.environ['PATH']}")
    assert build.returncode == 3 and build.stderr.count(text.removeprefix("ERROR: ").removeprefix("Error: ")) == 1, build.stderr
    assert "start the engine, or install buildx (arc-ci doctor)" in build.stderr


def test_offline_goes_without(repo, registry):
    done = run(repo, registry, "doctor", "--push", "--offline")
    assert done.returncode == 2 and "--offline" in done.stderr and not registry.log
