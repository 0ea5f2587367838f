"""Tags move last, together, and only to what was verified."""
import functools
import json
import subprocess

from faults import Rule
from shop import ARC_CI, Shop


def built(shop, *args, **options):
    plan = shop.plan(**options)
    build, _ = shop.build(*args)
    (shop.folder / "build.json").write_text(json.dumps(build))
    return plan, {entry["service"]: entry["digest"] for entry in build["services"]}


def wanted(plan, digest):
    return {tag["tag"]: digest for tag in plan["services"][0]["tags"] if tag["move"]}


def test_all_tags_of_all_services_point_to_the_built_indexes(shop):
    plan, digests = built(shop)
    assert shop.tags("flash") == shop.tags("sonic") == {}
    build, _ = shop.promote("--build", "build.json")
    for entry in build["services"]:
        assert shop.tags(entry["service"]) == wanted(plan, digests[entry["service"]])
        assert sorted(entry["tags"]) == sorted(wanted(plan, ""))
    assert set(wanted(plan, "")) == {"messaging-v0.1.0", f"sha-{plan['revision'][:12]}", "latest"}
    again, _ = shop.promote()  # from the staging tags, and nothing left to do
    assert [entry["digest"] for entry in again["services"]] == [digests["flash"], digests["sonic"]]


RUNS = {  # what a container is run with, and what it says then
    "flash": (["--version"], "nats-server: v"),
    "strange": (["cat", "/pulsar/conf/standalone.conf"], "host:pulsar://127.0.0.1:6651"),  # its stand-in has no broker
    "sonic": (["redis-server", "--version"], "Redis server v="),
}


def test_promoted_images_are_pulled_and_run_on_both_platforms(engine, base, repository, tmp_path):
    for folder in ("messaging", "streaming", "cache"):
        base(folder)
    shop = Shop(engine, tmp_path / "shop", repository, tuple(RUNS))
    _, digests = built(shop)
    shop.promote()
    for codename, (command, said) in RUNS.items():
        ref = f"{shop.registry}/{shop.name(codename)}:latest"
        for platform, machine in (("linux/amd64", "x86_64"), ("linux/arm64", "aarch64")):
            engine.docker("pull", "-q", "--platform", platform, ref)
            assert digests[codename] in json.dumps(engine.inspect(ref)["RepoDigests"])
            run = functools.partial(engine.docker, "run", "--rm", "--platform", platform)
            assert said in run(ref, *command).stdout
            assert run("--entrypoint", "uname", ref, "-m").stdout.strip() == machine


def test_nothing_moves_before_the_build(shop):
    shop.plan()
    _, stderr = shop.promote(status=1)
    assert "is not in the registry: build flash first" in stderr
    build, _ = shop.build()
    with open(shop.folder / "build.json", "w") as ledger:
        ledger.write(json.dumps({**build, "revision": "0" * 40, "services": []}))
    _, stderr = shop.promote("--build", "build.json", status=2)
    assert "build.json is about commit 000000000000" in stderr
    assert shop.tags("flash") == {}


def test_a_versions_tag_is_not_rewritten(shop):
    _, digests = built(shop)
    shop.promote()
    before = shop.tags("flash"), shop.tags("sonic")
    with open(shop.folder / "services/cache/Dockerfile", "a") as dockerfile:
        dockerfile.write("ENV MORE=1\n")
    _, newer = built(shop)
    assert newer["flash"] == digests["flash"] and newer["sonic"] != digests["sonic"]
    _, stderr = shop.promote(status=1)
    assert "a version's tag is never rewritten without --force" in stderr
    assert (shop.tags("flash"), shop.tags("sonic")) == before
    shop.promote("--force")
    assert shop.tags("sonic")["messaging-v0.1.0"] == newer["sonic"]


def test_latest_stays_with_a_higher_version_that_came_in_between(shop):
    """Two releases race: the plan of 0.1.0 was made before 0.2.0 was released."""
    built(shop)
    old_plan = (shop.folder / "plan.json").read_text()
    shop.commit("second")
    shop.git("tag", "messaging/v0.2.0")
    _, newer = built(shop, tag="messaging/v0.2.0")
    shop.promote()
    (shop.folder / "plan.json").write_text(old_plan)
    build, stderr = shop.promote()
    assert "latest stays: it is a higher version's" in stderr
    assert shop.tags("flash")["latest"] == newer["flash"] != shop.tags("flash")["messaging-v0.1.0"]
    assert "latest" not in build["services"][0]["tags"]


