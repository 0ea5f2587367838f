"""A repository with two groups of images and a train of both, released into a real docker-registry behind a proxy that can
misbehave, and the API double."""
import json
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / name) for name in (".", "engine", "cmd", "double", "sign")]
import images  # noqa: E402
from engine import Registry  # noqa: E402
from faults import Proxy  # noqa: E402
from github_double import TOKEN, Double  # noqa: E402
from sandbox import Repository  # noqa: E402



class Platform(Repository):
    def __init__(self, folder, proxy, registry):
        self.proxy, self.registry = proxy, registry
        group = {"registry": f"{proxy.host}/o", "platforms": {"release": ["linux/amd64"]}}
        self.config = {"groups": {
            "messaging": {**group, "services": ["a", "b"]}, "data": {**group, "services": ["c"]},
            "platform": {"title": "The platform", "includes": ["messaging", "data"],
                         "image-tags": ["{image-tag}", "{group}-latest"]}}}
        super().__init__(folder, {"CI": "true"}, self.config, "abc")
        self.write(".git/info/exclude", "*.json\n")
        self.built = {}

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
