"""One private engine for a whole suite (engine.py); its registry's store is emptied by nobody, so tests use
repositories of their own. tests/engine and tests/platform each have one."""
import functools
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def engine():
    """A running Engine: engine.docker(…), engine.registry, engine.env for other programs. 127.0.0.1 is its network's."""
    subprocess.run([HERE.parent / "deps.sh", "engine"], check=True)
    from engine import Engine
    with Engine() as running:
        yield running


@pytest.fixture(scope="session")
def base(engine):
    """base("messaging") builds the stand-in that services/messaging/Dockerfile starts from, once; gives its name."""
    from bases import build_base
    return functools.cache(functools.partial(build_base, engine))
