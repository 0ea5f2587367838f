"""The released program in roots as its users have them: nothing but the program and a repository; Debian and Ubuntu with git; Alpine's
musl and busybox. It says what the other build says, byte for byte, and trusts the authorities that the root trusts. By emulation for the
other architecture (ARC_WHOLE=1)."""
import functools
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from http.server import BaseHTTPRequestHandler

import pytest

from test_dist import OWN, ROOT, TARGETS, WHOLE, built, run

sys.path.insert(0, str(ROOT / "tests"))
from loopback import serving  # noqa: E402
from rootfs import build_rootfs  # noqa: E402

PACKAGES = {"bare": (), "debian": ("base-files", "bash", "coreutils", "git"), "alpine": ("musl", "busybox-static")}
# Of Ubuntu's own where the tests run on Ubuntu; elsewhere of the release of Debian that a present Ubuntu is made from.
PACKAGES["ubuntu"] = PACKAGES["debian"]
RELEASES = {"debian": "bookworm", "ubuntu": "trixie"}
ROOTS = list(PACKAGES) if WHOLE else ["bare", "debian"]
BUNDLES = ["etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, NixOS
           "etc/pki/tls/certs/ca-bundle.crt",  # Fedora
           "etc/ssl/ca-bundle.pem",  # openSUSE
           "etc/ssl/certs/ca-bundle.crt",  # NixOS without its compatible link
           "etc/ssl/cert.pem"]  # Alpine, macOS
GIT = "/usr/lib/git-core"  # git, where the root has it, and no other program that is on this machine
COMMANDS = [["--version"], ["version", "messaging/v1.0.0"], ["dry-run", "messaging/v1.0.0"], ["changes", "--json"],
            ["changes", "--list-files", "json"], ["lint"], ["plan", "messaging/v1.0.0", "--json"]]


def leave_as_it_is(_folder):
    pass


@pytest.fixture(scope="module")
def enter(tmp_path_factory):
    """The root of that name for that target: made once, with the program and this repository in it."""
    @functools.cache
    def made(name, target):
        root = tmp_path_factory.mktemp(name)
        if PACKAGES[name]:
            architecture = {"x86_64": "amd64", "aarch64": "arm64"}[target.removeprefix("linux-")]
            with tarfile.open(build_rootfs(f"dist-{name}", architecture, PACKAGES[name], leave_as_it_is,
                                           RELEASES.get(name))) as tar:
                tar.extractall(root)
            (root / "dev").mkdir(exist_ok=True)
            os.mknod(root / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))  # git opens it first of all
        run("git", "clone", "-q", ROOT, root / "repository")
        run("git", "-C", root / "repository", "tag", "-f", "messaging/v0.9.0", "HEAD")
        run("git", "-C", root / "repository", "remote", "remove", "origin")  # nobody to ask, in there and outside
        shutil.copy(built(target), root / "arc-ci")
        return root
    return made


def run_inside(root, target, arguments, **environment):
    emulator = []
    if target != OWN:
        shutil.copy(f"/usr/bin/qemu-{target.removeprefix('linux-')}-static", root / "emulator")
        emulator = ["/emulator"]
    return subprocess.run(["/usr/sbin/chroot", root, *emulator, "/arc-ci", "-C", "/repository", *arguments],
                          env={"PATH": "/nowhere", **environment}, capture_output=True)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("name", ROOTS)
@pytest.mark.parametrize("target", TARGETS)
def test_says_the_same_in_any_root(target, name, arguments, enter):
    root = enter(name, target)
    path = GIT if "git" in PACKAGES[name] and target == OWN else "/nowhere"  # the emulator runs no children
    alone = run_inside(root, target, arguments, PATH=path)
    usual = subprocess.run([ROOT / "build/arc-ci", "-C", root / "repository", *arguments], env={"PATH": path}, capture_output=True)
    assert alone.stdout == usual.stdout
    assert alone.returncode == usual.returncode, alone.stderr


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """An HTTPS server on this machine, with an authority of its own."""
    folder = tmp_path_factory.mktemp("tls")
    with serving(Answer, tls=folder) as listening:
        yield f"https://localhost:{listening.server_port}", folder / "ca.pem"


def ask(root, target, url, **environment):
    asked = run_inside(root, target, ["release", "messaging/v0.9.0", "--max-wait", "1"], GITHUB_API_URL=url, GITHUB_TOKEN="t",
                       GITHUB_REPOSITORY="o/r", **environment)
    said = asked.stderr.decode()
    assert asked.returncode != 0
    assert ("has no tag" in said) != ("certificate" in said.lower()), said
    return "has no tag" in said  # what a 404 means there


@pytest.mark.parametrize("name", ROOTS)
@pytest.mark.parametrize("target", TARGETS)
def test_speaks_tls_to_whom_it_is_told_to_trust_only(target, name, enter, server):
    root, (url, authority) = enter(name, target), server
    shutil.copy(authority, root / "ca.pem")
    assert not ask(root, target, url)
    assert ask(root, target, url, SSL_CERT_FILE="/ca.pem")


@pytest.mark.parametrize("bundle", BUNDLES)
@pytest.mark.parametrize("target", TARGETS)
def test_finds_the_authorities_of_each_distribution(target, bundle, enter, server):
    root, (url, authority) = enter("bare", target), server
    place = root / bundle
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(authority, place)
    assert ask(root, target, url)
    place.unlink()
    assert not ask(root, target, url)
