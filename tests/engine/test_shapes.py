"""The repositories of tests/shapes that take no image from elsewhere, built, verified and promoted: every tag that is to move names
an image of the platforms that were planned."""
import json
import pathlib
import re

import pytest
import yaml
from shop import Shop

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHAPES = yaml.safe_load((ROOT / "tests/shapes/shapes.yaml").read_text())
HOST = re.compile(r"\b(\w+)\.example\b")


def can_be_built(shape):
    """Not where a Dockerfile starts from an image that no registry of these tests has, or copies nothing: of an image without a
    layer this buildx ends in a panic."""
    files = {name: text for part in [shape["files"], *shape.get("then", [])] for name, text in part.items()}
    said = "".join([shape["config"], *files.values()])
    if "sbom" in said or "docker.io" in said or any(re.search("^FROM ", text, re.M) and "COPY" not in text for text in files.values()):
        return False
    bases = [base for text in files.values() for base in re.findall(r"^FROM (?:--\S+ )?(\S+)", text, re.M)]
    stages = {stage for text in files.values() for stage in re.findall(r"^FROM .* AS (\S+)", text, re.M)} | {"scratch", "base"}
    return all(base in stages or "$" in base or HOST.match(base) for base in bases)


def release_of(shape):
    return next((plan for plan in shape["plans"] if "tag" in plan and "moves" in plan), None)


class Shape(Shop):
    def __init__(self, engine, folder, prefix, shape):
        self.engine, self.folder, self.prefix, self.registry = engine, folder, prefix, engine.registry.host
        self.env = {name: value for name, value in engine.env.items() if not name.startswith(("GITHUB_", "INPUT_"))}
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

    def here(self, text):
        """"registry.example/o" → a name in the engine's registry."""
        return HOST.sub(lambda host: f"{self.registry}/{self.prefix}/{host[1]}", text)


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if release_of(shape) and can_be_built(shape)],
                         ids=lambda shape: shape["name"])
def test_shape(engine, repository, tmp_path, shape):
    release = release_of(shape)
    shop = Shape(engine, tmp_path / "shop", f"shape{SHAPES.index(shape)}", shape)
    shop.git("checkout", "-q", "--detach", f"refs/tags/{release['tag']}")
    (tmp_path / "shop/.git/info/exclude").write_text("/plan.json\n/build.json\n")
    plan = shop.plan(tag=str(release["tag"]))
    built, _ = shop.build()
    (shop.folder / "build.json").write_text(json.dumps(built))
    shop.promote("--build=build.json")
    platforms = {service["service"]: set(service["platforms"]) for service in plan["services"] if service["selected"]}
    assert {service["service"]: {cell["platform"] for cell in service["cells"]} for service in built["services"]} == platforms
    for reference in map(shop.here, release["moves"]):
        name, tag = reference.removeprefix(f"{shop.registry}/").rsplit(":", 1)
        assert engine.registry.manifest(name, tag)[0], reference
