"""The product as it runs, in this process: index, model server, answer chain, and the gateway on a port of loopback.

Benchmarks ask it over HTTP as users do. It runs in this process so that they also reach the model server behind it, and
see what the gateway does beside answering.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from dossier.errors import EngineError
from dossier.packs import Pack, load_pack
from dossier.progress import ProgressDisplay
from dossier.settings import Settings, load_settings
from retrieval.indexing import build_index
from serving.answering.model_client import Served
from serving.api import create_app
from serving.assembly import assemble, gateway
from serving.index_view import IndexView
from serving.people.operator import open_store_with_operator
from serving.store import Store
from training.gateway import RunningGateway

_POLL = 0.5


@dataclass(frozen=True, slots=True)
class Product:
    """A running product: its gateway with the operator's key, its store, and the model server behind it."""

    settings: Settings
    pack: Pack
    gateway: RunningGateway
    store: Store
    served: Served
    index: IndexView

    def index_again(self) -> None:
        """Take over what changed in the documents. Raises IndexingError."""
        with ProgressDisplay() as display:
            build_index(self.settings, self.pack, display)
        self.index.reopen()


@contextmanager
def running_product(home: Path, documents: Path | None = None, **more: object) -> Iterator[Product]:
    """Index the documents (default: the pack's own) and run everything until the block ends. `more` are settings."""
    ports = {"port": _free_port(), "engine_port": _free_port()}
    # all questions of a benchmark are one user's
    settings = load_settings(home=home, documents=documents, requests_per_minute=0, **ports, **more)
    pack = load_pack(settings)
    with ProgressDisplay() as display:
        build_index(settings, pack, display)
        parts = assemble(settings, display)
    store, _, key = open_store_with_operator(settings)
    server = uvicorn.Server(uvicorn.Config(create_app(gateway(parts, store)), port=settings.port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _wait_until_ready(settings, thread)
        yield Product(settings, pack, RunningGateway(settings.api_url, key), store, parts.engine, parts.index)
    finally:
        server.should_exit = True
        thread.join()


def _wait_until_ready(settings: Settings, thread: threading.Thread) -> None:
    """Wait until gateway and model server answer. Raises EngineError."""
    end = time.monotonic() + settings.engine_start_seconds
    while thread.is_alive() and time.monotonic() < end:
        try:
            if httpx.get(f"{settings.api_url}/ready", timeout=5, trust_env=False).json().get("ready"):
                return
        except (httpx.HTTPError, ValueError):
            pass
        time.sleep(_POLL)
    raise EngineError(f"the product didn't become ready. The model server's log is in {settings.log_folder}.")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
