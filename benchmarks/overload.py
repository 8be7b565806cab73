"""More questions at once than there is room for: who is answered, how soon the others are told, and who starves whom.

python -m benchmarks.overload [--requests 200] [--room 48] [--words 100] [--pace 10] [--work FOLDER]

The product's gateway and answer chain run in a process of their own over the finance pack's index. In the place of the
model server stands one that says a set number of words at a set pace, so that answers take as long on any machine.
Three rounds: all questions at the same moment; as many readers as there is room who take one byte after the other, and
ordinary questions a moment after them; senders whose bodies trickle, and ordinary questions beside them.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from dossier.operator_key import read_operator_key
from dossier.settings import load_settings

QUESTION = "What was Larkfield's total revenue in fiscal 2025?"
R = TypeVar("R")
SENDERS = 200
ORDINARY = 24
_START_SECONDS = 300
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request went: status, Retry-After, seconds to the status and to the end, whether an answer ended whole."""

    status: int
    retry: str
    told: float
    ended: float
    whole: bool


@dataclass(slots=True)
class Watched:
    """What was seen of the gateway meanwhile: seconds of each `/health`, and when no answer was under way any more."""

    health: list[float] = field(default_factory=list)
    running: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Client:
    """Sends one question by hand: byte by byte where it is to be slow."""

    port: int
    key: str
    model: str

    async def ask(self, byte_pause: float = 0.0, body_pause: float = 0.0) -> Outcome:
        """Ask. `byte_pause` lies between two bytes that are read, `body_pause` between two bytes of the body."""
        began = time.monotonic()
        connection = socket.socket()
        if byte_pause:  # or the system would take everything for the reader
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=4096)
        try:
            await self._send(writer, body_pause)
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            told = time.monotonic() - began
            end = await (_read_slowly(reader, byte_pause) if byte_pause else _read(reader))
        finally:
            writer.close()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        retry = headers.get("retry-after", "")
        return Outcome(int(head.split()[1]), retry, told, time.monotonic() - began, b"[DONE]" in end)

    async def _send(self, writer: asyncio.StreamWriter, pause: float) -> None:
        asked = {"model": self.model, "messages": [{"role": "user", "content": QUESTION}], "stream": True}
        body = json.dumps(asked).encode()
        writer.write(
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n"
            f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        for piece in (body[i : i + 1] for i in range(len(body))) if pause else (body,):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)


async def _read(reader: asyncio.StreamReader) -> bytes:
    return (await reader.read(-1))[-200:]


async def _read_slowly(reader: asyncio.StreamReader, pause: float) -> bytes:
    end = b""
    while byte := await reader.read(1):
        end = (end + byte)[-200:]
        await asyncio.sleep(pause)
    return end


