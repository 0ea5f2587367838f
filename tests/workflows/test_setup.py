"""setup.sh's way from a released binary to PATH, over https: what is right is installed, of anything else nothing."""
import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import threading
import time

import pytest
import yaml
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
                    "GITHUB_PATH": str(self.path), "GITHUB_REPOSITORY": "consumer/app",
                    "GITHUB_ACTION_REPOSITORY": "", "ACTION_REPOSITORY": "o/r", "WANTED": wanted, "SHA256": sha256,
                    **releases.environment}
        (folder / ".curlrc").write_text(f"connect-to = github.com:443:127.0.0.1:{releases.server.server_port}\n")

    def step(self, name, **env):
        return subprocess.run([SCRIPT, name], env={**self.env, **env}, capture_output=True, text=True, timeout=120)

    def run(self):
        """plan, then install; gives the second's result and what is in the folder."""
        assert self.step("plan").returncode == 0
        self.directory = dict(line.split("=", 1) for line in self.output.read_text().splitlines())["directory"]
        self.env["DIRECTORY"] = self.directory
        result = self.step("install")
        return result, sorted(os.listdir(self.directory))


@pytest.mark.parametrize("version", ["1.2.3", "v1.2.3"])
def test_the_right_binary_is_installed(releases, tmp_path, version):
    setup = Setup(releases, tmp_path, version)
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


@pytest.mark.parametrize("wanted, sha256", [("", "a" * 64), ("1.2.3", ""), ("1.2.3", "abc"), ("1.2.3/../../x", "a" * 64), ("-o", "a" * 63)])
def test_what_is_no_version_or_checksum_is_refused(releases, tmp_path, wanted, sha256):
    result = Setup(releases, tmp_path, wanted, sha256).step("plan")
    assert result.returncode == 3 and "::error" in result.stderr
    assert not releases.server.asked


def test_it_asks_its_own_repository_not_the_callers(releases, tmp_path):
    """GitHub empties GITHUB_ACTION_REPOSITORY in a step of a composite action; action.yml passes the context's value on."""
    action = yaml.safe_load((SCRIPT.parent / "action.yml").read_text())
    install, = [step for step in action["runs"]["steps"] if step.get("run", "").endswith("install")]
    assert install["env"]["ACTION_REPOSITORY"] == "${{ github.action_repository }}"
    assert "consumer/app" not in "".join(releases.server.asked)
    setup = Setup(releases, tmp_path)
    setup.env["ACTION_REPOSITORY"] = ""  # a local action: it is in the repository that runs
    setup.env["GITHUB_REPOSITORY"] = "o/r"
    assert setup.run()[0].returncode == 0


def test_a_server_of_ones_own_takes_the_release_from_where_the_action_is(releases, tmp_path):
    """GitHub Connect: the action is github.com's, and GITHUB_SERVER_URL another server, which has no such repository."""
    setup = Setup(releases, tmp_path)
    setup.env["GITHUB_SERVER_URL"] = releases.url + "/ghes"
    result, files = setup.run()
    assert result.returncode == 0 and files == ["arc-ci"], result.stderr
    assert releases.server.asked == ["/ghes" + PATH, PATH]
    setup.env["ACTION_REPOSITORY"] = ""  # a local action is of the server's own repository, whose name is nobody else's business
    releases.server.asked.clear()
    assert setup.run()[0].returncode == 3 and releases.server.asked == ["/ghes" + PATH.replace("/o/r/", "/consumer/app/")]


def test_two_runners_of_one_user_install_at_the_same_time(releases, tmp_path):
    setup = Setup(releases, tmp_path)
    assert setup.step("plan").returncode == 0
    setup.env["DIRECTORY"] = directory = str(tmp_path / "kept")
    releases.server.slow = slow = threading.Event()
    first = subprocess.Popen([SCRIPT, "install"], env=setup.env, stderr=subprocess.PIPE, text=True)
    while not releases.server.asked:
        time.sleep(0.05)
    second = setup.step("install")
    slow.set()
    assert (second.returncode, first.wait()) == (0, 0), second.stderr + first.stderr.read()
    assert os.listdir(directory) == ["arc-ci"] and setup.step("path").stdout == "arc-ci 1.2.3\n"


