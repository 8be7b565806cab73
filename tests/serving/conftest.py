"""Databases of the store: SQLite, and PostgreSQL where it is installed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import postgres


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Give back to the workers' environment what was taken out of this process's."""
    if postgres.GIVEN:
        os.environ["DOSSIER_TEST_POSTGRES"] = postgres.GIVEN


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """A running PostgreSQL; skips where it isn't installed."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.started() as server:
        yield server


@pytest.fixture(params=["sqlite"] if postgres.why_not() else ["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'dossier.sqlite'}"
        return
    with request.getfixturevalue("postgresql").empty() as empty:
        yield empty
