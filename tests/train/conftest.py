"""A repository with two groups of images and a train of both, released into a real docker-registry behind a proxy that can
misbehave, and the API double."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / name) for name in (".", "engine", "cmd", "double", "sign")]
import images  # noqa: E402
import test_cmd  # noqa: E402
from engine import Registry  # noqa: E402
from faults import Proxy  # noqa: E402
from github_double import TOKEN, Double  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))


class Platform:
    def __init__(self, folder, proxy, registry):
        self.folder, self.proxy, self.registry = folder, proxy, registry
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "CI": "true"}
        group = {"registry": f"{proxy.host}/o", "platforms": {"release": ["linux/amd64"]}}
        self.config = {"groups": {
            "messaging": {**group, "services": ["a", "b"]}, "data": {**group, "services": ["c"]},
            "platform": {"title": "The platform", "includes": ["messaging", "data"],
                         "image-tags": ["{image-tag}", "{group}-latest"]}}}
        self.write(".github/arc-ci.yaml", json.dumps(self.config))
        for name in "abc":
            self.write(f"{name}/service.yaml", f"name: arc-{name}\ncodename: {name}\n")
            self.write(f"{name}/Dockerfile", "FROM scratch\n")
        self.git("init", "-q", "-b", "main")
        self.write(".git/info/exclude", "*.json\n")
        self.built = {}

    def write(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def git(self, *words):
        return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words], cwd=self.folder, check=True,
                              capture_output=True, text=True).stdout

    def commit(self, tag=None):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"feat: {tag}")
        if tag:
            self.git("tag", tag)

    def run(self, *words, status=0, **env):
        done = subprocess.run([ARC_CI, *words], cwd=self.folder, env={**self.env, **env}, capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *words, **options):
        document = json.loads(self.run(*words, "--json", **options).stdout)
        test_cmd.validate(document, words[0])
        return document

    def release(self, tag):
        """One of the groups that build: commit, tag, images, promotion."""
        self.commit(tag)
        plan = self.json("plan", tag)
        self.write("plan.json", json.dumps(plan))
        self.write("build.json", json.dumps(images.build(plan)))
        build = self.json("build", "--promote", "--build=build.json")
        self.built.update({(service["service"], tag): service["digest"] for service in build["services"]})

    def depart(self, tag, **options):
        """Plans a train and reads what it takes; returns the ledger."""
        self.write("plan.json", json.dumps(self.json("plan", tag, **options)))
        build = self.json("build")
        self.write("build.json", json.dumps(build))
        return build

    def digest(self, service, tag):
        return self.registry.manifest(f"o/arc-{service}", tag)[0]


@pytest.fixture
def registry(tmp_path):
    server = Registry(tmp_path / "registry").start()
    yield server
    server.stop()


@pytest.fixture
def platform(tmp_path, registry):
    with Proxy(registry) as proxy:
        platform = Platform(tmp_path / "platform", proxy, registry)
        for tag in ("messaging/v1.0.0", "data/v0.4.0", "messaging/v1.1.0", "messaging/v1.2.0-rc.1"):
            platform.release(tag)
        platform.commit("platform/v1.0.0")
        yield platform


@pytest.fixture
def github(platform):
    """The API double, asked by what runs in the platform's repository."""
    with Double() as double:
        revision = platform.git("rev-parse", "HEAD").strip()
        double.state.refs["refs/tags/platform/v1.0.0"] = ("commit", revision)
        platform.env.update({"GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": double.url, "GITHUB_TOKEN": TOKEN})
        yield double
