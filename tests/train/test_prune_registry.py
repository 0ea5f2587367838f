"""`prune` on a real docker-registry: what nothing needs goes, what a tag reaches stays whole."""
import images

OLD = "2026-01-01T00:00:00Z"


def push_old(platform, service, tag):
    """An index of an old build under a staging tag; returns the digests of it and of its image."""
    pushed = images.Images(f"{platform.registry.host}/o/arc-{service}")
    image = pushed.image("linux/amd64", {}, tag.encode())
    index = pushed.manifest({"schemaVersion": 2, "mediaType": images.INDEX, "annotations": {"org.opencontainers.image.created": OLD},
                             "manifests": [{**image, "platform": {"os": "linux", "architecture": "amd64"}}]}, tag)
    return index["digest"], image["digest"]


def reached(platform, name):
    """Of every tag but the staging ones what it leads to, each manifest looked at."""
    found = {}
    for tag in platform.registry.tags(name):
        if tag.startswith("staging-"):
            continue
        digest, document = platform.registry.manifest(name, tag)
        found[tag] = digest, [platform.registry.manifest(name, entry["digest"])[0] for entry in document["manifests"]]
    return found


def test_what_nothing_needs_goes(platform):
    names = ["o/arc-a", "o/arc-b", "o/arc-c"]
    gone = {"o/arc-a": push_old(platform, "a", "staging-00000000000a"), "o/arc-c": push_old(platform, "c", "staging-00000000000c")}
    before = {name: reached(platform, name) for name in names}
    assert all(before.values()) and "None" not in str(before)

    listed = platform.json("prune", "--keep=0")
    assert listed["removed"] and not listed["applied"]
    assert platform.registry.manifest("o/arc-a", "staging-00000000000a")[0] == gone["o/arc-a"][0]

    removed = platform.json("prune", "--keep=0", "--apply")
    for name, digests in gone.items():
        assert not any("00000000000" in tag for tag in platform.registry.tags(name))
        assert [platform.registry.manifest(name, digest)[0] for digest in digests] == [None, None], name
    assert {name: reached(platform, name) for name in names} == before
    assert removed["removed"] == listed["removed"] and all(image["problem"] is None for image in removed["images"])

    again = platform.json("prune", "--keep=0", "--apply")
    assert again["removed"] == 0 and {name: reached(platform, name) for name in names} == before
