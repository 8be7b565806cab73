"""A real gateway on a free loopback port, around working stand-ins for the model and the index."""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn

from dossier.records import (
    Answer,
    AnswerEvent,
    Chunk,
    Citation,
    Delta,
    FileReport,
    FileState,
    Passage,
    Step,
    Turn,
    Usage,
    Verdict,
)
from dossier.settings import load_settings
from serving.api import Gateway, PackInfo, create_app
from serving.api.parts import Running
from serving.store import NewUser, Role, Store, open_store
from serving.store.passwords import Passwords

MODEL = "dossier-test"
PASSWORD = "correct horse battery"
TEXT = "Net income was 112.0 million in fiscal 2025 [1]."
CHUNK = Chunk(
    "reports/annual.pdf", "Annual report", 7, 0, 33, ("Results", "Income"), "Net income | 112.0 million | 2025"
)
ANSWER = Answer(
    text=TEXT,
    verdict=Verdict.ANSWERED,
    passages=(Passage(41, CHUNK, 0.5), Passage(42, CHUNK, 0.25)),
    citations=(Citation(1, TEXT.index("[1]"), TEXT.index("[1]") + 3),),
    generation="g7",
    usage=Usage(120, 9),
    note="From one passage.",
)
STEPS = (Step("Searching the documents"), Step("Reading 2 passages"))
SCRIPT: tuple[AnswerEvent, ...] = (*STEPS, Delta("Net income was 112.0 million "), Delta("in fiscal 2025 [1]."), ANSWER)


class ScriptedAnswerer:
    """Yields a script; an exception in it is raised there, and None in it is a wait for `go_on`."""

    def __init__(self) -> None:
        self.script: Sequence[AnswerEvent | Exception | None] = SCRIPT
        self.asked: list[tuple[str, tuple[Turn, ...], frozenset[str]]] = []
        self.closed = threading.Event()
        self.go_on = threading.Event()

    async def answer(
        self, question: str, history: Sequence[Turn], groups: frozenset[str]
    ) -> AsyncGenerator[AnswerEvent]:
        self.asked.append((question, tuple(history), groups))
        try:
            for event in self.script:
                if isinstance(event, Exception):
                    raise event
                if event is None:
                    while not self.go_on.is_set():
                        await asyncio.sleep(0.01)
                else:
                    yield event
        finally:
            self.closed.set()


@dataclass
class Status:
    generation: str = "g7"
    documents: int = 3
    chunks: int = 41
    message: str = ""


@dataclass
class ListIndex:
    """An index with nothing but its state."""

    state: Status = field(default_factory=Status)
    reopened: int = 0

    def status(self) -> Status:
        return self.state

    def files(self) -> list[FileReport]:
        return [
            FileReport("reports/annual.pdf", FileState.INDEXED, "", 40, 12, frozenset({"hr"})),
            FileReport("broken.pdf", FileState.FAILED, "the file is damaged"),
        ]

    def reopen(self) -> None:
        self.reopened += 1


@dataclass
class StateEngine:
    """A model server that only has a state."""

    state: str = "stopped"
    message: str = ""
    seconds_left: float | None = None

    async def start(self) -> None:
        self.state = "ready"

    async def stop(self) -> None:
        self.state = "stopped"


@dataclass
class Live:
    """A running gateway with what is inside it."""

    url: str
    parts: Gateway
    running: Running
    answerer: ScriptedAnswerer
    index: ListIndex
    engine: StateEngine

    @property
    def store(self) -> Store:
        return self.parts.store

    def client(self, secret: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30)

    def add(self, name: str, role: Role = Role.ANALYST, groups: frozenset[str] = frozenset()) -> str:
        """Add a user and give a sign-in's token."""
        self.store.users.add(NewUser(name, PASSWORD, role, groups))
        return self.sign_in(name)

    def sign_in(self, name: str) -> str:
        return self.store.credentials.sign_in(name, PASSWORD).token


@contextmanager
def live_gateway(home: Path, **settings: object) -> Iterator[Live]:
    """Run a gateway in a thread, with an admin `admin` whose password is PASSWORD."""
    read = load_settings(home=home, admin_password=PASSWORD, **settings)
    store, _ = open_store(read, Passwords(time_cost=1, memory_kib=8, lanes=1))
    answerer, index, engine = ScriptedAnswerer(), ListIndex(), StateEngine()
    questions = ("What was net income?",)
    parts = Gateway(
        settings=read,
        store=store,
        answerer=answerer,
        index=index,
        pack=PackInfo("test", "Test pack", "For tests.", questions),
        model=MODEL,
        engine=engine,
        index_command=(sys.executable, str(Path(__file__).parent.parent / "scripted_index.py"), str(home)),
    )
    app = create_app(parts)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=5)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Live(f"http://127.0.0.1:{port}", parts, app.state.running, answerer, index, engine)
    finally:
        answerer.go_on.set()
        server.should_exit = True
        thread.join()


def wait_for(condition, seconds: float = 30) -> None:
    """Wait until a condition holds. The limit is only there so that a broken test ends."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it didn't happen"
        time.sleep(0.01)


def ask(question: str = "What was net income?", **more: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": question}], **more}
