"""Groups that a bake file or a compose file describes, built, pushed and promoted; images for the local engine."""
import json
import textwrap

import pytest
from shop import Shop

TAG = "v1.0.0"
BAKE = """
    variable "VERSION" { default = "dev" }
    target "default" {
      context     = "app"
      contexts    = { base = "target:base" }
      platforms   = ["linux/amd64", "linux/arm64"]
      tags        = ["HOST/one/app:${VERSION}", "HOST/two/app:all-${VERSION}"]
      annotations = ["index:org.example.team=shop"]
      attest      = ["type=provenance,mode=min"]
      labels      = { "org.example.kind" = "app" }
    }
    target "base" { context = "base" }
"""
COMPOSE = """
    services:
      app:
        image: HOST/one/app:${VERSION:-dev}
        build:
          context: app
          platforms: [linux/amd64, linux/arm64]
          tags: ["HOST/two/app:all-${VERSION:-dev}"]
          additional_contexts: {base: "service:base"}
          labels: {org.example.kind: app}
      base: {build: base}
"""


class Described(Shop):
    """A base and an image on it, described by a file of docker's."""

    def __init__(self, engine, folder, prefix, kind, text):
        self.kind, self.text = kind, textwrap.dedent(text)
        super().__init__(engine, folder, prefix, services=())
        self.git("tag", TAG)

    def configure(self):
        file = {"bake": "docker-bake.hcl", "compose": "compose.yaml"}[self.kind]
        files = {file: self.text.replace("HOST", f"{self.registry}/{self.prefix}"),
                 ".github/arc-ci.yaml": f"groups: {{all: {{tag: 'v{{version}}', {self.kind}: {{files: {file}, variables: {{VERSION: '{{version}}'}}}}}}}}\n",
                 "base/Dockerfile": "FROM scratch\nCOPY base.txt /\n", "base/base.txt": "base\n",
                 "app/Dockerfile": "FROM base\nCOPY app.txt /\n", "app/app.txt": "app\n"}
        for name, content in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(content)


@pytest.mark.parametrize("kind, text", [("bake", BAKE), ("compose", COMPOSE)], ids=["bake", "compose"])
def test_a_group_of_dockers_own_file(engine, repository, tmp_path, kind, text):
    shop = Described(engine, tmp_path / "shop", repository, kind, text)
    shop.plan(tag=TAG)
    built, _ = shop.build()
    assert [entry["service"] for entry in built["services"]] == [{"bake": "default", "compose": "app"}[kind]]
    (shop.folder / "build.json").write_text(json.dumps(built))
    shop.promote("--build", "build.json")
    digest, registry = built["services"][0]["digest"], engine.registry
    assert registry.manifest(f"{repository}/one/app", "1.0.0")[0] == registry.manifest(f"{repository}/two/app", "all-1.0.0")[0] == digest
    assert "all-1.0.0" not in registry.tags(f"{repository}/one/app") and "1.0.0" not in registry.tags(f"{repository}/two/app")
    index = registry.manifest(f"{repository}/one/app", digest)[1]
    assert {manifest["platform"]["architecture"] for manifest in index["manifests"]} >= {"amd64", "arm64"}
    if kind == "bake":
        assert index["annotations"]["org.example.team"] == "shop"
    for cell in built["services"][0]["cells"]:
        assert len(registry.manifest(f"{repository}/one/app", cell["digest"])[1]["layers"]) == 2  # of the base, and its own


def test_loaded_images_are_in_the_engine_and_nowhere_else(shop):
    shop.plan("--service", "flash")
    built, _ = shop.build("--load")
    assert built["pushed"] is False
    assert [cell["platform"] for cell in built["services"][0]["cells"]] == ["linux/amd64"]
    name = f"{shop.registry}/{shop.name('flash')}"
    images = shop.engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}", name).stdout.split()
    assert len(images) == 1 and ":staging-" in images[0]
    assert shop.engine.docker("image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", images[0]).stdout.strip() == "linux/amd64"
    assert shop.engine.registry.tags(shop.name("flash")) == []
    pushed, _ = shop.build()
    assert pushed["pushed"] is True and len(pushed["services"][0]["cells"]) == 2


class Mirrored(Shop):
    """A base and an image on it, in two places; the image names its base where it is mirrored."""

    def __init__(self, engine, folder, prefix):
        super().__init__(engine, folder, prefix, services=())
        self.git("tag", TAG)

    def configure(self):
        home = f"{self.registry}/{self.prefix}"
        files = {".github/arc-ci.yaml": f"groups: {{all: {{tag: 'v{{version}}', registry: [{home}/one, {home}/two], image-tags: ['{{version}}', latest],"
                                        " services: [base, {directory: app, build: {context: app, additional_contexts: {extra: extra}}}]}}\n",
                 "base/Dockerfile": "FROM scratch\nCOPY base.txt /\n", "base/base.txt": "base\n", "extra/extra.txt": "extra\n",
                 "app/Dockerfile": f"FROM {home}/two/base\nCOPY app.txt /\nCOPY --from=extra extra.txt /\n", "app/app.txt": "app\n"}
        for name, content in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(content)


@pytest.mark.parametrize("spread", [False, True], ids=["together", "cells"])
def test_mirrors_get_the_same_images(engine, repository, tmp_path, spread):
    """Each image is in both places with one digest, the release's tags move in both, and its base is the one of this release."""
    shop, registry = Mirrored(engine, tmp_path / "shop", repository), engine.registry
    plan = shop.plan(tag=TAG)
    for platform in plan["platforms"] if spread else []:
        shop.build("--cell", f"base/{platform},app/{platform}")
    built, _ = shop.build(*(["--merge"] if spread else []))
    (shop.folder / "build.json").write_text(json.dumps(built))
    assert all(tag.startswith("staging-") for place in ("one", "two") for tag in registry.tags(f"{repository}/{place}/app"))
    shop.promote("--build", "build.json")
    for entry in built["services"]:
        found = {registry.manifest(f"{repository}/{place}/{entry['service']}", tag)[0] for place in ("one", "two") for tag in ("1.0.0", "latest")}
        assert found == {entry["digest"]}
    base, app = ({cell["platform"]: registry.manifest(f"{repository}/two/{name}", cell["digest"])[1]["layers"]
                  for entry in built["services"] if entry["service"] == name for cell in entry["cells"]} for name in ("base", "app"))
    assert all(layers[:1] == base[platform] and len(layers) == 3 for platform, layers in app.items())
