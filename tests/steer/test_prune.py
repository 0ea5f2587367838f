"""`arc-ci prune`: what nothing needs goes, and nothing else."""
import concurrent.futures
import copy
import json
import os
import random
import threading

import faults
import github_double
import pytest
from github_double import Double
from registries import DAYS, KEEP, Random, kept_of, prunable_of
from registry_double import INDEX, MANIFEST
from world import CONFIG, World, image_of, on_ghcr, stamp

REGISTRIES = int(os.environ.get("PRUNE_REGISTRIES", "200"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with World(tmp_path_factory.mktemp("shop"), services="a", mirror=False) as world:
        world.keep()
        yield world


def prune(world, *words, **options):
    env = {"GITHUB_TOKEN": None, **options}
    return world.document("prune", f"--older-than={DAYS}d", f"--keep={KEEP}", *words, **env)


def image(document):
    assert len(document["images"]) == 1
    return document["images"][0]


def fill(world, seed):
    """(the repository, a copy of it as it was)."""
    dice = random.Random(f"registry {seed}")
    state = world.registry.state
    state.referrers = dice.random() < 0.5
    state.delete_tag = dice.choice(["tag", "manifest", "refused"])
    state.strict = dice.random() < 0.3
    state.page = dice.choice([2, 1000])
    Random(seed, state.repository("o/arc-a"), state.referrers)
    return state.repository("o/arc-a"), copy.deepcopy(state.repository("o/arc-a"))


def check(world, repository, before):
    """What stays is whole, under its tags; what may go is gone."""
    tags, kept = kept_of(before)
    prunable = prunable_of(before, kept, world.registry.state.referrers)
    for tag in tags:
        assert repository.tags.get(tag) == before.tags[tag] and not repository.missing(tag), tag
    assert kept <= repository.manifests.keys(), "something that is kept went"
    listed = {child["digest"] for digest in repository.manifests for child in repository.document(digest).get("manifests", [])}
    stuck = listed if world.registry.state.strict else set()    # by an index that no tag leads to
    assert not (prunable & repository.manifests.keys()) - stuck, "something prunable is left"
    left = {tag for tag in before.tags if tag not in tags and before.tags[tag] in kept}
    if world.registry.state.delete_tag == "tag":
        assert not left & repository.tags.keys()
    left |= {tag for tag in before.tags if before.tags[tag] in stuck}
    assert repository.tags.keys() == tags | (left & repository.tags.keys())
    assert not [tag for tag in repository.tags if "probe" in tag] and not repository.uploads
    return len(prunable)


def run_random(kept, folder, seed):
    with kept.another(folder) as world:
        repository, before = fill(world, seed)
        shown = image(prune(world))
        assert (repository.tags, repository.manifests) == (before.tags, before.manifests), "a dry run changed something"
        done = image(prune(world, "--apply"))
        count = check(world, repository, before)
        removed = {row["name"] for row in done["removals"] if row["action"] == "removed"}
        promised = {row["name"] for row in shown["removals"] if row["kind"] == "manifest"}
        assert promised >= {name for name in removed if name.startswith("sha256:")}
        assert world.registry.state.strict or promised == {name for name in removed if name.startswith("sha256:")}
        again = image(prune(world, "--apply"))
        assert not [row for row in again["removals"] if row["action"] == "removed"]
        return count


def test_random_registries(shop, tmp_path):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        cases = [pool.submit(run_random, shop, tmp_path / str(seed), seed) for seed in range(REGISTRIES)]
        counts = []
        for seed, case in enumerate(cases):
            try:
                counts.append(case.result())
            except AssertionError as problem:
                raise AssertionError(f"registry {seed}: {problem}") from problem
    assert sum(counts) > REGISTRIES and sum(count == 0 for count in counts) < REGISTRIES / 2, "these registries show little"


# ---- what stays, one by one ----------------------------------------------------------------------------------------------


def old(world, *tags, days=30, salt="", path="o/arc-a"):
    """An index of one image that was built so long ago, under these tags."""
    repository = world.registry.state.repository(path)
    entry = image_of(repository, "linux/amd64", {}, salt or tags[0], created=stamp(days))
    return repository.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry], "annotations": {"of": tags[0]}}, *tags)


