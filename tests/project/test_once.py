"""A run opens the repository, reads the configuration and asks the remote once at the most."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
COMMANDS = {
    "version": ["version", "messaging/v9.0.0"],
    "plan": ["plan", "messaging/v9.0.0"],
    "changes": ["changes"],
    "since-release": ["changes", "--since-release"],
    "notes": ["notes", "--plan", "plan.json"],
    "release": ["release", "messaging/v9.0.0", "--plan", "plan.json", "--dry-run", "--repository", "o/r"],
    "report": ["report", "--plan", "plan.json", "--dry-run", "--repository", "o/r"],
    "dry-run": ["dry-run", "messaging/v9.0.0"],
    "lint": ["lint"],
    "doctor": ["doctor", "--offline"],
}


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments], check=True,
                   capture_output=True)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A shallow clone without tags, as actions/checkout makes it, of a repository with this one's services."""
    folder = tmp_path_factory.mktemp("once")
    origin = folder / "origin"
    shutil.copytree(ROOT / "services", origin / "services")
    shutil.copytree(ROOT / ".github", origin / ".github")
    git(folder, "init", "-q", "-b", "main", str(origin))
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "first")
    for tag in ("messaging/v1.0.0", "messaging/v1.1.0"):
        git(origin, "tag", tag)
    git(origin, "commit", "-q", "--allow-empty", "-m", "second")
    git(folder, "clone", "-q", "--depth=1", "--no-tags", f"file://{origin}", "clone")
    plan = subprocess.run([ARC_CI, "plan", "messaging/v9.0.0", "--json"], cwd=folder / "clone", check=True, capture_output=True)
    (folder / "clone/plan.json").write_bytes(plan.stdout)
    return folder / "clone"


@pytest.mark.parametrize("name", COMMANDS)
def test_once(name, clone, tmp_path):
    log = tmp_path / "strace"
    env = {**os.environ, "GITHUB_ACTIONS": "", "GITHUB_OUTPUT": ""}
    subprocess.run(["strace", "-f", "-s", "400", "-e", "trace=openat,execve", "-o", log, ARC_CI, *COMMANDS[name]],
                   cwd=clone, env=env, capture_output=True)
    lines = log.read_text().splitlines()
    own = lines[0].split()[0]
    opened = [line for line in lines if line.startswith(own) and "openat(" in line and "ENOENT" not in line]
    configurations = [line for line in opened if re.search(r'/\.github/arc-ci\.yaml"', line)]
    repositories = [line for line in opened if re.search(r'clone/\.git/config"', line)]
    asked = [line for line in lines if "execve(" in line and '"ls-remote"' in line and "ENOENT" not in line and '"git"' in line]
    # lint looks for credentials in every tracked file, the configuration among them.
    assert len(configurations) <= 1 + (name == "lint"), configurations
    assert len(asked) <= 1, asked
    assert len(repositories) <= 1, repositories


def test_a_context_of_many_services_is_read_once(tmp_path):
    files = {"cart.Dockerfile": "FROM scratch\nCOPY . /\n", "pay.Dockerfile": "FROM scratch\nCOPY . /\n", "data/large": "x",
             ".github/arc-ci.yaml": "groups:\n  shop:\n    registry: ghcr.io/acme\n    tag: v{version}\n    build: {context: .}\n    services:\n"
                                    "      - {codename: cart, build: {dockerfile: cart.Dockerfile}}\n"
                                    "      - {codename: pay, build: {dockerfile: pay.Dockerfile}}\n"}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main", ".")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    log = tmp_path / ".git/strace"
    subprocess.run(["strace", "-e", "trace=openat", "-o", log, ARC_CI, "dry-run", "v1.0.0"], cwd=tmp_path, check=True,
                   env={**os.environ, "GITHUB_ACTIONS": "", "GITHUB_OUTPUT": ""}, capture_output=True)
    assert sum('large"' in line for line in log.read_text().splitlines()) == 1
