"""setup.sh's way from a released binary to PATH, over https: what is right is installed, of anything else nothing."""
import hashlib
import os
import pathlib
import platform
import subprocess

import pytest
from releases import Releases
from stage import ROOT

SCRIPT = ROOT / ".github/actions/setup/setup.sh"
PROGRAM = b"#!/bin/sh\necho arc-ci 1.2.3\n" + b"#" * 100_000
PATH = f"/o/r/releases/download/arc-ci/v1.2.3/arc-ci-linux-{platform.machine()}"


@pytest.fixture
def releases(tmp_path):
    server = Releases(tmp_path)
    server.server.files[PATH] = PROGRAM
    yield server
    server.close()


class Setup:
    """The steps of action.yml, each with the files that the runner gives it."""

    def __init__(self, releases, folder, wanted="1.2.3", sha256=hashlib.sha256(PROGRAM).hexdigest()):
        self.output, self.path = folder / "output", folder / "path"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GITHUB_OUTPUT": str(self.output),
                    "GITHUB_PATH": str(self.path), "GITHUB_REPOSITORY": "o/r", "WANTED": wanted, "SHA256": sha256,
                    **releases.environment}

    def step(self, name, **env):
        return subprocess.run([SCRIPT, name], env={**self.env, **env}, capture_output=True, text=True, timeout=120)

    def run(self):
        """plan, then install; gives the second's result and what is in the folder."""
        assert self.step("plan").returncode == 0
        self.directory = dict(line.split("=", 1) for line in self.output.read_text().splitlines())["directory"]
        self.env["DIRECTORY"] = self.directory
        result = self.step("install")
        return result, sorted(os.listdir(self.directory))


def test_the_right_binary_is_installed(releases, tmp_path):
    setup = Setup(releases, tmp_path)
    result, files = setup.run()
    assert result.returncode == 0, result.stderr
    assert files == ["arc-ci"] and releases.server.asked == [PATH]
    assert setup.step("path").stdout == "arc-ci 1.2.3\n"
    assert setup.path.read_text() == f"{setup.directory}\n"


def wrong_bytes(server):
    server.files[PATH] = PROGRAM.replace(b"1.2.3", b"6.6.6")


def missing(server):
    server.files = {}


def interrupted(server):
    server.cut = 50_000


def plain_http(server):
    server.redirect = f"http://127.0.0.1:{server.server_port}"


def test_what_a_cache_restored_is_checked_too(releases, tmp_path):
    setup = Setup(releases, tmp_path)
    setup.run()
    (pathlib.Path(setup.directory) / "arc-ci").write_text("#!/bin/sh\necho arc-ci 1.2.3\n")
    result = setup.step("path")
    assert result.returncode == 3 and "does not have the checksum" in result.stderr
    assert not setup.path.exists() or not setup.path.read_text()


@pytest.mark.parametrize("harm, message", [
    (wrong_bytes, "does not have the checksum"), (missing, "cannot download"), (interrupted, "cannot download"),
    (plain_http, "cannot download")], ids=lambda value: getattr(value, "__name__", ""))
def test_anything_else_installs_nothing(releases, tmp_path, harm, message):
    harm(releases.server)
    setup = Setup(releases, tmp_path)
    result, files = setup.run()
    assert result.returncode == 3 and files == []
    assert "::error title=setup arc-ci::" in result.stderr and message in result.stderr
    releases.server.cut, releases.server.redirect, releases.server.files = None, None, {PATH: PROGRAM}
    result, files = setup.run()
    assert result.returncode == 0 and files == ["arc-ci"], result.stderr


def test_an_unknown_ca_is_refused(releases, tmp_path):
    setup = Setup(releases, tmp_path)
    del setup.env["CURL_CA_BUNDLE"]
    result, files = setup.run()
    assert result.returncode == 3 and files == [] and not releases.server.asked


@pytest.mark.parametrize("wanted, sha256", [("1.2.3", ""), ("1.2.3", "abc"), ("1.2.3/../../x", "a" * 64), ("-o", "a" * 63)])
def test_what_is_no_version_or_checksum_is_refused(releases, tmp_path, wanted, sha256):
    result = Setup(releases, tmp_path, wanted, sha256).step("plan")
    assert result.returncode == 3 and "::error" in result.stderr
    assert not releases.server.asked
