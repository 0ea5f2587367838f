"""A stage on which the workflows run: act on this machine, the private engine and registry of tests/engine, the API
double of tests/double, the real Trivy with a small database.

What differs from GitHub, all of it: the registry's name in the checkout is our registry's, and builders are given the
engine's network to reach it; BuildKit's image holds BuildKit built from its module (tests/engine/buildkit.py); a step of
actions/cache is a local folder, in which Trivy is already, and arc-ci is built once for all jobs, also for those that take
nothing from a cache; one of actions/checkout that names a ref or a repository clones from this machine; `queue` and the job's
`workflow_repository` are not known to act; every runner label is this machine."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("", "engine", "double", "scan")]
import buildkit  # noqa: E402
import cached  # noqa: E402
import real_trivy  # noqa: E402
from bases import build_base, default_base  # noqa: E402
from engine import Engine  # noqa: E402
from github_double import TOKEN, Double, State  # noqa: E402

STAND_INS = {"actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae": HERE / "cache-action",
             "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1": HERE / "checkout-action"}
LABELS = ("ubuntu-24.04", "ubuntu-24.04-arm")
REPOSITORY = "arc-framework/arc-platform"
BUILDER = "docker buildx create --driver docker-container"
COMMIT = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
GIT = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]


def act_binary():
    return cached.go("github.com/nektos/act@v0.2.82")


class Trivy:
    """The real scanner, with a small database whose findings no image here has."""

    def __init__(self, cache):
        self.folder = real_trivy.folder()
        subprocess.run([self.folder / "makedb", cache, "2999-01-01T00:00:00Z"], check=True)
        self.environment = {"TRIVY_CACHE_DIR": cache, "TRIVY_SKIP_DB_UPDATE": "true", "TRIVY_DISABLE_TELEMETRY": "true",
                            "TRIVY_SKIP_VERSION_CHECK": "true"}


def keep_apts_cache(folder):
    """A configuration of apt that keeps its cache of packages, which setup.sh asks in every job. Debian's images keep none: each
    question then costs 2 s."""
    (folder / "apt.conf.d").mkdir(parents=True)
    for part in pathlib.Path("/etc/apt/apt.conf.d").iterdir():
        (folder / "apt.conf.d" / part.name).symlink_to(part)
    (folder / "apt.conf.d/zz-keep").write_text("".join(f'Dir::Cache::{name} "{folder}/{name}.bin";\n'
                                                       for name in ("pkgcache", "srcpkgcache")))
    (folder / "apt.conf").write_text(f'Dir::Etc::parts "{folder}/apt.conf.d";\n')
    return folder / "apt.conf"


def build_broker_base(engine, folder):
    """For Strange a base with a shell and the broker's folders on both platforms; nothing starts the broker here."""
    (folder / "broker").mkdir()
    (folder / "broker/Dockerfile").write_text(
        f"FROM {default_base('messaging')}\nUSER root\nRUN mkdir -p /pulsar/conf /pulsar/bin\nWORKDIR /pulsar\nUSER 10000\n")
    engine.docker("buildx", "build", "--platform", "linux/amd64,linux/arm64", "--provenance=false", "-t",
                  default_base("streaming"), folder / "broker")


def make_patient_bash(folder):
    """act does not wait for the rest of what a step printed once it has failed (HostEnvironment.exec): its shell ends a little
    later then. (dash in its place would drop variables like INPUT_LIST-FILES.)"""
    folder.mkdir()
    (folder / "bash").write_text('#!/bin/bash\n/bin/bash "$@"\nstatus=$?\n[ "$status" = 0 ] || sleep 2\nexit "$status"\n')
    (folder / "bash").chmod(0o755)
    return folder


@contextlib.contextmanager
def open_stage(folder):
    """A Stage whose engine runs, with the bases of the services in its registry."""
    act_binary()
    trivy = Trivy(folder / "trivy-cache")
    subprocess.run([ROOT / "tests/deps.sh", "engine"], check=True)
    with Engine() as engine:
        for service in ("messaging", "cache"):
            build_base(engine, service)
        build_broker_base(engine, folder)
        buildkit.build_image(engine)
        buildkit.mirror(engine, [default_base(service) for service in ("messaging", "streaming", "cache")])
        yield Stage(engine, trivy, folder)


class Stage:
    def __init__(self, engine, trivy, folder):
        self.engine, self.trivy, self.folder = engine, trivy, pathlib.Path(folder)
        self.act = act_binary()
        self.sources = self.folder / "sources"  # what another repository gets for `uses: arc-framework/arc-platform/…`
        # One pack, no thousand loose objects: act copies the repository for every job.
        subprocess.run(["git", "clone", "-q", "--no-local", "--no-tags", ROOT, self.sources], check=True)
        self.apt = keep_apts_cache(self.folder / "apt")
        self.programs = make_patient_bash(self.folder / "programs")
        self.home = self.folder / "home"
        self.home.mkdir()
        (self.home / ".cache/arc-ci/trivy").mkdir(parents=True)
        (self.home / ".cache/arc-ci/trivy/trivy").symlink_to(trivy.folder / "trivy")

    def checkout(self, name):
        """A clone of this repository, committed state and all, whose registry is ours."""
        return Checkout(self, self.folder / name)


