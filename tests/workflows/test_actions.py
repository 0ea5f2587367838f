"""The actions as another repository uses them: by repository and commit, in a job of its own, without arc-ci's sources."""
import hashlib
import json
import subprocess

import pytest
from releases import Releases
from stage import COMMIT, ROOT, Checkout, cached, real_trivy

ACTIONS = "arc-framework/arc-platform/.github/actions"
CHECKOUT = {"uses": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"}


def action(name, **inputs):
    return {"id": name.replace("-", "_"), "uses": f"{ACTIONS}/{name}@{COMMIT}", "with": inputs}


def report(path):
    """A step that writes down what every step before gave."""
    return {"run": 'printf "%s" "$STEPS" > "$FILE"', "env": {"STEPS": "${{ toJSON(steps) }}", "FILE": str(path)}}


class Other(Checkout):
    """A repository with one service of its own and one workflow of these steps."""

    def __init__(self, stage, path, *steps):
        self.results = path.with_suffix(".json")
        self.steps = [CHECKOUT, *steps, report(self.results)]
        super().__init__(stage, path)

    def fill(self):
        subprocess.run(["git", "init", "-q", "-b", "main", self.path], check=True)
        registry = self.stage.engine.registry.host
        self.write("services/cart/service.yaml", "name: shop-cart\ncodename: cart\nrole: shop\ntech: none\n"
                                                 "description: The cart\nport: 80\n")
        self.write("services/cart/Dockerfile", "FROM scratch\nCOPY service.yaml /\n")
        self.write(".github/arc-ci.yaml", json.dumps({"groups": {"shop": {
            "title": "Shop", "tag": "shop/v*", "registry": f"{registry}/other", "services": ["services/cart"],
            "platforms": {"ci": ["linux/amd64"], "release": ["linux/amd64", "linux/arm64"]}}}}))
        self.write(".github/workflows/shop.yml", json.dumps(
            {"name": "Shop", "on": "push", "jobs": {"shop": {"runs-on": "ubuntu-24.04", "steps": self.steps}}}))

    def given(self):
        """id → outputs of the steps that ran."""
        return {name: step["outputs"] for name, step in json.loads(self.results.read_text()).items()}


@pytest.fixture
def other(stage, request):
    made = []

    def make(*steps):
        made.append(Other(stage, stage.folder / request.node.name, *steps))
        return made[-1]
    yield make
    for each in made:
        each.double.close()


def output(step, name):
    return f"${{{{ steps.{step}.outputs.{name} }}}}"


def test_every_stage(other):
    """A whole release by the actions alone; `changes` stands before the set-up, which it does not need."""
    plan, build = output("plan", "plan"), output("build", "build")
    promote = {**action("build", plan=plan, build=build, promote=True), "id": "promote"}
    shop = other(
        action("changes", filters="cart: services/cart/**\nelse: '*.md'", **{"list-files": "json"}),
        action("setup"), action("version"), action("plan"), action("build", plan=plan), action("setup-trivy"),
        action("scan", build=build, **{"scan-type": "image", "upload-sarif": True}), promote,
        action("notes", plan=plan, build=output("promote", "build"), scan=output("scan", "scan")),
        action("release", plan=plan, build=output("promote", "build"), scan=output("scan", "scan")))
    shop.tag("shop/v1.2.3")
    run = shop.run("shop.yml", "push", {"ref": "refs/tags/shop/v1.2.3"})
    assert run.status == 0, run.log[-6000:]
    given = shop.given()
    assert given["changes"]["cart"] == "true" and given["changes"]["else"] == "false"
    assert given["version"]["image-tag"] == "shop-v1.2.3" and given["version"]["latest"] == "true"
    assert json.loads(given["plan"]["services"]) == ["cart"]
    assert given["scan"]["scan-status"] == "clean" and given["scan"]["gate"] == "pass"
    digest = shop.stage.engine.registry.manifest("other/shop-cart", "shop-v1.2.3")[0]
    assert digest and given["build"]["image-digest"] == digest
    assert digest == shop.stage.engine.registry.manifest("other/shop-cart", "latest")[0]
    assert digest in given["notes"]["notes"]
    published, = shop.double.state.published("shop/v1.2.3")
    assert digest in published["body"] and not shop.double.state.violations
    assert given["release"]["release-url"] == published["html_url"]


def test_a_released_binary(other, stage, tmp_path):
    """`version` and `sha256` of the setup action, over https."""
    program = (ROOT / "build/arc-ci").read_bytes()
    machine = subprocess.run(["uname", "-m"], check=True, capture_output=True, text=True).stdout.strip()
    releases = Releases(tmp_path)
    releases.server.files = {f"/arc-framework/arc-platform/releases/download/arc-ci/v9.9.9/arc-ci-linux-{machine}": program}
    shop = other(action("setup", version="9.9.9", sha256=hashlib.sha256(program).hexdigest()), action("version"))
    shop.tag("shop/v1.2.3")
    run = shop.run("shop.yml", "push", {"ref": "refs/tags/shop/v1.2.3"}, **releases.environment)
    releases.close()
    assert run.status == 0, run.log[-4000:]
    assert len(releases.server.asked) == 1
    assert shop.given()["version"]["version"] == "1.2.3"


def test_trivy_is_built_from_its_module(other, stage, tmp_path):
    """Nothing in the cache: Go builds it. What Go has compiled before (real_trivy.py) it does not compile again."""
    version = {"run": 'trivy --version > "$FILE"', "env": {"FILE": str(tmp_path / "version")}}
    shop = other(action("setup-trivy"), version)
    go = {name: cached.go_environment()[name] for name in ("GOPATH", "GOCACHE")}
    run = stage.engine.from_outside(lambda: shop.run("shop.yml", "push", {"ref": "refs/heads/main"}, HOME=str(tmp_path), **go))
    assert run.status == 0, run.log[-4000:]
    assert (tmp_path / "version").read_text().startswith(f"Version: {real_trivy.VERSION}\n")
    assert (tmp_path / ".cache/arc-ci/trivy/trivy").is_file()