@contextmanager
def watching(port: int) -> Iterator[Watched]:
    """Ask for `/health` on fresh connections, and for the answers under way, until the context ends."""
    seen, over = Watched(), threading.Event()

    def get(path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path)
        return connection.getresponse().read()

    def watch() -> None:
        while not over.is_set():
            began = time.monotonic()
            get("/health")
            seen.health.append(time.monotonic() - began)
            for line in get("/metrics").decode().splitlines():
                if line.startswith("dossier_answers_running "):
                    seen.running.append((time.monotonic(), int(float(line.split()[1]))))
            over.wait(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


async def flood(client: Client, requests: int) -> list[Outcome]:
    """All at the same moment."""
    return list(await asyncio.gather(*(client.ask() for _ in range(requests))))


async def slow_readers(client: Client, room: int) -> tuple[list[Outcome], float]:
    """Readers that take the whole room, then ordinary questions as soon as there is some; the wait for that."""
    readers = [asyncio.create_task(client.ask(byte_pause=0.005)) for _ in range(room)]
    await asyncio.sleep(2)
    began = time.monotonic()
    while (first := await client.ask()).status == 429 and time.monotonic() - began < _PATIENCE:
        await asyncio.sleep(0.25)
    waited = time.monotonic() - began - first.ended
    ordinary = list(await asyncio.gather(*(client.ask() for _ in range(ORDINARY))))
    still = sum(not reader.done() for reader in readers)
    print(f"  when the ordinary ones had their answers, {still} of {room} slow readers were still reading")
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    return ordinary, waited


async def slow_senders(client: Client) -> list[Outcome]:
    """Ordinary questions beside senders whose bodies trickle."""
    senders = [asyncio.create_task(client.ask(body_pause=1.0)) for _ in range(SENDERS)]
    await asyncio.sleep(2)
    ordinary = list(await asyncio.gather(*(client.ask() for _ in range(ORDINARY))))
    for sender in senders:
        sender.cancel()
    await asyncio.gather(*senders, return_exceptions=True)
    return ordinary


def _apart(work: Callable[..., Coroutine[Any, Any, R]], *arguments: object) -> R:
    """Run the clients in a process of their own: what watches the gateway mustn't wait for them."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_run, work, *arguments).result()


def _run(work: Callable[..., Coroutine[Any, Any, R]], *arguments: object) -> R:
    return asyncio.run(work(*arguments))


def report(outcomes: list[Outcome], seen: Watched) -> None:
    """Print a round's figures."""
    answered = [one for one in outcomes if one.status == 200]
    later = [one for one in outcomes if one.status == 429]
    print(f"  answered {len(answered)}, whole {sum(one.whole for one in answered)}", end="; ")
    if answered:
        print(f"in {median(one.ended for one in answered):.1f} s (median), {max(one.ended for one in answered):.1f} s")
    if later:
        told = [one.told for one in later]
        with_retry = sum(bool(one.retry) for one in later)
        print(f"  429: {len(later)}, with Retry-After {with_retry}; told after {median(told):.2f} s (median),", end=" ")
        print(f"{max(told):.2f} s (slowest)")
    if others := [one.status for one in outcomes if one.status not in (200, 429)]:
        print(f"  other statuses: {sorted(others)}")
    print(
        f"  /health: {median(seen.health) * 1000:.0f} ms (median), {max(seen.health) * 1000:.0f} ms (slowest)", end=""
    )
    print(f" of {len(seen.health)}; answers under way at most {max(count for _, count in seen.running)}\n")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _process(*arguments: object) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.overload_servers", *map(str, arguments)]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, path: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status in (200, 405):
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"nothing answers at port {port} after {_START_SECONDS} s")


def main() -> None:
    """Start both servers, let the three rounds run, print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--room", type=int, default=48)
    parser.add_argument("--words", type=int, default=100, help="words of an answer")
    parser.add_argument("--pace", type=float, default=10, help="words a second of each answer")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "dossier-overload")
    given = parser.parse_args()
    port, model_port = _free_port(), _free_port()
    with ExitStack() as started:
        started.enter_context(_process("model", model_port, given.words, given.pace))
        started.enter_context(_process("gateway", given.work, port, model_port, given.room))
        _wait_for(model_port, "/v1/chat/completions")
        _wait_for(port, "/ready")
        client = Client(port, read_operator_key(load_settings(home=given.work)), "dossier-finance")
        alone = asyncio.run(client.ask())
        load = os.getloadavg()[0]
        print(f"an answer alone: {alone.ended:.1f} s, its status after {alone.told:.2f} s; load {load:.1f}\n")
        print(f"{given.requests} questions at once, room for {given.room}:")
        with watching(port) as seen:
            outcomes = _apart(flood, client, given.requests)
        report(outcomes, seen)
        print(f"{given.room} readers of one byte at a time, then {ORDINARY} ordinary questions:")
        with watching(port) as seen:
            outcomes, waited = _apart(slow_readers, client, given.room)
        print(f"  room again after {waited:.1f} s")
        report(outcomes, seen)
        print(f"{SENDERS} bodies that trickle, beside them {ORDINARY} ordinary questions:")
        with watching(port) as seen:
            outcomes = _apart(slow_senders, client)
        report(outcomes, seen)


if __name__ == "__main__":
    main()
