"""What `changes` costs: next to a walk of the trees alone, to git, and to paths-filter where its bundle is at hand
(ARC_CI_PATHS_FILTER=dist/index.js of v3, run with node). ARC_CI_BENCH_REPOSITORY adds a repository of your own: its
HEAD against HEAD~1000."""
import json
import os
import pathlib
import subprocess
import tempfile

import repositories
from timing import ROOT, in_turn, peak, program, released

TITLE = "changes (medians, in turn)"
ARC_CI = str(ROOT / "build/arc-ci")
BUNDLE = os.environ.get("ARC_CI_PATHS_FILTER")
# name, files, top directories (one filter each), changed files, rounds
CASES = [("small", 30, 3, 3, 200), ("medium", 4600, 10, 900, 100), ("large", 100_000, 50, 20_000, 40)]


def environment(repo, scratch, filters, base, form):
    event = scratch / "event.json"
    event.write_text(json.dumps({"before": base, "forced": False, "repository": {"default_branch": "main"}}))
    return {**repositories.ENV, "HOME": str(scratch), "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF": "refs/heads/main", "GITHUB_OUTPUT": os.devnull, "INPUT_FILTERS": filters, "INPUT_LIST-FILES": form}


def measure(name, repo, scratch, directories, base, rounds):
    filters = "".join(f"f{i}: '{directory}/**'\n" for i, directory in enumerate(directories))
    none = environment(repo, scratch, filters, base, "none")
    full = {**none, "INPUT_LIST-FILES": "json"}
    ours, walk = [ARC_CI, "changes"], [program("tree_walk"), str(repo), base, "main"]
    git = ["git", "diff", "--no-renames", "--name-status", "-z", base, "main"]
    counts, floor = in_turn([ours, [*walk, *directories]], rounds, cwd=repo, env=none)
    yield f"{name}, counts only", counts, "a walk below the same directories", floor, "ms"
    lists, theirs, all_trees = in_turn([ours, git, walk], rounds, cwd=repo, env=full)
    yield f"{name}, lists as json", lists, "git diff --name-status", theirs, "ms"
    yield f"{name}, lists as json", lists, "a walk of all trees", all_trees, "ms"
    if BUNDLE:
        fast, slow = in_turn([ours, ["node", BUNDLE]], max(5, rounds // 10), cwd=repo, env=full)
        yield f"{name}, lists as json", fast, "paths-filter", slow, "ms"
    yield f"{name}, peak memory", peak(ours, cwd=repo, env=full), "git diff", peak(git, cwd=repo), "MiB"


def written(repo, scratch, base, rounds, name):
    """Filters as people write them, beside git and beside a walk of all trees, which such patterns need."""
    filters = "".join(f"f{i}:\n  - 'dir{i:03d}/**'\n  - 'shared/x{i}/**/*.{{c,h}}'\n  - '**/x{i}.yml'\n" for i in range(50))
    none = environment(repo, scratch, filters, base, "none")
    full = {**none, "INPUT_LIST-FILES": "json"}
    ours, walk = [ARC_CI, "changes"], [program("tree_walk"), str(repo), base, "main"]
    git = ["git", "diff", "--no-renames", "--name-status", "-z", base, "main"]
    static = [released(), "changes"]
    lists, shipped, theirs = in_turn([ours, static, git], rounds, cwd=repo, env=full)
    yield f"{name}, 50 filters of three kinds, lists as json", lists, "git diff --name-status", theirs, "ms"
    yield f"{name}, 50 filters of three kinds, lists as json, released program", shipped, "git diff --name-status", theirs, "ms"
    counts, shipped, floor = in_turn([ours, static, walk], rounds, cwd=repo, env=none)
    yield f"{name}, 50 filters of three kinds, counts only", counts, "a walk of all trees", floor, "ms"
    yield f"{name}, 50 filters of three kinds, counts only, released program", shipped, "a walk of all trees", floor, "ms"


def grown(scratch, count, changed):
    repo = repositories.make(scratch / f"files-{count}-{changed}", count, 50, changed)
    return measure(f"{count} files, {changed} changed", repo, scratch, [f"dir{i:03d}" for i in range(50)], sha(repo, "base"), 20)


def releases(scratch):
    """Every service since its last release, beside all of them since one commit."""
    repo = repositories.make_services(scratch / "services")
    each, plain = in_turn([[ARC_CI, "changes", "--since-release"], [ARC_CI, "changes", "--base=HEAD~1000"]], 15, cwd=repo,
                          env={**repositories.ENV, "HOME": str(scratch)})
    yield "500 services, 60,000 commits, 20,000 tags: --since-release", each, "--base HEAD~1000", plain, "ms"


def sha(repo, revision):
    return repositories.git(repo, "rev-parse", revision).decode().strip()


def run():
    with tempfile.TemporaryDirectory() as place:
        scratch = pathlib.Path(place)
        for name, files, tops, changed, rounds in CASES:
            repo = repositories.make(scratch / name, files, tops, changed)
            yield from measure(name, repo, scratch, [f"dir{i:03d}" for i in range(tops)], sha(repo, "base"), rounds)
            if name == "large":
                yield from written(repo, scratch, sha(repo, "base"), rounds, name)
        yield from releases(scratch)
        own = os.environ.get("ARC_CI_BENCH_REPOSITORY")
        if own:
            tops = repositories.git(own, "ls-tree", "-d", "--name-only", "HEAD").decode().split("\n")[:10]
            base = sha(own, "HEAD~1000")
            repositories.git(own, "branch", "-f", "main", "HEAD")
            yield from measure("own", own, scratch, [top for top in tops if top], base, 100)
        few = repositories.make(scratch / "few", 100_000, 50, 100)
        yield from written(few, scratch, sha(few, "base"), 100, "100,000 files, 100 changed")
        for count, changed in ((1_000, 100), (10_000, 100), (1_000_000, 100), (100_000, 1_000), (100_000, 100_000)):
            yield from grown(scratch, count, changed)
