"""The engine that the other tests rest on: it builds, runs, pushes and cleans up for real."""
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from clients import http, wait_until

HERE = pathlib.Path(__file__).resolve().parent
SERVICES = HERE.parents[1] / "services"
SMALL = ("messaging", "cache")


def platforms_of(index):
    """(platforms of the images, digests that attestations belong to)"""
    images, attested = [], []
    for entry in index["manifests"]:
        platform = f"{entry['platform']['os']}/{entry['platform']['architecture']}"
        if entry.get("annotations", {}).get("vnd.docker.reference.type") == "attestation-manifest":
            attested.append(entry["annotations"]["vnd.docker.reference.digest"])
        else:
            images.append((platform, entry["digest"]))
    return images, attested


@pytest.mark.parametrize("service", SMALL)
def test_a_service_is_built_and_pushed_for_both_platforms(engine, base, repository, service):
    base(service)
    ref = f"{engine.registry.host}/{repository}"
    engine.docker("buildx", "build", "--platform", "linux/amd64,linux/arm64", "--push", "--provenance=true",
                  "-t", f"{ref}:one", SERVICES / service)
    digest, index = engine.registry.manifest(repository, "one")
    images, attested = platforms_of(index)
    assert sorted(platform for platform, _ in images) == ["linux/amd64", "linux/arm64"]
    assert sorted(attested) == sorted(digest for _, digest in images)
    assert engine.registry.manifest(repository, digest) == (digest, index)


@pytest.mark.parametrize("platform, machine", [("linux/amd64", "x86_64"), ("linux/arm64", "aarch64")])
def test_images_run_on_both_architectures(engine, base, platform, machine):
    run = engine.docker("run", "--rm", "--platform", platform, "--entrypoint", "uname", base("messaging"), "-m")
    assert run.stdout.strip() == machine
    version = engine.docker("run", "--rm", "--platform", platform, base("cache"), "redis-cli", "--version").stdout
    assert version.startswith("redis-cli ")


def test_published_ports_are_reached_on_the_loopback(engine, base):
    name = engine.docker("run", "-d", "-p", "127.0.0.1:8222:8222", base("messaging")).stdout.strip()
    try:
        wait_until("NATS", lambda: http("GET", "http://127.0.0.1:8222/healthz") == (200, '{"status":"ok"}'), 60)
    finally:
        engine.docker("rm", "-f", name)


def test_a_killed_test_leaves_nothing_running(engine):
    """A second engine, in a process that is killed with SIGKILL."""
    program = ("import sys, time; sys.path.insert(0, sys.argv[1]); from engine import Engine\n"
               "e = Engine().__enter__(); print(e.root, flush=True); time.sleep(600)")
    child = subprocess.Popen([sys.executable, "-c", program, str(HERE)], stdout=subprocess.PIPE, text=True)
    root = pathlib.Path(child.stdout.readline().strip())
    assert root.name.startswith("arc-engine-") and running(root)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    wait_until("its end", lambda: not running(root), 60)
    from engine import sweep
    sweep()
    assert not root.exists()
    assert engine.docker("version").returncode == 0  # and ours was let alone


def running(root):
    """Command lines that name the engine's folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(root) in line:
            found.append(line)
    return found
