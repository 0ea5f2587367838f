"""One private engine for the whole suite (engine.py); its registry's store is emptied by nobody, so tests use
repositories of their own."""
import functools
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


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


@pytest.fixture(scope="module")
def platform(engine, base):
    """The make targets (messaging.py), with the base images that they build on. Leaves no container, volume or network behind."""
    import messaging
    import platform_images
    base("messaging")
    base("cache")
    platform_images.build_exporter(engine)
    platform_images.build_pulsar(engine)
    yield messaging.Platform(engine)
    for name in engine.docker("ps", "-aq", "--filter", "name=^arc-").stdout.split():
        engine.docker("rm", "-f", name)
    for name in messaging.VOLUMES.values():
        engine.docker("volume", "rm", "-f", name)
    engine.docker("network", "rm", "arc_platform_net", check=False)
