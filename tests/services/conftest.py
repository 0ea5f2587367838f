"""What the tests of `services/` share: the tree, make, and a stand-in client that records its calls."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"
sys.path.insert(0, str(ROOT / "tests"))
# ARC_MAKE=/path/to/make runs the targets with another one: macOS has 3.81.
MAKE = os.environ.get("ARC_MAKE", "make")


def load(path):
    return yaml.safe_load((ROOT / path).read_text())


def make(*arguments, environment=None, text_in="", timeout=180):
    """Runs make in the repository's root, without the flags of a make that runs this test."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CONFIRM", "WAIT", "DOCKER", "COMPOSE")}
    return subprocess.run([MAKE, *arguments], cwd=ROOT, env={**env, **(environment or {})}, timeout=timeout,
                          input=text_in, capture_output=True, text=True)


def heed_ctrl_c():
    """For preexec_fn: what a shell starts in the background ignores Ctrl-C, and so do its children, unless told."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class FakeDocker:
    """A `docker` that does nothing but write down how it was called, and fails when told to."""

    def __init__(self, folder):
        self.folder = folder
        self.client = folder / "docker"
        shutil.copy(pathlib.Path(__file__).with_name("fake_docker.sh"), self.client)
        self.client.chmod(0o755)
        self.environment = {"FAKE_DOCKER": str(folder)}
        self.set("network")
        self.set("jsz", "{}\n")
        self.set("cookie", '5\nbookieHost: "arc-strange:41847"\n')
        for image in ("arc-flash", "arc-strange", "arc-sonic", "ghcr.io_arc-framework_arc-friday-collector"):
            self.set(f"image-{image}_latest")
        for name in ("arc-flash", "arc-strange", "arc-sonic", "arc-friday-collector"):
            self.set(f"state-{name}", "running/healthy\n")

    def set(self, name, text=""):
        (self.folder / name).write_text(text)

    def unset(self, name):
        (self.folder / name).unlink()

    def calls(self):
        record = self.folder / "calls"
        return record.read_text().splitlines() if record.exists() else []

    def make(self, *arguments, **options):
        return make(f"DOCKER={self.client}", *arguments, environment=self.environment, **options)


@pytest.fixture
def docker(tmp_path):
    folder = tmp_path / "fake"
    folder.mkdir()
    return FakeDocker(folder)
