"""A pull request of many commits that break something says so, however much their footers hold."""
import subprocess

from test_many_groups import ARC_CI, ENV, git, put


def test_footers_of_any_length(tmp_path):
    put(tmp_path, ".github/arc-ci.yaml", "groups: {g: {title: G, registry: ghcr.io/o, services: [s], image-tags: ['{version}']}}\n")
    put(tmp_path, "s/service.yaml", "name: s\ncodename: s\n")
    put(tmp_path, "s/Dockerfile", "FROM scratch\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "tag", "g/v1.0.0")
    git(tmp_path, "checkout", "-q", "-b", "topic")
    for number in range(30):
        put(tmp_path, "s/a", str(number))
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", f"fix: {number}\n\nBREAKING CHANGE: {number} " + "goes " * 700)
    git(tmp_path, "checkout", "-q", "main")
    git(tmp_path, "merge", "-q", "--no-ff", "topic", "-m", "Merge pull request #4 from o/topic\n\nfix: all of it")
    git(tmp_path, "tag", "g/v2.0.0")
    run = subprocess.run([ARC_CI, "notes", "g/v2.0.0"], cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    breaking = run.stdout.split("Breaking", 1)[1]
    assert "fix: all of it" in breaking and "\n  29 goes goes" in breaking and "go…\n" in breaking
