"""--cache and --sbom, on the real engine."""
import base64
import http.server
import json
import pathlib
import re
import shutil
import sys
import tempfile
import urllib.parse

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scan"), str(HERE.parent)]
import loopback  # noqa: E402
import real_trivy  # noqa: E402
from shop import TAG  # noqa: E402

SCANNER = "docker/buildkit-syft-scanner:stable-1"


# ---- the layer cache

def chance(shop):
    """A layer that no two builds make alike: where it is the same, it was not made again."""
    with open(shop.folder / "services/messaging/Dockerfile", "a") as dockerfile:
        dockerfile.write("USER root\nRUN head -c 16 /dev/urandom > /chance\nUSER 1000:1000\n")
    shop.commit("chance")
    shop.git("tag", "-f", TAG)


def last_layers(shop, build):
    """platform → the flash image's last layer."""
    name = shop.name("flash")
    return {cell["platform"]: shop.engine.registry.manifest(name, cell["digest"])[1]["layers"][-1]["digest"]
            for entry in build["services"] for cell in entry["cells"]}


def forget(shop):
    shop.engine.docker("buildx", "prune", "--all", "--force")


def test_an_empty_builder_finds_the_layers_beside_the_image(shop):
    chance(shop)
    shop.plan("--service", "flash")
    first, _ = shop.build("--cache", "registry")
    assert "buildcache" in shop.engine.registry.tags(shop.name("flash"))
    forget(shop)
    second, _ = shop.build("--cache", "registry", "--rebuild")
    assert last_layers(shop, second) == last_layers(shop, first)
    assert [cell["cached"] for cell in second["services"][0]["cells"]] == [True, True]
    forget(shop)
    without, _ = shop.build("--rebuild")
    assert all(last_layers(shop, without)[platform] != layer for platform, layer in last_layers(shop, first).items())


def test_an_empty_builder_finds_the_layers_in_a_folder(shop, tmp_path):
    chance(shop)
    shop.plan("--service", "flash")
    cache = ("--cache", f"local,dir={tmp_path}/layers")
    first, _ = shop.build(*cache)
    assert (tmp_path / "layers/flash/index.json").exists()
    forget(shop)
    second, _ = shop.build(*cache, "--rebuild")
    assert last_layers(shop, second) == last_layers(shop, first)


def test_the_cache_of_github_wants_the_runners_variables(shop):
    shop.plan("--service", "flash")
    _, said = shop.build("--cache", "gha", status=3)
    assert "ACTIONS_RUNTIME_TOKEN" in said and shop.engine.registry.tags(shop.name("flash")) == []


class Cache(http.server.BaseHTTPRequestHandler):
    """GitHub's cache, the first version of its protocol, which the BuildKit of this engine speaks. server.kept: key → bytes, as they were
    committed; server.open: number → [key, bytes]."""
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server, url = self.server, urllib.parse.urlsplit(self.path)
        if url.path.startswith("/blob/"):
            start, end = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-")).groups()
            data = server.kept[urllib.parse.unquote(url.path[6:])]
            return self.answer(206, data[int(start):int(end) + 1 if end else None])
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        for wanted in urllib.parse.parse_qs(url.query)["keys"][0].split(","):
            for key in reversed(server.kept):
                if key.startswith(wanted):
                    place = f"http://127.0.0.1:{server.server_port}/blob/{urllib.parse.quote(key, safe='')}"
                    return self.answer(200, json.dumps({"cacheKey": key, "archiveLocation": place}).encode())
        return self.answer(204)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = self.path.rsplit("/", 1)[-1]
        if number == "caches":
            self.server.open[str(len(self.server.open) + 1)] = [body["key"], b""]
            return self.answer(201, json.dumps({"cacheId": len(self.server.open)}).encode())
        key, data = self.server.open[number]
        self.server.kept[key] = data
        return self.answer(204)

    def do_PATCH(self):
        entry = self.server.open[self.path.rsplit("/", 1)[-1]]
        if self.headers.get("Transfer-Encoding") != "chunked":
            entry[1] += self.rfile.read(int(self.headers["Content-Length"]))
            return self.answer(204)
        while size := int(self.rfile.readline(), 16):
            entry[1] += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return self.answer(204)

    def log_message(self, *_):
        pass


