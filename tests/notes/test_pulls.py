"""Titles and authors of pull requests are GitHub's where there is a token, and git's where there is none."""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/double")]
from github_double import TOKEN, Double, State  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
CONFIG = "groups: {g: {registry: registry.example/o, services: [s]%s}}\n"
LATER = "2099-01-01T00:00:00Z"
SANITIZERS = {name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}


class Repo:
    def __init__(self, folder, more=""):
        self.folder = folder
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", "https://github.com/o/r.git")
        self.put(".github/arc-ci.yaml", CONFIG % more)
        self.put("s/service.yaml", "name: s\ncodename: s\n")
        self.put("s/Dockerfile", "FROM scratch\n")
        self.commit("first")
        self.git("tag", "g/v1.0.0")

    def git(self, *words):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_GLOBAL": "/dev/null"}
        return subprocess.run(["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *words], cwd=self.folder, env=env,
                              check=True, capture_output=True, text=True).stdout.strip()

    def put(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def commit(self, message):
        self.put("s/x", message)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def notes(self, double, **env):
        self.git("tag", "g/v1.1.0")
        return subprocess.run([ARC_CI, "notes", "g/v1.1.0", "--previous-tag=g/v1.0.0"], cwd=self.folder, capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "GITHUB_API_URL": double.url,
                                   "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": TOKEN, **SANITIZERS, **env})


@pytest.fixture
def double():
    with Double(State()) as double:
        yield double


def listed(run):
    assert run.returncode == 0, run.stderr
    return [line.rsplit(", [", 1)[0] for line in run.stdout.splitlines() if line.startswith("- ")]


def asked(double):
    return [exchange for exchange in double.exchanges if exchange["path"].endswith("/pulls")]


def test_github_knows_better(tmp_path, double):
    repo = Repo(tmp_path)
    repo.commit("feat: typo in teh title (#5)")
    rebased = repo.commit("fix: as the commit says")
    repo.commit("chore: pushed by hand")
    double.state.add_pull(5, "feat: its title was mended @all", "grace", updated=LATER)
    double.state.add_pull(6, "another title", "dependabot[bot]", rebased, updated=LATER)
    double.state.add_pull(7, "closed, never merged", "mallory", repo.git("rev-parse", "HEAD"), updated=LATER, merged_at=None)
    run = repo.notes(double)
    assert listed(run) == [
        "- feat: its title was mended @&#8203;all ([#5](https://github.com/o/r/pull/5)) – grace",
        "- fix: as the commit says ([#6](https://github.com/o/r/pull/6)) – dependabot\\[bot\\]",
        "- chore: pushed by hand – Ada"]
    assert not run.stderr and len(asked(double)) == 1


def test_what_the_commit_says_of_its_kind_stays(tmp_path, double):
    repo = Repo(tmp_path)
    repo.commit("feat!: another format (#5)")
    double.state.add_pull(5, "Another format", "grace", updated=LATER)
    run = repo.notes(double)
    assert "#### Breaking changes\n\n- Another format ([#5]" in run.stdout


def test_it_ends_where_the_release_began(tmp_path, double):
    repo = Repo(tmp_path)
    repo.commit("fix: new (#500)")
    double.state.add_pull(500, "fix: new", "grace", updated=LATER)
    for number in range(1, 400):
        double.state.add_pull(number, "old", "grace", updated="2001-01-01T00:00:00Z")
    assert "– grace" in repo.notes(double).stdout and len(asked(double)) == 1


def test_a_refusal_is_a_notice(tmp_path, double):
    repo = Repo(tmp_path)
    repo.commit("fix: new (#5)")
    double.state.off["/pulls"] = (403, "Resource not accessible by integration")
    run = repo.notes(double)
    assert listed(run) == ["- fix: new ([#5](https://github.com/o/r/pull/5)) – Ada"]
    assert "titles and authors of pull requests are git's, not GitHub's: GET /repos/o/r/pulls" in run.stderr
    assert "Resource not accessible" not in run.stdout


@pytest.mark.parametrize("env, more", [({"GITHUB_TOKEN": ""}, ""), ({"GITHUB_REPOSITORY": ""}, ""), ({}, ", commits: all")])
def test_nobody_is_asked(tmp_path, double, env, more):
    repo = Repo(tmp_path, more)
    repo.commit("fix: new (#5)")
    run = repo.notes(double, **env)
    assert "– Ada" in listed(run)[0] and not asked(double)


def test_a_release_without_a_commit_asks_nothing(tmp_path, double):
    run = Repo(tmp_path).notes(double)
    assert run.returncode == 0 and not asked(double)
