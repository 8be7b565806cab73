"""The documents' own files: found by what the index says of them, never by what somebody asks for, and checked."""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Final

from dossier.errors import ConflictError, DocumentError, NotFoundError
from retrieval.page_view import PageView
from retrieval.parsing.isolate import Limits, isolated
from retrieval.parsing.pdf_picture import CHANGED, Marked, draw_page

_BLOCK: Final = 1 << 20
_DRAWING: Final = Limits(20, 1 << 30)
_KEPT: Final = 24
"""Pictures of pages that are kept: people turn pages back and forth, and several look at one answer."""
_REMEMBERED: Final = 1000

Stamp = tuple[int, int, int, int]
"""A file's size, times of change and inode: the same ones mean the same bytes."""


class Originals:
    """The files of one documents folder. Threads may share it."""

    def __init__(self, folder: Path | None = None, limits: Limits = _DRAWING) -> None:
        """Without a folder there are no files. `limits` hold for drawing one page."""
        self._folder = folder.resolve() if folder else None
        self._limits = limits
        self._lock = threading.Lock()
        self._digests: OrderedDict[Path, tuple[Stamp, str]] = OrderedDict()
        self._pictures: OrderedDict[Marked, bytes] = OrderedDict()

    def problem(self, view: PageView) -> str:
        """Why the file of a document can't be shown, in plain words; empty: it is as it was when it was indexed."""
        try:
            self.open(view).close()
        except (NotFoundError, ConflictError) as error:
            return str(error)
        return ""

    def open(self, view: PageView) -> BufferedReader:
        """The file, opened for reading.

        Raises NotFoundError where it isn't in the folder any more, ConflictError where it has changed.
        """
        path = self._path(view.file)
        try:
            file = path.open("rb")
        except OSError as error:
            raise NotFoundError(
                f"{view.file} can't be opened: {error.strerror}. Ask whoever looks after it."
            ) from error
        if self._digest(path, file) != view.document.digest:
            file.close()
            raise ConflictError(f"{CHANGED} An admin can bring the index up to date; then ask again.")
        return file

    def picture(self, view: PageView) -> bytes:
        """A PDF page as a PNG with its passage marked.

        Raises NotFoundError and ConflictError as `open`, DocumentError for what can't be drawn.
        """
        if not is_pictured(view):
            raise DocumentError(f"{view.document.name} has no pages to draw. Its text can be read.")
        self.open(view).close()
        wanted = Marked(view.document.digest, view.page, view.passage, view.line)
        with self._lock:
            if wanted in self._pictures:
                self._pictures.move_to_end(wanted)
                return self._pictures[wanted]
        drawn = isolated(self._path(view.file), self._limits, partial(draw_page, wanted))
        with self._lock:
            self._pictures[wanted] = drawn
            if len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
        return drawn

    def _path(self, file: str) -> Path:
        """A file of the index by its name there. Links that lead out of the folder were never indexed."""
        missing = NotFoundError(f"{file} isn't in the documents folder any more. The index still has its text.")
        if self._folder is None:
            raise missing
        with suppress(OSError, RuntimeError):  # RuntimeError: links in a circle
            path = (self._folder / file).resolve(strict=True)
            if path.is_relative_to(self._folder) and path.is_file():
                return path
        raise missing

    def _digest(self, path: Path, file: BufferedReader) -> str:
        """The SHA-256 of an open file, computed anew only when the file isn't the one of the last time."""
        stat = os.fstat(file.fileno())
        stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
        with self._lock:
            seen = self._digests.get(path)
        if seen is not None and seen[0] == stamp:
            return seen[1]
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        with self._lock:
            self._digests[path] = (stamp, digest)
            if len(self._digests) > _REMEMBERED:
                self._digests.popitem(last=False)
        return digest


def is_pictured(view: PageView) -> bool:
    """Whether the page can be drawn as it looks in print."""
    return view.file.lower().endswith(".pdf")


def blocks(file: BufferedReader) -> Iterator[bytes]:
    """A file's bytes, piece by piece; it is closed at the end."""
    with file:
        while block := file.read(_BLOCK):
            yield block