def make_prunable(world):
    old(world, "staging-00000000000a", "1.0.0")
    old(world, "staging-00000000000b")


@pytest.fixture
def world(shop, tmp_path):
    with shop.another(tmp_path / "world") as world:
        yield world


def reasons(document):
    return {row["tag"]: row["reason"] for row in image(document)["kept"]}


def test_age_and_number_decide(world):
    for number, days in enumerate((100, 50, 30, 20, 1)):
        old(world, f"staging-{number:012x}", f"staging-{number:012x}-linux-amd64", days=days)
    repository = world.registry.state.repository("o/arc-a")
    document = prune(world, "--apply", "--keep=2")
    assert sorted({tag.split("-")[1] for tag in repository.tags}) == ["000000000003", "000000000004"]
    assert document["removed"] == 6 and set(reasons(document).values()) == {"one of the newest", "not old enough"}
    assert prune(world, "--apply", "--keep=0", "--older-than=1h")["removed"] == 4 and not repository.tags
    assert not repository.manifests


def test_what_lists_goes_before_what_it_lists(world):
    """In a registry that keeps what is listed, indexes of indexes go from above, whichever was met first."""
    world.registry.state.strict = True
    repository = world.registry.state.repository("o/arc-a")
    entries = [image_of(repository, f"linux/{machine}", {}, machine, created=stamp(30)) for machine in ("amd64", "arm64")]
    for depth in range(4):
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, "annotations": {"of": str(depth)}}
        entries = [repository.put(index, f"staging-{depth}23456789abc"), *entries[:1]]
    prune(world, "--apply", "--keep=0")
    assert not repository.manifests and not repository.tags


def test_a_released_image_keeps_what_it_has(world):
    """Its staging tag goes where that harms nothing, and stays where the registry would take the image with it."""
    for mode, gone in (("manifest", False), ("refused", False), ("tag", True)):
        world.registry.state.repositories.clear()
        world.registry.state.delete_tag = mode
        old(world, "staging-0123456789ab", "1.2.3")
        repository = world.registry.state.repository("o/arc-a")
        document = prune(world, "--apply", "--keep=0")
        assert repository.tags.keys() == ({"1.2.3"} if gone else {"1.2.3", "staging-0123456789ab"}) and not repository.missing("1.2.3")
        row = image(document)["removals"][0]
        assert (row["kind"], row["action"]) == ("tag", "removed" if gone else "left") and document["left"] == (not gone)
        assert len(repository.manifests) == 2, "the index that was tried on is gone again"


@pytest.mark.parametrize("knows_delete", [True, False])
def test_a_login_that_may_remove(world, knows_delete):
    """distribution asks for the action "delete"; Quay for "pull,push", and gives no token for what it does not know (v2auth.py)."""
    world.registry.state.login, world.registry.state.knows_delete = True, knows_delete
    (world.folder / "home/.docker").mkdir(parents=True)
    (world.folder / "home/.docker/config.json").write_text(json.dumps(world.registry.login()))
    old(world, "staging-0123456789ab", "1.2.3")
    old(world, "staging-1123456789ab")
    assert prune(world, "--apply", "--keep=0")["removed"] == 3
    assert world.registry.state.repository("o/arc-a").tags.keys() == {"1.2.3"}


def test_releases_under_way_are_left_alone(world):
    """A tag that has no release, a draft, and a run that waits; not one that is published."""
    shas = {}
    for number, version in enumerate(("1.0.0", "1.1.0", "1.2.0", "1.3.0")):
        world.git("commit", "-q", "--allow-empty", "-m", f"feat: {number}")
        shas[version] = world.git("rev-parse", "HEAD").strip()[:12]
        if version != "1.3.0":
            world.git("tag", f"shop/v{version}")
        old(world, f"staging-{shas[version]}")
    state = world.github.state
    state.add_release("shop/v1.0.0")
    state.add_release("shop/v1.1.0", draft=True)
    state.runs = [{"status": "waiting", "head_sha": world.git("rev-parse", "HEAD").strip()}]
    document = prune(world, "--apply", "--keep=0", GITHUB_TOKEN=github_double.TOKEN)
    assert reasons(document) == {f"staging-{shas[version]}": "its release is in progress" for version in ("1.1.0", "1.2.0", "1.3.0")}
    assert document["releases-known"] and document["removed"] == 2
    world.github.state.off = {"/actions/runs": (403, "Resource not accessible by integration")}
    failed = world.run("prune", "--apply", "--keep=0", status=3)
    assert "actions" in failed.err


