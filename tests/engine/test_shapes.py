"""The repositories of tests/shapes, built, verified and promoted: the registry then has the names that were planned and no others, each
an index of the planned platforms, and what starts from an image of its group stands on that one's layers."""
import io
import json
import pathlib
import re
import tarfile
import tempfile

import pytest
import yaml
from engine import PLATFORMS
from shop import Shop

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHAPES = yaml.safe_load((ROOT / "tests/shapes/shapes.yaml").read_text())
HOST = re.compile(r"\b(\w+)\.(?:example\b|io\b(?!/library/))")  # of "registry.example/o", "docker.io/o"; of no official image
ELSEWHERE = ("ubuntu:24.04", "node", "base-amd64:3", "base-aarch64:3")  # images that no shape builds
SCANNER = "docker/buildkit-syft-scanner:stable-1"
SCAN = """#!/bin/sh
cat > "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json" <<END
{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document",
 "predicate": {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "nothing", "packages": []}}
END
"""


@pytest.fixture(scope="module")
def elsewhere(engine, base):
    """Stand-ins for the images that the shapes start from, and for BuildKit's scanner, which wants a shell."""
    def build(name, *options, **files):
        with tempfile.TemporaryDirectory(dir=engine.root) as context:
            for file, text in files.items():
                (pathlib.Path(context) / file).write_text(text)
                (pathlib.Path(context) / file).chmod(0o755)
            engine.docker("buildx", "build", "--provenance=false", "-t", name, *options, context)

    build(ELSEWHERE[0], "--platform", ",".join(PLATFORMS), Dockerfile="FROM scratch\nCOPY elsewhere /\n", elsewhere="elsewhere\n")
    for name in ELSEWHERE[1:]:
        engine.docker("tag", ELSEWHERE[0], name)
    build(SCANNER, Dockerfile=f"FROM {base('cache')}\nCOPY scan /\nUSER root\nENTRYPOINT [\"/scan\"]\n", scan=SCAN)
    yield
    engine.docker("image", "rm", "-f", SCANNER, *ELSEWHERE)


class Shape(Shop):
    def __init__(self, engine, folder, prefix, shape):
        self.engine, self.folder, self.prefix, self.registry = engine, folder, prefix, engine.registry.host
        self.env = {name: value for name, value in engine.env.items() if not name.startswith(("GITHUB_", "INPUT_"))} | {"WEB_TOKEN": "x"}
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "t")
        self.git("config", "user.email", "t@example.org")
        commits = []
        for files in [{**shape["files"], ".github/arc-ci.yaml": shape["config"]}, *shape.get("then", [])]:
            for name, text in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(self.here(text))
            self.commit("x")
            commits.append(self.git("rev-parse", "HEAD"))
        for tag, at in shape.get("tags", {}).items():
            self.git("tag", str(tag), commits[at])
        for image in re.findall("docker-image://([^\"]+)", shape["config"]):
            engine.docker("tag", ELSEWHERE[0], self.here(image))
        (folder / ".git/info/exclude").write_text("/changes.json\n/plan.json\n/build.json\n")

    def here(self, text):
        """"registry.example/o" → a name in the engine's registry."""
        return HOST.sub(lambda host: f"{self.registry}/{self.prefix}/{host[1]}", text)

    def plan_for(self, wanted):
        """The plan of an entry of `plans`, pushed, and bake's targets."""
        at = f"refs/tags/{wanted['tag']}" if "tag" in wanted else wanted.get("at", "main").replace("HEAD", "main")
        self.git("checkout", "-q", "--detach", at)
        args = [str(wanted["tag"])] if "tag" in wanted else ["--push", "--changes=changes.json"]
        args += ["--group", wanted["group"]] if "group" in wanted else []
        if "since" in wanted:
            since = self.git("rev-parse", wanted["since"].replace("HEAD", "main"))
            (self.folder / "changes.json").write_text(self.run("changes", "--json", "--base", since).stdout)
        head = self.git("rev-parse", "HEAD")
        pushed = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": f"refs/heads/{wanted['branch']}", "GITHUB_SHA": head} if "branch" in wanted else {}
        plan = self.plan(*args, tag=None, env=pushed)
        return plan, json.loads(self.run("plan", "--bake", *args, env=pushed).stdout)["target"]

    def leave_out_what_is_ignored(self, plan):
        """This buildx may be too old for parts of a recipe: then the build is refused, and goes on without them."""
        version = tuple(map(int, re.search(r"v?(\d+)\.(\d+)", self.engine.docker("buildx", "version").stdout).groups()))
        for service in plan["services"]:
            for member, since in [("extra-hosts", (0, 25)), ("network", (0, 17))]:
                if service["selected"] and service.get("recipe", {}).get(member) and version < since:
                    _, said = self.build(status=3)
                    assert f"{service['service']}: its {member.replace('-', '_')} need" in said and "silently ignores" in said
                    del service["recipe"][member]
                    (self.folder / "plan.json").write_text(json.dumps(plan))

    def published(self):
        """reference → digest of all that the registry has of this repository, but for the staging tags."""
        registry = self.engine.registry
        names = [name for name in registry.repositories() if name.startswith(f"{self.prefix}/")]
        return {f"{self.registry}/{name}:{tag}": registry.manifest(name, tag)[0]
                for name in names for tag in registry.tags(name) if not tag.startswith("staging-")}

    def manifest(self, service, digest):
        return self.engine.registry.manifest(service["image"].removeprefix(f"{self.registry}/"), digest)[1]

    def files(self, service, layer):
        """name → content of the files in a layer."""
        packed = self.engine.registry.get(f"/v2/{service['image'].removeprefix(f'{self.registry}/')}/blobs/{layer['digest']}")[2]
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def bases_of(target):
    return [value.removeprefix("target:") for value in target.get("contexts", {}).values() if value.startswith("target:")]


