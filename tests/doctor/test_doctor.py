"""`arc-ci doctor` on machines that are made up: programs that answer as the real ones do, ports that are taken,
registries that answer or do not."""
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import pty
import re
import socket
import subprocess
import sys
import threading

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import loopback  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
GIT = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "Ada",
       "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}

# What the fake docker says: the words of its command line, joined, and (status, stdout, stderr).
DOCKER = {
    "--version": (0, "Docker version 26.1.5+dfsg1, build a72d7cd\n", ""),
    "version --format {{.Server.Version}}": (0, "26.1.5+dfsg1\n", ""),
    "buildx version": (0, "github.com/docker/buildx 0.13.1+ds1-3 0.13.1+ds1-3\n", ""),
    "buildx inspect": (0, "Name:   default\nDriver: docker\n\nNodes:\nName:      default\nStatus:    running\n"
                          "Platforms: linux/amd64, linux/arm64\n", ""),
    "compose version --short": (0, "2.26.1-4\n", ""),
    "network inspect --format {{.Driver}} arc_platform_net": (0, "bridge\n", ""),
    "volume ls --format {{.Name}}": (0, "arc-a-data\narc-ab-data\nother\narc-a\narc-a-log\n", ""),
}


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


class Machine:
    def __init__(self, folder):
        self.folder, self.repo, self.bin = folder, folder / "repo", folder / "bin"
        self.bin.mkdir()
        self.docker = dict(DOCKER)
        self.program("git", 'echo "git version 2.39.5"')
        self.program("trivy", 'echo "Version: 0.58.0"; echo "Vulnerability DB:"')
        self.config(port=loopback.free_port())
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "one")

    def git(self, *words):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **GIT}
        subprocess.run(["git", *words], cwd=self.repo, env=env, check=True)

    def config(self, port, registry="localhost:1"):
        self.port = port
        for name, text in {
            ".github/arc-ci.yaml": f"groups: {{m: {{registry: '{registry}', services: [services/a]}}}}\n",
            ".github/arc-ci-lint.yaml": "network: arc_platform_net\n",
            "services/a/Dockerfile": "FROM scratch\n",
            "services/a/service.yaml": f"{{name: arc-a, codename: a, port: {port}}}\n",
            "services/a/Dockerfile": "FROM scratch\n",
        }.items():
            (self.repo / name).parent.mkdir(parents=True, exist_ok=True)
            (self.repo / name).write_text(text)

    def program(self, name, script):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *words, env=None):
        cases = "".join(
            f"'{words}')\ncat <<'EOF'\n{out}EOF\n cat >&2 <<'EOF'\n{errors}EOF\nexit {status};;\n"
            for words, (status, out, errors) in self.docker.items())
        self.program("docker", f'PATH={os.environ["PATH"]}\ncase "$*" in\n{cases}*) echo "unknown: $*" >&2; exit 1;;\nesac')
        run = subprocess.run([ARC_CI, "doctor", "--json", *words], cwd=self.repo, capture_output=True, text=True,
                             env={"PATH": str(self.bin), "HOME": str(self.folder), **(env or {})})
        document = json.loads(run.stdout)
        jsonschema.Draft202012Validator(json.loads((ROOT / "docs/schema/doctor.schema.json").read_text())).validate(
            document)
        assert run.returncode == (0 if document["ok"] else 3)
        return document, {check["name"]: check for check in document["checks"]}


def test_a_machine_that_has_it_all(machine):
    with registry(401) as host:
        machine.config(machine.port, registry=f"{host}/x")
        document, checks = machine.run("--for", "all", env={"GH_TOKEN": "x" * 40})
    assert {name: check["status"] for name, check in checks.items()} == dict.fromkeys(checks, "ok")
    assert document["ok"]
    assert checks["buildx"]["found"] == "0.13.1+ds1-3"
    assert checks["docker"]["found"] == "Docker version 26.1.5+dfsg1, build a72d7cd; engine 26.1.5+dfsg1"
    assert checks["platforms"]["found"] == "driver docker: linux/amd64, linux/arm64"
    assert checks["trivy"]["found"] == "Version: 0.58.0"
    assert checks["ports"]["found"] == f"{machine.port} free"
    assert checks["network"]["found"] == "arc_platform_net exists"
    assert checks["volumes"]["found"] == "arc-a-data, arc-a-log"
    assert checks["registry"]["found"] == f"{host}: answers, wants a login"
    assert "x" * 40 not in json.dumps(document)


