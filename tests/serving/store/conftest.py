"""A store in each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dossier.settings import Settings
from serving.store import Store, open_store
from serving.store.passwords import Passwords

FIRST_PASSWORD = "first password"


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """argon2id at its lowest cost."""
    return Passwords(time_cost=1, memory_kib=8, lanes=1)


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