def check_base(shop, name, base, built, targets):
    """An image stands on the layers of its base for the same platform; on the files of one that is pushed nowhere."""
    below = {cell["platform"]: shop.manifest(built[base], cell["digest"])["layers"] for cell in built.get(base, {"cells": []})["cells"]}
    for cell in built[name]["cells"]:
        layers = shop.manifest(built[name], cell["digest"])["layers"]
        if below:
            assert layers[:len(below[cell["platform"]])] == below[cell["platform"]], (name, base)
            continue
        for file, content in shop.files(built[name], layers[0]).items():
            assert (shop.folder / targets[base]["context"] / file).read_bytes() == content, (name, base, file)


def check_build(shop, plan, targets, built):
    """What was built is what was planned, and stands on the images of the same build."""
    planned = {service["service"]: set(service["platforms"]) for service in plan["services"] if service["selected"]}
    assert {name: {cell["platform"] for cell in service["cells"]} for name, service in built.items()} == planned

    for name, service in built.items():
        index = shop.manifest(service, service["digest"])
        platforms = {f"{entry['platform']['os']}/{entry['platform']['architecture']}" for entry in index["manifests"]}
        assert platforms - {"unknown/unknown"} == planned[name]
        for annotation in targets[name].get("annotations", []):
            key, _, value = annotation.removeprefix("index:").partition("=")
            assert index["annotations"][key] == value
        for base in bases_of(targets[name]):
            check_base(shop, name, base, built, targets)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_shape(engine, elsewhere, tmp_path, shape):
    """Of each group the first plan that moves tags, and the first one of a change in which something starts from what is built."""
    shop = Shape(engine, tmp_path / "shop", f"shape{SHAPES.index(shape)}", shape)
    expected, done = {}, set()
    for wanted in shape["plans"]:
        plan, targets = shop.plan_for(wanted)
        kind = (plan["group"], "tag" in wanted)
        if kind in done or not ("moves" in wanted or any(map(bases_of, targets.values()))):
            continue
        done.add(kind)
        shop.leave_out_what_is_ignored(plan)
        document, _ = shop.build()
        built = {service["service"]: service for service in document["services"]}
        check_build(shop, plan, targets, built)

        (shop.folder / "build.json").write_text(json.dumps(document))
        shop.promote("--build=build.json")
        moved = {tag.get("ref") or f"{service['image']}:{tag['tag']}": built[service["service"]]["digest"]
                 for service in plan["services"] if service["selected"] for tag in service["tags"] if tag["move"]}
        names = [name.replace("{sha7}", plan["revision"][:7]) for name in wanted.get("moves", moved)]
        assert set(moved) == set(map(shop.here, names))
        expected |= moved
        assert shop.published() == expected
