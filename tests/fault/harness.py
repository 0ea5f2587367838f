"""A release to make, and what must hold afterwards."""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/double")]
import documents  # noqa: E402
from github_double import TOKEN, Double, State  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
WRAPPER = os.environ.get("ARC_CI_WRAPPER", "").split()
TAG = "messaging/v0.1.0"
SHA = "0123456789abcdef0123456789abcdef01234567"
BODY = "# Messaging 0.1.0\n\n| Service | Image |\n|---|---|\n| flash | `ghcr.io/o/arc-flash` |\n"
VERSION = documents.version(TAG)
BUILD = documents.build(group="messaging", revision=SHA, services=[
    {"service": name, "image": f"ghcr.io/o/arc-{name}", "digest": "sha256:a", "tags": ["messaging-v0.1.0"]}
    for name in ("flash", "strange", "sonic")])


def quick_sleep():
    """The library that makes waits short (quick_sleep.c), built once per machine; several may be at it at once."""
    source = HERE / "quick_sleep.c"
    library = pathlib.Path(tempfile.gettempdir()) / f"arcci-quick-sleep-{os.getuid()}-{source.stat().st_mtime_ns}.so"
    if not library.exists():
        made = library.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(made), str(source)], check=True)
        made.rename(library)
    return str(library)


class Project:
    """The files of a release of three services with nine assets."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.put("version.json", json.dumps(VERSION))
        self.put("build.json", json.dumps(BUILD))
        self.put("notes.md", BODY)
        self.named = ("--name=Messaging 0.1.0",)
        self.assets = {"build.json": None}
        for service in ("flash", "strange", "sonic"):
            self.assets[f"{service}.spdx.json"] = json.dumps({"name": service, "filler": "x" * 20000}).encode()
            self.assets[f"{service}.log.gz"] = bytes(range(256)) * 40
        self.assets["scan.sarif"] = b'{"runs": []}'
        for name, content in self.assets.items():
            if content is not None:
                self.put(name, content)

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def arguments(self):
        given = [f"--asset={name}" for name, content in self.assets.items() if content is not None]
        return ["release", "--version=version.json", "--build=build.json", "--notes=notes.md", *self.named,
                "--checksums", *given]

    def expected(self):
        """Name → content of every asset that the release shall have."""
        content = dict(self.assets)
        content["build.json"] = (json.dumps(BUILD, indent=2) + "\n").encode()
        sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in content.items())
        return {**content, "SHA256SUMS": sums.encode()}

    def environment(self, double, **more):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder), "GITHUB_API_URL": double.url, "GITHUB_TOKEN": TOKEN,
               "GITHUB_REPOSITORY": "o/r", "LD_PRELOAD": quick_sleep(), **more}
        return env | {name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}

    def start(self, double, *extra, env=None):
        return subprocess.Popen([*WRAPPER, ARC_CI, *self.arguments(), *extra], cwd=self.folder,
                                env=self.environment(double, **(env or {})), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def run(self, double, *extra, env=None, timeout=120):
        """(status, all of its output); a leaked token fails here."""
        child = self.start(double, *extra, env=env)
        try:
            output = child.communicate(timeout=timeout)[0].decode(errors="replace")
        finally:
            child.kill()
        assert TOKEN not in output, "the token is in the output"
        return child.returncode, output


def our_draft(body, name=TAG):
    """What arc-ci writes into a draft under way: the digest tells what nobody has edited."""
    digest = hashlib.sha256(f"{name}\n{body.rstrip()}".encode()).hexdigest()
    return f"<!-- arc-ci: draft under way, sha256 {digest} -->\n{body}"


def new_state(project):
    state = State()
    state.refs[f"refs/tags/{TAG}"] = ("commit", SHA)
    state.expected_assets = project.expected()
    return state


def check(double, project, body=BODY):
    """Exactly one release, published, with the right body and every asset once, whole."""
    state = double.state
    assert not state.violations, state.violations
    of_tag = state.of_tag(TAG)
    assert len(of_tag) == 1, f"{len(of_tag)} releases of the tag"
    release = of_tag[0]
    assert not release["draft"]
    assert release["name"] == "Messaging 0.1.0"
    assert release["body"] == body
    assert release["target_commitish"] == "main", "the tag says where it points; the field earns a 403"
    assert release["_latest"] in ("true", None)
    assert all(asset["state"] == "uploaded" for asset in release["assets"])
    names = [asset["name"] for asset in release["assets"]]
    assert sorted(names) == sorted(project.expected())
    for asset in release["assets"]:
        assert state.blobs[asset["id"]] == project.expected()[asset["name"]], asset["name"]
