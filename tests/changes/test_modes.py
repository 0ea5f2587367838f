"""What a tree says of a file's permissions: old ones say more than git looks at."""
import json
import subprocess

import test_cmd as cmd


def test_permissions_that_git_has_no_use_for_are_no_change(tmp_path):
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [{"write": {"a": "1\n", "b": "1\n"}}, {"commit": "one"}])
    blob = bytes.fromhex(cmd.git(repo, "rev-parse", "HEAD:a").strip())
    entries = b"100664 a\0" + blob + b"100775 b\0" + blob
    made = subprocess.run(["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"], cwd=repo, input=entries,
                          check=True, capture_output=True).stdout.decode().strip()
    head = cmd.git(repo, "commit-tree", "-p", "HEAD", "-m", "two", made).strip()
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--base", "HEAD~0", "--ref", head, "--filters", "x: '**'", "--json"],
                         cwd=repo, check=True, capture_output=True, text=True)
    assert [file["path"] for file in json.loads(run.stdout)["filters"]["x"]["files"]] == ["b"]
    assert cmd.git(repo, "diff", "--name-only", "HEAD", head).split() == ["b"]
