"""How the targets behave and what they say, with a client that fails on demand: the engine's part is
in tests/engine/."""
import http.server
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

from conftest import ROOT, heed_ctrl_c, make

THREE = ["flash", "strange", "sonic"]
STARTED = {"flash": ("services/messaging/docker-compose.yml", "8222"),
           "strange": ("services/streaming/docker-compose.yml", "8082"),
           "sonic": ("services/cache/docker-compose.yml", "6379")}


def up_call(name):
    return f"compose -f {STARTED[name][0]} up -d arc-{name}"


@pytest.mark.parametrize("name", THREE)
def test_up_starts_waits_and_says_where(docker, name):
    docker.set(f"state-arc-{name}", "running/starting\nrunning/starting\nrunning/healthy\n")
    run = docker.make(f"{name}-up")
    assert run.returncode == 0, run.stderr
    assert up_call(name) in docker.calls()
    assert f"arc-{name}: waiting until it is healthy" in run.stdout
    assert ".. healthy" in run.stdout
    assert "127.0.0.1" in run.stdout and STARTED[name][1] in run.stdout


@pytest.mark.parametrize("name", THREE + ["otel"])
def test_no_engine(docker, name):
    docker.set("no-engine")
    run = docker.make(f"{name}-up")
    assert run.returncode != 0
    assert "no container engine answers" in run.stderr and "DOCKER_HOST" in run.stderr
    assert not any(" up " in call for call in docker.calls())


@pytest.mark.parametrize("name", THREE + ["otel"])
def test_no_engine_to_ask_about_health(docker, name):
    docker.set("no-engine")
    run = docker.make(f"{name}-health")
    assert run.returncode != 0 and "container is not there" not in run.stderr
    assert "its container is unknown, since no container engine answers" in run.stderr


@pytest.mark.parametrize("target", ["flash-up", "strange-down", "otel-build"])
def test_no_compose_plugin(docker, target):
    docker.set("no-compose")
    run = docker.make(target)
    assert run.returncode != 0 and "compose plugin" in run.stderr


@pytest.mark.parametrize("name", THREE + ["otel"])
def test_missing_network_is_created(docker, name):
    docker.unset("network")
    assert docker.make(f"{name}-up").returncode == 0
    assert docker.calls().count("network create arc_platform_net") == 1


def test_network_that_cannot_be_created(docker):
    docker.unset("network")
    docker.set("no-network")
    run = docker.make("sonic-up")
    assert run.returncode != 0
    assert "network arc_platform_net is missing and cannot be created" in run.stderr
    assert up_call("sonic") not in docker.calls()


@pytest.mark.parametrize("name", THREE)
def test_missing_image_is_built_first(docker, name):
    docker.unset(f"image-arc-{name}_latest")
    run = docker.make(f"{name}-up", "BUILD_ARGS=--build-arg X=1")
    assert run.returncode == 0, run.stderr
    assert f"arc-{name}:latest is not built yet" in run.stdout
    built = [call for call in docker.calls() if call.startswith("build ")]
    assert built == [f"build --build-arg X=1 -t arc-{name}:latest {STARTED[name][0].rsplit('/', 1)[0]}/"]


def test_image_that_cannot_be_built(docker):
    docker.unset("image-arc-flash_latest")
    docker.set("no-build")
    run = docker.make("flash-up")
    assert run.returncode != 0
    assert "arc-flash:latest could not be built" in run.stderr and "make flash-build" in run.stderr
    assert up_call("flash") not in docker.calls()


@pytest.mark.parametrize("words,advice", [
    ("Bind for 127.0.0.1:4222 failed: port is already allocated", "taken on 127.0.0.1"),
    ("listen tcp4 127.0.0.1:4222: bind: address already in use", "taken on 127.0.0.1"),
    ('The container name "/arc-flash" is already in use by container "0a1b"', "docker rm -f arc-flash"),
    ("network arc_platform_net declared as external, but could not be found", "network create arc_platform_net"),
    ("something nobody thought of", "engine's own words"),
])
def test_failed_start_says_what_to_do(docker, words, advice):
    docker.set("up-error-arc-flash", words + "\n")
    run = docker.make("flash-up")
    assert run.returncode != 0
    assert words in run.stderr and advice in run.stderr
    assert "arc-flash was not started" in run.stderr


