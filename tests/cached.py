"""Tools that the tests run beside ours, installed once by their own package managers into a cache outside the tree,
keyed by version: ARC_CACHE, or ~/.cache/arc-ci. Two runs at once wait for each other."""
import contextlib
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("ARC_CACHE") or pathlib.Path.home() / ".cache/arc-ci")


# For the children that install something: set while tests/engine has this process in a network without a way out.
before_install = None


def run(command, check=True, **options):
    """Runs what needs the machine's network."""
    return subprocess.run(command, check=check, preexec_fn=before_install, **options)


@contextlib.contextmanager
def once(kind, *packages):
    """The folder of these packages, and whether it must still be filled. It counts as filled after the block only."""
    folder = CACHE / kind / "+".join(package.replace("/", "_") for package in packages)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / ".done"
        yield folder, not done.exists()
        done.touch()


def compiling(anywhere=True):
    """The environment in which CMake takes from the cache what a run before has compiled, of the same sources in another folder, too,
    unless the object says where its source is, as those that note their coverage do."""
    env = {**os.environ, "CMAKE_C_COMPILER_LAUNCHER": "ccache", "CCACHE_DIR": str(CACHE / "ccache"), "CCACHE_MAXSIZE": "2G"}
    return {**env, "CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1"} if anywhere else env


def hashed(*paths):
    """A name for what these files hold."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def npm(*packages):
    """Installs NAME@VERSION packages together; returns their node_modules."""
    with once("npm", *packages) as (folder, missing):
        if missing:
            run(["npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, *packages],
                stdout=subprocess.DEVNULL)
    return folder / "node_modules"


def pip(*packages):
    """Installs NAME==VERSION packages into one virtual environment; returns its bin."""
    with once("pip", *packages) as (folder, missing):
        if missing:
            run(["/usr/bin/python3", "-m", "venv", folder / "venv"])
            run([folder / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", *packages])
    return folder / "venv/bin"


ACTION = ROOT / ".github/actions/setup-trivy/action.yml"


@functools.cache
def go_environment():
    """The environment for one version of Go, the one that the action setup-trivy pins: a go command of another version
    fetches it from the module proxy. Its caches are where they are, whatever HOME says later."""
    toolchain = re.search(r"GOTOOLCHAIN: (\S+)", ACTION.read_text())[1]
    env = {**os.environ, "GOTOOLCHAIN": toolchain, "CGO_ENABLED": "0"}
    command = [shutil.which("go") or "/usr/local/go/bin/go", "env", "-json", "GOPATH", "GOCACHE", "GOROOT"]
    told = json.loads(run(command, env=env, capture_output=True).stdout)
    return {**env, "PATH": f"{told.pop('GOROOT')}/bin:{env['PATH']}", **told}


def go_compiler():
    """The path of that go command."""
    return shutil.which("go", path=go_environment()["PATH"])


def go(package, name=None, architecture=None):
    """Builds a PATH@VERSION command from its Go module, for this machine or another Linux; returns the binary. `name` is
    the command's, where the path's last part is not."""
    name = name or package.split("@")[0].rsplit("/", 1)[-1]
    other = architecture and architecture != {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    with once("go", package, *([architecture] if other else [])) as (folder, missing):
        if missing and other:  # which Go puts below GOPATH only
            env = go_environment()
            env = {**env, "GOMODCACHE": f"{env['GOPATH']}/pkg/mod", "GOPATH": str(folder), "GOFLAGS": "-trimpath",
                   "GOOS": "linux", "GOARCH": architecture}
            run([go_compiler(), "install", package], env=env)
            (folder / f"bin/linux_{architecture}/{name}").rename(folder / name)
        elif missing:
            env = {**go_environment(), "GOBIN": str(folder), "GOFLAGS": "-trimpath"}
            run([go_compiler(), "install", package], env=env)
    return folder / name


def collector(manifest, version):
    """Builds the OpenTelemetry Collector of a builder.yaml with the builder of that version; returns the binary.

    The builder's own `go mod tidy` also wants what the modules are tested with, which no build needs, so the go.mod is
    written here. Without the tag it would hold Prometheus' service discovery for every cloud, most of its compile time."""
    key = hashlib.sha256(manifest.read_bytes() + version.encode()).hexdigest()[:12]
    with once("otelcol", key) as (folder, missing):
        if missing:
            builder = go(f"go.opentelemetry.io/collector/cmd/builder@{version}")
            run([builder, "--config", manifest, "--skip-get-modules", "--skip-compilation"], cwd=folder, env=go_environment())
            modules = re.findall(r"gomod: (.+)", manifest.read_text()) + [f"go.opentelemetry.io/collector/otelcol {version}"]
            (folder / "source/go.mod").write_text("\n".join(["module arc-ci.test/otelcol", "go 1.25",
                                                             *(f"require {module}" for module in modules)]))
            run(["nice", go_compiler(), "build", "-mod=mod", "-trimpath", "-tags=remove_all_sd", "-ldflags=-s -w",
                 "-o", folder / "program/otelcol", "."], cwd=folder / "source", env=go_environment())
    return folder / "program/otelcol"


def maven(pom):
    """Copies the run-time dependencies that a pom.xml names; returns their folder. Maven's own store is not kept."""
    key = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    with once("maven", f"{pom.parent.name}-{key}") as (folder, missing):
        if missing:
            run(["mvn", "--quiet", "--batch-mode", "--file", pom, f"-Dmaven.repo.local={folder}/store",
                 "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}/jars"])
            shutil.rmtree(folder / "store")
    return folder / "jars"
