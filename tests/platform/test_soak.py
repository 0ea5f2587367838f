"""Rounds of up, write, a random end, up, read: what was acknowledged is there again. 3 rounds; with ARC_WHOLE 20, with
ARC_SOAK=50 as many.

Sonic writes its file to the disk once a second (everysec). A kill of the process loses nothing that it answered, because
the kernel has it; only a machine that loses power may lose the last second, which no test here can bring about."""
import os
import random

import clients
from messaging import NAMES

ROUNDS = int(os.environ.get("ARC_SOAK") or (20 if os.environ.get("ARC_WHOLE") else 3))


def end_by_kill(platform):
    for name in NAMES.values():
        platform.engine.docker("kill", name)


def end_by_down(platform):
    assert platform.make("messaging-down").returncode == 0


def end_by_restart(platform):
    platform.engine.restart()


def end_one_and_swap(platform):
    """Its address goes to another container."""
    first, second = random.sample(sorted(NAMES), 2)
    assert platform.make(f"{first}-down", f"{second}-down").returncode == 0
    assert platform.make(f"{second}-up").returncode == 0


def write(platform, number):
    with clients.Nats() as nats:
        if number == 0:
            nats.ask("$JS.API.STREAM.CREATE.SOAK", '{"name":"SOAK","subjects":["soak"],"storage":"file"}')
        answer = nats.ask("soak", f"round {number}")
        assert answer.get("seq") == number + 1, answer
    assert clients.redis("SET", f"soak-{number}", f"round {number}") == "+OK"
    platform.strange("publish", f"round {number}")


def check(platform, count):
    with clients.Nats() as nats:
        assert nats.ask("$JS.API.STREAM.INFO.SOAK")["state"]["messages"] == count
    assert [clients.redis("GET", f"soak-{number}") for number in range(count)] == [f"round {n}" for n in range(count)]
    assert platform.strange("list").splitlines() == [f"round {number}" for number in range(count)]


def test_nothing_acknowledged_is_lost(platform):
    seed = os.environ.get("ARC_SOAK_SEED", "17")
    random.seed(seed)
    ends = [end_by_kill, end_one_and_swap, end_by_restart, end_by_down]
    for number in range(ROUNDS):
        assert platform.make("messaging-up").returncode == 0, f"round {number}, seed {seed}"
        if number:
            check(platform, number)
        write(platform, number)
        end = ends[number] if number < len(ends) else random.choice(ends)
        print(f"round {number}: {end.__name__}", flush=True)
        end(platform)
    assert platform.make("messaging-up").returncode == 0
    check(platform, ROUNDS)
    assert platform.make("messaging-health").returncode == 0
    assert platform.make("messaging-down").returncode == 0
