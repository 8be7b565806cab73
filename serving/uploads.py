"""Takes documents that admins send into the documents folder: read on trial first, then moved in as a whole."""

import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from dossier.errors import ConflictError, DocumentError, EnvironmentProblem, QuestionError
from retrieval.parsing.isolate import READERS, Limits, read_isolated

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of one file; larger ones are put into the folder by hand."""
_LONGEST: Final = 300
_PREFIX: Final = ".upload-"
"""Hidden files aren't indexed."""
_NOT_OURS: Final = "These are the pack's own documents, which stay as they are. Set `documents` to a folder of yours."


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of a file that was sent: taken into the folder, or why not. `warning`: what reading leaves out."""

    source: str
    stored: bool
    reason: str = ""
    pages: int = 0
    warning: str = ""


class Uploads:
    """One documents folder that may be written to."""

    def __init__(self, folder: Path | None, limits: Limits) -> None:
        """`folder` None: the documents are the pack's own, and stay as they are."""
        self._folder = folder
        # one scanned page shows whether they can be read; indexing reads them all
        self._limits = replace(limits, ocr=replace(limits.ocr, trial=True))

    @property
    def problem(self) -> str:
        """Why nothing can be taken; empty: files can."""
        return "" if self._folder else _NOT_OURS

    async def take(self, name: str, pieces: AsyncIterator[bytes], replace: bool) -> tuple[Path, Path]:
        """Write what arrives beside its place. Returns both paths, for `finish`.

        Raises QuestionError for a name that can't be, ConflictError where such a file is there already.
        """
        target = self._target(name, replace)
        waiting = target.with_name(f"{_PREFIX}{secrets.token_hex(8)}{target.suffix.lower()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with waiting.open("xb") as file:
                async for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            waiting.unlink(missing_ok=True)
            raise EnvironmentProblem(f"{name} can't be written: {error.strerror}. Make the folder writable.") from error
        except BaseException:  # the sender went away, or sent too much
            waiting.unlink(missing_ok=True)
            raise
        return waiting, target

    def finish(self, waiting: Path, target: Path) -> Uploaded:
        """Read the file on trial and move it to its place; what can't be read is left out with the reason."""
        source = target.relative_to(self._top()).as_posix()
        try:
            documents = read_isolated(waiting, self._limits)
        except DocumentError as error:
            waiting.unlink(missing_ok=True)
            return Uploaded(source, False, str(error))
        waiting.replace(target)
        warnings = dict.fromkeys(document.warning for document in documents if document.warning)
        pages = sum(len(document.pages) for document in documents)
        return Uploaded(source, True, pages=pages, warning=" ".join(list(warnings)[:3]))

    def _top(self) -> Path:
        if self._folder is None:
            raise ConflictError(_NOT_OURS)
        return self._folder.resolve()

    def _target(self, name: str, replace: bool) -> Path:
        top, place = self._top(), PurePosixPath(name)
        hidden = any(part.startswith(".") for part in place.parts)
        if not name.isprintable() or place.is_absolute() or hidden or not place.parts or len(name) > _LONGEST:
            raise QuestionError(
                f"{name[:80]!r} can't be the name of a document. Use folders and a name, as `hr/leave.pdf`."
            )
        if place.suffix.lower() not in READERS:
            kinds = ", ".join(sorted(suffix[1:] for suffix in READERS))
            raise QuestionError(f"{place.name}: files of this kind aren't read (read are: {kinds}).")
        target = top / place
        if not target.parent.resolve().is_relative_to(top):
            raise QuestionError(f"{name!r} leads out of the documents folder. Choose another folder.")
        if target.is_symlink() or target.is_dir() or (target.exists() and not replace):
            raise ConflictError(f"There is a file {name!r} already. Choose to replace it, or another name.")
        return target