def test_flash_starts_without_its_exporter_and_says_so(docker):
    docker.set("up-error-arc-flash-exporter", "manifest unknown\n")
    run = docker.make("flash-up")
    assert run.returncode == 0
    assert "manifest unknown" in run.stderr and "no NATS metrics" in run.stderr


def test_up_gives_up_after_its_limit(docker):
    docker.set("state-arc-strange", "running/starting\n")
    run = docker.make("strange-up", "WAIT=2")
    assert run.returncode != 0
    assert "still not healthy after 2 s" in run.stderr and "last words of arc-strange" in run.stderr
    assert "make strange-logs" in run.stderr


@pytest.mark.parametrize("state", ["exited", "restarting", "paused", "dead"])
def test_up_stops_waiting_for_a_container_that_does_not_run(docker, state):
    docker.set("state-arc-sonic", f"running/starting\n{state}/unhealthy\n")
    run = docker.make("sonic-up", "WAIT=600")
    assert run.returncode != 0
    assert f"arc-sonic is {state}" in run.stderr and "last words of arc-sonic" in run.stderr


def test_messaging_up_warms_strange_up_first_and_waits_for_it_last(docker):
    docker.set("state-arc-strange", "running/starting\nrunning/healthy\n")
    run = docker.make("messaging-up")
    assert run.returncode == 0, run.stderr
    starts = [call for call in docker.calls() if " up -d " in call]
    assert starts[0] == up_call("strange")
    waits = [call.rsplit(" ", 1)[1] for call in docker.calls() if call.startswith("inspect ")]
    assert waits == ["arc-flash", "arc-sonic", "arc-strange", "arc-strange"]


def test_messaging_up_twice(docker):
    docker.unset("network")
    assert docker.make("messaging-up").returncode == 0
    assert docker.make("messaging-up").returncode == 0


def test_make_in_parallel(docker):
    docker.unset("network")
    run = docker.make("-j8", "flash-up", "strange-up", "sonic-up", "messaging-up")
    assert run.returncode == 0, run.stderr
    assert {up_call(name) for name in THREE} <= set(docker.calls())
    assert docker.make("-j8", "messaging-down").returncode == 0
    assert docker.make("-j8", "messaging-build").returncode == 0
    assert sum(call.startswith("build ") for call in docker.calls()) == 3


def test_messaging_up_fails_if_one_fails(docker):
    docker.set("up-error-arc-sonic", "port is already allocated\n")
    assert docker.make("messaging-up").returncode != 0


def test_messaging_down_goes_through_all_three(docker):
    docker.set("down-error")
    run = docker.make("messaging-down")
    assert run.returncode != 0
    assert [call for call in docker.calls() if call.endswith(" down")] == \
        [f"compose -f {STARTED[name][0]} down" for name in THREE]
    assert "failed: flash-down strange-down sonic-down" in run.stderr


@pytest.mark.parametrize("name", THREE + ["otel"])
@pytest.mark.parametrize("answer", ["", "n\n", "no\n", "yes please\n"])
def test_clean_asks_and_a_no_deletes_nothing(docker, name, answer):
    run = docker.make(f"{name}-clean", text_in=answer)
    assert run.returncode != 0
    assert "[y/N]" in run.stdout and "Nothing was deleted" in run.stderr
    assert not any(" down" in call for call in docker.calls())


@pytest.mark.parametrize("name", THREE + ["otel"])
@pytest.mark.parametrize("arguments,answer", [([], "y\n"), ([], "yes\n"), (["CONFIRM=yes"], "")])
def test_clean_deletes_the_volumes(docker, name, arguments, answer):
    run = docker.make(f"{name}-clean", *arguments, text_in=answer)
    assert run.returncode == 0, run.stderr
    assert any(call.endswith(" down --volumes") for call in docker.calls())
    assert ("[y/N]" in run.stdout) == (not arguments)


