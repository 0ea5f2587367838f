"""Allocations of the commands that talk to servers fail, as those of the others in test_torture.py, which came before: here only those
whose six innermost calls are new are tried (ARC_TORTURE=1: the first of each stack of calls). The run ends right, or says that memory
ran out; public names are all moved or none, and the next run ends right."""
import pathlib
import re
import sys

import pytest

from torture import ALL, Allocations, COMMANDS, Shop, plain

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "steer")]
from world import World, quick_sleep  # noqa: E402
from test_faults import SCENARIOS, Scenario, names_of, released_twice, state_of  # noqa: E402
from test_prune import make_prunable  # noqa: E402


TABLE = {name: SCENARIOS[name] for name in ("train", "rollback", "tag")}
TABLE["prune"] = Scenario(("prune", "--apply", "--keep=0", "--older-than=14d"), make_prunable, services="a")
for name, words in {"status": ("status",), "verify": ("verify", "shop/v1.0.1"), "release": ("release", "--plan=../plan.json", "--build=../build.json"),
                    "report": ("report", "--plan=../plan.json", "--build=../build.json")}.items():
    TABLE[name] = Scenario(words, released_twice, services="a")
TRIED = {}


@pytest.fixture(scope="module")
def known(tmp_path_factory, record_testsuite_property):
    shop, calls = Shop(tmp_path_factory.mktemp("shop")), set()
    for command in COMMANDS:
        Allocations(lambda env, command=command: shop.run(command, env=env), calls)
    yield calls
    record_testsuite_property("figures", "allocations beside servers: " + ", ".join(f"{number} of {name}" for name, number in sorted(TRIED.items())))


@pytest.mark.parametrize("name", TABLE)
def test_every_allocation(tmp_path, known, name):
    scenario, count = TABLE[name], tmp_path / "count"
    with World(tmp_path, mirror=False, **scenario.world) as world:
        def run(status=0, **env):
            preloaded = ":".join(filter(None, (env.pop("LD_PRELOAD", None), quick_sleep())))
            return world.run(*scenario.words, status=status, LD_PRELOAD=preloaded, **env)

        def look():
            return names_of(world), state_of(world)
        scenario.make(world)
        world.keep()
        before, right, after = look(), run(), look()
        world.restore()
        its = Allocations(lambda env: run(**env), known)
        world.restore()
        for n in [n for n in its.first if ALL or n in its.new]:
            where = f"allocation {n} of {its.total} fails"
            got = run(status=None, **its.fail(n, False, count))
            now = look()
            if got.returncode == 0:
                assert now == after and plain(got.out.encode()) == plain(right.out.encode()), f"{where}: another answer\n{got.out}\n{got.err}"
            else:
                assert got.returncode == its.CAUSE[0] and re.search(its.CAUSE[1], got.err.encode()), f"{where}: exit {got.returncode}\n{got.err}"
                assert now[0] in (before[0], after[0]) or "NOT put back" in got.err, f"{where}: {now[0]}\n{got.err}"
            assert not its.leak(count), f"{where}: {its.leak(count)} blocks leak"
            if got.returncode and now != before:
                run()
                assert look() == after, where
            world.restore(files=now != before)
            TRIED[name] = TRIED.get(name, 0) + 1
