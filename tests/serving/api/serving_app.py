"""A real server around the app: uvicorn in a thread, on a free port of loopback."""

import asyncio
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import delete

from dossier.packs import load_pack
from dossier.settings import Settings
from retrieval.labelling.labeller import Labeller
from serving.api import Gateway, PackInfo, create_app
from serving.api.gateway import Models
from serving.market.provider import provider_of
from serving.originals import Originals
from serving.store import NewUser, Role, Store, open_store
from serving.store.database import sqlite_file
from serving.store.passwords import Passwords
from serving.store.tables import ConversationRow, UserRow
from tests.serving.api.scripted import MODEL, ScriptedAnswerer, ScriptedEngine, ScriptedIndex

PASSWORD = "correct horse battery"
PASSWORDS = Passwords(time_cost=1, memory_kib=8, lanes=1)
"""argon2id at its lowest cost."""
PACK = PackInfo("finance", "Company finance", "Ask about annual reports.", ("What were net sales?",))
_PATIENCE = 20.0
_ENDING: deque[threading.Thread] = deque()
_ENDING_AT_ONCE = 3
"""Servers that may still be ending while the next test runs: each waits 100 ms for its connections."""
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Given to every client, which would spend 20 ms on reading certificates that plain HTTP never uses."""


@dataclass
class Served:
    """A running gateway with its parts. `admin`, `mira` (analyst) and `sam` (support) have the password PASSWORD."""

    address: str
    app: FastAPI
    home: Path
    store: Store
    answerer: ScriptedAnswerer
    index: ScriptedIndex
    engine: ScriptedEngine
    stop: Callable[[], None]
    clients: list[httpx.Client] = field(default_factory=list)

    def renew(self) -> None:
        """Forget what the tests before did: conversations, further users, the states of the scripted parts."""
        with self.store.database.writing() as session:
            session.execute(delete(ConversationRow))
            session.execute(delete(UserRow).where(UserRow.name.not_in(("admin", "mira", "sam"))))
        self.answerer.asked.clear()
        self.answerer.gate.clear()
        self.answerer.closed.clear()
        vars(self.index).update(vars(ScriptedIndex()))
        vars(self.engine).update(vars(ScriptedEngine()))

    def client(self, secret: str | None = None) -> httpx.Client:
        """A client with a token or key, or without."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        client = httpx.Client(base_url=self.address, headers=headers, timeout=_PATIENCE, trust_env=False, verify=NO_TLS)
        self.clients.append(client)
        return client

    def key(self, name: str) -> str:
        """A fresh API key of a user."""
        user = next(user for user in self.store.users.all() if user.name == name)
        return self.store.credentials.issue_key(user.id, "test").key

    def sign_in(self, name: str) -> str:
        """The token of a fresh sign-in."""
        return self.store.credentials.sign_in(name, PASSWORD).token

    def add(self, name: str, role: Role) -> str:
        """Add a user and sign in."""
        self.store.users.add(NewUser(name, PASSWORD, role))
        return self.sign_in(name)

    def signed_in(self, name: str) -> httpx.Client:
        """A client with a fresh sign-in."""
        return self.client(self.sign_in(name))


class _QuickServer(uvicorn.Server):
    """It looks every 10 ms, instead of every 100, whether it is to end."""

    async def main_loop(self) -> None:
        while not self.should_exit:
            await self.on_tick(0)
            await asyncio.sleep(0.01)


@cache
def _peopled() -> bytes:
    """A store with its three people, made once; each test has a copy, as making one takes as long as a test."""
    with TemporaryDirectory() as home:
        settings = Settings(home=Path(home), admin_password=PASSWORD)
        store, _ = open_store(settings, PASSWORDS)
        for name, role, groups in (("mira", Role.ANALYST, {"hr", "board"}), ("sam", Role.SUPPORT, set())):
            store.users.add(NewUser(name, PASSWORD, role, frozenset(groups)))
        store.close()
        file = sqlite_file(settings.store_url)
        assert file is not None
        return file.read_bytes()


@contextmanager
def served(
    home: Path,
    command: tuple[str, ...] = ("false",),
    models: Models | None = None,
    labeller: Labeller | None = None,
    **more: Any,
) -> Iterator[Served]:
    """Run a gateway. `more` are settings."""
    settings = Settings(home=home, admin_password=PASSWORD, **more)
    if (file := sqlite_file(settings.store_url)) and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_peopled())
    store, _ = open_store(settings, PASSWORDS)
    answerer, index, engine = ScriptedAnswerer(), ScriptedIndex(), ScriptedEngine()
    pack = load_pack(settings)
    parts = (settings, store, answerer, index, PACK, MODEL, engine, command, models)
    app = create_app(
        Gateway(*parts, provider_of(settings, pack), labeller=labeller, originals=Originals(pack.documents))
    )
    server = _QuickServer(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        _ended(thread)

    try:
        until(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        running = Served(f"http://127.0.0.1:{port}", app, home, store, answerer, index, engine, stop)
        yield running
        for client in running.clients:
            client.close()
    finally:
        answerer.gate.set()
        server.should_exit = True
        _ENDING.append(thread)
        while len(_ENDING) > _ENDING_AT_ONCE:
            _ended(_ENDING.popleft())


def _ended(thread: threading.Thread) -> None:
    thread.join(_PATIENCE)
    assert not thread.is_alive()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds; the limit only ends a test that would hang."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, "it didn't come about"
        time.sleep(0.01)


def ask(question: str, **more: Any) -> dict[str, Any]:
    """The body of a chat request."""
    return {"model": MODEL, "messages": [{"role": "user", "content": question}], **more}
