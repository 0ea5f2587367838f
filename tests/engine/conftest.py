"""The suite's engine (fixtures.py), and repositories, a release group and a broken registry on it."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from fixtures import base, engine  # noqa: E402,F401


@pytest.fixture
def repository(request):
    """A name in the registry that no other test uses."""
    return "test/" + request.node.name.lower().replace("[", "-").replace("]", "").replace("/", "-")


@pytest.fixture
def shop(engine, base, repository, tmp_path):
    """A release group of flash and sonic, with a repository and a registry prefix of its own."""
    from shop import Shop
    base("messaging")
    base("cache")
    return Shop(engine, tmp_path / "shop", repository)


@pytest.fixture
def proxy(engine):
    """A registry that can be told to fail (faults.py), in front of the engine's."""
    from faults import Proxy
    with Proxy(engine.registry) as running:
        yield running