@pytest.mark.parametrize("ghcr", [False, True])
def test_tags_of_closed_pull_requests(world, ghcr):
    """When asked for, by the names that the configuration makes; the open ones' stay, young ones, and what another tag leads to."""
    config = world.repo / ".github/arc-ci.yaml"
    said = world.run("prune", "--closed-pulls", status=2).err
    assert "--closed-pulls: no image here has names of pull requests, such as 'pr-{pr}'" in said
    config.write_text(config.read_text().replace("latest,", 'latest, "pr-{pr}", "{codename}-pull{pr}-{branch}", "{codename}.{pr}-x", "v{pr}",'))
    repository, packages, env = on_ghcr(world, "orgs") if ghcr else (world.registry.state.repository("o/arc-a"), None,
                                                                     {"GITHUB_TOKEN": github_double.TOKEN})
    closed = ["pr-1", "a.12-x", "pr-5"]
    for name in (*closed, "pr-7", "v1", "pr-01", "pr-1-x", "pr-", "a-pull1-main", "xpr-1"):
        old(world, name)
    old(world, "pr-3", days=1)
    repository.tags["pr-2"] = repository.tags["v1"]
    if ghcr:
        packages.times[repository.tags["pr-3"]] = stamp(1)
    world.github.state.add_pull(7, "open", "ada", state="open", merged_at=None)
    world.github.state.add_pull(5, "closed", "ada")
    names = set(repository.tags)
    assert prune(world, "--apply", "--keep=9", **env)["removed"] == 0
    listed = prune(world, "--closed-pulls", "--keep=9", **env)
    assert set(repository.tags) == names
    document = prune(world, "--closed-pulls", "--apply", "--keep=9", **env)
    assert listed["removed"] >= len(closed) and names - set(repository.tags) == {*closed, *(() if ghcr else ("pr-2",))}
    assert reasons(document) == {"pr-7": "its pull request is open", "pr-3": "not old enough"}
    assert not any(repository.missing(name) for name in repository.tags)
    said = world.run("prune", "--closed-pulls", status=3, GITHUB_TOKEN=None).err
    assert "--closed-pulls asks GitHub which pull requests are closed: set GITHUB_REPOSITORY" in said


def test_what_tells_no_time_and_what_is_not_there(world):
    assert image(prune(world))["there"] is False
    repository = world.registry.state.repository("o/arc-a")
    repository.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "annotations": {}}, "staging-0123456789ab")
    repository.tags["staging-dangling"] = "sha256:" + "0" * 64
    assert reasons(prune(world, "--apply", "--keep=0")) == {"staging-0123456789ab": "its age is unknown"}


@pytest.mark.parametrize("tag", ["2.0.0", "latest"])
def test_somebody_promotes_meanwhile(world, tag):
    """A tag appeared, or went elsewhere, between the look and the removal: nothing goes."""
    old(world, "1.0.0", "latest")
    old(world, "staging-0123456789ab")
    repository = world.registry.state.repository("o/arc-a")
    lists = []

    def watch(number, request):
        if request.path.endswith("/tags/list"):
            lists.append(number)
            if len(lists) == 2:
                repository.tags[tag] = repository.tags["staging-0123456789ab"]
    world.registry.faults = watch
    failed = world.run("prune", "--apply", "--keep=0", status=1, GITHUB_TOKEN=None)
    assert "its tags changed while they were read" in failed.err and not repository.missing(tag)


