"""`version --next` beside git-cliff and release-please, both run for real, and svu, on a hundred histories: where they differ, it is
for one of the reasons that docs/steering.md gives. What svu 3.4.1 answered to each is in svu.json: [version, kinds of the commits, its
answer]; it was built from its sources on 2026-11-27, since its module cannot be installed where the tests run."""
import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/cmd")]
import cached  # noqa: E402
import test_cmd as cmd  # noqa: E402

HISTORIES = 100
CONFIG = "groups: {shop: {title: Shop, tag: 'v{version}', registry: 127.0.0.1:1/o, services: [services/a]}}\n"
FEATURES = ["feat: search", "feat(a): search again"]
SPELLED = ["feature: find"]
FIXES = ["fix: leak", "fix(a): crash", "perf: faster"]
QUIET = ["docs: words", "test: more", "ci: cache", "style: spaces"]
OTHER = ["chore(deps): bump x", "build: flags", "refactor: move"]
UNTYPED = ["Update the start page", "WIP"]
BREAKING = ["feat!: other format", "fix(a)!: no default", "fix: x\n\nBREAKING CHANGE: the port is another", "chore!: drop it"]
KINDS = {"feature": FEATURES, "spelled": SPELLED, "fix": FIXES, "quiet": QUIET, "other": OTHER, "untyped": UNTYPED, "breaking": BREAKING}


def history(seed):
    """(version, [(kind, message)], oldest first). Kind "undone": one that a later commit reverts."""
    dice = random.Random(seed)
    version = f"{dice.choice([0, 1, 1, 2, 10])}.{dice.randint(0, 12)}.{dice.randint(0, 3)}"
    chosen = dice.sample(sorted(KINDS), dice.randint(1, 3))
    commits = [(kind, dice.choice(KINDS[kind])) for kind in dice.choices(chosen, k=dice.randint(1, 5))]
    if dice.random() < 0.2:
        commits.append(("undone", "feat: too early"))
    return version, commits


def make(repo, version, commits):
    """The messages as they stand there, newest first."""
    cmd.make_repo(repo, [{"write": {".github/arc-ci.yaml": CONFIG, "services/a/service.yaml": "name: arc-a\ncodename: a\n"}},
                         {"commit": "feat: start"}, {"tag": f"v{version}"}])
    messages = []

    def commit(message):
        (repo / "services/a/x").write_text(str(len(messages)))
        cmd.git(repo, "add", "-A")
        cmd.git(repo, "commit", "-q", "-m", message)
        messages.insert(0, message)
        return cmd.git(repo, "rev-parse", "HEAD").strip()
    for kind, message in commits:
        sha = commit(message)
        if kind == "undone":
            commit(f'Revert "{message}"\n\nThis reverts commit {sha}.')
    return messages


def ours(repo):
    run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "version", "--next", "shop", "--json"], cwd=repo, capture_output=True, text=True,
                         env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, timeout=60, check=True)
    return json.loads(run.stdout)["next"]


def cliff(program, repo, version):
    run = subprocess.run([program, "--bumped-version", "--tag-pattern", "v[0-9]*"], cwd=repo, capture_output=True, text=True, timeout=60,
                         env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, check=True)
    told = run.stdout.strip().removeprefix("v")
    return None if told == version else told


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Of each history (version, kinds, ours, git-cliff's, release-please's, svu's)."""
    folder, program = tmp_path_factory.mktemp("histories"), cached.pip("git-cliff==2.10.1") / "git-cliff"
    def answer(seed):
        (version, commits), repo = history(seed), folder / str(seed)
        messages = make(repo, version, commits)
        kinds = ["perf" if message.startswith("perf") else kind for kind, message in commits]
        return {"version": version, "messages": messages}, [version, kinds, ours(repo), cliff(program, repo, version)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked, rows = zip(*pool.map(answer, range(HISTORIES)))
    told = subprocess.run(["node", str(ROOT / "tests/steer/peers.js")], input=json.dumps(asked), capture_output=True, text=True, timeout=300,
                          env={**os.environ, "NODE_PATH": str(cached.npm("release-please@17.1.2"))}, check=True).stdout
    recorded = json.loads((ROOT / "tests/steer/svu.json").read_text())
    assert [row[:2] for row in recorded] == [[version, [kind for kind, _ in commits]] for version, commits in map(history, range(HISTORIES))]
    return [(*row, answer, svu[2]) for row, answer, svu in zip(rows, json.loads(told.strip().splitlines()[-1]), recorded)]


def reason(version, kinds, mine, theirs, peer):
    """Why they differ; None: that has no reason."""
    stays = set(kinds) - {"undone"}
    if version.startswith("0.") and "breaking" in stays and theirs == "1.0.0":
        return "a break of 0.x"
    if peer in ("git-cliff", "svu") and "spelled" in stays and not stays & {"feature", "breaking"}:
        return "feature spelled out"
    if "undone" in kinds and "feature" not in stays and "breaking" not in stays:
        return "a commit that was undone"
    if peer == "git-cliff" and mine is None and stays <= {"quiet"}:
        return "nothing that is shipped"
    if peer == "release-please" and theirs is None and stays <= {"quiet", "other", "untyped"}:
        return "no kind that makes a release"
    if peer == "svu" and theirs is None and stays <= {"quiet", "other", "untyped", "perf"}:
        return "no kind that makes a release"
    if peer == "git-cliff" and theirs is None and stays <= {"quiet", "untyped"}:
        return "no stated kind"
    return None


@pytest.mark.parametrize("peer, column", [("git-cliff", 3), ("release-please", 4), ("svu", 5)])
def test_differences_have_reasons(record_testsuite_property, table, peer, column):
    found, wrong = {}, []
    for row in table:
        version, kinds, mine, theirs = row[0], row[1], row[2], row[column]
        if mine != theirs:
            why = reason(version, kinds, mine, theirs, peer)
            wrong += [] if why else [f"{peer}: {version} + {kinds}: {theirs}, here {mine}"]
            found[why] = found.get(why, 0) + 1
    assert not wrong, "\n".join(wrong)
    same = HISTORIES - sum(found.values())
    assert same > HISTORIES / 3
    record_testsuite_property("figures", f"{peer}: {same} of {HISTORIES} the same; others: {found}")
