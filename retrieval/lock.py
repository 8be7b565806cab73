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
        handle = os.open(index / _FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise IndexingError(f"the index folder {index} can't be written: {error.strerror}. Correct this.") from error
    try:
        if not _take(handle):
            raise IndexingError(
                f"another run is at work on this index ({_read(handle)}). Wait until it ends, or end that process."
            )
        _write(handle)
        _clear(index)
        yield
    finally:
        os.close(handle)


def _clear(index: Path) -> None:
    """Delete what killed runs left behind."""
    try:
        for leftover in leftovers(index):
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
    except OSError as error:
        raise IndexingError(f"{error.filename} can't be deleted: {error.strerror}. Delete it yourself.") from error


def holder(index: Path) -> Holder | None:
    """Who holds the lock now, None if nobody does."""
    file = index / _FILE
    if not file.is_file():
        return None
    handle = os.open(file, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle)
    finally:
        os.close(handle)
    return None


def _take(handle: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            return True
    return False


def _write(handle: int) -> None:
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = Holder(os.getpid(), now, command[:200], socket.gethostname())
    os.ftruncate(handle, 0)
    with suppress(OSError):  # a full disk: the lock holds all the same, and clearing up must stay possible
        os.pwrite(handle, json.dumps(asdict(told)).encode(), 0)


def _read(handle: int) -> Holder:
    try:
        told = json.loads(os.pread(handle, 4096, 0))
        return Holder(int(told["process"]), str(told["since"]), str(told["command"]), str(told["host"]))
    except (ValueError, KeyError, TypeError):
        return Holder()
