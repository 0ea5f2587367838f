"""A repository with two groups' worth of configuration, the real docker-registry, and the real cosign from its Go module."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests"), str(ROOT / "tests/engine"), str(ROOT / "tests/cmd"), str(ROOT / "tests/double"),
                str(ROOT / "tests/fault")]
import cached  # noqa: E402
import images  # noqa: E402
from engine import Registry  # noqa: E402
from sandbox import Repository  # noqa: E402

COSIGN = "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3"


@pytest.fixture(scope="session")
def cosign():
    """Its path, first on PATH."""
    return cached.go(COSIGN)


@pytest.fixture
def registry(tmp_path):
    server = Registry(tmp_path / "registry").start()
    yield server
    server.stop()


class Shop(Repository):
    """A repository of one group, `g`, with the services a and b, and what it is released with."""

    def __init__(self, folder, host, cosign, sign):
        self.host = host
        super().__init__(folder, {"PATH": f"{cosign.parent}:{os.environ['PATH']}", "COSIGN_PASSWORD": "pass word"}, {"groups": {"g": {
            "registry": f"{host}/o", "services": ["a", "b"], "platforms": {"release": ["linux/amd64"]}, "image-tags": ["{image-tag}", "latest"], **sign}}}, "ab")

    def plan(self, *words, **options):
        plan = self.json("plan", *words, **options)
        self.write("plan.json", json.dumps(plan))
        return plan

    def built(self, *words, tag="g/v1.0.0", **options):
        """Commits, tags, plans, and pushes what a build would have; returns the ledger."""
        self.commit(tag)
        self.write(".git/info/exclude", "*.json\n")
        build = images.build(self.plan(tag, *words, **options))
        self.write("build.json", json.dumps(build))
        return build

    def sign(self, **options):
        return self.json("sign", "--build=build.json", **options)

    def promote(self, **options):
        return self.json("build", "--promote", "--build=build.json", **options)


def make_key(folder, cosign, name="cosign"):
    subprocess.run([cosign, "generate-key-pair", "--output-key-prefix", name], cwd=folder, check=True, capture_output=True,
                   env={**os.environ, "COSIGN_PASSWORD": "pass word"}, stdin=subprocess.DEVNULL)


@pytest.fixture
def shop(tmp_path, registry, cosign):
    """Signs with a key of its own, in no log."""
    folder = tmp_path / "shop"
    folder.mkdir()
    make_key(tmp_path, cosign)
    shutil.copy(tmp_path / "cosign.pub", folder / "cosign.pub")
    shop = Shop(folder, registry.host, cosign, {"sign": {
        "with": "cosign", "key": "env://SIGNING_KEY", "public-key": "cosign.pub", "unlogged": True}})
    shop.env["SIGNING_KEY"] = (tmp_path / "cosign.key").read_text()
    return shop
