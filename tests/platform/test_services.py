"""TASK-051, line by line, and what the running services must hold besides: the make targets as a
maintainer types them, on a real engine, with the real NATS, Redis and Pulsar.

The tests share one engine and run in the order written: built, up, used, down, up again, cleaned."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import urllib.parse

import pytest
import yaml

import clients
from messaging import NAMES, PORTS, REPOSITORY, ROLES, VOLUMES

ORDERS = "persistent/public/default/orders"
# Flash's message (base64), Sonic's value, and of Strange's two messages the one that nobody acknowledged.
STORED = ("aGVsbG8gZmxhc2g=", "hello sonic", "hello strange\n")


@pytest.mark.parametrize("name", NAMES)
def test_image_is_built_and_is_not_root(platform, name):
    assert platform.make(f"{name}-build").returncode == 0
    config = platform.engine.inspect(f"arc-{name}:latest")["Config"]
    service = yaml.safe_load((REPOSITORY / "services" / ROLES[name] / "service.yaml").read_text())
    assert config["User"] == {"flash": "1000:1000", "strange": "10000:0", "sonic": "redis"}[name]
    assert config["Labels"]["arc.service.codename"] == name
    assert config["Labels"]["arc.service.tech"] == service["tech"]


def test_messaging_up_brings_all_three_to_healthy(platform):
    assert platform.engine.docker("network", "inspect", "arc_platform_net", check=False).returncode != 0
    run = platform.make("messaging-up")
    assert run.returncode == 0
    assert re.search(r"^arc-strange: waiting until it is healthy, at most 180 s \.+ healthy$", run.stdout, re.M)
    assert {name: platform.state(name) for name in NAMES} == {name: "running/healthy" for name in NAMES}
    assert platform.engine.docker("network", "inspect", "arc_platform_net", check=False).returncode == 0


def test_messaging_health(platform):
    assert platform.make("messaging-health").returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_health_of_one(platform, name):
    assert platform.make(f"{name}-health").returncode == 0


def test_messaging_up_again_changes_nothing(platform):
    before = {name: platform.engine.inspect(NAMES[name])["Id"] for name in NAMES}
    assert platform.make("messaging-up").returncode == 0
    assert {name: platform.engine.inspect(NAMES[name])["Id"] for name in NAMES} == before


def listeners():
    """(address, port) of every listening TCP socket of the engine's network."""
    run = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True)
    return {tuple(line.split()[3].rsplit(":", 1)) for line in run.stdout.splitlines()}


def test_nothing_listens_beyond_loopback(platform):
    found = {(address, int(port)) for address, port in listeners()}
    assert {address for address, _ in found} == {"127.0.0.1"}
    assert set().union(*PORTS.values()) <= {port for _, port in found}
    for name in NAMES:
        for bindings in platform.engine.inspect(NAMES[name])["NetworkSettings"]["Ports"].values():
            assert {binding["HostIp"] for binding in bindings or []} <= {"127.0.0.1"}


@pytest.mark.parametrize("name,uid", [("flash", "1000"), ("strange", "10000"), ("sonic", "999")])
def test_no_process_is_root(platform, name, uid):
    container = platform.engine.inspect(NAMES[name])
    assert container["Config"]["User"].split(":")[0] not in ("", "0", "root")
    status = platform.engine.docker("exec", NAMES[name], "sh", "-c", "cat /proc/[0-9]*/status").stdout
    assert {line.split()[1] for line in status.splitlines() if line.startswith("Uid:")} == {uid}
    effective = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")]
    assert set(effective) == {"0" * 16}


@pytest.mark.parametrize("name", ["flash", "sonic"])
def test_root_file_system_is_read_only(platform, name):
    assert platform.engine.inspect(NAMES[name])["HostConfig"]["ReadonlyRootfs"]
    assert platform.engine.docker("exec", NAMES[name], "touch", "/usr/x", check=False).returncode != 0


