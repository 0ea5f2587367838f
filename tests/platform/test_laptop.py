"""What happens to the three services on a person's machine, on a real engine: reboots, other orders, another network,
proxies, full disks, other programs, other shells, moved pins. tests/services/test_make_faults.py has the same faults as
far as no engine is needed."""
import contextlib
import http.server
import itertools
import json
import os
import re
import socket
import threading

import pytest

import clients
from messaging import NAMES, VOLUMES

COOKIE = "/pulsar/data/standalone/bookkeeper/current/VERSION"


def address(platform, name):
    networks = platform.engine.inspect(NAMES[name])["NetworkSettings"]["Networks"]
    return networks["arc_platform_net"]["IPAddress"]


def remove_all(platform):
    for name in platform.containers():
        if name.startswith("arc-"):
            platform.engine.docker("rm", "-f", name)
    for name in VOLUMES.values():
        platform.engine.docker("volume", "rm", "-f", name)


@pytest.fixture
def clean(platform):
    """No container and no data, before and after."""
    remove_all(platform)
    yield
    remove_all(platform)


def full_volume(platform, name, kilobytes, owner):
    """The volume of a service, on a disk of that size."""
    platform.engine.docker("volume", "create", "--driver", "local", "-o", "type=tmpfs", "-o", "device=tmpfs",
                           "-o", f"o=size={kilobytes}k,uid={owner},mode=0755", VOLUMES[name])


@pytest.fixture(scope="class")
def own_volumes(platform):
    remove_all(platform)
    yield
    remove_all(platform)


@pytest.mark.usefixtures("own_volumes")
class TestStrangeKeepsItsTopics:
    """In the order written: one volume sees another address, another network and restarts of the engine."""

    def test_under_another_address(self, platform):
        assert platform.make("strange-up").returncode == 0
        platform.strange("publish", "first")
        assert 'bookieHost: "arc-strange:' in platform.engine.docker("exec", "arc-strange", "cat", COOKIE).stdout
        before = address(platform, "strange")
        assert platform.make("strange-down").returncode == 0
        assert platform.make("sonic-up").returncode == 0
        assert address(platform, "sonic") == before
        assert platform.make("strange-up").returncode == 0
        assert address(platform, "strange") != before
        assert platform.strange("list") == "first\n"
        platform.strange("publish", "second", "--listener")

    def test_after_restarts_of_the_engine(self, platform):
        assert platform.make("messaging-up").returncode == 0
        clients.redis("SET", "reboot", "kept")
        seen = {address(platform, "strange")}
        for _ in range(2):
            platform.engine.restart()
            assert platform.make("messaging-up").returncode == 0
            assert platform.make("messaging-health").returncode == 0
            assert platform.strange("list") == "first\nsecond\n"
            assert clients.redis("GET", "reboot") == "kept"
            seen.add(address(platform, "strange"))
        print("addresses of Strange:", seen)

    def test_on_another_network_in_another_order(self, platform):
        assert platform.make("messaging-down").returncode == 0
        platform.engine.docker("network", "rm", "arc_platform_net")
        platform.engine.docker("network", "create", "--subnet", "10.99.0.0/24", "arc_platform_net")
        for target in ("sonic-up", "flash-up", "strange-up"):
            assert platform.make(target).returncode == 0
        assert address(platform, "strange").startswith("10.99.0.")
        assert platform.make("messaging-health").returncode == 0
        assert platform.strange("list") == "first\nsecond\n"

    def test_after_its_network_was_pruned(self, platform):
        """Fault 9: a stopped container remembers its network by an id."""
        for name in [*NAMES.values(), "arc-flash-exporter"]:
            platform.engine.docker("stop", name)
        platform.engine.docker("network", "prune", "-f")
        assert platform.make("messaging-up").returncode == 0
        assert platform.strange("list") == "first\nsecond\n"
        assert platform.engine.inspect("arc-flash-exporter")["State"]["Status"] == "running"

    def test_after_two_kills(self, platform):
        for _ in range(2):
            platform.engine.docker("exec", "arc-strange", "sh", "-c", "kill -9 -1", check=False)
            platform.engine.docker("kill", "arc-strange", check=False)
            assert platform.make("strange-up").returncode == 0
        assert platform.strange("list") == "first\nsecond\n"


# ---- TASK-051 otherwise ----

