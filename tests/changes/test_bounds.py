"""Eleven objects that stand for ten thousand million paths: a comparison ends, with an error."""
import subprocess

import test_cmd as cmd


def tree(repo, lines):
    return subprocess.run(["git", "mktree"], cwd=repo, input=lines, check=True, capture_output=True, text=True).stdout.strip()


def test_a_tree_of_trees_ends(tmp_path):
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [{"write": {"x": "1\n"}}, {"commit": "one"}])
    blob = cmd.git(repo, "rev-parse", "HEAD:x").strip()
    top = tree(repo, "".join(f"100644 blob {blob}\tf{i}\n" for i in range(10)))
    for _ in range(9):
        top = tree(repo, "".join(f"040000 tree {top}\td{i}\n" for i in range(10)))
    bomb = cmd.git(repo, "commit-tree", "-p", "HEAD", "-m", "bomb", top).strip()
    for list_files, message in (("none", "more than 5000000 entries"), ("json", "more paths matched than 128 MiB can hold")):
        run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--base", "HEAD~0", "--ref", bomb, "--filters", "x: '**'", "--list-files", list_files],
                             cwd=repo, capture_output=True, text=True, timeout=300)
        assert run.returncode not in (0, -9) and not run.stdout
        assert message in run.stderr
