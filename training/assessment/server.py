"""A model server for one candidate, in a process of its own, and the most memory that it takes."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from dossier.errors import EngineError
from dossier.progress import by_clock
from dossier.records import Progress
from dossier.settings import PREFIX, Settings

NAME = "candidate"
OnProgress = Callable[[Progress], None]
Command = Sequence[str]
ALONE: Command = (sys.executable, "-m", "serving.engine.alone")
"""Starts the model server as answers are served; training speaks to it over HTTP alone."""
_USUAL_START = 60.0
_LOOK = 0.5
_ENDING = 60.0


@dataclass(slots=True)
class Running:
    """A model server that answers: where, by which key, how long it took to start, and its memory so far in GiB."""

    url: str
    key: str
    start_seconds: float
    memory_gib: float = 0.0


@contextmanager
def running(
    settings: Settings, folder: Path, context: int, on_progress: OnProgress, command: Command = ALONE
) -> Iterator[Running]:
    """Serve a model folder with a window of `context` tokens, and end it. Raises EngineError where it can't start."""
    home = (settings.home / "assess").resolve()
    home.mkdir(parents=True, exist_ok=True)
    variables = {
        **os.environ, f"{PREFIX}HOME": str(home), f"{PREFIX}ENGINE_PORT": str(_free_port()),
        f"{PREFIX}ENGINE_CONTEXT": str(max(512, min(context, settings.engine_context))),
    }  # fmt: skip
    with (
        (home / "launch.log").open("w+b") as log,
        subprocess.Popen(
            [*command, str(folder), NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=variables
        ) as process,
    ):
        ended = threading.Event()
        found = Running("", "", 0.0)
        watching = threading.Thread(target=_watch, args=(process.pid, found, ended), daemon=True)
        watching.start()
        try:
            _wait_until_ready(process, found, home / "launch.log", on_progress)
            yield found
        finally:
            ended.set()
            watching.join()
            _end(process)


def _wait_until_ready(process: "subprocess.Popen[bytes]", found: Running, log: Path, on_progress: OnProgress) -> None:
    started, began = datetime.now(UTC), time.monotonic()
    said: list[bytes] = []
    assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
    reading = threading.Thread(target=lambda out: said.append(out.readline()), args=(process.stdout,), daemon=True)
    reading.start()
    while reading.is_alive():
        on_progress(by_clock("Starting the model server", _USUAL_START, started))
        reading.join(_LOOK)
    try:
        place = json.loads(said[0])
        found.url, found.key = place["url"], place["key"]
    except (ValueError, KeyError) as error:
        process.wait()
        reason = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise EngineError(
            reason[0] if reason else f"the model server ended with status {process.returncode}"
        ) from error
    found.start_seconds = time.monotonic() - began


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(_ENDING)
    except subprocess.TimeoutExpired:
        process.kill()  # what it started is tied to it and ends as well


def _watch(pid: int, found: Running, ended: threading.Event) -> None:
    while not ended.wait(_LOOK):
        found.memory_gib = max(found.memory_gib, family_memory(pid) / 2**30)


def family_memory(pid: int) -> int:
    """Bytes that a process and its descendants take, what they share counted once."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                told = member.memory_full_info()
                total += getattr(told, "pss", told.rss)
    return total


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
