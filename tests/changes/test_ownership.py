"""A repository that belongs to somebody else is not trusted until its owner says so, as with git itself."""
import os
import subprocess

import test_cmd as cmd

GIVE_AWAY = ["chown"] if os.geteuid() == 0 else ["sudo", "-n", "chown"]


def test_a_repository_of_somebody_else(tmp_path):
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [{"commit": "one"}])
    subprocess.run([*GIVE_AWAY, "12345:12345", repo, repo / ".git"], check=True)
    env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    env["HOME"] = str(tmp_path)
    command = [*cmd.WRAPPER, cmd.ARC_CI, "changes", "--filters", "a: b", "--base", "HEAD"]
    config = tmp_path / ".gitconfig"
    for trusted in ("", "[safe]\n\tdirectory = /elsewhere\n"):
        config.write_text(trusted)
        run = subprocess.run(command, cwd=repo, env=env, capture_output=True, text=True, timeout=120)
        assert run.returncode == 3 and not run.stdout
        assert "belongs to another user" in run.stderr and "safe.directory" in run.stderr
    for trusted in (str(repo), "*"):
        config.write_text(f"[safe]\n\tdirectory = {trusted}\n")
        run = subprocess.run(command, cwd=repo, env=env, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
    config.write_text("")
    for trusting in ({"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"},
                     {"GITHUB_WORKSPACE": str(tmp_path)}):
        run = subprocess.run(command, cwd=repo, env={**env, **trusting}, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
    run = subprocess.run(command, cwd=repo, env={**env, "GITHUB_WORKSPACE": str(tmp_path / "rep")}, capture_output=True, text=True, timeout=120)
    assert run.returncode == 3


def test_a_submodule_of_somebody_else_for_a_hook(tmp_path):
    """git trusts what GIT_DIR names, which is the repository of the hook alone."""
    env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    env["HOME"] = str(tmp_path)
    cmd.make_repo(tmp_path / "sub", [{"commit": "one"}])
    cmd.make_repo(tmp_path / "repo", [{"commit": "one"}, {"git": ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "sub"), "sub"]}])
    theirs = [tmp_path / "repo/sub", tmp_path / "repo/sub/.git", tmp_path / "repo/.git/modules/sub"]
    subprocess.run([*GIVE_AWAY, "12345:12345", *theirs], check=True)
    command = [*cmd.WRAPPER, cmd.ARC_CI, "changes", "--filters", "a: sub/**", "--submodules", "--base", "HEAD"]
    for hook in ({}, {"GIT_DIR": ".git"}):
        run = subprocess.run(command, cwd=tmp_path / "repo", env={**env, **hook}, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0 and "/repo/sub' belongs to another user" in run.stderr
