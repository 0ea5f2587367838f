"""Random histories, each asked in clones of every kind that CI systems make: one answer, git's own.

ARC_HISTORIES is how many (60); ARC_HISTORIES_SEED makes a run again."""
import os
import random
import shutil
import subprocess

import pytest

import test_cmd as cmd

COUNT = int(os.environ.get("ARC_HISTORIES", "60"))
SEED = int(os.environ.get("ARC_HISTORIES_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
FILES = ["a/x", "a/y", "b/x", "b/c/y", "top"]
CLONES = {
    "full": [],
    "depth-1": ["--depth", "1"],
    "depth-3": ["--depth", "3"],
    "blob-none": ["--filter=blob:none"],
    "tree-0": ["--filter=tree:0"],
    "depth-1-tree-0": ["--depth", "1", "--filter=tree:0"],
}
ENV = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(where, *words, **more):
    return subprocess.run(["git", *words], cwd=where, env=ENV, check=True, capture_output=True, text=True, **more).stdout.strip()


class History:
    """Commits are made by fast-import: any parents, any date."""

    def __init__(self, chance):
        self.chance, self.commits, self.stream = chance, [], []
        self.trees = []
        for number in range(chance.randint(4, 24)):
            self.commit(number)

    def pick_parents(self):
        chance, count = self.chance, len(self.commits)
        if not count or chance.random() < 0.03:
            return []
        near = [chance.randint(max(0, count - 6), count - 1) for _ in range(chance.choice([1, 1, 1, 2, 2, 3, 4]))]
        return list(dict.fromkeys(near))

    def commit(self, number):
        parents = self.pick_parents()
        tree = dict(self.trees[parents[0]]) if parents else {}
        for other in parents[1:]:
            tree.update(self.trees[other])
        for path in self.chance.sample(FILES, self.chance.randint(0, 2)):
            if path in tree and self.chance.random() < 0.3:
                del tree[path]
            else:
                tree[path] = f"{number}\n"
        skew = self.chance.choice([0, 0, 0, -5_000_000, 5_000_000, -400])
        date = 1_700_000_000 + number * 600 + skew
        self.stream.append(f"commit refs/heads/c{number}\nmark :{number + 1}\ncommitter t <t@example.invalid> {date} +0000\ndata 1\nc\n")
        self.stream += [f"{'merge' if i else 'from'} :{parent + 1}\n" for i, parent in enumerate(parents)]
        self.stream.append("deleteall\n")
        for path, text in tree.items():
            self.stream.append(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")
        self.commits.append(parents)
        self.trees.append(tree)

    def make(self, where):
        where.mkdir()
        git(where, "init", "-q", "--bare")
        git(where, "config", "uploadpack.allowFilter", "true")
        git(where, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(where, "fast-import", "--quiet", input="".join(self.stream))


def expected(origin, base, head):
    """git's own answer: the merge bases, of which any will do where a criss-cross leaves several."""
    bases = subprocess.run(["git", "merge-base", "--all", base, head], cwd=origin, env=ENV, capture_output=True, text=True).stdout.split()
    return {frozenset(git(origin, "diff", "--name-only", "--no-renames", each, head).split("\n")) - {""} for each in bases or [base]}


def asked(clone, environment, *words):
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--filters", "f: '**'", "--list-files", "csv", *words], cwd=clone,
                         env={**ENV, **environment}, capture_output=True, text=True)
    assert run.returncode == 0, f"{clone} {environment} {run.stderr}"
    text = run.stdout.partition("f_files=")[2].partition("\nchanges=")[0]
    return frozenset(text.split(",")) - {""}


def names(clone):
    return sorted(str(path) for path in (clone / ".git").rglob("*"))


def questions(history, chance, origin):
    """A pull request of two commits, and a push whose branch was at the one and is at the other now."""
    last = len(history.commits) - 1
    head, base = last, chance.randint(0, last - 1)
    shas = [git(origin, "rev-parse", f"c{number}") for number in (base, head)]
    return shas, f"c{head}"


@pytest.mark.parametrize("number", range(COUNT))
def test_history(number, tmp_path):
    chance = random.Random(SEED * 100_003 + number)
    history = History(chance)
    origin = tmp_path / "origin"
    history.make(origin)
    (base, head), branch = questions(history, chance, origin)
    git(origin, "update-ref", "refs/heads/main", base)
    answers = expected(origin, base, head)
    pull = tmp_path / "pull.json"
    pull.write_text('{"pull_request": {"number": 1, "base": {"ref": "main", "sha": "%s"}, "head": {"ref": "%s", "sha": "%s"}}}' % (base, branch, head))
    push = tmp_path / "push.json"
    push.write_text('{"before": "%s", "after": "%s", "forced": true, "repository": {"default_branch": "%s"}}' % (base, head, branch))
    seen = set()
    for kind, options in CLONES.items():
        clone = tmp_path / kind
        git(tmp_path, "clone", "-q", "--no-local", *options, "-b", branch, f"file://{origin}", str(clone))
        before = names(clone)
        for event, path, ref in (("pull_request", pull, "refs/pull/1/merge"), ("push", push, f"refs/heads/{branch}")):
            answer = asked(clone, {"GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(path), "GITHUB_REF": ref, "GITHUB_SHA": head})
            assert answer in answers, f"seed {SEED}, {kind}, {event}: {sorted(answer)}, git: {[sorted(a) for a in answers]}"
            assert names(clone) == before, f"seed {SEED}, {kind}, {event}: something was left behind"
            seen.add(answer)
    assert len(seen) == 1, f"seed {SEED}: {seen}"
    shutil.rmtree(tmp_path)
