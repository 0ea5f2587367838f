"""A world for each test."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from world import World  # noqa: E402


@pytest.fixture
def world(tmp_path):
    with World(tmp_path) as world:
        yield world
