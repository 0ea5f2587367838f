"""The compose files, as Docker's own compose plugin understands them, against TASK-011 to 013 and 032."""
import http.server
import json
import os
import subprocess
import threading

import pytest

from conftest import ROOT, SERVICES

FILES = {path.parent.name: path for path in sorted(SERVICES.glob("*/docker-compose.yml"))}


def client():
    """The packaged client with its compose plugin, installed if need be: its lack is a failure, not a skip."""
    subprocess.run([ROOT / "tests/deps.sh", "client"], check=True)
    return "/usr/bin/docker"


@pytest.fixture(scope="module")
def config():
    docker = client()
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_IMAGE")}

    def read(role):
        run = subprocess.run([docker, "compose", "-f", str(FILES[role]), "config", "--format", "json"], cwd=ROOT,
                             env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)
    return read


def published(service):
    return {(port["host_ip"], int(port["published"]), port["target"]) for port in service.get("ports", [])}


def test_every_service_with_a_container_has_a_compose_file():
    assert set(FILES) == {"messaging", "streaming", "cache", "otel"}


@pytest.mark.parametrize("role", FILES)
def test_ports_are_published_on_loopback_only(config, role):
    for name, service in config(role)["services"].items():
        for port in service.get("ports", []):
            assert port.get("host_ip") == "127.0.0.1", f"{name}: {port}"


@pytest.mark.parametrize("role", FILES)
def test_data_is_in_named_volumes(config, role):
    document = config(role)
    for name, service in document["services"].items():
        for volume in service.get("volumes", []):
            assert volume["type"] == "volume" or volume.get("read_only"), f"{name}: {volume}"
    for key, volume in document["volumes"].items():
        assert volume["name"] == key and key.startswith("arc-")


@pytest.mark.parametrize("role", FILES)
def test_platform_network_is_external(config, role):
    assert config(role)["networks"]["arc_platform_net"] == {"name": "arc_platform_net", "ipam": {}, "external": True}


@pytest.mark.parametrize("role", FILES)
def test_every_container_restarts_rotates_logs_and_gains_no_privileges(config, role):
    for name, service in config(role)["services"].items():
        assert service["restart"].split(":")[0] in ("unless-stopped", "on-failure"), name
        assert set(service["logging"]["options"]) >= {"max-size", "max-file"}, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name
        if service["restart"] == "unless-stopped":
            assert service["healthcheck"]["test"], name


def test_flash(config):
    document = config("messaging")
    flash = document["services"]["arc-flash"]
    assert flash["container_name"] == "arc-flash" and flash["image"] == "arc-flash:latest"
    assert published(flash) == {("127.0.0.1", 4222, 4222), ("127.0.0.1", 8222, 8222)}
    assert "arc-flash-jetstream" in document["volumes"]
    assert [(volume["source"], volume["target"]) for volume in flash["volumes"]] == [("arc-flash-jetstream", "/data")]
    assert list(flash["networks"]) == ["arc_platform_net"]
    assert flash["read_only"] and flash["cap_drop"] == ["ALL"]
    exporter = document["services"]["arc-flash-exporter"]
    assert exporter["command"][-1] == "http://arc-flash:8222"
    assert exporter["image"].rsplit(":", 1)[1] not in ("latest", "")


def test_strange(config):
    document = config("streaming")
    strange = document["services"]["arc-strange"]
    assert strange["environment"]["PULSAR_MEM"] == "-Xms512m -Xmx1024m -XX:MaxDirectMemorySize=512m"
    assert "--no-functions-worker" in strange["command"]
    assert published(strange) == {("127.0.0.1", 6650, 6650), ("127.0.0.1", 6651, 6651), ("127.0.0.1", 8082, 8080)}
    assert [(volume["source"], volume["target"]) for volume in strange["volumes"]] == \
        [("arc-strange-data", "/pulsar/data")]
    health = strange["healthcheck"]
    assert " ".join(health["test"][1:]) == "curl -f http://localhost:8080/admin/v2/brokers/health"
    assert health["start_period"] == "1m30s"
    assert strange["stop_grace_period"] == "1m0s"
    assert list(strange["networks"]) == ["arc_platform_net"] and strange["cap_drop"] == ["ALL"]


def test_strange_explains_its_user_in_place():
    text = FILES["streaming"].read_text()
    comment = " ".join(line.strip(" #") for line in text.splitlines() if line.strip().startswith("#"))
    assert "DEVIATION (non-root rule)" in comment and "10000" in comment and "upstream" in comment


def test_sonic(config):
    document = config("cache")
    sonic = document["services"]["arc-sonic"]
    command = " ".join(sonic["command"])
    for option in ("--appendonly yes", "--appendfsync everysec", "--maxmemory 512mb",
                   "--maxmemory-policy noeviction"):
        assert option in command
    assert published(sonic) == {("127.0.0.1", 6379, 6379)}
    assert [(volume["source"], volume["target"]) for volume in sonic["volumes"]] == [("arc-sonic-data", "/data")]
    health = sonic["healthcheck"]
    assert "redis-cli ping" in " ".join(health["test"])
    assert (health["interval"], health["start_period"]) == ("5s", "5s")
    assert sonic["read_only"] and sonic["cap_drop"] == ["ALL"]


def test_only_the_collector_bridges_the_networks(config):
    document = config("otel")
    joined = {name for name, service in document["services"].items() if "arc_platform_net" in service["networks"]}
    assert joined == {"arc-friday-collector"}
    assert "arc_otel_net" in document["services"]["arc-friday-collector"]["networks"]
    assert document["networks"]["arc_otel_net"].get("internal") is True
    assert "external" not in document["networks"]["arc_otel_net"]


def test_the_telemetry_stack_starts_in_order(config):
    services = config("otel")["services"]

    def waits_for(name):
        return {other: rule["condition"] for other, rule in services[name].get("depends_on", {}).items()}
    assert waits_for("arc-friday-clickhouse") == {"arc-friday-zookeeper": "service_healthy"}
    assert waits_for("arc-friday-migrator") == {"arc-friday-clickhouse": "service_healthy"}
    for name in ("arc-friday-collector", "arc-friday"):
        assert waits_for(name) == {"arc-friday-migrator": "service_completed_successfully"}


@pytest.mark.parametrize("status,healthy", [(200, True), (503, False), (None, False)])
def test_the_collectors_probe_heeds_the_answer(config, status, healthy):
    """The collector's image has no HTTP client; the probe is bash. None: nothing listens."""
    probe = config("otel")["services"]["arc-friday-collector"]["healthcheck"]["test"]
    assert probe[0] == "CMD" and probe[3].count("/13133 ") == 1

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"HTTP/1.1 200 OK\n" if not healthy else b"")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer, bind_and_activate=False) as server:
        server.server_bind()  # without a listener: refused, and nobody else's port
        port = server.server_port
        if status:
            server.server_activate()
            threading.Thread(target=server.serve_forever, daemon=True).start()
        run = subprocess.run([probe[1], probe[2], probe[3].replace("13133", str(port))], capture_output=True, timeout=60)
        if status:
            server.shutdown()
    assert (run.returncode == 0) == healthy


def test_no_credential_is_committed(config):
    for role in FILES:
        for name, service in config(role)["services"].items():
            for variable, value in (service.get("environment") or {}).items():
                secret = any(word in variable for word in ("SECRET", "PASSWORD", "TOKEN_", "KEY"))
                assert not (secret and value), f"{name}: {variable}"
