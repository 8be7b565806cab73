"""What a gateway in this process does beside answering: connections, processes, rows, audit lines and files."""

import ipaddress
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, inspect, select, table

from benchmarks.running_product import Product
from dossier.packs import index_folder
from serving.store.audit import Action, AuditFilter

_POLL = 0.2
_LINES = 10_000
_AUDIT = "audit"
_STARTS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"})


@dataclass(slots=True)
class Effects:
    """What was seen: addresses outside loopback, processes started, and what changed, each in words."""

    outbound: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


_watched: list[Effects] = []
"""Those that are being filled; a hook can't be taken away again."""


@contextmanager
def watching(product: Product) -> Iterator[Effects]:
    """Note what happens until the block ends.

    Connections and processes of this process come from Python's audit events and miss none; those of its children (the
    model server) are looked at five times a second.
    """
    seen, over = Effects(), threading.Event()
    before, began = _state(product), datetime.now(UTC)
    thread = threading.Thread(target=_look_at_children, args=(seen, over))
    if not _hooked.is_set():
        sys.addaudithook(_note)
        _hooked.set()
    _watched.append(seen)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
        _watched.remove(seen)
        after = _state(product)
        seen.changed += [
            f"{name}: {before.get(name)} to {after.get(name)}"
            for name in before | after
            if before.get(name) != after.get(name)
        ]
        lines = product.store.audit.list(AuditFilter(since=began), _LINES)
        seen.changed += [f"audit: {line.action} {line.route}" for line in lines if line.action is not Action.ASK]


_hooked = threading.Event()


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched:
        return
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not _is_loopback(str(arguments[1][0])):
        _watched[-1].outbound.append(str(arguments[1][0]))
    elif event in _STARTS:
        _watched[-1].started.append(f"{event} {str(arguments[:1])[:200]}")


def _look_at_children(seen: Effects, over: threading.Event) -> None:
    while not over.wait(_POLL):
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                for one in child.net_connections("inet"):
                    if one.raddr and not _is_loopback(one.raddr.ip):
                        seen.outbound.append(f"{one.raddr.ip} ({child.name()})")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, which would have to be looked up
        return host == "localhost"


def _state(product: Product) -> dict[str, object]:
    """Rows of each table but the audit log, and the files of documents and index with their sizes."""
    state: dict[str, object] = {}
    with product.store.database.engine.connect() as connection:
        for name in inspect(connection).get_table_names():
            if name != _AUDIT:
                state[f"table {name}"] = connection.scalar(select(func.count()).select_from(table(name)))
    folders = (product.pack.documents, index_folder(product.settings, product.pack.documents), Path.cwd())
    for folder in folders:
        files = folder.rglob("*") if folder != Path.cwd() else folder.glob("*")
        state |= {f"file {path}": path.stat().st_size for path in files if path.is_file()}
    return state


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """An address on loopback that nothing has a reason to ask, and the requests that came there."""
    asked: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the list tells."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