@contextlib.contextmanager
def client_proxies(platform):
    """Fault 6: Compose hands the proxies of the client's configuration to every container."""
    config = platform.engine.root / "client/config.json"
    config.write_text(json.dumps({"proxies": {"default": {"httpProxy": "http://proxy.corp.example:3128",
                                                         "httpsProxy": "http://proxy.corp.example:3128"}}}))
    yield {"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
    environment = platform.engine.inspect("arc-flash")["Config"]["Env"]
    config.unlink()
    assert "http_proxy=http://proxy.corp.example:3128" in environment


@contextlib.contextmanager
def nothing_special(platform):
    yield {}


# Each service once at each place; with ARC_WHOLE every order.
ORDERS = [("sonic", "strange", "flash"), ("flash", "sonic", "strange"), ("strange", "flash", "sonic")]
if os.environ.get("ARC_WHOLE"):
    ORDERS += sorted(set(itertools.permutations(NAMES)) - set(ORDERS))


@pytest.mark.parametrize("order, around, restart", [
    (order, client_proxies if place == 1 else nothing_special, place == 0) for place, order in enumerate(ORDERS)])
def test_task_051(platform, order, around, restart):
    """Its lines, in another order, over a restart of the engine, and behind proxies."""
    with around(platform) as shell:
        for name in order:
            assert platform.make(f"{name}-up", **shell).returncode == 0
        if restart:
            platform.engine.restart()
        assert platform.make("messaging-up", **shell).returncode == 0
        assert {name: platform.state(name) for name in NAMES} == {name: "running/healthy" for name in NAMES}
        assert platform.engine.docker("network", "inspect", "arc_platform_net", check=False).returncode == 0
        for target in ("messaging-health", *(f"{name}-health" for name in order)):
            assert platform.make(target, **shell).returncode == 0
        clients.wait_until("the exporter's health", lambda: platform.engine.inspect("arc-flash-exporter")
                           ["State"]["Health"]["Status"] == "healthy", 120)
        before = {name: platform.engine.inspect(NAMES[name])["Id"] for name in NAMES}
        assert platform.make("messaging-up", **shell).returncode == 0
        assert {name: platform.engine.inspect(NAMES[name])["Id"] for name in NAMES} == before
        assert clients.http("GET", "http://127.0.0.1:7777/metrics")[0] == 200
    assert platform.make("messaging-down", **shell).returncode == 0
    assert not [name for name in platform.containers() if name.startswith("arc-")]
    assert set(VOLUMES.values()) <= platform.volumes()


# ---- deleting, and the shell's environment ----

def test_no_flag_of_make_deletes_after_a_no(platform, clean):
    assert platform.make("flash-up").returncode == 0
    platform.make("-i", "flash-clean")
    platform.make("flash-clean", MAKEFLAGS="i")
    platform.make("flash-clean", CONFIRM="it's")
    assert VOLUMES["flash"] in platform.volumes() and platform.state("flash") == "running/healthy"
    assert platform.make("-i", "flash-clean", CONFIRM="yes").returncode == 0
    assert VOLUMES["flash"] not in platform.volumes()


def test_another_project_of_the_shell_changes_nothing(platform, clean):
    shell = {"COMPOSE_PROJECT_NAME": "acme", "COMPOSE_REMOVE_ORPHANS": "1", "COMPOSE_FILE": "/nonexistent.yml"}
    assert platform.make("flash-up", "sonic-up", **shell).returncode == 0
    assert platform.state("flash") == platform.state("sonic") == "running/healthy"
    assert platform.make("flash-down", **shell).returncode == 0 and platform.state("flash") == "absent"
    assert platform.make("sonic-clean", CONFIRM="yes", **shell).returncode == 0
    assert VOLUMES["sonic"] not in platform.volumes()


def test_down_of_what_something_else_made_is_no_success(platform, clean):
    assert platform.make("sonic-build").returncode == 0
    platform.engine.docker("run", "-d", "--name", "arc-sonic", "-v", "arc-sonic-data:/data", "arc-sonic:latest")
    run = platform.make("sonic-down")
    assert run.returncode != 0 and "arc-sonic is still there" in run.stderr
    run = platform.make("sonic-clean", CONFIRM="yes")
    assert run.returncode != 0 and VOLUMES["sonic"] in platform.volumes()


# ---- health ----

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Other(http.server.ThreadingHTTPServer):
    """Another program on a port of ours."""

    def __init__(self, where, port):
        self.address_family = socket.AF_INET6 if ":" in where else socket.AF_INET
        super().__init__((where, port), Answer)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


@pytest.mark.parametrize("where", ["::1", "127.0.0.1"])
def test_another_program_is_not_flash(platform, clean, where):
    assert platform.make("flash-up").returncode == 0
    platform.engine.docker("stop", "arc-flash")
    with Other(where, 8222):
        assert platform.make("flash-health").returncode != 0


@pytest.mark.parametrize("filled_by", ["messages", "another program"])
def test_flash_with_a_full_disk_is_red(platform, clean, filled_by):
    """Fault 11: its /healthz stays green."""
    platform.make("flash-build")
    full_volume(platform, "flash", 8192, 1000)
    assert platform.make("flash-up").returncode == 0
    assert platform.make("flash-health").returncode == 0
    with clients.Nats() as nats:
        nats.ask("$JS.API.STREAM.CREATE.FULL", '{"name":"FULL","subjects":["full"],"storage":"file"}')
        if filled_by == "another program":
            platform.engine.docker("exec", "arc-flash", "sh", "-c", "cat /dev/zero >/data/zeros", check=False)
            assert clients.http("GET", "http://127.0.0.1:8222/healthz")[0] == 200
            assert platform.make("flash-health").returncode != 0
        for _ in range(60):
            try:
                if "error" in nats.ask("full", "x" * 200000):
                    break
            except TimeoutError:  # no acknowledgement is an answer too
                break
        else:
            pytest.fail("the disk never was full")
    if filled_by == "messages":
        assert clients.http("GET", "http://127.0.0.1:8222/healthz")[0] == 200
    run = platform.make("flash-health")
    assert run.returncode != 0 and "docker system df" in run.stderr


def test_sonic_with_a_full_disk_says_why(platform, clean):
    """Fault 10."""
    platform.make("sonic-build")
    full_volume(platform, "sonic", 4096, 999)
    assert platform.make("sonic-up").returncode == 0
    clients.wait_until("MISCONF", lambda: "MISCONF" in clients.redis("SET", "k", "x" * 1000000)
                       or "MISCONF" in clients.redis("PING"), 120)
    run = platform.make("sonic-health")
    assert run.returncode != 0 and "MISCONF" in run.stderr and "docker system df" in run.stderr


@pytest.mark.parametrize("name", ["flash", "sonic"])
def test_a_volume_of_root_gets_advice_that_works(platform, clean, name):
    platform.make(f"{name}-build")
    platform.engine.docker("run", "--rm", "-u", "0", "--entrypoint", "sh", "-v", f"{VOLUMES[name]}:/data",
                           f"arc-{name}:latest", "-c", "chown -R 0:0 /data && chmod 0755 /data && touch /data/backup")
    run = platform.make(f"{name}-up", "WAIT=20")
    assert run.returncode != 0
    advice = re.search(r"^  docker (run --rm .*chown.*)$", run.stderr, re.M)
    assert advice, run.stderr
    platform.engine.docker(*advice.group(1).split())
    assert platform.make(f"{name}-up").returncode == 0


# ---- moved pins ----

def test_a_moved_pin_is_said_and_the_store_goes_both_ways(platform, base, clean):
    """Fault 5; and a store of NATS 2.10 is read by the pinned release, and again by 2.10."""
    def publish(count):
        with clients.Nats() as nats:
            for _ in range(count):
                assert "error" not in nats.ask("moved", "message")
            return nats.ask("$JS.API.STREAM.INFO.MOVED")["state"]["messages"]

    from bases import default_base
    pinned = default_base("messaging")
    platform.engine.docker("image", "rm", "-f", "arc-flash:latest")
    assert platform.make("flash-up").returncode == 0 and "is built on" not in platform.make("flash-up").stderr
    old = ["BUILD_ARGS=--build-arg NATS_IMAGE=" + base("messaging", "nats:2.10.29-alpine")]
    assert platform.make("flash-clean", CONFIRM="yes").returncode == 0
    assert platform.make("flash-build", *old).returncode == 0
    run = platform.make("flash-up")
    assert run.returncode == 0
    assert f"is built on nats:2.10.29-alpine, but services/messaging/Dockerfile names {pinned}" in run.stderr
    with clients.Nats() as nats:
        nats.ask("$JS.API.STREAM.CREATE.MOVED", '{"name":"MOVED","subjects":["moved"],"storage":"file"}')
    assert publish(500) == 500
    for arguments, messages in (([], 1000), (old, 1500), ([], 2000)):
        assert platform.make("flash-build", *arguments).returncode == 0
        assert platform.make("flash-up").returncode == 0
        assert publish(500) == messages
