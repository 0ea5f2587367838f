"""A branch in a depth-1 clone against main, without the API: what it takes to find where they parted. ARC_CI_BENCH_REPOSITORY
(bare or not, its HEAD) takes the place of the made history; the branch starts 1,600 commits back by first parents and merges."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import repositories
from timing import ROOT

TITLE = "changes in a clone of depth 1 (server on the same machine)"
ARC_CI = str(ROOT / "build/arc-ci")
BEHIND = 1600
COUNTING = "#!/bin/sh\necho >> {place}/fetches\ngit-upload-pack \"$@\" | tee -a {place}/bytes\n"


def make_history(repo, count=12_000):
    """Branches of up to 40 commits that are merged all the time, so that a generation is many commits wide."""
    repo.mkdir()
    repositories.git(repo, "init", "-q", "-b", "main")
    stream, mark, tips = [], 0, []
    while mark < count:
        parents = [tips[-1]] if tips else []
        if len(tips) > 300 and mark % 3 == 0:
            parents.append(tips[-300 + mark % 290])
        mark += 1
        text = b"%d\n" % mark
        stream.append(b"commit refs/heads/main\nmark :%d\ncommitter a <a@example.org> %d +0000\ndata 1\nm\n" % (mark, 1_700_000_000 + mark * 3600))
        stream += [b"%s :%d\n" % (b"merge" if i else b"from", parent) for i, parent in enumerate(parents)]
        stream.append(b"M 100644 inline dir%d/part%d/file%d.c\ndata %d\n%s\n" % (mark % 40, mark % 7, mark % 900, len(text), text))
        tips.append(mark)
    repositories.git(repo, "fast-import", "--quiet", input=b"".join(stream))
    repositories.git(repo, "repack", "-adfq")
    return repo


def prepare(scratch):
    """The origin with a branch `topic` of 20 commits, a clone of that alone, and where it left main."""
    own, origin, cut = os.environ.get("ARC_CI_BENCH_REPOSITORY"), scratch / "origin.git", scratch / "cut"
    source = own or make_history(scratch / "made")
    repositories.git(scratch, "clone", "-q", "--bare", "--single-branch", str(source), str(origin))
    for name in ("allowFilter", "allowAnySHA1InWant"):
        repositories.git(origin, "config", f"uploadpack.{name}", "true")
    repositories.git(origin, "update-ref", "refs/heads/main", "HEAD")
    start = repositories.git(origin, "rev-list", f"--skip={BEHIND}", "-n1", "main").decode().strip()
    tree, tip = f"{start}^{{tree}}", start
    for _ in range(20):
        tip = repositories.git(origin, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit-tree", "-p", tip, "-m", "m", tree).decode().strip()
    repositories.git(origin, "update-ref", "refs/heads/topic", tip)
    repositories.git(scratch, "clone", "-q", "--depth=1", "-b", "topic", origin.as_uri(), str(cut))
    counting = scratch / "upload-pack"
    counting.write_text(COUNTING.format(place=scratch))
    counting.chmod(0o755)
    repositories.git(cut, "config", "remote.origin.uploadpack", str(counting))
    return cut, start


def fetch_all(clone):
    repositories.git(clone, "fetch", "-q", "--unshallow", "origin", "+refs/heads/*:refs/remotes/origin/*")


def double_depth(clone):
    depth = 100
    while True:
        repositories.git(clone, "fetch", "-q", f"--depth={depth}", "origin", "+refs/heads/main:refs/remotes/origin/main", "topic")
        if subprocess.run(["git", "merge-base", "origin/main", "HEAD"], cwd=clone, env=repositories.ENV, capture_output=True).returncode == 0:
            return
        depth *= 2


def measure(scratch, cut, find):
    """Seconds, megabytes that the server sent, fetches."""
    for name in ("bytes", "fetches"):
        (scratch / name).write_bytes(b"")
    clone = scratch / "work"
    shutil.copytree(cut, clone, symlinks=True)
    begun = time.perf_counter()
    find(clone)
    took = time.perf_counter() - begun
    shutil.rmtree(clone)
    return took, (scratch / "bytes").stat().st_size / 1e6, (scratch / "fetches").stat().st_size


def run():
    with tempfile.TemporaryDirectory() as place:
        scratch = pathlib.Path(place)
        cut, start = prepare(scratch)

        def ours(clone):
            done = subprocess.run([ARC_CI, "changes", "--base=main", "--filters=a: '**'", "--json"], cwd=clone, env=repositories.ENV,
                                  check=True, capture_output=True, text=True)
            assert start in done.stdout, done.stdout
        mine = [measure(scratch, cut, ours) for _ in range(3)][1:]
        mine = min(mine)
        for name, find in (("fetch-depth: 0", fetch_all), ("a loop that doubles --depth from 100", double_depth)):
            theirs = measure(scratch, cut, find)
            for i, (what, unit) in enumerate((("time", "s"), ("bytes", "MB"), ("fetches", ""))):
                yield what, mine[i], name, theirs[i], unit