def test_two_promotions_at_once(shop):
    """Each version's own tags are right whoever comes first; `latest` is one of the two, and the higher version's once
    that is promoted again. (The workflows let one release wait for the other.)"""
    plans, digests = {}, {}
    for version in ("0.3.0", "0.4.0"):
        shop.commit(version)
        shop.git("tag", f"messaging/v{version}")
        _, digests[version] = built(shop, tag=f"messaging/v{version}")
        plans[version] = shop.folder / f"plan-{version}.json"
        plans[version].write_text((shop.folder / "plan.json").read_text())
    running = [subprocess.Popen([ARC_CI, "build", "--promote", "--plan", plan], cwd=shop.folder, env=shop.env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for plan in plans.values()]
    assert [child.wait(timeout=120) for child in running] == [0, 0]
    for codename in shop.services:
        tags = shop.tags(codename)
        assert {version: tags[f"messaging-v{version}"] for version in plans} == \
            {version: digests[version][codename] for version in plans}
        assert tags["latest"] in (digests["0.3.0"][codename], digests["0.4.0"][codename])
    for version in ("0.4.0", "0.3.0"):
        shop.promote("--plan", plans[version])
        assert shop.tags("flash")["latest"] == digests["0.4.0"]["flash"]


def test_when_one_tag_cannot_move_the_others_go_back(shop, proxy):
    """0.1.0 is out. Of 0.2.0, the last tag (sonic's latest) is refused for good."""
    shop.through(proxy)
    built(shop)
    shop.promote()
    before = shop.tags("flash"), shop.tags("sonic")
    shop.commit("second")
    shop.git("tag", "messaging/v0.2.0")
    built(shop, tag="messaging/v0.2.0")
    proxy.rules = [Rule(r"^PUT .*arc-sonic/manifests/latest", 403, times=99)]
    _, stderr = shop.promote(status=1)
    assert "arc-sonic:latest: PUT" in stderr and "the registry answers 403" in stderr
    # What was there before is there again; this registry removes no tags, and that is said by name.
    for codename, old in zip(("flash", "sonic"), before):
        now = shop.tags(codename)
        assert {tag: now[tag] for tag in old} == old
        for tag in set(now) - set(old):
            assert f"arc-{codename}:{tag}" in stderr.split("NOT put back")[1]
    proxy.rules = []
    shop.promote()
    assert shop.tags("flash")["latest"] != before[0]["latest"]


def test_when_a_floating_tag_cannot_be_looked_up_the_others_go_back(shop, proxy):
    shop.through(proxy)
    built(shop)
    shop.promote()
    before = shop.tags("flash")
    with open(shop.folder / "services/messaging/Dockerfile", "a") as dockerfile:
        dockerfile.write("ENV MORE=1\n")
    built(shop)
    proxy.rules = [Rule(r"^GET .*arc-flash/manifests/latest", 403, times=99)]
    _, stderr = shop.promote("--force", status=1)
    assert "cannot move" in stderr and "arc-flash:latest" in stderr and "2 tags were put back" in stderr
    assert shop.tags("flash") == before


def test_a_lost_answer_is_asked_for_again(shop, proxy):
    shop.through(proxy)
    plan, digests = built(shop)
    proxy.rules = [Rule(r"^PUT .*arc-flash/manifests/messaging-v0.1.0", "lose"),
                   Rule(r"^PUT .*arc-sonic/manifests/latest", 503)]
    shop.promote()
    assert shop.tags("flash") == wanted(plan, digests["flash"])
    assert shop.tags("sonic") == wanted(plan, digests["sonic"])
    assert len(proxy.requests(r"^PUT .*arc-flash/manifests/messaging-v0.1.0")) == 2


def test_promotion_asks_for_each_tag_once(shop, proxy):
    shop.through(proxy)
    plan, _ = built(shop)
    proxy.log, proxy.busiest = [], 0
    proxy.rules = [Rule(r"^PUT .* arc-ci$", "stall", times=10**6, awaits=lambda: proxy.busiest >= 4)]
    shop.promote()
    asked = proxy.requests(r" arc-ci$")
    assert len(asked) == len(set(asked))
    names = {"PUT": [], "GET": []}
    for line in asked:
        method, path, _ = line.split()
        tag = path.rsplit("/", 1)[1]
        if not tag.startswith(("sha256:", "staging-")):
            names[method].append(tag)
    moved = [tag["tag"] for service in plan["services"] for tag in service["tags"] if tag["move"]]
    assert sorted(names["GET"]) == sorted(names["PUT"]) == sorted(moved)
    assert names["PUT"][-len(plan["services"]):] == ["latest"] * len(plan["services"])  # last of all
    assert proxy.busiest >= 4


def test_a_registry_that_lies_is_not_believed(shop, proxy):
    shop.through(proxy)
    built(shop)
    for action in ("damage", "truncate"):
        proxy.rules = [Rule(r"^GET .*arc-sonic/(manifests|blobs)/sha256:", action, times=99)]
        run = shop.run("build", "--promote", status=1 if action == "damage" else 3)
        assert "arc-sonic" in run.stderr
        assert shop.tags("flash") == shop.tags("sonic") == {}
