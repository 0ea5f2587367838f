"""The same on BuildKit's own daemon, which pushes by digest."""
import shutil
import subprocess

import pytest

import buildkit
from shop import Shop

BASES = {"messaging": "NATS_IMAGE", "cache": "REDIS_IMAGE"}


@pytest.fixture(scope="module")
def remote(engine, base):
    """The builder, a proxy that it pushes through, and base images in the registry: it has no store of its own."""
    from faults import Proxy
    arguments = {}
    for service, argument in BASES.items():
        ref = f"{engine.registry.host}/base/{service}:1"
        engine.docker("tag", base(service), ref)
        engine.docker("push", "-q", ref)
        arguments[argument] = ref
    with Proxy(engine.registry) as proxy:
        process = buildkit.start(engine, (engine.registry.host, proxy.host))
        yield proxy, arguments
        process.kill()
        process.wait()


@pytest.fixture
def far(engine, remote, repository, tmp_path):
    proxy, arguments = remote
    proxy.rules, proxy.log = [], []
    shop = Shop(engine, tmp_path / "shop", repository)
    shop.through(proxy)
    lines = "".join(f"      {name}: {value}\n" for name, value in arguments.items())
    with open(shop.folder / ".github/arc-ci.yaml", "a") as config:
        config.write(f"    build-args:\n{lines}")
    shop.commit("bases from the registry")
    shop.git("tag", "-f", "messaging/v0.1.0")
    shop.proxy = proxy
    return shop


def test_pushed_by_digest_tagged_when_verified(far):
    plan = far.plan()
    assert '"type=image,name=' in far.run("build", "--dry-run", "--builder", "remote").stdout.split("<<")[1]
    build, stderr = far.build("--builder", "remote")
    assert "pushing by digest; the staging tags follow once verified" in stderr
    for entry, planned in zip(build["services"], plan["services"]):
        assert far.engine.registry.manifest(far.name(entry["service"]), planned["staging"])[0] == entry["digest"]
        assert entry["base-images"][0]["ref"].startswith(f"{far.engine.registry.host}/base/")
        puts = far.proxy.requests(rf"^PUT .*arc-{entry['service']}/manifests/staging")
        assert len(puts) == 1 and puts[0].endswith(" arc-ci")  # not BuildKit's
    again, _ = far.build("--builder", "remote")
    assert [entry["built"] for entry in again["services"]] == [False, False]


def test_the_builder_in_use_is_asked_for_its_driver(far):
    far.plan("--service", "sonic")
    notes = far.folder.parent / "buildx"
    shutil.copytree(far.engine.root / "client/buildx", notes)
    far.env["BUILDX_CONFIG"] = str(notes)
    for builder in ("remote", "default"):
        subprocess.run(["docker", "buildx", "use", builder], env=far.env, check=True)
        assert ("push-by-digest=true" in far.run("build", "--dry-run").stdout) == (builder == "remote")


def test_a_base_that_moved_is_built_from_again(far):
    far.plan()
    far.build("--builder", "remote")
    engine, ref = far.engine, f"{far.engine.registry.host}/base/cache:1"
    (far.folder / "newer").mkdir()
    (far.folder / "newer/Dockerfile").write_text(f"FROM {ref}\nENV NEWER=1\n")
    old = engine.registry.manifest("base/cache", "1")[0]
    # The tag holds Docker's kind of list, and distribution 3.1 answers 400 where only OCI's is accepted, as BuildKit would.
    engine.docker("buildx", "build", "--builder", "remote", "--platform", "linux/amd64,linux/arm64", "--provenance=false",
                  "--output", f"type=image,name={ref},push=true,oci-mediatypes=false", far.folder / "newer")
    assert engine.registry.manifest("base/cache", "1")[0] != old
    assert old in engine.docker("image", "inspect", ref).stdout  # the engine has the old one still: not the builder's
    build, _ = far.build("--builder", "remote")
    assert {entry["service"]: entry["built"] for entry in build["services"]} == {"flash": False, "sonic": True}


def test_promotion_of_what_was_pushed_by_digest(far):
    plan = far.plan()
    build, _ = far.build("--builder", "remote")
    far.promote()
    for entry, planned in zip(build["services"], plan["services"]):
        assert far.tags(entry["service"]) == {tag["tag"]: entry["digest"] for tag in planned["tags"] if tag["move"]}


def test_cells_by_digest_are_joined_and_found_again(far):
    plan = far.plan("--service", "flash")
    for cell in plan["cells"]:
        name = f"{cell['service']}/{cell['platform']}"
        assert far.build("--builder", "remote", "--cell", name)[0]["services"][0]["built"]
        (put,) = far.proxy.requests(rf"^PUT .*arc-flash/manifests/{cell['staging']} ")
        assert put.endswith(" arc-ci")  # once verified
        assert not far.build("--builder", "remote", "--cell", name)[0]["services"][0]["built"]
    merged, _ = far.build("--merge")
    assert [cell["platform"] for cell in merged["services"][0]["cells"]] == ["linux/amd64", "linux/arm64"]