def encoded(document):
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


CLAIMS = {"ac": json.dumps([{"Scope": "refs/heads/main", "Permission": 3}]), "nbf": 1, "exp": 9999999999}
TOKEN = f"{encoded({'alg': 'none'})}.{encoded(CLAIMS)}.x"


def test_an_empty_builder_finds_the_layers_in_githubs_cache(shop):
    """The variables reach BuildKit, and nobody else sees the token."""
    chance(shop)
    shop.plan("--service", "flash")
    with loopback.serving(Cache, kept={}, open={}) as server:
        env = {"ACTIONS_RUNTIME_TOKEN": TOKEN, "ACTIONS_CACHE_URL": f"http://127.0.0.1:{server.server_port}/"}
        first, said = shop.build("--cache", "gha", env=env)
        assert any(key.startswith("index-flash") for key in server.kept), list(server.kept)
        forget(shop)
        second, more = shop.build("--cache", "gha", "--rebuild", env=env)
    assert last_layers(shop, second) == last_layers(shop, first)
    assert TOKEN not in said + more


def test_cells_do_not_take_each_others_cache(shop):
    chance(shop)
    shop.plan("--service", "flash")
    layers = {}
    for platform in ("linux/amd64", "linux/arm64"):
        layers |= last_layers(shop, shop.build("--cache", "registry", "--cell", f"flash/{platform}")[0])
    forget(shop)
    for platform in ("linux/amd64", "linux/arm64"):
        again, _ = shop.build("--cache", "registry", "--rebuild", "--cell", f"flash/{platform}")
        assert last_layers(shop, again) == {platform: layers[platform]}


# ---- SBOM

SCAN = """#!/bin/sh
# BuildKit docs, "SBOM scanning protocol": an SPDX document about $BUILDKIT_SCAN_SOURCE, as in-toto statement, into
# $BUILDKIT_SCAN_DESTINATION.
set -e
trivy --cache-dir /tmp/cache rootfs --quiet --format spdx-json --output /tmp/spdx.json "$BUILDKIT_SCAN_SOURCE"
{
    printf '{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document", "predicate": '
    cat /tmp/spdx.json
    printf '}'
} > "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"
"""


@pytest.fixture(scope="module")
def scanner(engine, base):
    """Instead of BuildKit's default scanner, under its name: another one that speaks its protocol, with the real Trivy.
    The default one's image cannot be pulled in the tests."""
    trivy = real_trivy.folder() / "trivy"
    with tempfile.TemporaryDirectory(dir=engine.root) as scratch:
        context = pathlib.Path(scratch)
        shutil.copy(trivy, context / "trivy")
        (context / "scan").write_text(SCAN)
        (context / "scan").chmod(0o755)
        (context / "Dockerfile").write_text(
            f"FROM {base('messaging')}\nCOPY trivy scan /usr/local/bin/\nENTRYPOINT [\"/usr/local/bin/scan\"]\n")
        engine.docker("build", "-t", SCANNER, context)


def test_an_sbom_is_attached_to_every_image(shop, scanner):
    shop.plan("--service", "flash")
    build, _ = shop.build("--sbom")
    name = shop.name("flash")
    for cell in build["services"][0]["cells"]:
        (attestation,) = cell["attestations"]
        _, manifest = shop.engine.registry.manifest(name, attestation)
        layers = {layer["annotations"]["in-toto.io/predicate-type"]: layer["digest"] for layer in manifest["layers"]}
        assert set(layers) == {"https://spdx.dev/Document", "https://slsa.dev/provenance/v0.2"}
        statement = json.loads(shop.engine.registry.get(f"/v2/{name}/blobs/{layers['https://spdx.dev/Document']}")[2])
        assert cell["digest"].removeprefix("sha256:") in json.dumps(statement["subject"])
        packages = {package["name"] for package in statement["predicate"]["packages"]}
        assert "github.com/nats-io/nats-server/v2" in packages
    again, _ = shop.build("--sbom")
    assert not again["services"][0]["built"]
    without, _ = shop.build()
    assert without["services"][0]["built"]  # another kind of attestations is another input
