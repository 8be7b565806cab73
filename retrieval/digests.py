"""The digests of the documents' files, remembered by size, times and inode, so that unchanged files aren't read."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from dossier.records import FileReport, FileState, Progress
from retrieval.changes import Present
from retrieval.generation import digest_of
from retrieval.scan import FileStat, Found

_FILE = ".digests.json"
_RACY_NS = 2_000_000_000
"""A file changed this short before it was looked at could change again without its time telling (as git has it)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was when its digest was computed."""

    stat: FileStat
    digest: str


def look(
    scan: Iterable[Found], digests: "Digests", on_progress: Callable[[Progress], None]
) -> tuple[list[Present], dict[str, FileReport]]:
    """The files with their digests as they are now, and reports of those that can't be opened."""
    files, started = list(scan), datetime.now(UTC)
    shown = max(1, len(files) // 100)

    def report(done: int) -> None:
        if done % shown == 0:
            on_progress(Progress("Looking for changes", done, len(files), started))

    found, problems = digests.of(files, report)
    present = [
        Present(file.source, identity(found[file.source], file), file.groups) for file in files if file.source in found
    ]
    return present, {name: FileReport(name, FileState.FAILED, reason) for name, reason in problems.items()}


def identity(digest: str, file: Found) -> str:
    """What decides what a file's documents hold: its bytes, and what a person wrote down about it (behind a dot)."""
    if not file.corrections:
        return digest
    told = json.dumps(dict(file.corrections), sort_keys=True)
    return f"{digest}.{hashlib.sha256(told.encode()).hexdigest()[:16]}"


class Digests:
    """SHA-256 of each file. What is remembered is a cache beside the index: without it the files are read."""

    def __init__(self, index: Path, trust: bool = True) -> None:
        """Read what is remembered in the index folder; nothing is taken from it without `trust`."""
        self._file = index / _FILE
        self._seen = _load(self._file) if trust else {}
        self._fresh: dict[str, Seen] = {}
        self._started = time.time_ns()
        self.hashed = 0

    def of(self, found: Iterable[Found], on_done: Callable[[int], None]) -> tuple[dict[str, str], dict[str, str]]:
        """Digest of each file by source, and why others couldn't be read. `on_done` hears how many are done."""
        digests: dict[str, str] = {}
        problems: dict[str, str] = {}
        for done, file in enumerate(found, start=1):
            try:
                digests[file.source] = self._digest(file)
            except OSError as error:
                problems[file.source] = f"it can't be opened: {error.strerror}."
            on_done(done)
        return digests, problems

    def save(self) -> None:
        """Remember the digests for the next run, except those of files that changed just now."""
        latest = self._started - _RACY_NS
        kept = {source: seen for source, seen in self._fresh.items() if seen.stat.latest < latest}
        if kept == self._seen:
            return
        body = json.dumps({source: [*astuple(seen.stat), seen.digest] for source, seen in kept.items()})
        new = self._file.with_suffix(".new")
        with suppress(OSError):  # it only saves time: a full disk mustn't fail a run that has succeeded
            new.write_text(json.dumps([hashlib.sha256(body.encode()).hexdigest(), body]), encoding="utf-8")
            new.replace(self._file)
        with suppress(OSError):
            new.unlink(missing_ok=True)

    def _digest(self, file: Found) -> str:
        seen = self._seen.get(file.source)
        if seen is None or seen.stat != file.stat:
            seen = Seen(file.stat, digest_of(file.path))
            self.hashed += 1
        self._fresh[file.source] = seen
        return seen.digest


def _load(file: Path) -> Mapping[str, Seen]:
    """What is remembered; nothing if the file is absent or damaged."""
    try:
        digest, body = json.loads(file.read_bytes())
        if hashlib.sha256(body.encode()).hexdigest() != digest:
            return {}
        return {source: Seen(FileStat(*row[:4]), str(row[4])) for source, row in json.loads(body).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