def test_names_that_are_like_ours_are_somebodys(world):
    names = ["staging-eu", "staging-latest", "staging-1.2.3", "staging-deadbeef", "staging-0123456789abc", "buildcaches", "sha256-0"]
    for name in names:
        old(world, name)
    old(world, "staging-0123456789ab-linux-amd64")
    assert prune(world, "--apply", "--keep=0")["removed"] == 2
    repository = world.registry.state.repository("o/arc-a")
    assert sorted(repository.tags) == sorted(names) and not any(repository.missing(name) for name in names)


def test_what_is_listed_many_times_is_dated_once(world):
    repository = world.registry.state.repository("o/arc-a")
    entry = image_of(repository, "linux/amd64", {}, "x", created=stamp(30))
    for level in range(12):
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] * 6, "annotations": {"of": str(level)}}
        entry = repository.put(index, *(["staging-0123456789ab"] if level == 11 else []))
    assert prune(world, "--apply", "--keep=0")["removed"] == 13 and not repository.manifests


@pytest.mark.parametrize("refusal, status", [(404, 0), (405, 0), (501, 0), (403, 3)])
def test_a_registry_that_knows_no_referrers(world, refusal, status):
    """404 is what the specification wants, and some say that the method is not allowed; what is forbidden may be there."""
    old(world, "staging-0123456789ab")
    old(world, "1.2.3")
    world.registry.state.referrers, world.registry.state.refusal = False, refusal
    if status:
        assert "the registry answers 403" in world.run("prune", "--apply", "--keep=0", status=status, GITHUB_TOKEN=None).err
    else:
        assert prune(world, "--apply", "--keep=0")["removed"] == 2


def test_a_registry_that_removes_nothing_says_so(world):
    old(world, "staging-0123456789ab")
    world.registry.state.delete_manifest = False
    document = prune(world, "--apply", "--keep=0")
    assert document["removed"] == 0 and document["left"] == 2
    assert all("the registry does not remove manifests (it answers 405" in row["reason"] for row in image(document)["removals"])


@pytest.mark.parametrize("address, status", [("", 0), ("http://{host}", 0), ("https://{host}", 0), ("http://registry.internal:5000", 3)])
def test_a_listing_goes_on_at_the_same_host(world, address, status):
    """Behind a proxy that ends TLS a registry takes itself for one without."""
    old(world, "staging-0123456789ab", "1.0.0", "2.0.0")
    world.registry.state.page, world.registry.state.address = 2, address
    run = world.run("prune", "--keep=0", status=status, GITHUB_TOKEN=None)
    if status:
        assert "its tags continues at another address, " in run.err


def test_a_listing_that_is_refused_is_not_a_tag(world):
    world.registry.list_tags = lambda request, name: (403, b"{}", {})
    failed = world.run("prune", status=3, GITHUB_TOKEN=None)
    assert "/o/arc-a/tags/list: the registry answers 403" in failed.err


def test_a_listing_that_goes_on_where_it_was(world):
    """A registry that takes no notice of `last` gives its first page again and again."""
    world.registry.list_tags = lambda request, name: (200, b'{"tags": ["a"]}', {"Link": f'</v2/{name}/tags/list?last=a&n=1>; rel="next"'})
    failed = world.run("prune", status=3, GITHUB_TOKEN=None)
    assert "its tags repeats the same page, " in failed.err and len(world.registry.log) < 30


def test_a_listing_without_end_fills_no_memory(world):
    def pages(request, name):
        """Of six MiB, as docker-registry sends the tags of a hundred thousand builds."""
        number = int(request.query.get("n", 0))
        return (200, json.dumps({"tags": [f"{number}-{i}-" + "x" * 1000 for i in range(6000)]}).encode(),
                {"Link": f'</v2/{name}/tags/list?n={number + 1}>; rel="next"'})
    world.registry.list_tags = pages
    failed = world.run("prune", status=2, GITHUB_TOKEN=None)
    assert "its tags: more than 64 MiB of names" in failed.err and len(world.registry.log) < 30


@pytest.mark.parametrize("words, message", [
    (("--older-than=14",), "is not an age"), (("--older-than=x",), "is not an age"), (("--keep=-1",), "is not a number"),
    (("--apply", "--dry-run"), "leave out one of them"), (("ship",), "there is no release group 'ship'"),
])
def test_what_cannot_be(world, words, message):
    failed = world.run("prune", *words, status=2, GITHUB_TOKEN=None)
    assert message in failed.err and not world.registry.log


