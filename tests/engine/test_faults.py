"""A registry that fails, stalls, refuses or is short of breath while images are pushed and read back."""
import pytest

from faults import Rule


@pytest.fixture
def faulty(shop, proxy):
    shop.through(proxy)
    shop.plan()
    return shop


def indexes_are_right(shop, build):
    for entry in build["services"]:
        digest, index = shop.engine.registry.manifest(shop.name(entry["service"]), entry["digest"])
        assert digest == entry["digest"]
        assert len(index["manifests"]) == 4  # two images, two attestations
    return True


@pytest.mark.parametrize("rule", [
    Rule(r"^PUT .*arc-flash/manifests/staging", 503, times=2),
    Rule(r"^PUT .*arc-sonic/manifests/sha256:", "drop"),
    Rule(r"^POST .*arc-flash/blobs/uploads", 429, headers={"Retry-After": "1"}),
    Rule(r"^PUT .*arc-sonic/blobs/uploads", "drop"),
    Rule(r"^PUT .*arc-sonic/manifests/staging", "lose"),
    Rule(r"^GET .*arc-flash/manifests/sha256:.* arc-ci$", 502, times=2),
    Rule(r"^GET .*arc-sonic/blobs/sha256:", "truncate"),
    Rule(r"^GET .*arc-flash/blobs/sha256:", 429, headers={"Retry-After": "1"}),
    Rule(r"^(GET|HEAD) .*arc-flash/manifests/staging", "stall", seconds=3),
], ids=lambda rule: f"{rule.action}-{rule.pattern.pattern.split()[0][1:].strip('(').split('|')[0]}")
def test_what_passes_is_survived(faulty, proxy, rule):
    proxy.rules = [rule]
    build, _ = faulty.build()
    assert rule.hits, "the fault never happened"
    assert indexes_are_right(faulty, build)


def test_a_registry_that_stays_broken_ends_the_build(faulty, proxy):
    proxy.rules = [Rule(r"^PUT .*arc-flash/manifests/", 503, times=10**6)]
    _, stderr = faulty.build(status=1)
    assert "arc-flash" in stderr and "503" in stderr and stderr.count("trying again") == 2
    assert faulty.tags("flash") == {}
    proxy.rules = []
    build, _ = faulty.build()
    assert indexes_are_right(faulty, build)


def test_a_refused_push_ends_the_build_before_it_begins(faulty, proxy):
    proxy.rules = [Rule(r"^POST .*arc-flash/blobs/uploads", 403, times=10**6)]
    _, stderr = faulty.build(status=3)
    assert "nothing was built" in stderr and "arc-flash: the registry answers 403" in stderr and "trying again" not in stderr


def test_a_push_that_is_refused_after_all_is_not_tried_again(faulty, proxy):
    proxy.rules = [Rule(r"^(PUT|PATCH) .*arc-flash/blobs/uploads", 403, times=10**6)]
    _, stderr = faulty.build(status=1)
    assert "flash" in stderr and "trying again" not in stderr


def test_an_index_that_vanished_is_missed(faulty, proxy):
    """buildx says that it pushed; the registry has nothing to show for it."""
    proxy.rules = [Rule(r"^GET .*arc-sonic/manifests/sha256:.* arc-ci$", 404, times=10**6)]
    _, stderr = faulty.build(status=1)
    assert "arc-sonic: buildx says that it pushed sha256:" in stderr


def test_reading_back_begins_while_bake_runs(faulty, proxy):
    """buildx pushes sonic's index after all of flash was asked for, and nothing is asked for twice."""
    proxy.rules = [Rule(r"^PUT .*arc-sonic/manifests/staging", "stall",
                        awaits=lambda: proxy.requests(r"^GET .*arc-flash/blobs/.* arc-ci$"))]
    faulty.build("--rebuild")
    assert proxy.rules[0].came
    asked = proxy.requests(r" arc-ci$")
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("tries", [1, 2])
def test_what_shows_up_late_is_asked_for_again(faulty, proxy, tries):
    """Every manifest answers 404 the first time, the index of a try of bake that fails among them."""
    late = Rule(r"^GET .*arc-sonic/manifests/sha256:.* arc-ci$", 404, each=True)
    proxy.rules = [late, Rule(r"^PUT .*arc-flash/manifests/staging", 500, times=4 * (tries - 1))]  # BuildKit's own four
    build, stderr = faulty.build("--rebuild")
    assert stderr.count("trying again") >= tries - 1
    assert indexes_are_right(faulty, build)
    digest = next(entry["digest"] for entry in build["services"] if entry["service"] == "sonic")
    _, index = faulty.engine.registry.manifest(faulty.name("sonic"), digest)
    for wanted in (digest, *(image["digest"] for image in index["manifests"])):
        assert len([line for line in late.seen if wanted in line]) == 2


def test_reading_back_asks_for_each_thing_once_and_side_by_side(faulty, proxy):
    faulty.build()
    proxy.log, proxy.busiest = [], 0
    proxy.rules = [Rule(r"^GET .*/blobs/.* arc-ci$", "stall", times=10**6, seconds=0.3, awaits=lambda: proxy.busiest >= 4)]
    build, _ = faulty.build()  # found, so nothing but reading
    asked = proxy.requests(r" arc-ci$")
    assert len(asked) == len(set(asked))
    cells = [cell for entry in build["services"] for cell in entry["cells"]]
    assert len(asked) >= len(build["services"]) + 5 * len(cells)  # index; image, config, layer, attestation, provenance
    assert 4 <= proxy.busiest <= 6
    assert all(cell["unpacked"] > cell["size"] for cell in cells)


@pytest.mark.parametrize("action", ["whole", 404, "drop"])
def test_a_size_that_the_registry_does_not_tell_is_null(faulty, proxy, action):
    build, _ = faulty.build()
    digest = build["services"][1]["cells"][0]["digest"]
    _, manifest = faulty.engine.registry.manifest(faulty.name("sonic"), digest)
    proxy.rules = [Rule(f"^GET .*/blobs/{manifest['layers'][0]['digest']} arc-ci$", action, times=10**6)]
    again, _ = faulty.build()
    assert proxy.rules[0].hits == 1 or action == "drop"  # libcurl asks again where a kept connection had died
    unpacked = {(entry["service"], cell["platform"]): cell["unpacked"] for entry in again["services"]
                for cell in entry["cells"]}
    assert [where for where, size in unpacked.items() if size is None] == [("sonic", "linux/amd64")]