def test_who_signs_needs_cosign(machine):
    told = machine.run("--for", "release")[1]["cosign"]
    assert told["status"] == "ok" and told["found"] == "no group signs its images"

    path = machine.repo / ".github/arc-ci.yaml"
    path.write_text(path.read_text().replace("services:", "sign: cosign, services:"))
    told = machine.run("--for", "release")[1]["cosign"]
    assert told["status"] == "missing" and "install cosign" in told["advice"]

    for version, status in (("v3.0.2", "ok"), ("v2.6.1", "missing")):
        machine.program("cosign", f"printf ' ____ 9.9\\n\\nGitVersion:    {version}\\nGitCommit:     4\\n'")
        told = machine.run("--for", "release")[1]["cosign"]
        assert told["status"] == status and told["found"].endswith(version)


def test_libraries_are_named_with_their_versions(machine):
    told = subprocess.run([ARC_CI, "--version", "--json"], capture_output=True, text=True, check=True).stdout
    document = json.loads(told)
    jsonschema.Draft202012Validator(json.loads((ROOT / "docs/schema/program.schema.json").read_text())).validate(document)
    assert {"jansson", "libgit2", "libyajl", "libyaml", "mbedtls", "zlib"} <= set(document["libraries"])
    _, checks = machine.run("--offline")
    assert checks["libraries"]["found"] == ", ".join(f"{name} {version}" for name, version in sorted(document["libraries"].items()))


def test_on_a_terminal_nothing_is_wider_than_80_columns(machine):
    machine.docker["version --format {{.Server.Version}}"] = (1, "", "Cannot connect to the Docker daemon. " * 4)
    machine.run("--offline")
    ours, theirs = pty.openpty()
    subprocess.run([ARC_CI, "doctor", "--offline"], cwd=machine.repo, stdout=theirs,
                   env={"PATH": str(machine.bin), "HOME": str(machine.folder)})
    shown = re.sub(r"\x1b\[\d+m|\r", "", os.read(ours, 100000).decode())
    os.close(ours), os.close(theirs)
    assert "a classic token" in re.sub(r"\s+", " ", shown)
    assert max(map(len, shown.splitlines())) <= 80, shown


def test_an_engine_whose_socket_is_another_users(machine):
    machine.docker["version --format {{.Server.Version}}"] = (1, "", "permission denied while trying to connect to the Docker daemon socket\n")
    _, checks = machine.run("--for", "build", "--offline")
    assert "usermod -aG docker" in checks["docker"]["advice"] and "start" not in checks["docker"]["advice"]


def test_an_engine_that_does_not_run(machine):
    machine.docker["version --format {{.Server.Version}}"] = (1, "", "Cannot connect to the Docker daemon.\n")
    document, checks = machine.run("--for", "build", "--offline")
    assert not document["ok"]
    assert checks["docker"]["status"] == "missing"
    assert checks["docker"]["found"] == "Cannot connect to the Docker daemon."
    assert "DOCKER_HOST" in checks["docker"]["advice"]
    assert checks["platforms"]["status"] == checks["network"]["status"] == checks["volumes"]["status"] == "skipped"


@pytest.mark.parametrize("version, status", [
    ("github.com/docker/buildx v0.13.0 abc", "ok"), ("github.com/docker/buildx v0.12.9 abc", "missing"),
    ("github.com/docker/buildx v0.30.1-desktop.1 abc", "ok"), ("github.com/docker/buildx v1.0.0 abc", "ok"),
    ("github.com/docker/buildx v0.9.1 abc", "missing"), ("github.com/docker/buildx v0.0.0+unknown ", "warning"),
    ("buildah 1.37.5", "missing")])
