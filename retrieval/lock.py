"""The lock of an index folder: one run writes at a time, and who comes second is told who holds it."""

import fcntl
import json
import os
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from dossier.errors import IndexingError
from retrieval.clearing import leftovers

_FILE = ".lock"
_TRIES, _PAUSE = 5, 0.05
"""Somebody who only looks whether the lock is held has it for an instant too."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is at work on an index folder. `process` 0: the holder couldn't say (its disk was full)."""

    process: int = 0
    since: str = ""
    command: str = ""
    host: str = ""

    def __str__(self) -> str:
        """For messages."""
        if not self.process:
            return "an unknown process"
        return f"process {self.process} on {self.host} since {self.since}: {self.command}"


@contextmanager
def exclusive(index: Path) -> Iterator[None]:
    """Hold the index folder's lock, and clear what a killed run left behind.

    Raises IndexingError when another process holds it or the folder can't be written.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        stream = (index / _FILE).open("a+", encoding="utf-8")
    except OSError as error:
        raise IndexingError(f"the index folder {index} can't be written: {error.strerror}. Correct this.") from error
    with stream:
        if not _take(stream):
            message = (
                f"another run is at work on this index ({_read(stream)}). Wait until it ends, or end that process."
            )
            raise IndexingError(message)
        _write(stream)
        for leftover in leftovers(index):
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
        try:
            yield
        finally:
            with suppress(OSError):
                stream.truncate(0)


def holder(index: Path) -> Holder | None:
    """Who holds the lock now, None if nobody does."""
    file = index / _FILE
    if not file.is_file():
        return None
    with file.open("r", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(stream)
    return None


def _take(stream: IO[str]) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return True
    return False


def _write(stream: IO[str]) -> None:
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = Holder(os.getpid(), now, command[:200], socket.gethostname())
    with suppress(OSError):  # a full disk: the lock holds all the same, and clearing up must stay possible
        stream.truncate(0)
        stream.write(json.dumps(asdict(told)))
        stream.flush()


def _read(stream: IO[str]) -> Holder:
    stream.seek(0)
    try:
        told = json.loads(stream.read())
        return Holder(int(told["process"]), str(told["since"]), str(told["command"]), str(told["host"]))
    except (ValueError, KeyError, TypeError):
        return Holder()