def stored(platform):
    """What Flash, Sonic and Strange hold of the test's data."""
    with clients.Nats() as nats:
        message = nats.ask("$JS.API.STREAM.MSG.GET.ORDERS", '{"seq":1}').get("message", {})
    return message.get("data"), clients.redis("GET", "order"), platform.strange("receive")


def test_data_is_written(platform):
    with clients.Nats() as nats:
        created = nats.ask("$JS.API.STREAM.CREATE.ORDERS", '{"name":"ORDERS","subjects":["orders"],"storage":"file"}')
        assert "error" not in created, created
        assert nats.ask("orders", "hello flash") == {"stream": "ORDERS", "seq": 1}
    assert clients.redis("SET", "order", "hello sonic") == "+OK"
    platform.strange("publish", "done before", "hello strange")
    assert platform.strange("receive", "--ack") == "done before\n"
    assert stored(platform) == STORED


def test_strange_sends_each_client_to_an_address_that_it_reaches(platform):
    def lookup(listener=""):
        status, text = clients.http("GET", f"http://127.0.0.1:8082/lookup/v2/topic/{ORDERS}{listener}")
        assert status == 200, text
        return json.loads(text)["brokerUrl"]
    assert lookup() == "pulsar://arc-strange:6650"
    assert lookup("?listenerName=host") == "pulsar://127.0.0.1:6651"


def test_strange_runs_with_the_specified_settings(platform):
    words = platform.engine.docker("exec", "arc-strange", "cat", "/proc/1/cmdline").stdout.split("\0")
    assert {"-Xms512m", "-Xmx1024m", "-XX:MaxDirectMemorySize=512m", "--no-functions-worker"} <= set(words)
    status, text = clients.http("GET", "http://127.0.0.1:8082/metrics/")
    direct = re.search(r"^jvm_memory_direct_bytes_max\{.*\} (\S+)$", text, re.M)
    assert status == 200 and float(direct.group(1)) == 512 << 20
    assert clients.http("GET", "http://127.0.0.1:8082/admin/v2/functions/public/default")[0] != 200


def test_sonic_runs_with_the_specified_settings(platform):
    def setting(name):
        return platform.engine.docker("exec", "arc-sonic", "redis-cli", "CONFIG", "GET", name).stdout.split()[1]
    assert [setting(name) for name in ("appendonly", "appendfsync", "maxmemory", "maxmemory-policy")] == \
        ["yes", "everysec", str(512 << 20), "noeviction"]


