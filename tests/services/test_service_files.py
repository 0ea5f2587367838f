"""The acceptance lines of TASK-001, 011-013 and 900 that can be read off service.yaml, profiles.yaml,
the Dockerfiles and CLAUDE.md."""
import re

import pytest

from conftest import ROOT, SERVICES, load

EXPECTED = {
    "messaging": dict(name="arc-flash", codename="flash", tech="nats", port=4222,
                      health="http://localhost:8222/healthz"),
    "streaming": dict(name="arc-strange", codename="strange", tech="pulsar", port=6650,
                      health="http://localhost:8082/admin/v2/brokers/health"),
    "cache": dict(name="arc-sonic", codename="sonic", tech="redis", port=6379, health="redis://localhost:6379"),
}
ALL = {path.parent.name: load(path) for path in sorted(SERVICES.glob("*/service.yaml"))}
DOCKERFILES = {"messaging": "messaging/Dockerfile", "streaming": "streaming/Dockerfile",
               "cache": "cache/Dockerfile", "otel": "otel/telemetry/Dockerfile"}


def instructions(dockerfile):
    """A Dockerfile's instructions as (word, rest), continuation lines joined, comments dropped."""
    lines = [line for line in (SERVICES / dockerfile).read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


@pytest.mark.parametrize("role", EXPECTED)
def test_service_yaml_has_the_specified_values(role):
    service = ALL[role]
    assert {key: service[key] for key in EXPECTED[role]} == EXPECTED[role]
    assert service["role"] == role


@pytest.mark.parametrize("role", ALL)
def test_service_yaml_is_complete_and_consistent(role):
    service = ALL[role]
    allowed = {"name", "codename", "role", "tech", "description", "port", "ports", "health", "depends_on",
               "external", "paths", "image"}
    assert set(service) <= allowed
    assert {"name", "codename", "role", "tech", "port", "health", "depends_on"} <= set(service)
    assert service["name"] == "arc-" + service["codename"]
    assert service["port"] in service["ports"]


def test_codenames_are_unique():
    codenames = [service["codename"] for service in ALL.values()]
    assert len(set(codenames)) == len(codenames)


@pytest.mark.parametrize("role", ALL)
def test_dependencies_resolve_here_or_are_declared_external(role):
    here = {service["codename"] for service in ALL.values()}
    external = set(ALL[role].get("external", []))
    assert set(ALL[role]["depends_on"]) - here == external


def test_cortex_depends_on_the_three_services_by_their_names():
    cortex = ALL["cortex"]
    assert cortex["depends_on"] == ["flash", "strange", "sonic", "oracle", "widow"]
    names = {service["name"] for service in ALL.values()}
    assert {"arc-" + codename for codename in ("flash", "strange", "sonic")} <= names


def test_profiles():
    profiles = load("services/profiles.yaml")
    assert list(profiles) == ["think", "reason", "ultra-instinct"]
    assert profiles["think"]["services"] == ["cortex", "flash", "strange", "sonic"]
    assert not set(profiles["reason"]["services"]) & {"flash", "strange", "sonic"}
    known = {service["codename"] for service in ALL.values()}
    assert set(profiles["ultra-instinct"]["services"]) == known
    for profile in profiles.values():
        assert set(profile["services"]) <= known


@pytest.mark.parametrize("role", DOCKERFILES)
def test_dockerfile_labels_match_service_yaml(role):
    labels = dict(re.findall(r'([\w.]+)="([^"]*)"',
                             " ".join(rest for word, rest in instructions(DOCKERFILES[role]) if word == "LABEL")))
    service = ALL[role]
    assert labels["arc.service.name"] == labels["org.opencontainers.image.title"] == service["name"]
    for key in ("codename", "role", "tech"):
        assert labels["arc.service." + key] == service[key]
    assert labels["org.opencontainers.image.description"]


@pytest.mark.parametrize("role", DOCKERFILES)
def test_dockerfile_base_is_a_pinned_argument(role):
    steps = instructions(DOCKERFILES[role])
    assert steps[0][0] == "ARG" and steps[1][0] == "FROM"
    name, default = steps[0][1].split("=", 1)
    assert steps[1][1] == "${%s}" % name
    tag = default.rsplit(":", 1)[1]
    assert re.search(r"\d+\.\d+\.\d+", tag), f"{default} is not pinned"


@pytest.mark.parametrize("role", DOCKERFILES)
def test_dockerfile_ends_as_a_user_that_is_not_root(role):
    users = [rest for word, rest in instructions(DOCKERFILES[role]) if word == "USER"]
    assert users[-1] in {"messaging": ["1000:1000"], "streaming": ["10000:0"], "cache": ["redis"],
                         "otel": ["10001:10001"]}[role]


def test_flash_owns_its_store_before_it_stops_being_root():
    steps = instructions(DOCKERFILES["messaging"])
    run = next(index for index, (word, rest) in enumerate(steps) if word == "RUN" and "chown -R 1000:1000 /data" in rest)
    assert run < max(index for index, (word, _) in enumerate(steps) if word == "USER")


def test_strange_data_is_writable_for_group_0():
    runs = [rest for word, rest in instructions(DOCKERFILES["streaming"]) if word == "RUN"]
    assert any("chown -R 10000:0 /pulsar/data" in run and "chmod -R g+rwX /pulsar/data" in run for run in runs)


@pytest.mark.parametrize("role", ["messaging", "streaming", "cache", "otel", "cortex"])
def test_claude_md_has_the_row(role):
    service = ALL[role]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")]
            for line in (ROOT / "CLAUDE.md").read_text().splitlines() if line.startswith("|")]
    row = next(row for row in rows if row[3] == f"services/{role}/")
    assert row[:3] == [service["role"], service["codename"], service["tech"]]
    assert row[4] == service["name"]
    for port in service["ports"]:
        assert str(port) in row[5]