def test_buildx_by_version(machine, version, status):
    machine.docker["buildx version"] = (0, version + "\n", "")
    document, checks = machine.run("--for", "build", "--offline")
    assert checks["buildx"]["status"] == status
    assert document["ok"] == (status != "missing")


@pytest.mark.parametrize("version, ignored", [("v0.24.0", True), ("v0.25.0", False), ("v0.0.0+unknown", False)])
def test_a_recipe_that_this_buildx_does_not_follow(machine, version, ignored):
    """buildx reads extra-hosts of a bake file since 0.25; before, it says nothing and leaves them out."""
    machine.config(machine.port)
    (machine.repo / "services/a/service.yaml").write_text(
        "{name: arc-a, codename: a, build: {extra_hosts: ['db:10.0.0.1']}}\n")
    machine.docker["buildx version"] = (0, f"github.com/docker/buildx {version} abc\n", "")
    _, checks = machine.run("--for", "build", "--offline")
    said = "a: its extra_hosts need buildx 0.25 or later: this one silently ignores them"
    assert (checks["buildx"]["advice"] == said) == (checks["buildx"]["status"] == "missing") == ignored


def test_no_plugins(machine):
    error = "docker: 'buildx' is not a docker command.\n"
    machine.docker["buildx version"] = (1, "", error)
    machine.docker["compose version --short"] = (1, "", error)
    document, checks = machine.run("--for", "services", "--offline")
    assert not document["ok"]
    assert checks["compose"]["status"] == checks["buildx"]["status"] == "missing"
    assert checks["compose"]["needed"] and not checks["buildx"]["needed"]
    for name in ("compose", "buildx"):
        assert checks[name]["advice"].startswith("install the plugin (docker-") and f"docker-{name})" in checks[name]["advice"]


def test_compose_v1_will_not_do(machine):
    machine.docker["compose version --short"] = (0, "1.29.2\n", "")
    _, checks = machine.run("--for", "services", "--offline")
    assert checks["compose"]["status"] == "missing"


def test_no_emulation(machine):
    machine.docker["buildx inspect"] = (0, "Driver: docker-container\nPlatforms: linux/amd64*, linux/arm64/v8, linux/386\n",
                                        "")
    document, checks = machine.run("--for", "build", "--offline")
    assert document["ok"]
    assert checks["platforms"]["status"] == "warning"
    assert checks["platforms"]["advice"].startswith("missing: linux/arm64; build them on a runner of their own")


@pytest.mark.parametrize("said, status, found", [
    ("Driver: docker-container\nNodes:\nName: x0\nPlatforms: linux/amd64*\nName: x1\nPlatforms: linux/arm64*\n", "ok", "linux/amd64*, linux/arm64*"),
    ("Driver: docker-container\nNodes:\nName: x0\nPlatforms: linux/amd64*\nName: x1\nError: no such host\n", "warning", "linux/amd64*"),
    ("Driver: docker-container\nNodes:\nName: x0\nError: no such host\n", "missing", "not known until it starts")])
def test_every_node_of_a_builder_is_looked_at(machine, said, status, found):
    machine.docker["buildx inspect"] = (0, said, "")
    document, checks = machine.run("--for", "build", "--offline")
    assert checks["platforms"]["status"] == status and found in checks["platforms"]["found"]
    assert checks["platforms"]["advice"] == ("no such host" if "Error" in said else None)
    assert document["ok"] == (status != "missing")


def test_a_platform_of_one_service_is_asked_for(machine):
    (machine.repo / "services/a/service.yaml").write_text("name: a\ncodename: a\nbuild: {platforms: [linux/riscv64]}\n")
    checks = machine.run("--for", "build", "--offline")[1]
    assert checks["platforms"]["advice"].startswith("missing: linux/riscv64; build them")


def test_a_hanging_program_is_not_waited_for(machine):
    machine.program("trivy", "exec sleep 60")
    _, checks = machine.run("--for", "scan", "--offline", env={"PATH": f"{machine.bin}:/usr/bin:/bin"})
    assert checks["trivy"]["status"] == "missing"