def ask_engine(engine, method, path):
    """Without docker's client, which may take a second to start."""
    connection = http.client.HTTPConnection("localhost", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(f"{engine.root}/docker.sock")
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status < 300, body
    return json.loads(body or b"{}")


def pause(engine, container):
    """Right after a health check: runc's own process, frozen with the rest, would never let go."""
    def checked():
        return ask_engine(engine, "GET", f"/containers/{container}/json")["State"]["Health"]["Log"][-1]["End"]
    before = checked()
    clients.wait_until(f"{container} was checked", lambda: checked() != before, 120)
    ask_engine(engine, "POST", f"/containers/{container}/pause")


@pytest.mark.parametrize("name", NAMES)
def test_health_is_red_while_paused_and_green_after(platform, name):
    pause(platform.engine, NAMES[name])
    try:
        one, every = platform.make(f"{name}-health"), platform.make("messaging-health")
    finally:
        platform.engine.docker("unpause", NAMES[name])
    assert one.returncode != 0 and "container is paused" in one.stderr
    assert every.returncode != 0
    for other in set(NAMES) - {name}:
        assert f"arc-{other}: healthy" in every.stdout
    clients.wait_until(f"{name} green again", lambda: platform.make(f"{name}-health").returncode == 0, 120)


def followers(engine):
    """Command lines of the `docker logs -f` that run on this engine."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[1:3] == [b"logs", b"-f"] and b"DOCKER_HOST=" + engine.env["DOCKER_HOST"].encode() in environment:
            found.append(words)
    return found


def test_logs_of_all_three_are_told_apart(platform):
    process = subprocess.Popen(["make", "-s", "messaging-logs"], cwd=REPOSITORY, env=platform.engine.env,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    clients.wait_until("three followers", lambda: len(followers(platform.engine)) == 3, 60)
    told = set()
    while told < set(NAMES.values()):
        line = process.stdout.readline()
        assert line, told
        told |= {line.split(" | ")[0]} if " | " in line else set()
    os.killpg(process.pid, signal.SIGINT)
    lines = [line for line in process.communicate(timeout=60)[0].splitlines() if " | " in line]
    assert told | {line.split(" | ")[0] for line in lines} == set(NAMES.values())
    assert not followers(platform.engine)


def test_doctor_knows_what_runs(platform):
    checks = platform.doctor()
    assert checks["ports"]["found"] == ("4222 ours (arc-flash), 8222 ours (arc-flash), 6650 ours (arc-strange), 6651 ours (arc-strange), "
                                        "8082 ours (arc-strange), 6379 ours (arc-sonic)")
    assert checks["network"]["found"] == "arc_platform_net exists"
    assert checks["volumes"]["found"] == ", ".join(sorted(VOLUMES.values()))
    assert {checks[name]["status"] for name in ("docker", "compose", "ports", "network", "volumes")} == {"ok"}


def test_metrics_of_nats_through_its_exporter(platform):
    clients.wait_until("the exporter's health", lambda: platform.engine.inspect("arc-flash-exporter")
                       ["State"]["Health"]["Status"] == "healthy", 120)
    assert clients.http("GET", "http://127.0.0.1:8222/metrics")[0] == 404
    clients.wait_until("exporter", lambda: re.search(r'^gnatsd_varz_jetstream_stats_storage\{.*\} [1-9]',
                                                     clients.http("GET", "http://127.0.0.1:7777/metrics")[1], re.M), 120)


def test_prometheus_with_the_collectors_scrape_configuration(platform):
    import platform_images
    platform_images.build_prometheus(platform.engine, "test-prometheus")
    platform.engine.docker("run", "-d", "--name", "arc-test-prometheus", "--network", "arc_platform_net",
                           "-p", "127.0.0.1:9090:9090", "test-prometheus")

    def query(expression):
        status, body = clients.http("GET", "http://127.0.0.1:9090/api/v1/query?query=" + urllib.parse.quote(expression))
        result = json.loads(body)["data"]["result"] if status == 200 else []
        return {(one["metric"]["job"], one["metric"]["instance"]): one["value"][1] for one in result}

    flash, strange = ("arc-flash", "arc-flash:8222"), ("arc-strange", "arc-strange:8080")
    clients.wait_until("both scraped", lambda: query("up") == {flash: "1", strange: "1"}, 120)
    assert query("gnatsd_varz_http_port") == {flash: "8222"}
    assert query("pulsar_version_info") == {strange: "1"}
    assert query('pulsar_in_messages_total{topic="persistent://public/default/orders"}') == {strange: "2"}
    platform.engine.docker("rm", "-f", "arc-test-prometheus")


def test_otel_build_bakes_the_configuration_in(platform, tmp_path):
    import otelcol
    otelcol.build_base(platform.engine)
    assert platform.make("otel-build").returncode == 0
    config = platform.engine.inspect(otelcol.IMAGE)["Config"]
    assert config["User"] == "10001:10001" and config["Cmd"] == ["--config=/etc/otelcol/config.yaml"]
    assert config["Labels"]["arc.service.codename"] == "friday-collector"
    platform.engine.docker("create", "--name", "arc-test-baked", otelcol.IMAGE)
    platform.engine.docker("cp", "arc-test-baked:/etc/otelcol/config.yaml", tmp_path / "baked.yaml")
    platform.engine.docker("rm", "arc-test-baked")
    assert (tmp_path / "baked.yaml").read_bytes() == otelcol.CONFIG.read_bytes()


def test_the_image_validates_the_configuration(platform):
    import otelcol
    otelcol.create(platform.engine, "arc-test-validate", "--config=/etc/otelcol/config.yaml", "validate")
    run = platform.engine.docker("start", "-a", "arc-test-validate", check=False)
    platform.engine.docker("rm", "-f", "arc-test-validate")
    assert run.returncode == 0, run.stderr


def test_the_collector_scrapes_both_under_their_job_names(platform):
    import otelcol
    otelcol.create(platform.engine, "arc-test-otelcol")
    platform.engine.docker("start", "arc-test-otelcol")
    compose = yaml.safe_load((REPOSITORY / "services/otel/docker-compose.yml").read_text())
    probe = compose["services"]["arc-friday-collector"]["healthcheck"]["test"]
    clients.wait_until("its health check", lambda: platform.engine.docker(
        "exec", "arc-test-otelcol", *probe[1:], check=False).returncode == 0, 120)

    def seen(job, instance, metric):
        run = platform.engine.docker("logs", "arc-test-otelcol")
        return any(f"service.name: Str({job})" in one and f"service.instance.id: Str({instance})" in one
                   and f"-> Name: {metric}\n" in one for one in otelcol.resources(run.stderr + run.stdout))
    clients.wait_until("NATS", lambda: seen("arc-flash", "arc-flash:8222", "gnatsd_varz_http_port"), 120)
    clients.wait_until("Pulsar", lambda: seen("arc-strange", "arc-strange:8080", "pulsar_version_info"), 120)
    platform.engine.docker("rm", "-f", "arc-test-otelcol")


def test_messaging_down_leaves_no_container_and_keeps_the_data(platform):
    assert platform.make("messaging-down").returncode == 0
    assert not [name for name in platform.containers() if name.startswith("arc-")]
    assert set(VOLUMES.values()) <= platform.volumes()
    assert platform.doctor()["ports"]["found"] == "4222 free, 8222 free, 6650 free, 6651 free, 8082 free, 6379 free"
    run = platform.make("messaging-health")
    assert run.returncode != 0
    for name in NAMES.values():
        assert f"{name}: NOT healthy" in run.stderr


def test_data_survives_down_and_up(platform):
    assert platform.make("messaging-up").returncode == 0
    assert stored(platform) == STORED


@pytest.mark.parametrize("name", NAMES)
def test_clean_deletes_the_volume_only_when_told_to(platform, name):
    assert platform.make(f"{name}-clean").returncode != 0
    assert VOLUMES[name] in platform.volumes() and NAMES[name] in platform.containers()
    assert platform.make(f"{name}-clean", "CONFIRM=yes").returncode == 0
    assert VOLUMES[name] not in platform.volumes() and NAMES[name] not in platform.containers()


def test_port_taken_is_named(platform):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 6379))
        other.listen()
        run = platform.make("sonic-up")
        assert "6379 taken" in platform.doctor()["ports"]["found"]
    assert run.returncode != 0
    assert "(6379) is taken on 127.0.0.1" in run.stderr
    assert platform.make("sonic-clean", "CONFIRM=yes").returncode == 0


def test_container_of_that_name_is_named(platform):
    platform.engine.docker("create", "--name", "arc-sonic", "arc-sonic:latest")
    run = platform.make("sonic-up")
    platform.engine.docker("rm", "arc-sonic")
    assert run.returncode != 0 and "docker rm -f arc-sonic" in run.stderr


def test_engine_that_does_not_run_is_named(platform):
    run = platform.make("messaging-up", DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert run.returncode != 0 and "no container engine answers" in run.stderr


def test_image_that_is_not_built_is_built(platform):
    platform.engine.docker("image", "rm", "-f", "arc-sonic:latest")
    assert platform.make("sonic-up").returncode == 0
    assert platform.state("sonic") == "running/healthy"
    assert platform.make("sonic-clean", "CONFIRM=yes").returncode == 0


def test_down_of_nothing_is_no_error(platform):
    platform.engine.docker("network", "rm", "arc_platform_net", check=False)
    assert platform.engine.docker("network", "inspect", "arc_platform_net", check=False).returncode != 0
    assert platform.make("messaging-down").returncode == 0
