"""The pinned images: each in one place or the same everywhere, kept current by .github/renovate.json, and known to `lint`."""
import json
import re

import yaml

from conftest import ROOT, SERVICES

RENOVATE = json.loads((ROOT / ".github/renovate.json").read_text())
RULES = yaml.safe_load((ROOT / ".github/arc-ci-lint.yaml").read_text())["facts"]


def pins():
    """(file, package, tag) of every image that an ARG or ${…_IMAGE:-…} of `image:` names, as Renovate reads them."""
    for path in sorted(SERVICES.rglob("Dockerfile")):
        for image in re.findall(r"^ARG \w+_IMAGE=(\S+)$", path.read_text(), re.M):
            yield path, *image.rsplit(":", 1)
    for path in sorted(SERVICES.rglob("docker-compose.yml")):
        for service in yaml.safe_load(path.read_text())["services"].values():
            image = re.fullmatch(r"\$\{\w+_IMAGE:-(\S+)\}", service["image"])
            if image:
                yield path, *image.group(1).rsplit(":", 1)


PINS = list(pins())


def rule_for(package):
    found = [rule for rule in RENOVATE["packageRules"] if package in rule["matchPackageNames"]]
    assert len(found) == 1, package
    return found[0]


def test_every_pin_is_found():
    assert {package for _, package, _ in PINS} == {
        "nats", "natsio/prometheus-nats-exporter", "redis", "apachepulsar/pulsar", "zookeeper", "signoz/signoz",
        "signoz/signoz-otel-collector", "clickhouse/clickhouse-server"}
    text = "".join(path.read_text() for path in SERVICES.rglob("docker-compose.yml"))
    assert text.count("_IMAGE:-") == sum(path.name == "docker-compose.yml" for path, _, _ in PINS)


def test_a_package_has_one_pin():
    for _, package, tag in PINS:
        assert {other for _, name, other in PINS if name == package} == {tag}


def test_every_pin_has_a_rule_that_lets_it_stay():
    for _, package, tag in PINS:
        allowed = rule_for(package).get("allowedVersions", "//")
        assert re.search(allowed.strip("/"), tag), package


def test_friday_moves_as_one():
    assert {rule_for(package)["groupName"] for path, package, _ in PINS if "otel" in path.parts} == {"Friday"}


def test_lint_knows_when_each_release_line_ends():
    known = [(ROOT / fact["file"], text) for fact in RULES if fact["rule"] == "base-maintained" for text in fact["text"]]
    assert all(fact["until"] for fact in RULES if fact["rule"] == "base-maintained")
    for path, package, tag in PINS:
        assert any(path == where and f"{package}:{tag}" in path.read_text() and text.split("=")[-1].split(":-")[-1] in
                   f"{package}:{tag}" for where, text in known), package