def test_output_cannot_drive_the_terminal(machine):
    machine.program("trivy", r"printf 'Version: \033[31m1\r\n'")
    _, checks = machine.run("--for", "scan", "--offline")
    assert checks["trivy"]["found"] == r"Version: \x1b[31m1"


def test_a_port_that_something_else_has(machine):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", machine.port))
        taken.listen()
        machine.docker[f"ps --filter publish={machine.port} --format {{{{.Names}}}}"] = (0, "", "")
        document, checks = machine.run("--for", "services", "--offline")
        assert not document["ok"]
        assert (checks["ports"]["status"], checks["ports"]["found"]) == ("missing", f"{machine.port} taken")
        machine.docker[f"ps --filter publish={machine.port} --format {{{{.Names}}}}"] = (0, "other\n", "")
        _, checks = machine.run("--for", "services", "--offline")
        assert checks["ports"]["found"] == f"{machine.port} taken by other"
        machine.docker[f"ps --filter publish={machine.port} --format {{{{.Names}}}}"] = (0, "arc-a\n", "")
        document, checks = machine.run("--for", "services", "--offline")
        assert document["ok"]
        assert (checks["ports"]["status"], checks["ports"]["found"]) == ("ok", f"{machine.port} ours (arc-a)")


def test_no_network(machine):
    machine.docker["network inspect --format {{.Driver}} arc_platform_net"] = (1, "[]\n", "Error: no such network\n")
    document, checks = machine.run("--for", "services", "--offline")
    assert document["ok"]
    assert checks["network"]["status"] == "warning"
    assert checks["network"]["advice"].startswith("docker network create arc_platform_net")


def test_no_volume_yet(machine):
    machine.docker["volume ls --format {{.Name}}"] = (0, "", "")
    document, checks = machine.run("--for", "services", "--offline")
    assert document["ok"]
    assert (checks["volumes"]["status"], checks["volumes"]["found"][:8]) == ("ok", "none yet")


def test_volumes_that_cannot_be_listed(machine):
    machine.docker["volume ls --format {{.Name}}"] = (1, "", "permission denied\n")
    document, checks = machine.run("--for", "services", "--offline")
    assert document["ok"]
    assert (checks["volumes"]["status"], checks["volumes"]["found"]) == ("warning", "permission denied")


@pytest.mark.parametrize("name, status", [("arc-a", "ok"), ("172.18.0.2", "warning"), ("arc-ab", "warning")])
def test_a_volume_of_pulsar_that_is_bound_to_an_address(machine, name, status):
    path = machine.repo / "services/a/service.yaml"
    path.write_text(path.read_text().replace("codename: a,", "codename: a, tech: pulsar,"))
    machine.docker["exec arc-a grep bookieHost /pulsar/data/standalone/bookkeeper/current/VERSION"] = \
        (0, f'bookieHost: "{name}:41847"\n', "")
    _, checks = machine.run("--for", "services", "--offline")
    assert checks["volumes"]["status"] == status
    assert ("An old volume of Strange" in (checks["volumes"].get("advice") or "")) == (status == "warning")


