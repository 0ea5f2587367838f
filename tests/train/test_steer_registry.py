"""`status --registry` and `rollback` on a real docker-registry."""


def drifted(status):
    return {group["group"]: [(row["image"].split("/")[-1], row["tag"]) for row in group["adrift"]]
            for group in status["groups"] if group["group"] != "platform"}


def test_a_tag_that_another_moved_is_seen_and_put_back(platform):
    platform.release("messaging/v1.2.0")
    assert drifted(platform.json("status", "--registry")) == {"messaging": [], "data": []}

    old, new = (platform.built["a", f"messaging/v{version}"] for version in ("1.1.0", "1.2.0"))
    assert platform.digest("a", "latest") == new != old
    platform.json("rollback", "messaging", "1.1.0", "--dry-run")
    assert platform.digest("a", "latest") == new

    platform.json("rollback", "messaging", "1.1.0")
    for service in "ab":
        assert platform.digest(service, "latest") == platform.built[service, "messaging/v1.1.0"]
        assert platform.digest(service, "messaging-v1.2.0") == platform.built[service, "messaging/v1.2.0"]

    status = platform.json("status", "--registry")
    assert ("arc-a", "latest") in drifted(status)["messaging"] and drifted(status)["data"] == []
    assert platform.run("status", "--registry", "--exit-code", status=1).stdout.count("the released image is sha256:")
    assert platform.json("rollback", "messaging", "1.1.0")["tag"] == "messaging/v1.1.0"
    assert platform.digest("a", "latest") == old
