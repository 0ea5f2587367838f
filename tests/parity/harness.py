"""Runs a scenario of scenarios.yaml with a program that takes INPUT_ and GITHUB_ variables as an action does."""
import http.server
import json
import os
import pathlib
import subprocess
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/cmd")]
import loopback  # noqa: E402
import test_cmd as cmd  # noqa: E402

FORMATS = ("none", "csv", "json", "shell", "escape")



def flat(steps):
    for step in steps:
        yield from flat(step) if isinstance(step, list) else (step,)


def scenarios():
    """(key, scenario, inputs) of every run."""
    for name, scenario in yaml.safe_load((HERE / "scenarios.yaml").read_text()).items():
        if name.startswith("."):
            continue
        for variant, inputs in scenario.get("variants", {"": scenario.get("inputs")}).items():
            for form in scenario.get("formats", FORMATS):
                key = " / ".join(part for part in (name, variant, form) if part)
                yield key, scenario, {"list-files": form, **inputs}


def make(scenario, scratch):
    repo = scratch / "repo"
    cmd.make_repo(repo, list(flat(scenario["repo"])))
    if "clone" in scenario:
        subprocess.run(["git", "clone", "-q", *scenario["clone"], repo.as_uri(), str(scratch / "clone")], check=True,
                       capture_output=True, env={"PATH": os.environ["PATH"], "HOME": str(scratch)})
    return repo


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(self.server.files if "page=2" not in self.path else []).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def run(program, scenario, inputs, scratch):
    """{"outputs": …} or {"error": …}."""
    repo = make(scenario, scratch)
    output = scratch / "output"
    output.write_bytes(b"")
    (scratch / "event.json").write_text(cmd.fill(json.dumps(scenario["payload"]), repo))
    env = {name: os.environ[name] for name in cmd.PASSED_ON if name in os.environ}
    env.update({"HOME": str(scratch), "GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), "GIT_CONFIG_NOSYSTEM": "1",
                "GITHUB_EVENT_NAME": scenario["event"], "GITHUB_EVENT_PATH": str(scratch / "event.json"),
                "GITHUB_REF": cmd.fill(scenario["ref"], repo), "GITHUB_SHA": cmd.fill(scenario["sha"], repo),
                "GITHUB_REPOSITORY": "o/r"})
    env.update({f"INPUT_{name.upper()}": cmd.fill(value, repo) for name, value in inputs.items()})
    with loopback.serving(Api, files=scenario.get("api", [])) as server:
        env["GITHUB_API_URL"] = f"http://127.0.0.1:{server.server_port}"
        done = subprocess.run(program, cwd=scratch / "clone" if "clone" in scenario else repo, env=env, capture_output=True,
                              timeout=60)
    text = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode:
        errors = [line for line in text.splitlines() if line.startswith("::error")]
        return {"error": errors[-1].partition("::error")[2].partition("::")[2] if errors else text[-300:]}
    return {"outputs": cmd.read_outputs(output)}
