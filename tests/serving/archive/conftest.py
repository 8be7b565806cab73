"""A home with something of everything, and a look at its state."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from dossier.packs import index_folder, load_pack
from dossier.registry import Registry
from dossier.registry.champions import Champions, Change
from dossier.settings import Settings
from retrieval import generation
from retrieval.generation import Manifest, Recipe
from serving.archive.backup import backup
from serving.archive.contents import Manifest as ArchiveManifest
from serving.store import NewMessage, NewUser, Role, open_store
from serving.store.passwords import Passwords
from serving.store.tables import MessageRow, UserRow
from tests.dossier.registry.small import register, write_base

PASSWORD = "correct horse battery"
PASSWORDS = Passwords(time_cost=1, memory_kib=8, lanes=1)


def fill(settings: Settings, who: str, runs: Path, number: int, size: int = 1000) -> None:
    """A user with a conversation, a generation that answers and an adapter that is promoted, all named after `who`."""
    store, _ = open_store(settings, PASSWORDS)
    with closing(store):
        user = store.users.add(NewUser(who, PASSWORD, Role.ANALYST))
        store.credentials.sign_in(who, PASSWORD)
        talk = store.conversations.start(user.id, f"title of {who}").id
        store.conversations.keep(user.id, talk, NewMessage("user", f"question of {who}"))
    add_generation(index_of(settings), f"g{number:06d}", who, size)
    registry = Registry.of(settings)
    entry = register(registry, write_base(runs / f"base-{who}", seed=number), runs / who, who, seed=number)
    with registry.champions.held():
        made = Change("promoted", "finance", entry.digest, "2026-01-01", who)
        registry.champions.write(Champions(lines={"finance": ("shipped", entry.digest)}, history=(made,)))


def add_generation(folder: Path, name: str, text: str, size: int = 1000) -> None:
    """A small whole generation; `size` bytes of it are random."""
    building = folder / ".building-1"
    building.mkdir(parents=True)
    contents = {generation.VECTORS: os.urandom(size), generation.CHUNKS: text.encode()}
    for file, content in contents.items():
        (building / file).write_bytes(content)
    digests = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    recipe = Recipe("e", "d", 4, "cosine", "1", "1", 180)
    generation.promote(building, folder, Manifest(name, "2026-01-01T00:00:00+00:00", recipe, 1, 1, digests))


def index_of(settings: Settings) -> Path:
    return index_folder(settings, load_pack(settings).documents)


def state_of(settings: Settings) -> tuple[set[str], set[str], str, str]:
    """Users, messages, what the current generation holds, and by whom the adapter in use was promoted; all checked."""
    store, _ = open_store(settings, PASSWORDS)
    with closing(store), store.database.reading() as session:
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        users = set(session.scalars(select(UserRow.name)))
        messages = set(session.scalars(select(MessageRow.text)))
    folder = index_of(settings)
    name = generation.verify(folder, generation.current_name(folder)).name
    registry = Registry.of(settings)
    champions = registry.champions.read()
    registry.get(champions.of("finance"))
    assert not registry.problems()
    return users, messages, (folder / name / generation.CHUNKS).read_text(), champions.history[-1].by


def state(who: str) -> tuple[set[str], set[str], str, str]:
    """What `state_of` sees in a home that was filled for `who`."""
    return {"admin", who}, {f"question of {who}"}, who, who


def quiet(progress: object) -> None:
    """Nobody watches."""


def write(settings: Settings, file: Path) -> ArchiveManifest:
    """Back a home up."""
    store, _ = open_store(settings, PASSWORDS)
    with closing(store):
        return backup(store, settings, file, quiet)


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """The home that is backed up."""
    settings = Settings(home=tmp_path / "old", admin_password=PASSWORD, passages=7)
    fill(settings, "olga", tmp_path / "runs", 1)
    return settings


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Settings]:
    """Another home, to which a backup is restored."""
    settings = Settings(home=tmp_path / "new", admin_password=PASSWORD)
    fill(settings, "nora", tmp_path / "runs", 2)
    yield settings