class Answer(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self):
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def probe():
    """A server on a free port; `probe(503)` answers with that status from then on."""
    handler = type("Handler", (Answer,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def set_status(status):
        handler.status = status
        return f"http://localhost:{server.server_port}/"
    yield set_status
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["flash", "strange"])
def test_http_health(docker, probe, name):
    url = probe(200)
    assert docker.make(f"{name}-health", f"{name.upper()}_HEALTH={url}").returncode == 0
    docker.set(f"state-arc-{name}", "paused\n")
    probe(503)
    run = docker.make(f"{name}-health", f"{name.upper()}_HEALTH={url}")
    assert run.returncode != 0
    assert f"arc-{name}: NOT healthy" in run.stderr and "container is paused" in run.stderr
    assert f"make {name}-up" in run.stderr


@pytest.mark.parametrize("answer,healthy", [("PONG\n", True), ("LOADING Redis is loading\n", False), ("", False)])
def test_sonic_health(docker, answer, healthy):
    docker.set("ping", answer)
    assert (docker.make("sonic-health").returncode == 0) == healthy


def test_messaging_health_reports_all_three_before_it_fails(docker, probe):
    url = probe(200)
    docker.unset("state-arc-flash")
    docker.set("ping", "PONG\n")
    run = docker.make("messaging-health", "FLASH_HEALTH=http://localhost:1/", f"STRANGE_HEALTH={url}")
    assert run.returncode != 0
    assert "arc-flash: NOT healthy" in run.stderr and "container is not there" in run.stderr
    assert "arc-strange: healthy" in run.stdout and "arc-sonic: healthy" in run.stdout
    assert "failed: flash-health" in run.stderr and "sonic-health" not in run.stderr.split("failed:")[1]
    docker.set("state-arc-flash", "running/healthy\n")
    assert docker.make("messaging-health", f"FLASH_HEALTH={url}", f"STRANGE_HEALTH={url}").returncode == 0


def test_otel_health_reports_both(docker, probe):
    url = probe(200)
    docker.set("state-arc-friday", "running/healthy\n")
    run = docker.make("otel-health", f"OTEL_HEALTH={url}", "OTEL_UI=http://localhost:1/")
    assert run.returncode != 0
    assert "arc-friday-collector: healthy" in run.stdout and "arc-friday: NOT healthy" in run.stderr
    assert docker.make("otel-health", f"OTEL_HEALTH={url}", f"OTEL_UI={url}").returncode == 0


def test_messaging_logs_prefixes_every_line(docker):
    run = docker.make("-s", "messaging-logs")
    expected = [f"arc-{name} | arc-{name} says {word}" for name in THREE for word in ("one", "two")]
    assert sorted(run.stdout.splitlines()) == sorted(expected)
    assert run.returncode == 0


def test_messaging_logs_fails_when_a_log_cannot_be_read(docker):
    docker.set("no-arc-flash")
    run = docker.make("-s", "messaging-logs")
    assert run.returncode != 0
    assert "arc-flash | Error: No such container: arc-flash" in run.stdout
    assert "arc-sonic | arc-sonic says two" in run.stdout
    docker.set("no-engine")
    run = docker.make("-s", "messaging-logs")
    assert run.returncode != 0 and "no container engine answers" in run.stderr


def alive(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(") ", 1)[1][0] != "Z"


def wait_until(check):
    end = time.monotonic() + 60
    while not check() and time.monotonic() < end:
        time.sleep(0.05)


@pytest.mark.parametrize("signals_group", [True, False])
def test_ctrl_c_ends_all_three_logs(docker, signals_group):
    """Ctrl-C on a terminal reaches the whole group; a supervisor's signal may reach make alone."""
    docker.set("follow")
    process = subprocess.Popen(["make", "-s", f"DOCKER={docker.client}", "messaging-logs"], cwd=ROOT,
                               env={**os.environ, **docker.environment}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=heed_ctrl_c)
    record = docker.folder / "followers"
    wait_until(lambda: record.exists() and len(record.read_text().split()) == 3)
    followers = [int(pid) for pid in record.read_text().split()]
    assert len(followers) == 3
    if signals_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    wait_until(lambda: not any(alive(pid) for pid in followers))
    assert not any(alive(pid) for pid in followers)