# ---- several images, and signatures elsewhere -----------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path):
    """Two services, each in two registries."""
    with World(tmp_path, services="ab") as world:
        yield world


def rows(document):
    return {row["image"].split("/", 1)[1]: row for row in document["images"]}


def test_an_image_that_cannot_be_read_hides_no_other(pair):
    """What was done to the others is reported, and the exit status is of the one that failed."""
    for path in pair.images:
        old(pair, "staging-0123456789ab", path=path)
    pair.registry.faults = lambda number, request: faults.no_permission if "/o/arc-b/tags" in request.path else None
    failed = pair.run("prune", "--apply", "--keep=0", "--json", status=3, GITHUB_TOKEN=None)
    found = rows(json.loads(failed.out))
    assert "403" in found["o/arc-b"]["problem"] and found["o/arc-b"]["problem"] in failed.err
    assert [len(found[path]["removals"]) for path in pair.images] == [2, 0, 2, 2]
    assert pair.registry.state.repository("o/arc-b").tags and not pair.registry.state.repository("o/arc-a").tags
    pair.registry.faults = faults.none
    assert prune(pair, "--apply", "--keep=0")["removed"] == 2


def test_what_was_removed_before_a_failure_is_reported(pair):
    old(pair, "staging-0123456789ab")
    pair.registry.faults = lambda number, request: (
        faults.no_permission if request.method == "DELETE" and seen.append(request.path) is None and len(seen) > 1 else None)
    seen = []
    document = json.loads(pair.run("prune", "--apply", "--keep=0", "--json", status=None, GITHUB_TOKEN=None).out)
    assert [row["action"] for row in rows(document)["o/arc-a"]["removals"]][:1] == ["removed"] and len(seen) >= 2


SIGNERS = {
    "cosign 2": lambda repository, subject: repository.put(
        {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "annotations": {"of": subject["digest"]},
         "config": {"mediaType": CONFIG, "digest": repository.put_blob(b"{}"), "size": 2}}, subject["digest"].replace(":", "-") + ".sig"),
    "cosign 3": Random.refer_to,
    "cosign 3, no referrers": lambda repository, subject: repository.put(
        {"schemaVersion": 2, "mediaType": INDEX, "manifests": [Random.refer_to(repository, subject)]}, subject["digest"].replace(":", "-")),
}


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize("place", ["o/arc-b", "o/signatures"], ids=["an image of the configuration", "a place of its own"])
def test_signatures_that_are_kept_apart(pair, signer, place):
    """COSIGN_REPOSITORY: those of what stays, and of what is not known here, stay; those of what goes, go, with it or after a kill."""
    state, sign = pair.registry.state, SIGNERS[signer]
    state.referrers = "no referrers" not in signer
    repository, other = state.repository(place), state.repository("elsewhere/x")
    stays, goes = old(pair, "1.2.3"), old(pair, "staging-0123456789ab")
    copied = old(pair, "staging-0123456789ac")
    state.repository("mirror/arc-a").manifests |= state.repository("o/arc-a").manifests
    state.repository("mirror/arc-a").tags["kept"] = copied["digest"]
    unknown = old(pair, "9.9", path="elsewhere/x")
    assert other
    signed = {name: sign(repository, subject)["digest"] for name, subject in
              dict(stays=stays, goes=goes, copied=copied, unknown=unknown).items()}
    if place == "o/signatures":
        old(pair, "staging-0123456789ad", path=place)
        kept_too = dict(repository.manifests)
    options = {"COSIGN_REPOSITORY": f"{pair.registry.host}/{place}"}
    shown = prune(pair, "--keep=0", **options)
    deletes = []

    def stop_late(number, request):     # dies before the image itself goes
        deletes.append(request.path)
        return faults.no_permission if request.method == "DELETE" and "/o/arc-a/" in request.path else None
    pair.registry.faults = stop_late
    pair.run("prune", "--apply", "--keep=0", f"--older-than={DAYS}d", status=None, GITHUB_TOKEN=None, **options)
    assert signed["goes"] not in repository.manifests and goes["digest"] in state.repository("o/arc-a").manifests
    pair.registry.faults = faults.none
    document = prune(pair, "--apply", "--keep=0", **options)
    assert document["left"] == 0 and goes["digest"] not in state.repository("o/arc-a").manifests
    assert {name: digest in repository.manifests for name, digest in signed.items()} == {
        "stays": True, "goes": False, "copied": True, "unknown": True}
    assert rows(shown)[place]["removals"][0]["action"] == "would be removed"
    if place == "o/signatures":
        assert repository.tags["staging-0123456789ad"] and kept_too.keys() - repository.manifests.keys() <= {
            digest for digest in kept_too if signed["goes"] == digest or goes["digest"].encode() in kept_too[digest][1]
            or signed["goes"].encode() in kept_too[digest][1]}
    assert prune(pair, "--apply", "--keep=0", **options)["removed"] == 0


