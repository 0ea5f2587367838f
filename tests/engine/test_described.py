"""Images for the local engine, and images in several registries."""
import json

import pytest
from shop import Shop

TAG = "v1.0.0"


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


class Plain(Shop):
    """An image for one platform, without the provenance that would make an index of it."""

    def __init__(self, engine, folder, prefix, platforms):
        self.platforms = platforms
        super().__init__(engine, folder, prefix, services=())
        self.git("tag", TAG)

    def configure(self):
        (self.folder / ".github/arc-ci.yaml").write_text(
            f"groups: {{all: {{tag: 'v{{version}}', registry: {self.registry}/{self.prefix}, services: [a], image-tags: ['{{version}}'],"
            f" build: {{provenance: false}}, platforms: {{release: [{self.platforms}]}}}}}}\n")
        (self.folder / "a").mkdir(exist_ok=True)
        (self.folder / "a/Dockerfile").write_text("FROM scratch\nCOPY a.txt /\n")
        (self.folder / "a/a.txt").write_text("a\n")


@pytest.mark.parametrize("platforms, spread", [("linux/amd64", False), ("linux/amd64", True), ("linux/amd64, linux/arm64", True)],
                         ids=["together", "cell", "cells"])
def test_one_platform_without_provenance_is_an_index_all_the_same(engine, repository, tmp_path, platforms, spread):
    """buildx adds a provenance where none is named, and BuildKit refuses annotations of an index that it does not make ("index annotations
    not supported for single platform export")."""
    shop = Plain(engine, tmp_path / "shop", repository, platforms)
    plan = shop.plan(tag=TAG)
    for platform in plan["platforms"] if spread else []:
        shop.build("--cell", f"a/{platform}")
    built, _ = shop.build(*(["--merge"] if spread else []))
    (shop.folder / "build.json").write_text(json.dumps(built))
    shop.promote("--build", "build.json")
    digest, index = engine.registry.manifest(f"{repository}/a", "1.0.0")
    assert digest == built["services"][0]["digest"]
    assert ["/".join((entry["platform"]["os"], entry["platform"]["architecture"])) for entry in index["manifests"]] == plan["platforms"]
