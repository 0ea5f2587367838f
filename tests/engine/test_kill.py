"""Killed at any moment, a build or a promotion is finished by running it again, and nothing stays behind.

ARC_KILLS sets how many random moments are tried: 5, with ARC_WHOLE 30. (tests/torture/test_kill.py goes through the system calls.)"""
import os
import pathlib
import random
import re
import signal
import subprocess
import time

from shop import ARC_CI

KILLS = int(os.environ.get("ARC_KILLS") or (30 if os.environ.get("ARC_WHOLE") else 5))


def start(shop, *args):
    return subprocess.Popen([ARC_CI, "build", "--json", *args], cwd=shop.folder, env=shop.env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def clients(engine):
    """Processes of docker's client on this engine."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if any(word.endswith(b"docker-buildx") or word == b"buildx" for word in line) and \
                f"DOCKER_HOST=unix://{engine.root}/".encode() in environment:
            found.append(b" ".join(line))
    return found


def wait_until_gone(engine):
    end = time.monotonic() + 60
    while clients(engine) and time.monotonic() < end:
        time.sleep(0.05)
    assert clients(engine) == []


def check_public_tags(shop, complete):
    """Whatever a public tag points to is one of the indexes known to be complete."""
    for codename in shop.services:
        for tag, digest in shop.tags(codename).items():
            assert digest in complete, f"{codename}:{tag} points to {digest}"


def test_killed_builds_are_finished_by_the_next_run(shop):
    plan = shop.plan()
    shop.build()  # warm: what is killed below is the build, not the first pull of the base
    dice = random.Random(4)
    started = time.monotonic()
    shop.build("--rebuild")
    whole = time.monotonic() - started
    for kill in range(KILLS):
        with open(shop.folder / "services/messaging/Dockerfile", "a") as dockerfile:
            dockerfile.write(f"ENV KILL={kill}\n")
        child = start(shop)
        time.sleep(dice.uniform(0, 1.1 * whole))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        wait_until_gone(shop.engine)
        build, _ = shop.build()
        for entry, planned in zip(build["services"], plan["services"]):
            digest, index = shop.engine.registry.manifest(shop.name(entry["service"]), planned["staging"])
            assert digest == entry["digest"] and len(index["manifests"]) == 4
        assert shop.tags("flash") == shop.tags("sonic") == {}


def test_killed_promotions_are_finished_by_the_next_run(shop):
    dice = random.Random(5)
    complete = set()
    shop.plan()
    build, _ = shop.build()
    complete |= {entry["digest"] for entry in build["services"]}
    started = time.monotonic()
    shop.promote()
    whole = time.monotonic() - started
    for kill in range(KILLS):
        shop.commit(f"release {kill}")
        shop.git("tag", f"messaging/v1.{kill}.0")
        plan = shop.plan(tag=f"messaging/v1.{kill}.0")
        build, _ = shop.build()
        complete |= {entry["digest"] for entry in build["services"]}
        child = start(shop, "--promote")
        time.sleep(dice.uniform(0, 1.1 * whole))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        check_public_tags(shop, complete)
        shop.promote()
        for entry, planned in zip(build["services"], plan["services"]):
            tags = shop.tags(entry["service"])
            assert all(tags[tag["tag"]] == entry["digest"] for tag in planned["tags"] if tag["move"])


def slow(shop):
    with open(shop.folder / "services/messaging/Dockerfile", "a") as dockerfile:
        dockerfile.write("USER root\nRUN echo asleep; sleep 600\n")


def wait_for_line(child, text):
    for line in child.stderr:
        if text in line:
            return
    raise AssertionError(f"never said: {text}")


def test_a_signal_ends_the_build_and_its_children(shop):
    shop.plan()
    slow(shop)
    for number in (signal.SIGINT, signal.SIGTERM):
        child = start(shop)
        wait_for_line(child, "| asleep")
        child.send_signal(number)
        _, stderr = child.communicate(timeout=60)
        assert child.returncode == 1
        assert re.search(r"interrupted, with [1-9]\d* steps done; no public tag was moved", stderr)
        wait_until_gone(shop.engine)


def test_nothing_runs_on_after_a_kill_in_a_silent_step(shop):
    shop.plan()
    slow(shop)
    child = start(shop)
    wait_for_line(child, "| asleep")
    child.send_signal(signal.SIGKILL)
    child.communicate()
    wait_until_gone(shop.engine)