def test_signatures_of_another_service_stay_without_being_told(pair):
    """Nobody says where signatures are: what one is about is looked for in the other images."""
    repository = pair.registry.state.repository("o/arc-b")
    signed = SIGNERS["cosign 2"](repository, old(pair, "1.2.3"))
    orphan = SIGNERS["cosign 2"](repository, {"digest": "sha256:" + "7" * 64})
    document = prune(pair, "--apply", "--keep=0")
    assert signed["digest"] in repository.manifests and orphan["digest"] not in repository.manifests and document["removed"] == 1


# ---- faults --------------------------------------------------------------------------------------------------------------


def faulty(shop, folder, where):
    """(the world, its environment, who is asked). On ghcr.io it is GitHub, for releases, runs and versions, and to delete them."""
    world, env = shop.another(folder), {"GITHUB_TOKEN": None}
    if where == "ghcr":
        *_, env = on_ghcr(world, "orgs")
    first = old(world, "staging-00000000000a", "1.0.0")
    old(world, "staging-00000000000b")
    Random.refer_to(world.registry.state.repository("o/arc-a"), first)
    return world, env, world.github if where == "ghcr" else world.registry


def state_of(world):
    repository = world.registry.state.repository("o/arc-a")
    return sorted(repository.tags.items()), sorted(repository.manifests)


def run_fault(shop, folder, where, wanted, fault, at):
    world, env, double = faulty(shop, folder, where)
    words = ("prune", "--apply", "--keep=0", f"--older-than={DAYS}d")
    with world:
        if fault in ("before", "after"):
            child, started = {}, threading.Event()

            def pid():
                started.wait(60)
                return child["process"].pid
            kill = {"before": faults.killed_before, "after": faults.killed_after}[fault](pid)
            double.faults = faults.once(kill, at)
            child["process"] = world.start(*words, **env)
            started.set()
            child["process"].communicate(timeout=60)
            assert child["process"].returncode == -9
        else:
            double.faults = faults.once(fault, at)
            world.run(*words, status=None, **env)
        assert double.listening.wait(60)
        double.faults = faults.none
        assert not world.registry.state.repository("o/arc-a").missing("1.0.0")
        prune(world, "--apply", "--keep=0", **env)
        tags, manifests = state_of(world)
        probes = [tag for tag, _ in tags if "probe" in tag]     # of a run that was killed: they go once they are old
        assert len(probes) <= 1
        assert [tag for tag in tags if tag[0] not in probes] == wanted[0]
        assert len(manifests) - len(wanted[1]) <= 1


