"""--cache registry and --sbom, on the real engine."""
import json
import pathlib
import shutil
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scan"))
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
