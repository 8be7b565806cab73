"""A gateway of its own for each test; or one for a module, as new before each of its tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving.api.serving_app import Served, served

SCRIPTED_INDEX = Path(__file__).parent.parent / "scripted_index.py"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Served]:
    """A running gateway whose index job does what the file `plan` in its home says."""
    with served(tmp_path, (sys.executable, str(SCRIPTED_INDEX), str(tmp_path))) as running:
        yield running


@pytest.fixture(scope="module")
def module_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway for all tests of a module; they take `shared`."""
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def shared(module_gateway: Served) -> Served:
    """The module's gateway, as new. Starting one takes longer than most tests."""
    module_gateway.renew()
    return module_gateway


@pytest.fixture
def mira(gateway: Served) -> Iterator[httpx.Client]:
    """An analyst who is signed in."""
    with gateway.signed_in("mira") as client:
        yield client