@pytest.mark.parametrize("where", ["registry", "ghcr"])
def test_faults_and_kills(shop, where, tmp_path, record_testsuite_property):
    world, env, double = faulty(shop, tmp_path / "wanted", where)
    with world:
        before = state_of(world)
        prune(world, "--apply", "--keep=0", **env)
        requests, wanted = double.count, state_of(world)
        assert before != wanted
    cases = [(fault, at) for at in range(1, requests + 1) for fault in (*faults.ALL, "before", "after")]
    with Double() as elsewhere, concurrent.futures.ThreadPoolExecutor(6) as pool:
        faults.ELSEWHERE["url"] = elsewhere.url
        under_way = {case: pool.submit(run_fault, shop, tmp_path / str(i), where, wanted, *case) for i, case in enumerate(cases)}
        for (fault, at), result in under_way.items():
            try:
                result.result()
            except AssertionError as problem:
                raise AssertionError(f"{getattr(fault, '__name__', fault)} at request {at}: {problem}") from problem
        assert not elsewhere.exchanges or "Authorization" not in str([one["headers"] for one in elsewhere.exchanges])
    record_testsuite_property("figures", f"faults of prune ({where}): {len(cases)} cases = {requests} requests x {len(faults.ALL) + 2}")


# ---- GHCR ----------------------------------------------------------------------------------------------------------------


def test_ghcr_hides_what_a_token_may_not_delete(world):
    """It answers 404, as if the version were gone."""
    repository, packages, env = on_ghcr(world, "orgs")
    old(world, "staging-0123456789ac")
    packages.admin = False
    failed = world.run("prune", "--apply", "--keep=0", status=3, **env)
    assert "ghcr.io/o/arc-a: GitHub does not let this token delete sha256:" in failed.err and "the role Admin" in failed.err
    assert not repository.missing("staging-0123456789ac")


def test_ghcr_hides_a_package_from_a_token_without_access(world):
    """It answers 404, as if the package were not there; the registry shows that it is."""
    repository, packages, env = on_ghcr(world, "elsewhere")
    document = prune(world, **env)
    assert not image(document)["there"]
    old(world, "staging-0123456789ac")
    failed = world.run("prune", "--keep=0", status=3, **env)
    assert "ghcr.io/o/arc-a is in the registry, but GitHub does not let this token list its versions" in failed.err


def test_ghcr_keeps_what_is_popular_and_it_stays_whole(world):
    """An index of more than 5,000 downloads; its images have fewer."""
    repository, packages, env = on_ghcr(world, "orgs")
    popular, other = old(world, "x"), old(world, "y")
    del repository.tags["x"], repository.tags["y"]
    about = Random.refer_to(repository, popular)
    signature = old(world, popular["digest"].replace(":", "-"))
    packages.popular = {popular["digest"]}
    whole = len(repository.manifests)
    document = prune(world, "--apply", "--keep=0", **env)
    assert {popular["digest"], about["digest"], signature["digest"]} <= repository.manifests.keys() and not repository.missing(popular["digest"])
    assert other["digest"] not in repository.manifests and document["left"] == whole - document["removed"] > 0
    reasons = {row["reason"] for row in image(document)["removals"] if row["action"] == "left"}
    assert len(reasons) == 2 and "an image that stays needs it" in reasons and any("5000 downloads" in reason for reason in reasons)


@pytest.mark.parametrize("kind", ["orgs", "users"])
def test_ghcr_goes_by_versions(world, kind):
    """Untagged ones go, too; young ones stay, and with them what they list; a tag of a released image stays. Who refers to what is in the
    versions: the registry's own list of that, which often answers 429, is not asked for."""
    repository, packages, env = on_ghcr(world, kind)
    world.registry.state.refusal = 429
    released = old(world, "1.2.3", "staging-0123456789ab")
    old(world, "staging-0123456789ac")
    untagged, young = old(world, "x"), old(world, "y")
    del repository.tags["x"], repository.tags["y"]
    packages.times[young["digest"]] = stamp(1)
    about = Random.refer_to(repository, released)
    document = prune(world, "--apply", "--keep=0", **env)
    assert {row["kind"] for row in image(document)["removals"]} == {"version", "tag"} and document["left"] == 1
    assert repository.tags.keys() == {"1.2.3", "staging-0123456789ab"} and not repository.missing("1.2.3")
    assert about["digest"] in repository.manifests and untagged["digest"] not in repository.manifests
    assert not repository.missing(young["digest"]) and len(repository.manifests) == 5
    assert prune(world, "--apply", "--keep=0", **env)["removed"] == 0
    failed = world.run("prune", status=3, GITHUB_TOKEN=None)
    assert "packages: write" in failed.err
