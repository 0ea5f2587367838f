"""A stage on which the workflows run: act on this machine, the private engine and registry of tests/engine, the API
double of tests/double, the real Trivy with a small database.

What differs from GitHub, all of it: the registry's name in the checkout is our registry's; the step that makes a
docker-container builder is taken out, since its image cannot be pulled here (the engine's own driver builds); the
actions/cache step is a local folder; every runner label is this machine."""
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/engine"), str(ROOT / "tests/double")]
import cached  # noqa: E402
from github_double import TOKEN, Double, State  # noqa: E402

CACHE_ACTION = "actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae"
LABELS = ("ubuntu-24.04", "ubuntu-24.04-arm")
REPOSITORY = "arc-framework/arc-platform"
BUILDER_STEP = "      - run: docker buildx create --name arc-ci --driver docker-container --use\n"
GIT = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]


def act_binary():
    return cached.go("github.com/nektos/act@v0.2.82")


class Stage:
    def __init__(self, engine, trivy, folder):
        self.engine, self.trivy, self.folder = engine, trivy, pathlib.Path(folder)
        self.act = act_binary()
        self.home = self.folder / "home"
        self.home.mkdir()

    def checkout(self, name):
        """A clone of this repository, committed state and all, whose registry is ours."""
        return Checkout(self, self.folder / name)


class Checkout:
    def __init__(self, stage, path):
        self.stage, self.path = stage, path
        subprocess.run(["git", "clone", "-q", "--no-tags", ROOT, path], check=True)
        self.git("checkout", "-q", "-B", "main")
        registry = f"127.0.0.1:{stage.engine.registry.port}"
        for file in [path / ".github/arc-ci.yaml", *(path / ".github/workflows").glob("*.yml")]:
            text = file.read_text()
            file.write_text(text.replace("ghcr.io", registry).replace(BUILDER_STEP, ""))
        self.prefix = f"{registry}/arc-framework"
        self.commit("Point the workflows at the tests' registry")
        self.double = Double(State(REPOSITORY))

    def git(self, *arguments):
        return subprocess.run([*GIT, *arguments], cwd=self.path, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, subject):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def write(self, name, text):
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)

    def tag(self, name):
        self.git("tag", name)
        self.double.state.refs[f"refs/tags/{name}"] = ("commit", self.git("rev-parse", "HEAD"))

    def run(self, workflow, event, payload, timeout=1200):
        """Runs a workflow for an event; returns what its jobs did."""
        payload = {"repository": {"full_name": REPOSITORY, "name": "arc-platform", "default_branch": "main",
                                  "owner": {"login": "arc-framework"}}, "sender": {"login": "ada"}, **payload}
        file = self.stage.folder / "event.json"
        file.write_text(json.dumps(payload))
        env = {"GITHUB_API_URL": self.double.url, "GITHUB_REPOSITORY": REPOSITORY, "HOME": self.stage.home,
               "DOCKER_HOST": self.stage.engine.env["DOCKER_HOST"], "DOCKER_CONFIG": self.stage.engine.env["DOCKER_CONFIG"],
               **self.stage.trivy.environment}
        path = f"{self.stage.trivy.folder}:{self.stage.engine.root}/bin:{os.environ['PATH']}"
        command = [self.stage.act, event, "-W", f".github/workflows/{workflow}", "-e", file, "--json", "-s",
                   f"GITHUB_TOKEN={TOKEN}", "--local-repository", f"{CACHE_ACTION}={HERE / 'cache-action'}",
                   *(f"-P{label}=-self-hosted" for label in LABELS),
                   *(f"--env={name}={value}" for name, value in env.items())]
        process = subprocess.run(command, cwd=self.path, env={**os.environ, "PATH": path, "HOME": str(self.stage.home)},
                                 capture_output=True, text=True, errors="replace", timeout=timeout)
        return Run(process)


class Run:
    """What act said: `jobs` maps a job's path to "success" or "failure"; a skipped one is not there. A called workflow's
    jobs are below the caller's: "build-flash/merge", "build-flash/linux/arm64"."""

    @staticmethod
    def short(job):
        """act's "Messaging release/prepare" and "build-flash/Build (reusable)/linux/arm64-2", padded with blanks."""
        parts = [part for part in job.strip().split("/") if not part.endswith("(reusable)")]
        if len(parts) > 1 and " " in parts[0]:
            parts = parts[1:]
        return re.sub(r"-\d+$", "", "/".join(parts))

    def __init__(self, process):
        self.status, self.jobs, lines = process.returncode, {}, []
        for line in process.stdout.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                lines.append(line)
                continue
            lines.append(f"[{row.get('job', '')}] {row.get('msg', '').rstrip()}")
            if row.get("jobResult"):
                self.jobs[self.short(row["job"])] = row["jobResult"]
        self.log = "\n".join(lines) + process.stderr
