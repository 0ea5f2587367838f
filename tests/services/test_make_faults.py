"""What a laptop does to the targets: flags of make, variables of the shell, other programs on the ports, other
checkouts. Each of these lost data or told a falsehood once; docs/services.md says what people are told."""
import http.server
import os
import shutil
import socket
import threading

import pytest

import loopback
from conftest import ROOT

THREE = ["flash", "strange", "sonic"]
VOLUMES = {"flash": ["arc-flash-jetstream"], "strange": ["arc-strange-data"], "sonic": ["arc-sonic-data"],
           "otel": ["arc-friday-zookeeper-data", "arc-friday-zookeeper-datalog", "arc-friday-clickhouse-data",
                    "arc-friday-ui-data"]}
URLS = {"flash": "FLASH_HEALTH", "strange": "STRANGE_HEALTH"}


def deleted(docker):
    return [call for call in docker.calls() if "--volumes" in call]


# ---- deleting ----

@pytest.mark.parametrize("flags", [["-i"], ["-k"], ["-i", "-k", "-j4"], ["--ignore-errors"]])
@pytest.mark.parametrize("name", VOLUMES)
def test_no_flag_of_make_deletes_after_a_no(docker, name, flags):
    docker.make(*flags, f"{name}-clean", text_in="n\n")
    assert not deleted(docker)


@pytest.mark.parametrize("name", VOLUMES)
@pytest.mark.parametrize("flags", ["i", "ik", "-i", " --ignore-errors"])
def test_no_flag_of_the_environment_does(docker, name, flags):
    docker.environment["MAKEFLAGS"] = flags
    docker.make(f"{name}-clean", text_in="")
    assert not deleted(docker)


@pytest.mark.parametrize("value", ["it's", "yes; touch PWNED", "$(touch PWNED)", "`touch PWNED`", "$(shell touch PWNED)", "$(CONFIRM)", "yes\nyes", '"', "y", "YES", "1", "yes yes", "*"])
@pytest.mark.parametrize("where", ["argument", "environment"])
def test_confirm_is_data(docker, value, where):
    (ROOT / "PWNED").unlink(missing_ok=True)
    if where == "environment":
        docker.environment["CONFIRM"] = value
    run = docker.make("flash-clean", *(["CONFIRM=" + value.replace("$", "$$")] if where == "argument" else []))
    assert run.returncode != 0 and "Nothing was deleted" in run.stderr and "yntax error" not in run.stderr
    assert not deleted(docker) and not (ROOT / "PWNED").exists()


def test_confirm_in_the_environment_is_a_yes(docker):
    docker.environment["CONFIRM"] = "yes"
    assert docker.make("flash-clean").returncode == 0 and deleted(docker)


@pytest.mark.parametrize("name", VOLUMES)
def test_a_volume_that_stays_is_no_success(docker, name):
    for volume in VOLUMES[name]:
        docker.set("down-does-nothing")
        docker.set(f"volume-{volume}")
        for state in docker.folder.glob("state-*"):
            state.unlink()
        run = docker.make(f"{name}-clean", "CONFIRM=yes")
        assert run.returncode != 0 and f"volume {volume} is still there" in run.stderr
        docker.unset(f"volume-{volume}")


@pytest.mark.parametrize("verb", ["down", "clean"])
@pytest.mark.parametrize("name", VOLUMES)
def test_a_container_that_stays_is_no_success(docker, name, verb):
    docker.set("down-does-nothing")
    run = docker.make(f"{name}-{verb}", "CONFIRM=yes")
    assert run.returncode != 0 and "is still there" in run.stderr and "docker rm -f arc-" in run.stderr


# ---- the shell's environment ----

@pytest.mark.parametrize("target", ["flash-up", "messaging-up", "strange-down", "sonic-clean", "otel-up", "otel-down"])
def test_compose_is_told_nothing_by_the_shell(docker, target):
    """Compose lets each of these win over the file."""
    docker.environment.update(COMPOSE_PROJECT_NAME="acme", COMPOSE_REMOVE_ORPHANS="1", COMPOSE_FILE="/acme/compose.yml",
                              COMPOSE_PROFILES="acme", COMPOSE_PATH_SEPARATOR=",", COMPOSE_ENV_FILES="/acme/.env")
    assert docker.make(target, "CONFIRM=yes").returncode == 0
    seen = (docker.folder / "environment").read_text().split()
    assert not seen


