"""The stage on which act runs workflows, once for all tests, and a checkout of this repository for each."""
import pytest
from stage import open_stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    with open_stage(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


@pytest.fixture
def checkout(stage, request):
    made = stage.checkout(request.node.name.replace("[", "-").replace("]", ""))
    yield made
    made.double.close()
