"""300 services × 2 platforms from the plan to the release, by the commands and the documents that the workflows hand on: outputs of a
job stay below 1 MiB of UTF-16, every variable below 128 KiB. The machines that build are stood in for by images in a registry."""
import base64
import gzip
import hashlib
import http.server
import json
import pathlib
import re
import subprocess
import sys

import pytest

from test_shapes import ARC_CI, ENV, git, make

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "double")]
import loopback  # noqa: E402
from github_double import Double, State  # noqa: E402

SERVICES = 300
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
OUTPUTS_MAX = 1 << 20  # of a job, in UTF-16
VARIABLE_MAX = 131072  # Linux, MAX_ARG_STRLEN
VERSION = {"Version": "0.58.0", "VulnerabilityDB": {"Version": 2, "UpdatedAt": "2999-01-01T00:00:00Z"}}
REPORT = {"SchemaVersion": 2, "ArtifactName": "img", "ArtifactType": "container_image", "Results": []}
TRIVY = """#!/bin/sh
case " $* " in *" version "*) cat HERE/version.json; exit;; esac
while [ "$1" != --output ]; do shift; done
cp HERE/report.json "$2"
"""


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status, kind="application/json", body=b"{}"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Docker-Content-Digest", digest(body))
        self.send_header("Content-Length", str(len(body) if self.command != "PUT" else 0))
        self.end_headers()
        self.wfile.write(body if self.command == "GET" else b"")

    def do_GET(self):
        found = self.server.content.get(self.path)
        self.answer(200, *found) if found else self.answer(404)

    do_HEAD = do_GET

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        put(self.server.content, self.path.split("/")[2:-2], self.headers["Content-Type"], body, self.path.rsplit("/", 1)[-1])
        self.answer(201, body=body)

    def log_message(self, *_):
        pass


def digest(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


def put(content, name, kind, body, *references, where="manifests"):
    for reference in (digest(body), *references):
        content["/".join(["/v2", *name, where, reference])] = (kind, body)
    return {"mediaType": kind, "digest": digest(body), "size": len(body)}


def push_cells(content, plan):
    """What the jobs of the matrix push: each cell under its staging tag, with the planned labels."""
    for cell in plan["cells"]:
        service = next(item for item in plan["services"] if item["service"] == cell["service"])
        name, (system, architecture) = service["image"].split("/")[1:], cell["platform"].split("/")
        config = {"os": system, "architecture": architecture, "config": {"Labels": service["labels"]}, "rootfs": {"type": "layers", "diff_ids": []}}
        image = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
                 "config": put(content, name, CONFIG, json.dumps(config).encode(), where="blobs")}
        entry = put(content, name, MANIFEST, json.dumps(image).encode())
        index = {"schemaVersion": 2, "mediaType": INDEX,
                 "manifests": [{**entry, "platform": {"os": system, "architecture": architecture}}]}
        put(content, name, INDEX, json.dumps(index).encode(), cell["staging"])


class Run:
    """The jobs of a run: what each says, what the later ones are told."""

    def __init__(self, folder, env):
        self.folder, self.env, self.needs = folder, env, {}

    def job(self, name, *args, outputs=(), **env):
        """A step of a job; these of its outputs are the job's."""
        file = self.folder.parent / "output"
        file.write_text("")
        told = {**self.env, **env, "GITHUB_OUTPUT": str(file)}
        assert max(len(f"{key}={value}".encode()) for key, value in told.items()) < VARIABLE_MAX
        run = subprocess.run([ARC_CI, *args], cwd=self.folder, env=told, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        assert run.returncode == 0, f"{args}: {run.stderr[-2000:]}"
        said = dict(re.findall(r"^(.+?)<<(?:ghadelimiter_\S+|\S+)\n(.*?)\n\S+$", file.read_text(), re.M | re.S)) or {}
        said |= dict(re.findall(r"^([\w-]+)=(.*)$", file.read_text(), re.M))
        of_job = self.needs.setdefault(name, {"result": "success", "outputs": {}})["outputs"]
        of_job |= {key: said[key] for key in outputs}
        assert sum(len((key + value).encode("utf-16-le")) for key, value in of_job.items()) < OUTPUTS_MAX, name
        return said, run.stdout

    def keep(self, name, text):
        """`shell: cp {0} .git/NAME`: a text of any length becomes a file."""
        (self.folder / ".git" / name).write_text(f"\n{text}\n")
        return f".git/{name}"


@pytest.fixture
def registry():
    with loopback.serving(Registry, content={}) as server:
        yield server


def test_every_step_of_a_release(tmp_path, registry):
    host = f"127.0.0.1:{registry.server_port}"
    files = {f"services/svc-{i:03}/{name}": text for i in range(SERVICES)
             for name, text in (("Dockerfile", "FROM scratch\nCOPY main /\n"), ("main", f"{i}\n"))}
    repo = tmp_path / "repo"
    repo.mkdir()
    make({"config": f"groups: {{all: {{registry: {host}/o, tag: 'v{{version}}', services: ['services/*']}}}}\n", "files": files,
          "tags": {"v1.0.0": 0}}, repo)
    for name, text in (("version.json", json.dumps(VERSION)), ("report.json", json.dumps(REPORT)), ("trivy", TRIVY.replace("HERE", str(tmp_path)))):
        (tmp_path / name).write_text(text)
    (tmp_path / "trivy").chmod(0o755)
    state = State("o/r")
    sha = git(repo, "rev-parse", "HEAD")
    with Double(state) as github:
        state.refs["refs/tags/v1.0.0"] = ("commit", sha)
        run = Run(repo, {**ENV, "GITHUB_ACTIONS": "true", "PATH": f"{tmp_path}:{ENV['PATH']}", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": sha,
                         "GITHUB_REF": "refs/tags/v1.0.0", "GITHUB_EVENT_NAME": "push", "GITHUB_API_URL": github.url,
                         "GITHUB_TOKEN": github.token, "RUNNER_TEMP": str(tmp_path)})
        said, _ = run.job("prepare", "plan", "v1.0.0", outputs=("matrix", "plan"))
        rows = json.loads(said["matrix"])["include"]
        assert len(rows) <= 256 and len({cell for row in rows for cell in row["cells"].split(",")}) == 2 * SERVICES

        assert said["plan"].startswith("H4sI")  # too long to be handed on as it is
        push_cells(registry.content, json.loads(gzip.decompress(base64.b64decode(said["plan"]))))
        where = run.keep("plan.json", said["plan"])
        run.job("build", "build", "--merge", outputs=("build",), INPUT_PLAN=where)
        needs = run.keep("needs.json", json.dumps(run.needs, indent=2))
        said, _ = run.job("security", "scan", outputs=("scan", "gate"), INPUT_NEEDS=needs, **{"INPUT_SCAN-TYPE": "image", "INPUT_UPLOAD-SARIF": "false"})
        assert said["gate"] == "pass"

        needs = run.keep("needs.json", json.dumps(run.needs, indent=2))
        told = {"INPUT_PLAN": where, "INPUT_NEEDS": needs}
        (tmp_path / "notes.json").write_text(run.job("release", "notes", "--json", **told)[1])
        run.job("release", "build", "--promote", **told)
        run.job("release", "release", "--notes", str(tmp_path / "notes.json"), **told)
        [release] = state.published("v1.0.0")
        assert len(release["body"]) <= 125000
    moved = [path for path in registry.content if path.endswith("/manifests/v1.0.0")]
    assert len(moved) == SERVICES
