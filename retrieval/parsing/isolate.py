"""Works on each file in a process of its own, with limits on time and memory, so that no file harms the service."""

import contextlib
import json
import logging
import multiprocessing
import os
import resource
import signal
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from pydantic import ValidationError

from dossier.errors import DocumentError
from retrieval.parsing.ocr import Means, allow
from retrieval.parsing.ocr_words import CALL_SECONDS
from retrieval.parsing.parsed import ParsedDocument, from_json, to_json
from retrieval.parsing.readers import READERS, Read, read_file

__all__ = ["PARSER_VERSION", "READERS", "Limits", "Work", "isolated", "read_isolated"]

Work = Callable[[Path], bytes]
"""What a worker does with a file; it is sent to the worker, so that it must be a module's own or a `partial` of one."""

OnPage = Callable[[int], None]

PARSER_VERSION = "8"
"""Changes whenever the readers' output does, so that an index built by older ones is rebuilt."""

MAX_BYTES = 500_000_000
MAX_RESULT_BYTES = 200_000_000
"""Largest result that a worker may send: it is held in the service's memory."""
WAITING = 2
_GRACE = 5
"""Seconds after the time limit at which a worker is ended by the system itself, should nobody be left to do so."""
_PAGE = b"P"
"""What a worker sends before each scanned page."""
_PAGE_SECONDS = 4 * CALL_SECONDS
_MEMORY = "reading it needs more memory than allowed. Split the file."


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost: seconds of processor time, bytes of address space above the start.

    On a busy machine a file isn't at fault for waiting: the clock may run for WAITING times as long, and anew for each
    scanned page, whose reading has limits of its own.
    """

    seconds: float
    memory_bytes: int
    ocr: Means = field(default_factory=Means)

    @property
    def wall_seconds(self) -> float:
        """Longest time on the clock."""
        return WAITING * self.seconds


def read_isolated(
    path: Path, limits: Limits, read: Read = read_file, on_page: OnPage | None = None
) -> tuple[ParsedDocument, ...]:
    """Read one file with `read` in its own process; most hold one document, feeds and JSON lines several.

    `on_page` is called before each scanned page with how many there were. Raises DocumentError with the reason when
    the file can't be read.
    """
    message = isolated(path, limits, partial(_documents, read), on_page)
    try:
        return from_json(message)
    except ValidationError as error:
        raise DocumentError("the reader returned something that makes no sense. Get a good copy.") from error


def isolated(path: Path, limits: Limits, work: Work, on_page: OnPage | None = None) -> bytes:
    """What `work` makes of one file, in a process of its own.

    The process and all that it started are ended before this returns. Raises DocumentError with the reason when the
    file can't be read.
    """
    size = path.stat().st_size
    if size == 0:
        raise DocumentError("the file is empty.")
    if size > MAX_BYTES:
        raise DocumentError(f"it is larger than {MAX_BYTES // 1_000_000} MB. Split the file.")
    context = multiprocessing.get_context("forkserver")
    # with the main module loaded once in the fork server, no worker loads it again
    context.set_forkserver_preload(["__main__", "retrieval.parsing.isolate"])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work_into, args=(sender, str(path), limits, work), daemon=True)
    process.start()
    sender.close()
    watch = _Watch(process, limits)
    try:
        return _result(_receive(receiver, watch, on_page), process, watch.late, limits)
    finally:
        watch.stop()
        receiver.close()
        _end(process)
        process.join()


class _Watch:
    """Ends a worker that takes too long.

    A timer and not a wait for the first byte: a worker can also hang in the middle of its message.
    """

    def __init__(self, process: BaseProcess, limits: Limits) -> None:
        self.late = threading.Event()
        self._process, self._seconds = process, max(limits.wall_seconds, _PAGE_SECONDS)
        self._last = time.monotonic() + limits.ocr.seconds + limits.wall_seconds
        self._timer = self._started(limits.wall_seconds)

    def again(self) -> None:
        """Another page: the clock runs anew, but not for ever."""
        if time.monotonic() < self._last:
            self._timer.cancel()
            self._timer = self._started(self._seconds)

    def stop(self) -> None:
        """The worker is done."""
        self._timer.cancel()

    def _started(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, _end, (self._process, self.late))
        timer.start()
        return timer


def _end(process: BaseProcess, late: threading.Event | None = None) -> None:
    """Kill the worker and whatever it started (they share its process group)."""
    if late is not None:
        late.set()
    if process.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _receive(receiver: Connection, watch: _Watch, on_page: OnPage | None) -> bytes | None:
    """The worker's message, None when it died without one or sent more than a result may be."""
    pages = 0
    try:
        while (message := receiver.recv_bytes(MAX_RESULT_BYTES + 1)) == _PAGE:
            watch.again()
            if on_page is not None:
                on_page(pages)
            pages += 1
    except (EOFError, OSError):
        return None
    return message


