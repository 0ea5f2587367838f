"""The platform's services on an engine of this suite's own: tests/engine/fixtures.py."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "engine")]
import messaging  # noqa: E402
import platform_images  # noqa: E402
from fixtures import base, engine  # noqa: E402,F401


@pytest.fixture(scope="module")
def platform(engine, base):
    """The make targets (messaging.py), with the base images that they build on. Leaves no container, volume or network behind."""
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
