"""Cells built by themselves, as a matrix of jobs does, and joined."""
import json

CELLS = [f"{service}/{platform}" for service in ("flash", "sonic") for platform in ("linux/amd64", "linux/arm64")]


def test_cells_are_joined_to_the_planned_indexes(shop):
    plan = shop.plan()
    legs = {}
    for cell in CELLS:
        build, _ = shop.build("--cell", cell)
        (entry,) = build["services"]
        legs[cell] = entry["cells"][0]["digest"]
    merged, _ = shop.build("--merge")
    for entry, planned in zip(merged["services"], plan["services"]):
        for cell in entry["cells"]:
            assert cell["digest"] == legs[f"{entry['service']}/{cell['platform']}"]
            assert len(cell["attestations"]) == 1
        assert shop.engine.registry.manifest(shop.name(entry["service"]), planned["staging"])[0] == entry["digest"]
    again, _ = shop.build("--merge")
    assert [entry["digest"] for entry in again["services"]] == [entry["digest"] for entry in merged["services"]]
    shop.promote()
    assert shop.tags("flash")["latest"] == merged["services"][0]["digest"]
    resumed, _ = shop.build()  # what was joined is what a whole build would have made
    assert [entry["built"] for entry in resumed["services"]] == [False, False]


def test_a_cell_that_is_there_is_not_built_again(shop):
    plan = shop.plan()
    first, _ = shop.build("--cell", CELLS[0])
    again, stderr = shop.build("--cell", CELLS[0])
    assert first["services"][0]["built"] and not again["services"][0]["built"]
    assert "already built from the same inputs, and verified" in stderr
    assert again["services"][0]["digest"] == first["services"][0]["digest"]
    assert [cell["platform"] for cell in again["services"][0]["cells"]] == ["linux/amd64"]
    other, _ = shop.build("--cell", CELLS[1])
    assert other["services"][0]["built"]
    forced, _ = shop.build("--cell", CELLS[0], "--rebuild")
    assert forced["services"][0]["built"]
    with open(shop.folder / "services/messaging/Dockerfile", "a") as dockerfile:
        dockerfile.write("ENV MORE=1\n")
    changed, _ = shop.build("--cell", CELLS[0])
    assert changed["services"][0]["built"]
    name, digest = shop.name("flash"), changed["services"][0]["digest"]
    assert shop.engine.registry.manifest(name, plan["cells"][0]["staging"])[0] == digest
    assert shop.engine.registry.get(f"/v2/{name}/manifests/{digest}", method="DELETE")[0] == 202
    gone, _ = shop.build("--cell", CELLS[0])
    assert gone["services"][0]["built"]


def test_a_missing_leg_is_named(shop):
    shop.plan()
    for cell in CELLS[:3]:
        shop.build("--cell", cell)
    _, stderr = shop.build("--merge", status=1)
    assert "sonic/linux/arm64 is missing" in stderr and "arc-ci build --cell sonic/linux/arm64" in stderr


def test_a_leg_of_another_commit_is_named(shop):
    plan = shop.plan()
    for cell in CELLS:
        shop.build("--cell", cell)
    shop.commit("second")
    shop.git("tag", "-f", "messaging/v0.1.0")
    newer = shop.plan()
    stale = plan["cells"][1]["staging"]
    newer["cells"][1]["staging"] = stale  # an old leg under the new run's name
    (shop.folder / "plan.json").write_text(json.dumps(newer))
    for cell in (CELLS[0], *CELLS[2:]):
        shop.build("--cell", cell)
    _, stderr = shop.build("--merge", status=1)
    assert "linux/arm64: label org.opencontainers.image.revision is" in stderr and "another commit" in stderr


def test_a_leg_made_from_other_inputs_is_named(shop):
    shop.plan()
    shop.build("--cell", CELLS[0])
    with open(shop.folder / "services/messaging/Dockerfile", "a") as dockerfile:
        dockerfile.write("ENV MORE=1\n")
    shop.build("--cell", CELLS[1])
    _, stderr = shop.build("--merge", status=1)
    assert "flash/linux/arm64 was built from other inputs than the previous legs" in stderr


def test_a_foreign_leg_is_named(shop):
    plan = shop.plan()
    for cell in CELLS:
        shop.build("--cell", cell)
    ref = f"{shop.registry}/{shop.name('flash')}"
    tags = [cell["staging"] for cell in plan["cells"]]
    shop.engine.docker("buildx", "imagetools", "create", "-t", f"{ref}:{tags[1]}", f"{ref}:{tags[0]}")
    _, stderr = shop.build("--merge", status=1)
    assert f"arc-flash:{tags[1]} linux/amd64: was not planned" in stderr
