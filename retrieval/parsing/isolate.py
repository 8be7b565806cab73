"""Reads each file in a process of its own, with limits on time and memory, so that no file harms the service."""

import json
import multiprocessing
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from dossier.errors import DocumentError
from retrieval.parsing.markup import read_html, read_markdown, read_text
from retrieval.parsing.parsed import ParsedDocument, from_json, to_json
from retrieval.parsing.pdf import read_pdf

Read = Callable[[Path], tuple[ParsedDocument, ...]]


def _one(read: Callable[[Path], ParsedDocument]) -> Read:
    """A reader of files that hold one document each."""
    return lambda path: (read(path),)


READERS: dict[str, Read] = {
    ".pdf": _one(read_pdf),
    ".md": _one(read_markdown),
    ".markdown": _one(read_markdown),
    ".html": _one(read_html),
    ".htm": _one(read_html),
    ".txt": _one(read_text),
}
"""Reader by file name suffix, in lower case."""

PARSER_VERSION = "3"
"""Changes whenever the readers' output does, so that an index built by older ones is rebuilt."""

MAX_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost: seconds of wall clock, bytes of address space above the start."""

    seconds: float
    memory_bytes: int


def read_isolated(path: Path, limits: Limits) -> tuple[ParsedDocument, ...]:
    """Read one file in its own process; most hold one document, feeds and JSON lines several.

    Raises DocumentError with the reason when it can't be read.
    """
    size = path.stat().st_size
    if size == 0:
        raise DocumentError("the file is empty.")
    if size > MAX_BYTES:
        raise DocumentError(f"it is larger than {MAX_BYTES // 1_000_000} MB. Split the file.")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["retrieval.parsing.isolate"])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_read_into, args=(sender, str(path), limits), daemon=True)
    process.start()
    sender.close()
    try:
        return _decode(_receive(receiver, process, limits), process)
    finally:
        receiver.close()
        process.kill()
        process.join()


def _receive(receiver: Connection, process: multiprocessing.process.BaseProcess, limits: Limits) -> bytes | None:
    """The worker's message, None when it died without one."""
    if not receiver.poll(limits.seconds):
        process.kill()
        raise DocumentError(f"reading it took longer than {limits.seconds:g} seconds. Split or simplify the file.")
    try:
        return receiver.recv_bytes()
    except (EOFError, OSError):
        return None


def _decode(message: bytes | None, process: multiprocessing.process.BaseProcess) -> tuple[ParsedDocument, ...]:
    if message is None:
        process.join(5)
        code = process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"status {code}"
        raise DocumentError(f"the reader crashed on it ({how}). The file is damaged or hostile; get a good copy.")
    if message[:1] == b"E":
        raise DocumentError(str(json.loads(message[1:])))
    return from_json(message[1:])


def _read_into(sender: Connection, path: str, limits: Limits) -> None:
    """Entry of the worker process: read, send `D` and the document or `E` and the reason, and end."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + limits.memory_bytes, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(limits.seconds) + 1, int(limits.seconds) + 2))
    try:
        message = b"D" + to_json(READERS[Path(path).suffix.lower()](Path(path)))
    except DocumentError as error:
        message = b"E" + json.dumps(str(error)).encode()
    except MemoryError:
        message = b"E" + json.dumps("reading it needs more memory than allowed. Split the file.").encode()
    except RecursionError:
        message = b"E" + json.dumps("it is nested too deeply to be read. Simplify the file.").encode()
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, OSError, AssertionError) as error:
        # A library's parser fell over malformed input: the file's state says so, the run goes on.
        message = b"E" + json.dumps(f"it can't be read: {type(error).__name__}: {str(error)[:200]}").encode()
    sender.send_bytes(message)
    sender.close()


def _address_space() -> int:
    """Bytes of address space that this process has mapped already."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    return pages * resource.getpagesize()
