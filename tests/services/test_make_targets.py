"""Every make target that tasks.md names: it exists, is phony, is described, and runs what it should."""
import re

import pytest

from conftest import ROOT, make

PER_SERVICE = ["help", "build", "up", "health", "logs", "down", "clean"]
FILES = {"flash": "services/messaging/flash.mk", "strange": "services/streaming/strange.mk",
         "sonic": "services/cache/sonic.mk", "messaging": "services/messaging.mk", "otel": "services/otel/otel.mk"}
TARGETS = {name: [f"{name}-{verb}" for verb in PER_SERVICE] for name in ("flash", "strange", "sonic")}
TARGETS["messaging"] = [f"messaging-{verb}" for verb in ("help", "up", "down", "health", "logs")]
TARGETS["otel"] = [f"otel-{verb}" for verb in ("help", "build", "up", "down", "health", "logs")]
EVERY = [(group, target) for group, targets in TARGETS.items() for target in targets]


def phony(text):
    return set(re.sub(r"\\\n", " ", "".join(re.findall(r"^\.PHONY:((?:.*\\\n)*.*)$", text, re.M))).split())


@pytest.mark.parametrize("group,target", EVERY)
def test_target_can_be_made(group, target):
    run = make("-n", target)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


@pytest.mark.parametrize("group", FILES)
def test_every_target_is_phony_and_described(group):
    text = (ROOT / FILES[group]).read_text()
    defined = set(re.findall(r"^([a-z-]+):(?!=)", text, re.M))
    assert set(TARGETS[group]) <= defined
    assert defined == phony(text)
    assert defined == set(re.findall(r"^## ([a-z-]+): \S", text, re.M))


@pytest.mark.parametrize("group", FILES)
def test_help_lists_every_target(group):
    run = make("-s", f"{group}-help")
    assert run.returncode == 0, run.stderr
    described = re.findall(r"^  make ([a-z-]+) +\S", run.stdout, re.M)
    assert sorted(described) == sorted(phony((ROOT / FILES[group]).read_text()))


def test_root_help_names_the_aggregate():
    run = make("help")
    assert run.returncode == 0 and "messaging-help" in run.stdout


def test_root_makefile_includes_the_four_files():
    lines = (ROOT / "Makefile").read_text().splitlines()
    for path in FILES.values():
        assert f"include {path}" in lines


@pytest.mark.parametrize("target,command", [
    ("flash-build", "docker build  -t arc-flash:latest services/messaging/"),
    ("strange-build", "docker build  -t arc-strange:latest services/streaming/"),
    ("sonic-build", "docker build  -t arc-sonic:latest services/cache/"),
    ("flash-health", "http://localhost:8222/healthz"),
    ("strange-health", "http://localhost:8082/admin/v2/brokers/health"),
    ("sonic-health", "docker exec arc-sonic redis-cli ping"),
    ("flash-logs", "docker logs -f --tail 100 arc-flash"),
    ("strange-logs", "docker logs -f --tail 100 arc-strange"),
    ("sonic-logs", "docker logs -f --tail 100 arc-sonic"),
    ("messaging-up", "docker network create arc_platform_net"),
    ("otel-build", "docker compose -f services/otel/docker-compose.yml build  arc-friday-collector"),
    ("otel-down", "docker compose -f services/otel/docker-compose.yml down"),
])
def test_target_runs_the_specified_command(target, command):
    assert command in make("-n", target).stdout


@pytest.mark.parametrize("target,parts", [
    ("messaging-up", ["flash-up", "strange-up", "sonic-up"]),
    ("messaging-down", ["flash-down", "strange-down", "sonic-down"]),
    ("messaging-health", ["flash-health", "strange-health", "sonic-health"]),
    ("messaging-logs", ["arc-flash", "arc-strange", "arc-sonic"]),
])
def test_aggregate_calls_the_parts(target, parts):
    shown = make("-n", target).stdout
    for part in parts:
        assert part in shown


@pytest.mark.parametrize("path", [*FILES.values(), "services/common.mk", "Makefile"])
def test_nothing_is_newer_than_make_381(path):
    """What macOS has. Make 3.82 to 4.4 brought these."""
    text = (ROOT / path).read_text()
    found = re.findall(r"^[\w.-]+ *(?:!=|:{2,3}=)|^define \S+ *[:?+]?=|^(?:undefine|private|load) |\.ONESHELL|\.RECIPEPREFIX|"
                       r"\$\((?:file|guile|let|intcmp) |&:", text, re.M)
    assert not found


def test_client_and_build_arguments_can_be_chosen():
    shown = make("-n", "flash-build", "DOCKER=podman", "BUILD_ARGS=--build-arg NATS_IMAGE=mirror/nats:1").stdout
    assert "podman build --build-arg NATS_IMAGE=mirror/nats:1 -t arc-flash:latest services/messaging/" in shown
