"""Matching a long list of paths: what more patterns cost, next to one pattern and to picomatch."""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import cached  # noqa: E402

TITLE = "Globs on 100,000 paths (median of 5 runs, in turn)"
ARC_CI = str(ROOT / "build/arc-ci")
FOLDERS = [f"services/team{i}/app{i}" for i in range(50)]
SUFFIXES = ["main.c", "lib/util.ts", "docs/README.md", "test/a.test.js", ".github/x.yml"]


def paths():
    return [f"{FOLDERS[i % 50]}/pkg{i % 97}/file{i}/{SUFFIXES[i % 5]}" for i in range(100000)]


def once(command, data):
    start = time.perf_counter()
    with open(data) as stdin:
        run = subprocess.run(command, stdin=stdin, stdout=subprocess.PIPE)
    assert run.returncode == 0, command
    return (time.perf_counter() - start) * 1000


def in_turn(commands, data, rounds=5):
    times = [[once(command, data) for command in commands] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times)]


def arc(patterns):
    return [ARC_CI, "glob", *[f"--pattern={pattern}" for pattern in patterns]]


def run():
    node = ["node", str(ROOT / "tests/bench/glob_picomatch.js"), str(cached.npm("picomatch@2.3.1") / "picomatch")]
    prefixed = [f"{folder}/**" for folder in FOLDERS]
    free = [f"**/*{i}*/**/*.{ext}" for i in range(10) for ext in ("c", "ts", "md", "js", "yml")]
    with tempfile.TemporaryDirectory() as scratch:
        data = f"{scratch}/paths"
        pathlib.Path(data).write_text("\n".join(paths()) + "\n")
        for what, patterns in (("50 patterns with a directory each", prefixed), ("50 patterns for any directory", free)):
            ours, single, theirs = in_turn([arc(patterns), arc(patterns[:1]), [*node, *patterns]], data)
            yield what, ours, "one of them", single, "ms"
            yield what, ours, "picomatch", theirs, "ms"
