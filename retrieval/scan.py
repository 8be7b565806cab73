"""What is in a documents folder, and who may read it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dossier.errors import IndexingError
from dossier.records import FileReport, FileState
from retrieval.choices import Choices
from retrieval.corrections import Corrections
from retrieval.parsing.isolate import READERS
from retrieval.parsing.kinds import LEGACY
from retrieval.readers import Readers

CORRECTIONS_FILE = "documents.toml"
"""Beside the documents: what a person wrote down about them."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """What the file system says of a file: bytes, times in nanoseconds since 1970, and its inode."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @property
    def latest(self) -> int:
        """When it was last changed, in nanoseconds since 1970."""
        return max(self.mtime_ns, self.ctime_ns)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that can be indexed: its place, its path relative to the folder, its groups, and what it is on disk.

    `corrections` are metadata that a person wrote down for it, by field.
    """

    path: Path
    source: str
    groups: frozenset[str]
    stat: FileStat
    corrections: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scan:
    """The files of a documents folder by name, those that are left out with their reasons, and an admin's choices."""

    found: tuple[Found, ...]
    left_out: tuple[FileReport, ...]
    choices: Choices = field(default_factory=Choices)


def scan(folder: Path, readers: Readers, corrections: Corrections | None = None) -> Scan:
    """List a documents folder; no document is opened. `corrections` are what people wrote down about the documents.

    Raises IndexingError when it isn't a folder.
    """
    if not folder.exists():
        raise IndexingError(f"the documents folder {folder} doesn't exist. Create it or correct the setting documents.")
    if not folder.is_dir():
        raise IndexingError(f"{folder} isn't a folder. Set documents to the folder that holds the documents.")
    top = folder.resolve()
    found: list[Found] = []
    left_out: list[FileReport] = []
    for entry, source in _entries(folder, left_out):
        if source in (readers.groups_file, CORRECTIONS_FILE):
            continue
        if reason := _reason_to_skip(entry, source, top):
            left_out.append(FileReport(_printable(source), FileState.SKIPPED, reason))
            continue
        try:
            stat = entry.stat()
        except OSError as error:
            left_out.append(FileReport(source, FileState.FAILED, f"it can't be opened: {error.strerror}."))
            continue
        of_disk = FileStat(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
        told = corrections.of(source) if corrections else {}
        found.append(Found(Path(entry.path), source, readers.groups(source), of_disk, told))
    return Scan(tuple(sorted(found, key=lambda file: file.source)), tuple(left_out), readers.choices)


def _entries(folder: Path, left_out: list[FileReport]) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Every file below a folder that isn't hidden, with its path relative to the top."""
    folders = [(str(folder), "")]
    while folders:
        path, prefix = folders.pop()
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            reason = f"the folder can't be opened: {error.strerror}."
            left_out.append(FileReport(_printable(prefix), FileState.FAILED, reason))
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, f"{prefix}{entry.name}/"))
            else:
                yield entry, f"{prefix}{entry.name}"


def _printable(source: str) -> str:
    return source.encode("utf-8", "replace").decode("utf-8")


def _reason_to_skip(entry: os.DirEntry[str], source: str, top: Path) -> str:
    if entry.is_symlink():
        if not os.path.exists(entry.path):  # noqa: PTH110 (Path.exists raises for a loop of links)
            return "it is a link that leads nowhere."
        if not Path(entry.path).resolve().is_relative_to(top):
            return "it is a link to a place outside the documents folder."
        if entry.is_dir():
            return "it is a link to a folder. Links to folders aren't followed."
    if not entry.is_file():
        return "it isn't a regular file."
    if _printable(source) != source:
        return "its name isn't valid text. Rename it."
    if Path(entry.name).suffix.lower() in LEGACY:
        return LEGACY[Path(entry.name).suffix.lower()]
    if Path(entry.name).suffix.lower() not in READERS:
        kinds = ", ".join(sorted(suffix[1:] for suffix in READERS))
        return f"files of this kind aren't read (read are: {kinds})."
    return ""
