"""docs/tour.md: its blocks are run one after the other in an empty directory, and print what the page shows."""
import os
import pathlib
import re
import subprocess

import test_cmd as cmd
from test_adopting import expect

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs/tour.md").read_text()


def test_the_tour(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/arc-ci").symlink_to(cmd.ARC_CI)
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = A\n\temail = a@example.org\n")
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    place, shown = str(tmp_path), 0
    printed = ""
    for kind, block in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.S | re.M):
        if kind == "text":
            expect(block, printed)
            shown += 1
            continue
        run = subprocess.run(["sh", "-euc", f"{block}\npwd >&2"], cwd=place, env=env, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, f"{block}\n{run.stdout}{run.stderr}"
        printed, place = run.stdout, run.stderr.splitlines()[-1]
    assert shown == 4