def test_a_private_repositorys_release_by_the_token(releases, tmp_path):
    listing = "/repos/o/r/releases/tags/arc-ci/v1.2.3"
    releases.server.files = {"/asset/7": PROGRAM, listing: json.dumps({"assets": [
        {"name": "other", "url": releases.url + "/asset/6"}, {"name": PATH.rsplit("/", 1)[1], "url": releases.url + "/asset/7"}]}).encode()}
    releases.server.private = {"/asset/7", listing}
    setup = Setup(releases, tmp_path)
    assert setup.run()[0].returncode == 3
    setup.env["TOKEN"] = "sesame"
    result, files = setup.run()
    assert result.returncode == 0 and files == ["arc-ci"], result.stderr
    assert "sesame" not in result.stdout + result.stderr


def test_one_checksum_per_architecture(releases, tmp_path):
    right = hashlib.sha256(PROGRAM).hexdigest()
    setup = Setup(releases, tmp_path, sha256=f"{'a' * 64}\n{right.upper()}\n")  # as install.sh takes it
    assert setup.run()[0].returncode == 0 and setup.step("path").returncode == 0
    setup = Setup(releases, tmp_path, sha256=f"{'a' * 64} {'b' * 64}")
    assert setup.run()[0].returncode == 3


def key_of(setup, **env):
    setup.output.write_text("")
    assert setup.step("plan", **env).returncode == 0
    return dict(line.split("=", 1) for line in setup.output.read_text().splitlines())["key"]


@pytest.mark.parametrize("name", ["tools/main.c", "cmake/texts.c.in", "packaging/darwin/compat.h"])
def test_a_build_belongs_to_every_file_that_it_reads(releases, tmp_path, monkeypatch, name):
    for folder in ("tools", "include", "cmake", "packaging/darwin", ".github/actions/setup"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("CMakeLists.txt", "Makefile", "tests/deps.sh"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    monkeypatch.setattr("test_setup.SCRIPT", tmp_path / SCRIPT.relative_to(ROOT))
    setup = Setup(releases, tmp_path, "", "")
    before = key_of(setup)
    with open(tmp_path / name, "a") as file:
        file.write("/* changed */\n")
    assert key_of(setup) != before


@pytest.mark.parametrize("library", ["libgit2-dev", "libyajl-dev", "zlib1g-dev"])
def test_a_build_belongs_to_the_libraries_that_it_puts_inside(releases, tmp_path, library):
    apt = tmp_path / "apt/apt-cache"
    apt.parent.mkdir()
    apt.write_text('#!/bin/sh\nfor name in "$@"; do [ "$name" != "$LIBRARY" ] || echo "Version: $NUMBER"; done\n')
    apt.chmod(0o755)
    setup = Setup(releases, tmp_path, "", "")
    setup.env.update(PATH=f"{apt.parent}:{os.environ['PATH']}", LIBRARY=library)
    assert key_of(setup, NUMBER="1") != key_of(setup, NUMBER="2")


def test_jobs_that_may_write_take_nothing_from_a_cache():
    """In every workflow: arc-ci and Trivy are set up without a cache where the job's token may write anything."""
    seen = 0
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        for name, job in yaml.safe_load(file.read_text())["jobs"].items():
            writes = {scope for scope, access in job.get("permissions", {}).items() if access == "write"}
            for step in job.get("steps", []):
                if step.get("uses") in ("./.github/actions/setup", "./.github/actions/setup-trivy") and writes:
                    seen += 1
                    assert step["with"]["cache"] == "none", f"{file.name}: {name}"
    assert seen > 5