# ---- health ----

class Answer(http.server.BaseHTTPRequestHandler):
    body, status = b"", 200

    def do_GET(self):
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


class Server6(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@pytest.fixture
def serve():
    """serve(address, status, body, port) answers there and gives its port."""
    running = []

    def start(address="127.0.0.1", status=200, body=b"{}", port=0):
        handler = type("Handler", (Answer,), {"status": status, "body": body})
        server = (Server6 if ":" in address else http.server.ThreadingHTTPServer)((address, port), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return server.server_port
    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", URLS)
def test_a_program_on_the_other_loopback_is_not_ours(docker, serve, name):
    port = serve("::1", port=loopback.free_port())  # and so nobody's at 127.0.0.1
    run = docker.make(f"{name}-health", f"{URLS[name]}=http://localhost:{port}/healthz")
    assert run.returncode != 0 and "NOT healthy" in run.stderr


@pytest.mark.parametrize("name", URLS)
def test_ours_is_found_beside_it(docker, serve, name):
    port = serve()
    serve("::1", 404, port=port)
    assert docker.make(f"{name}-health", f"{URLS[name]}=http://localhost:{port}/healthz").returncode == 0


@pytest.mark.parametrize("state", ["exited/", "created/", "missing", "restarting/unhealthy"])
@pytest.mark.parametrize("name", URLS)
def test_a_program_on_our_port_is_not_ours_while_the_container_is_down(docker, serve, name, state):
    port = serve()
    docker.unset(f"state-arc-{name}")
    if state != "missing":
        docker.set(f"state-arc-{name}", state + "\n")
    assert docker.make(f"{name}-health", f"{URLS[name]}=http://localhost:{port}/healthz").returncode != 0


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY", "all_proxy"])
def test_no_proxy_is_asked(docker, serve, variable):
    docker.environment[variable] = "http://127.0.0.1:9"
    port = serve()
    assert docker.make("flash-health", f"FLASH_HEALTH=http://localhost:{port}/healthz").returncode == 0


def test_no_curlrc_is_read(docker, serve, tmp_path):
    (tmp_path / ".curlrc").write_text("proxy = http://127.0.0.1:9\n")
    docker.environment.update(HOME=str(tmp_path), CURL_HOME=str(tmp_path))
    port = serve()
    assert docker.make("flash-health", f"FLASH_HEALTH=http://localhost:{port}/healthz").returncode == 0


@pytest.mark.parametrize("name", URLS)
def test_the_answer_that_made_it_red_is_shown(docker, serve, name):
    port = serve(status=503, body=b"the bookie is read only")
    run = docker.make(f"{name}-health", f"{URLS[name]}=http://localhost:{port}/healthz")
    assert run.returncode != 0 and "It said: the bookie is read only" in run.stderr and "It said: 503" in run.stderr


@pytest.mark.parametrize("name", THREE)
def test_no_flag_of_make_makes_it_green(docker, name):
    docker.set("ping", "LOADING\n")
    run = docker.make("-i", f"{name}-health", "FLASH_HEALTH=http://localhost:1/", "STRANGE_HEALTH=http://localhost:1/")
    assert "NOT healthy" in run.stderr and "healthy" not in run.stdout


@pytest.mark.parametrize("flags", [[], ["-i"]])
def test_all_three_are_healthy_only_if_they_are(docker, flags):
    assert "All three are healthy" in docker.make(*flags, "messaging-up").stdout
    docker.set("state-arc-flash", "running/healthy\nexited/unhealthy\n")  # it ends while Strange warms up
    run = docker.make(*flags, "messaging-up")
    assert "All three" not in run.stdout and "not healthy: arc-flash" in run.stderr


JSZ = '{\n  "memory": 0,\n  "storage": %d,\n  "config": {\n    "max_storage": %d\n  }\n}'


@pytest.mark.parametrize("body,words", [
    (JSZ % (500, 1000), None), (JSZ % (0, 0), None), (JSZ % (1001, 1000), "JetStream is full: 1001 of 1000 bytes"),
    ('{\n  "disabled": true\n}', "JetStream is disabled"), ('{"disabled":true,"storage":0}', "JetStream is disabled"),
    ('{"memory":0,"storage":1001,"config":{"max_memory":9,"max_storage":1000}}', "JetStream is full: 1001 of 1000 bytes"),
    ('{"storage":500,"reserved_storage":2000,"config":{"max_storage":1000}}', None)])
def test_a_jetstream_that_cannot_store_is_red(docker, serve, body, words):
    docker.set("jsz", body)
    run = docker.make("flash-health", f"FLASH_HEALTH=http://localhost:{serve()}/healthz")
    assert (run.returncode == 0) == (words is None)
    assert words is None or words in run.stderr


@pytest.mark.parametrize("kilobytes, green", [(0, False), (1023, False), (1024, True), (10 ** 10, True)])
def test_a_disk_that_something_else_filled_is_red(docker, serve, kilobytes, green):
    docker.set("df", f"Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 9 9 {kilobytes} 9% /data\n")
    run = docker.make("flash-health", f"FLASH_HEALTH=http://localhost:{serve()}/healthz")
    assert (run.returncode == 0) == green and ("docker system df" in run.stderr) != green


@pytest.mark.parametrize("answer", ["MISCONF Errors writing to the AOF file: No space left on device",
                                    "LOADING Redis is loading the dataset in memory", "not PONG", "PONG or so"])
def test_what_redis_said_is_shown(docker, answer):
    docker.set("ping", answer + "\n")
    run = docker.make("sonic-health")
    assert run.returncode != 0 and f"It said: {answer}" in run.stderr
    assert ("docker system df" in run.stderr) == ("No space" in answer)


@pytest.mark.parametrize("name", ["flash", "sonic"])
def test_an_exec_that_fails_without_a_word_is_red(docker, serve, name):
    """The engine ended it, or the container went meanwhile."""
    docker.unset("jsz")
    docker.set("ping")
    docker.client.write_text(docker.client.read_text().replace('cat "$dir/jsz"', "exit 137"))
    assert docker.make(f"{name}-health", f"FLASH_HEALTH=http://localhost:{serve()}/healthz").returncode != 0


def test_what_the_client_warns_of_is_not_the_answer(docker):
    docker.set("ping", "WARNING: Error loading config file: /root/.docker/config.json: permission denied\nPONG\n")
    assert docker.make("sonic-health").returncode == 0


def test_a_sleep_of_whole_seconds_waits_no_longer(docker, tmp_path):
    """BusyBox may be built without fractions. The stand-in counts the seconds instead of waiting."""
    (tmp_path / "sleep").write_text('#!/bin/sh\n[ "$1" = 1 ] || exit 1\necho 1 >>"$FAKE_DOCKER/seconds"\n')
    (tmp_path / "sleep").chmod(0o755)
    docker.set("hang")
    docker.client.write_text(docker.client.read_text().replace("exec sleep 60", "exec /bin/sleep 60"))
    docker.environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    run = docker.make("sonic-health")
    assert run.returncode != 0 and "no answer within 10 s" in run.stderr
    assert len((docker.folder / "seconds").read_text().split()) == 10


@pytest.mark.parametrize("wait", ["10s", "-1", "1.5", "08", "a b", "1 2"])
def test_a_wait_that_is_no_number_says_so(docker, wait):
    run = docker.make("sonic-up", f"WAIT={wait}")
    assert run.returncode != 0 and f"WAIT is a number of seconds, not '{wait}'" in run.stderr


@pytest.mark.parametrize("context,state,green", [
    ("ssh://build@far", "running/healthy", True), ("tcp://far:2376", "running/unhealthy", False),
    ("ssh://build@far", "running/starting", False), ("tcp://127.0.0.1:2375", "running/starting", None)])
def test_an_engine_elsewhere_answers_for_itself(docker, serve, context, state, green):
    """Its ports are on its own 127.0.0.1; a program on ours proves nothing."""
    port = serve(status=500 if green else 200)
    docker.set("context", context + "\n")
    docker.set("state-arc-flash", state + "\n")
    run = docker.make("flash-health", f"FLASH_HEALTH=http://localhost:{port}/healthz")
    assert (run.returncode == 0) == (green is not False)
    assert ("on another machine" in run.stderr) == (green is not None)


@pytest.mark.parametrize("log,words", [
    ("write /data/x: No space left on device", "docker system df -v"),
    ("# Can't handle RDB format version 12", "go back to the newer image"),
    ("java.lang.OutOfMemoryError: Java heap space", "PULSAR_MEM")])
def test_the_log_is_searched_for_known_causes(docker, log, words):
    docker.set("log", log + "\n")
    docker.set("state-arc-sonic", "exited/\n")
    run = docker.make("sonic-up")
    assert run.returncode != 0 and words in run.stderr


# ---- programs that a host may lack ----

@pytest.fixture
def bare_path(tmp_path):
    """A PATH without timeout and ss, as on macOS, and with a sed that knows no -u, as BusyBox has."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "make", "cat", "sed", "awk", "curl", "printf", "echo", "sleep", "mktemp", "rm", "mkfifo", "grep",
                 "head", "tail", "wc", "date", "tr", "kill", "env", "od", "cut", "dirname"):
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    sed = shutil.which("sed")
    (folder / "sed").unlink()
    (folder / "sed").write_text(f'#!/bin/sh\n[ "$1" != -u ] || {{ echo "sed: invalid option -- u" >&2; exit 1; }}\nexec {sed} "$@"\n')
    (folder / "sed").chmod(0o755)
    return str(folder)


def test_without_timeout_ss_and_sed_u(docker, bare_path):
    docker.environment["PATH"] = bare_path
    docker.set("ping", "PONG\n")
    assert docker.make("sonic-health").returncode == 0
    run = docker.make("-s", "messaging-logs")
    assert run.returncode == 0 and "arc-sonic | arc-sonic says two" in run.stdout
    docker.set("up-error-arc-sonic", "port is already allocated\n")
    run = docker.make("sonic-up")
    assert "lsof -nP" in run.stderr and "ss -ltnp" not in run.stderr


def test_a_redis_that_hangs_is_red_after_a_while(docker):
    docker.set("hang")
    run = docker.make("sonic-health")
    assert run.returncode != 0 and "no answer within 10 s" in run.stderr


# ---- moved pins, other checkouts, pruned networks ----

@pytest.mark.parametrize("name,folder", [("flash", "messaging"), ("strange", "streaming"), ("sonic", "cache")])
def test_an_image_on_another_base_is_said(docker, name, folder):
    docker.set(f"image-arc-{name}_latest", "old/base:1\n")
    run = docker.make(f"{name}-up")
    assert run.returncode == 0
    assert f"arc-{name}:latest is built on old/base:1, but services/{folder}/Dockerfile names " in run.stderr
    assert f"make {name}-build" in run.stderr
    assert "is built on" not in docker.make(f"{name}-up", "BUILD_ARGS=--build-arg X_IMAGE=old/base:1").stderr
    pin = next(line.split("=", 1)[1] for line in (ROOT / "services" / folder / "Dockerfile").read_text().splitlines()
               if line.startswith("ARG ") and "=" in line)
    for base in (pin, f"mirror.corp/{pin}"):
        docker.set(f"image-arc-{name}_latest", base + "\n")
        assert "is built on" not in docker.make(f"{name}-up").stderr


def test_another_checkout_is_named(docker, tmp_path):
    docker.set("owner-arc-flash", f"{tmp_path}\n")
    for target in ("flash-up", "flash-down", "flash-clean"):
        docker.set("state-arc-flash", "running/healthy\n")
        assert f"started from another checkout, {tmp_path}" in docker.make(target).stderr
    docker.set("state-arc-flash", "running/healthy\n")
    docker.set("owner-arc-flash", f"{ROOT}/services/messaging\n")
    assert "another checkout" not in docker.make("flash-up").stderr


def test_a_container_whose_network_is_gone_is_made_anew(docker):
    docker.set("up-error-once-arc-sonic", "Error response from daemon: network 094cb627 not found\n")
    run = docker.make("sonic-up")
    assert run.returncode == 0, run.stderr
    assert any("up -d --force-recreate arc-sonic" in call for call in docker.calls())


def test_an_old_volume_of_strange_is_said(docker):
    assert "old one" not in docker.make("strange-up").stderr
    docker.set("cookie", '5\nbookieHost: "172.18.0.2:41847"\n')
    run = docker.make("strange-up")
    assert run.returncode == 0 and "while the container's address is 172.18.0.2" in run.stderr
    docker.set("state-arc-strange", "running/unhealthy\n")
    run = docker.make("strange-up", "WAIT=1")
    assert run.returncode != 0 and "make strange-clean" in run.stderr
