"""What `status` costs: next to git's walk of the whole history, and to its list of the files that changed in it."""
import pathlib
import tempfile

import repositories
from timing import ROOT, in_turn

TITLE = "status (medians, in turn)"
ARC_CI = str(ROOT / "build/arc-ci")
GROUPS, COMMITS, TAGS = 50, 60_000, 20_000


def run():
    with tempfile.TemporaryDirectory() as scratch:
        repo = repositories.make_services(pathlib.Path(scratch) / "repo", GROUPS, COMMITS, TAGS)
        what = f"{GROUPS} groups, {COMMITS:,} commits, {TAGS:,} tags"
        ours, count = [ARC_CI, "status", "--json"], ["git", "rev-list", "--count", "HEAD"]
        log = ["git", "log", "--name-only", "--format=%H"]
        mine, theirs, files = in_turn([ours, count, [*log, "HEAD~1000..HEAD"]], 15, cwd=repo, env=repositories.ENV)
        yield what, mine, "git rev-list --count HEAD", theirs, "ms"
        yield what, mine, "git log --name-only of the commits since the last releases", files, "ms"

        # One group that was last released at the start: every commit is one that it lacks.
        tags = repositories.git(repo, "tag", "-l", "s001/*", text=True).split()
        repositories.git(repo, "tag", "-d", *[tag for tag in tags if tag != "s001/v0.0.0"])
        mine, files = in_turn([ours, [*log, "s001/v0.0.0..HEAD"]], 5, cwd=repo, env=repositories.ENV)
        yield f"{what}, one of them not released since the start", mine, "git log --name-only since then", files, "ms"
