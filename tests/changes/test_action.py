"""The action: paths-filter's inputs, and outputs that the program itself writes."""
import os
import pathlib
import subprocess

import pytest
import yaml

import test_cmd as cmd

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = ROOT / ".github/actions/changes"
# Name and default of every input of paths-filter v3 (its action.yml), but the token's default, which is an expression.
PATHS_FILTER = {"token": None, "working-directory": "", "ref": "", "base": "", "filters": "", "list-files": "none",
                "initial-fetch-depth": "100", "predicate-quantifier": "some"}


@pytest.fixture(scope="module")
def action():
    return yaml.safe_load((ACTION / "action.yml").read_text())


def test_inputs_are_those_of_paths_filter_and_more(action):
    for name, default in PATHS_FILTER.items():
        assert name in action["inputs"]
        assert default is None or action["inputs"][name]["default"] == default


def test_every_input_is_an_option(action):
    text = subprocess.run([cmd.ARC_CI, "help", "changes"], capture_output=True, text=True, check=True).stdout
    for name in action["inputs"]:
        assert name == "token" or f"--{name}" in text
    assert "INPUT_TOKEN" in text


def run(tmp_path, inputs, path):
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [{"write": {"a/x": "1\n"}}, {"commit": "one"}, {"write": {"a/x": "2\n", "b": "1\n"}}, {"commit": "two"}])
    output = tmp_path / "output"
    output.write_bytes(b"")
    event = tmp_path / "event.json"
    event.write_text(cmd.fill('{"before": "{sha:HEAD~1}", "after": "{sha:HEAD}", "repository": {"default_branch": "main"}}', repo))
    env = {"PATH": path, "HOME": str(tmp_path), "GITHUB_OUTPUT": str(output), "GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(tmp_path),
           "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(event), "GITHUB_REF": "refs/heads/main"}
    env.update({f"INPUT_{name.upper()}": value for name, value in inputs.items()})
    script = ACTION / "run.js"
    done = subprocess.run(["node", script], cwd=repo, env=env, capture_output=True, text=True, timeout=600)
    return done, cmd.read_outputs(output)


def test_outputs_are_named_by_the_filters(action, tmp_path):
    inputs = {name: row["default"] for name, row in action["inputs"].items() if name != "token"}
    path = f"{pathlib.Path(cmd.ARC_CI).parent}:{os.environ['PATH']}"
    done, outputs = run(tmp_path, {**inputs, "token": "", "filters": "mine: a/**\n", "list-files": "shell"}, path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs == {"mine": "true", "mine_count": "1", "mine_files": "a/x", "changes": '["mine"]', "any": "true"}


def test_a_failure_is_the_steps(tmp_path):
    path = f"{pathlib.Path(cmd.ARC_CI).parent}:{os.environ['PATH']}"
    done, outputs = run(tmp_path, {"filters": "a: [", "token": ""}, path)
    assert done.returncode == 2 and not outputs
    assert "::error" in done.stderr + done.stdout


def test_what_the_cache_is_reached_by_is_handed_over(tmp_path):
    """The runner gives it to actions alone; what it does not give is empty, and no line is made of a value."""
    output = tmp_path / "output"
    output.write_bytes(b"")
    env = {"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(output), "ACTIONS_RUNTIME_TOKEN": "t0k3n", "ACTIONS_RESULTS_URL": "https://r/",
           "ACTIONS_CACHE_SERVICE_V2": "a\nurl=b"}
    done = subprocess.run(["node", ACTION.parent / "cache-variables/run.js"], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout == "::add-mask::t0k3n\n"
    assert cmd.read_outputs(output) == {"token": "t0k3n", "url": "", "results-url": "https://r/"}
