"""A store in SQLite, and in PostgreSQL where DOSSIER_TEST_POSTGRES names a server."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from dossier.settings import Settings
from serving.store import Store, open_store
from serving.store.passwords import Passwords

POSTGRES = os.environ.pop("DOSSIER_TEST_POSTGRES", "")
"""SQLAlchemy URL of a server where databases may be made. Taken out: settings refuse variables they don't know."""
FIRST_PASSWORD = "first password"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Give it back to the workers' environment."""
    if POSTGRES:
        os.environ["DOSSIER_TEST_POSTGRES"] = POSTGRES


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """argon2id at its lowest cost."""
    return Passwords(time_cost=1, memory_kib=8, lanes=1)


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.sqlite'}"
        return
    server = make_url(POSTGRES)
    name = f"dossier_test_{uuid4().hex}"
    _execute(server, f'CREATE DATABASE "{name}"')
    yield server.set(database=name).render_as_string(hide_password=False)
    _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    """Settings of a gateway on the empty database."""
    return Settings(home=tmp_path, database_url=url, admin_password=FIRST_PASSWORD)


@pytest.fixture
def store(settings: Settings, passwords: Passwords) -> Iterator[Store]:
    """A fresh store with its first admin."""
    opened, _ = open_store(settings, passwords)
    yield opened
    opened.close()


def _execute(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
