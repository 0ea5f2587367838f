"""A rehearsal does nothing: no program is started but git, to compare the work tree, no socket opened, no file written,
whatever the environment offers."""
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))


def git(repo, *words):
    env = {"PATH": os.environ["PATH"], "HOME": str(repo), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "Ada",
           "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "a@example.org"}
    subprocess.run(["git", *words], cwd=repo, env=env, check=True, capture_output=True)


def make_repo(folder):
    shutil.copytree(ROOT / "services", folder / "services")
    shutil.copytree(ROOT / ".github", folder / ".github")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Add the services")
    git(folder, "tag", "messaging/v0.1.0")
    git(folder, "remote", "add", "origin", "https://github.example/o/r.git")


def test_nothing_is_started_opened_or_written(tmp_path):
    repo, log = tmp_path / "repo", tmp_path / "log"
    repo.mkdir()
    make_repo(repo)
    before = {path: path.stat().st_mtime_ns for path in repo.rglob("*")}
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GITHUB_TOKEN": "secret-token", "DOCKER_HOST": "tcp://127.0.0.1:1",
           "GITHUB_API_URL": "http://127.0.0.1:1"}
    run = subprocess.run(["strace", "-f", "-e", "trace=execve,socket,connect,open,openat,creat,unlink,unlinkat,rename,"
                          "renameat,renameat2,mkdir,mkdirat,fork,vfork,clone,clone3", "-s", "4096", "-o", str(log), ARC_CI, "dry-run",
                          "messaging/v0.2.0"], cwd=repo, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "Requests  7 to GitHub's API" in run.stdout and "/repos/o/r/releases" in run.stdout
    assert "secret-token" not in run.stdout + run.stderr
    calls = [line.split(None, 1)[1] for line in log.read_text().splitlines() if re.match(r"\d+ +\w+\(", line)]
    started = [call for call in calls if call.startswith("execve(")]
    assert f'"{ARC_CI}"' in started[0], "the program itself"
    for call in started[1:]:
        assert re.match(r'execve\("[^"]*/git", .*"(diff|ls-files)", ', call), call
    assert len(calls) > 10, "the trace is empty"
    for call in calls:
        assert not re.match(r"socket|connect|creat|unlink|rename|mkdir", call), call
        assert "/dev/null" in call or not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", call), call
    assert before == {path: path.stat().st_mtime_ns for path in repo.rglob("*")}


def test_without_git(tmp_path):
    make_repo(tmp_path)
    for command in ("plan", "dry-run"):
        run = subprocess.run([ARC_CI, command, "messaging/v0.1.0"], cwd=tmp_path, env={"PATH": "/nowhere"}, capture_output=True, text=True)
        assert run.returncode == 0 and "not known: there is no program 'git'" in run.stderr, run.stderr