class Checkout:
    """A repository that workflows run in: fill() makes its files."""

    def __init__(self, stage, path):
        self.stage, self.path = stage, path
        self.fill()
        self.commit("Point the workflows at the tests' registry")
        self.double = Double(State(REPOSITORY))

    def fill(self):
        subprocess.run(["git", "clone", "-q", "--no-tags", self.stage.sources, self.path], check=True)
        self.git("config", "pack.window", "0")  # every job fetches from it: what differs is not worth a search
        self.git("checkout", "-q", "-B", "main")
        self.git("remote", "set-url", "origin", str(self.path))  # its tags are GitHub's, too
        self.git("rm", "-rq", "docs", "tests", ":!tests/deps.sh")  # what no job needs: each writes all files twice
        self.git("update-ref", "refs/remotes/origin/main", "HEAD")  # whatever branch the sources are on
        for file in [self.path / ".github/arc-ci.yaml", *(self.path / ".github/workflows").glob("*.yml")]:
            text = file.read_text().replace("ghcr.io", self.stage.engine.registry.host)
            text = text.replace(BUILDER, f"{BUILDER} --driver-opt network=host").replace("cache: none", "cache: write")
            text = re.sub(r"\n  queue: max(?=\n)|, queue: max(?=\})", "", text)
            if "job.workflow_sha" in text:  # act would copy the repository over the first checkout's
                text = text.replace("        with:\n          persist-credentials",
                                    f"        with:\n          ref: ''\n          persist-credentials")
            file.write_text(re.sub(r"moby/buildkit:v\S+", buildkit.IMAGE, text))

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

    def run(self, workflow, event, payload, only=None, timeout=1200, **more):
        """Runs a workflow for an event, with `more` in its environment and only those legs of a matrix (NAME:VALUE);
        returns what its jobs did."""
        payload = {"repository": {"full_name": REPOSITORY, "name": "arc-platform", "default_branch": "main",
                                  "owner": {"login": "arc-framework"}}, "sender": {"login": "ada"}, **payload}
        file = self.stage.folder / "event.json"
        file.write_text(json.dumps(payload))
        env = {"GITHUB_API_URL": self.double.url, "GITHUB_REPOSITORY": REPOSITORY, "HOME": self.stage.home,
               "DOCKER_HOST": self.stage.engine.env["DOCKER_HOST"], "DOCKER_CONFIG": self.stage.engine.env["DOCKER_CONFIG"],
               "CHECKOUT_OWN": self.path, "CHECKOUT_TOOLS": self.stage.sources, "APT_CONFIG": self.stage.apt,
               **self.stage.trivy.environment, **more}
        path = f"{self.stage.programs}:{self.stage.engine.root}/bin:{cached.go_environment()['PATH']}"
        command = [self.stage.act, event, "-W", f".github/workflows/{workflow}", "-e", file, "--json", "-s",
                   f"GITHUB_TOKEN={TOKEN}",
                   *(word for name, path in STAND_INS.items() for word in ("--local-repository", f"{name}={path}")),
                   "--local-repository", f"{REPOSITORY}@{COMMIT}={self.stage.sources}",
                   *(["--matrix", only] if only else []), *(f"-P{label}=-self-hosted" for label in LABELS),
                   *(f"--env={name}={value}" for name, value in env.items())]
        process = subprocess.run(command, cwd=self.path, env={**os.environ, "PATH": path, "HOME": str(self.stage.home)},
                                 capture_output=True, text=True, errors="replace", timeout=timeout)
        buildkit.remove_builders(self.stage.engine)
        return Run(process)


class Jobs(dict):
    """Name → result; who asks for a job that did not run is shown what did."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def __missing__(self, name):
        raise KeyError(f"{name} did not run:\n{self.run.log[-4000:]}")


class Run:
    """What act said: `jobs` maps a job's path to "success" or "failure"; a skipped one is not there. A called workflow's
    jobs are below the caller's: "build-flash/merge", "build-flash/flash linux/arm64"."""

    @staticmethod
    def short(job):
        """act's "Messaging release/prepare" and "build-flash/Build (reusable)/linux/arm64-2", padded with blanks."""
        parts = [part for part in job.strip().split("/") if not part.endswith("(reusable)")]
        if len(parts) > 1 and " " in parts[0]:
            parts = parts[1:]
        return re.sub(r"-\d+$", "", "/".join(parts))

    def __init__(self, process):
        self.status, self.jobs, lines = process.returncode, Jobs(self), []
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