@contextlib.contextmanager
def registry(status):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.path.endswith("/v2/") and "//docker.io" not in self.path  # a proxy is asked for the whole URL
            assert not asked or "Authorization" not in self.headers
            self.send_response(status if asked else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("status, expected", [(200, "ok"), (401, "ok"), (404, "missing"), (503, "missing")])
def test_registry_by_its_answer(machine, status, expected):
    with registry(status) as host:
        machine.config(machine.port, registry=f"{host}/team")
        _, checks = machine.run("--for", "release")
    assert checks["registry"]["status"] == expected


def test_a_registry_that_the_user_names_as_plain(machine):
    """It is reached through a proxy here, under a name of another machine."""
    machine.config(machine.port, registry="registry.lan:5000/team")
    with registry(200) as host:
        proxy = {"http_proxy": f"http://{host}", "https_proxy": f"http://{host}"}
        for named, expected in (("http://registry.lan:5000", "ok"), ("", "missing")):
            checks = machine.run("--for", "release", env={**proxy, "ARC_CI_INSECURE_REGISTRIES": named})[1]
            assert checks["registry"]["status"] == expected, checks["registry"]


def test_docker_hub_is_asked_by_the_name_of_its_server(machine):
    machine.config(machine.port, registry="docker.io/team")
    with registry(401) as host:
        checks = machine.run("--for", "release", env={"http_proxy": f"http://{host}", "ARC_CI_INSECURE_REGISTRIES": "http://docker.io"})[1]
    assert checks["registry"]["status"] == "ok", checks["registry"]


def test_a_registry_that_is_not_there(machine):
    machine.config(machine.port, registry=f"127.0.0.1:{loopback.free_port()}")
    document, checks = machine.run("--for", "build")
    assert not document["ok"]
    assert checks["registry"]["status"] == "missing"
    assert checks["registry"]["advice"]


def test_a_shallow_clone_needs_git(machine):
    machine.git("commit", "-q", "--allow-empty", "-m", "two")
    source = machine.repo
    machine.repo = machine.folder / "clone"
    machine.repo.mkdir()
    machine.git("clone", "-q", "--depth=1", f"file://{source}", ".")
    document, checks = machine.run("--offline")
    assert document["ok"] and "shallow" in checks["repository"]["found"]
    (machine.bin / "git").unlink()
    document, checks = machine.run("--offline")
    assert not document["ok"]
    assert checks["git"]["status"] == "missing"


@pytest.mark.parametrize("prefix, repository, status, says", [
    ("ghcr.io/acme", "https://github.com/Acme/shop", "ok", "a new one is private"),
    ("ghcr.io/acme/team", "git@github.com:acme/shop.git", "ok", "a new one is private"),
    ("ghcr.io/acme", "https://github.com/acme-labs/shop", "warning", "GITHUB_TOKEN may not push there"),
    ("ghcr.io/acme-labs", "https://github.com/acme/shop", "warning", "GITHUB_TOKEN may not push there"),
    ("quay.io/acme", "https://github.com/other/shop", "ok", None),
    ("ghcr.io/acme", None, "ok", "a new one is private")])
def test_who_may_write_the_packages(machine, prefix, repository, status, says):
    machine.config(machine.port, registry=prefix)
    if repository:
        machine.git("remote", "add", "origin", repository)
    _, checks = machine.run("--offline", "--for", "release")
    assert checks["packages"]["status"] == status, checks["packages"]
    assert says in checks["packages"]["advice"] if says else not checks["packages"].get("advice")


@pytest.mark.parametrize("status, says", [(401, "{} is private"), (400, "whether everybody can pull {} is not known: GET {}:latest")])
def test_an_image_that_nobody_can_pull(machine, status, says):
    """What is there for those who log in, and for nobody else; or the registry does not say so."""
    asked = []

    class Private(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            known = self.headers.get("Authorization") == "Basic dTpw"
            asked.append(known)
            self.send_response(200 if known else status if True in asked else 401)
            for name, value in (("WWW-Authenticate", 'Basic realm="x"'), ("Content-Length", "2"),
                                ("Content-Type", "application/vnd.oci.image.index.v1+json"),
                                ("Docker-Content-Digest", "sha256:" + hashlib.sha256(b"{}").hexdigest())):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else b"{}")

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with loopback.serving(Private) as server:
        host = f"127.0.0.1:{server.server_port}"
        machine.config(machine.port, registry=f"{host}/team")
        _, checks = machine.run("--for", "release")
        assert "private" not in checks["packages"]["found"], "who cannot see it cannot say so"
        (machine.folder / ".docker").mkdir()
        (machine.folder / ".docker/config.json").write_text(json.dumps({"auths": {host: {"auth": "dTpw"}}}))
        _, checks = machine.run("--for", "release")
    assert says.replace("{}", f"{host}/team/arc-a") in checks["packages"]["found"]
    assert ("make the package public" in (checks["packages"]["advice"] or "")) == (status == 401)
