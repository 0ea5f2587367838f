"""GitHub's published webhook payloads: `arc-ci changes` understands every one, or says what it lacks. None of the
commits they name is here, so an answer may be "that commit is not here" (3), but never "this is not an event" (2) or a
crash. A push that deletes its ref leaves nothing to compare, and is refused by name (2)."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import cached  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))


@pytest.fixture(scope="module")
def events():
    modules = cached.npm("@octokit/webhooks-examples@7.6.1")
    return json.loads((modules / "@octokit/webhooks-examples/api.github.com/index.json").read_text())


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    git = ["git", "-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    (folder / "a").write_text("a\n")
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    return folder


def test_every_published_payload_is_understood(events, repository, tmp_path):
    wrong, answered = [], 0
    for event in events:
        for number, payload in enumerate(event["examples"]):
            file = tmp_path / "event.json"
            file.write_text(json.dumps(payload))
            env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GITHUB_EVENT_NAME": event["name"],
                   "GITHUB_EVENT_PATH": str(file)}
            run = subprocess.run([ARC_CI, "changes", "--filters", "a: a", "--initial-fetch-depth", "0", "--json"],
                                 cwd=repository, env=env, capture_output=True, text=True, timeout=60)
            answered += run.returncode == 0
            if payload.get("deleted") is True and run.returncode == 2 and "the event deleted" in run.stderr:
                continue
            if run.returncode not in (0, 3) or len([line for line in run.stderr.splitlines() if "arc-ci" in line]) > 1:
                wrong.append(f"{event['name']} {number}: exit {run.returncode}: {run.stderr[-300:]}")
    assert not wrong, "\n".join(wrong)
    assert answered