def _result(message: bytes | None, process: BaseProcess, late: threading.Event, limits: Limits) -> bytes:
    if message is None:
        process.join(_GRACE)
        code = process.exitcode
        # no exit code after so long: a machine under heavy load, where the time limit struck first
        if late.is_set() or code in (None, -signal.SIGXCPU, -signal.SIGALRM):
            raise DocumentError(f"reading it took longer than {limits.seconds:g} seconds. Split or simplify the file.")
        code = code or 0
        how = signal.Signals(-code).name if code < 0 else f"status {code}"
        raise DocumentError(f"the reader crashed on it ({how}). The file is damaged or hostile; get a good copy.")
    if message[:1] == b"E":
        raise DocumentError(str(json.loads(message[1:])))
    return message[1:]


def _documents(read: Read, path: Path) -> bytes:
    return to_json(read(path))


def _work_into(sender: Connection, path: str, limits: Limits, work: Work) -> None:
    """Entry of the worker process: work, send `D` and the result or `E` and the reason, and wait for the end."""
    os.setsid()  # a group of its own, so that all its children end with it
    _restrain(limits)
    allow(limits.ocr, partial(_next_page, sender, limits))
    try:
        message = b"D" + work(Path(path))
        if len(message) > MAX_RESULT_BYTES:
            message = _refusal("it holds more text than can be read at once. Split the file.")
    except DocumentError as error:
        message = _refusal(str(error))
    except MemoryError:
        message = _refusal(_MEMORY)
    except RecursionError:
        message = _refusal("it is nested too deeply to be read. Simplify the file.")
    except Exception as error:  # noqa: BLE001 (parsers raise classes of their own and of what they build on)
        message = _refusal(_MEMORY if _is_memory(error) else f"it can't be read: {_described(error)}.")
    sender.send_bytes(message)
    sender.close()
    # Ending is the parent's: as long as this process exists, its number can't be another group's.
    signal.pause()


def _restrain(limits: Limits) -> None:
    """Limits that the system itself keeps, whatever native code does. No file can be written, not even a core."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + limits.memory_bytes, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    seconds = int(limits.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1 + int(limits.ocr.seconds)))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(limits.wall_seconds) + 1 + _GRACE)
    warnings.simplefilter("ignore")  # what parsers say about odd files would flood the service's log
    logging.disable(logging.CRITICAL)


def _next_page(sender: Connection, limits: Limits) -> None:
    """Say that a scanned page begins, and let clock and processor time run anew."""
    sender.send_bytes(_PAGE)
    signal.alarm(int(max(limits.wall_seconds, _PAGE_SECONDS)) + 1 + _GRACE)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    used = int(time.process_time() + limits.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(used, hard), hard))


def _refusal(reason: str) -> bytes:
    return b"E" + json.dumps(reason.encode("utf-8", "replace").decode()[:1000]).encode()


def _described(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _is_memory(error: BaseException) -> bool:
    """Whether a library's error is at bottom one of memory."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, MemoryError) or "memory allocation failed" in str(chain).lower():
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _address_space() -> int:
    """Bytes of address space that this process has mapped already."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    return pages * resource.getpagesize()
