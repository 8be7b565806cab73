"""What differs between the files that an index was built from and the files as they are now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from dossier.records import FileState
from retrieval.chunk_store import FileRecord
from retrieval.parsing.parsed import READ_AGAIN


class Kind(StrEnum):
    """What became of a file."""

    UNCHANGED = "unchanged"
    REGROUPED = "other groups"
    ADDED = "added"
    CHANGED = "changed"
    RENAMED = "renamed"
    COPIED = "copied"
    STILL_FAILING = "still unreadable"


@dataclass(frozen=True, slots=True)
class Present:
    """A file as it is now."""

    source: str
    digest: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one file; `origin` is the file that has the same bytes, for renamed and copied ones."""

    kind: Kind
    now: Present
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of every file: those there now, in order, and the names of those that are gone."""

    files: tuple[Change, ...]
    removed: tuple[str, ...]

    def of(self, *kinds: Kind) -> list[Change]:
        """The changes of these kinds."""
        return [change for change in self.files if change.kind in kinds]


@dataclass(frozen=True, slots=True)
class Difference:
    """Changes for people and programs, by name. `renamed` and `copied` are pairs of old and new name."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    copied: tuple[tuple[str, str], ...] = ()
    regrouped: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    failing: tuple[str, ...] = ()
    left_out: tuple[dict[str, object], ...] = field(default=())
    everything: str = ""

    def lines(self) -> list[str]:
        """In words, a line for each file."""
        named = (("added", self.added), ("changed", self.changed), ("removed", self.removed))
        lines = [f"{self.everything} Everything is read again."] if self.everything else []
        lines += [f"{word:10} {name}" for word, names in named for name in names]
        paired = (("renamed", self.renamed), ("copied", self.copied))
        lines += [f"{word:10} {old} -> {new}" for word, pairs in paired for old, new in pairs]
        lines += [f"{'groups':10} {name}" for name in self.regrouped]
        return lines


def compare(before: Mapping[str, FileRecord], now: Iterable[Present], retry: bool = False) -> Changes:
    """Find out what became of each file.

    A file is renamed when a file with its bytes and kind of name is gone, and copied when that is still there.
    `retry`: files that couldn't be read before count as added, also when their bytes are the same, and those with
    scanned pages that couldn't be as changed.
    """
    present = list(now)
    names = {file.source for file in present}
    kept = {file.source for file in present if file.source in before and before[file.source].digest == file.digest}
    origins: dict[tuple[str, str], list[str]] = {}
    for source, record in before.items():
        if record.digest and record.report.state in (FileState.INDEXED, FileState.UNCHANGED):
            origins.setdefault((record.digest, _kind(source)), []).append(source)
    moved: set[str] = set()
    changes = []
    for file in present:
        if file.source in kept:
            changes.append(Change(_same(before[file.source], file, retry), file))
            continue
        candidates = origins.get((file.digest, _kind(file.source)), [])
        origin = next((name for name in candidates if name not in kept and name not in moved), "")
        if origin:
            moved.add(origin)
            changes.append(Change(Kind.RENAMED, file, origin))
        elif candidates:
            changes.append(Change(Kind.COPIED, file, candidates[0]))
        else:
            changes.append(Change(Kind.CHANGED if _was_indexed(before.get(file.source)) else Kind.ADDED, file))
    gone = (name for name, record in before.items() if _was_indexed(record) and name not in names and name not in moved)
    return Changes(tuple(changes), tuple(gone))


def difference(changes: Changes, **more: object) -> Difference:
    """The changes by name. `more` are further fields of a Difference."""
    by_kind: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    for change in changes.files:
        by_kind[change.kind].append(change.now.source)
    pairs = {
        kind: tuple((change.origin, change.now.source) for change in changes.of(kind))
        for kind in (Kind.RENAMED, Kind.COPIED)
    }
    return Difference(
        added=tuple(by_kind[Kind.ADDED]),
        changed=tuple(by_kind[Kind.CHANGED]),
        renamed=pairs[Kind.RENAMED],
        copied=pairs[Kind.COPIED],
        regrouped=tuple(by_kind[Kind.REGROUPED]),
        removed=changes.removed,
        unchanged=len(by_kind[Kind.UNCHANGED]),
        failing=tuple(by_kind[Kind.STILL_FAILING]),
        **more,  # type: ignore[arg-type]
    )


def _same(record: FileRecord, file: Present, retry: bool) -> Kind:
    if record.report.state is FileState.FAILED:
        return Kind.ADDED if retry else Kind.STILL_FAILING
    if retry and READ_AGAIN in record.report.reason:  # scanned pages of it weren't read
        return Kind.CHANGED
    return Kind.UNCHANGED if record.report.groups == file.groups else Kind.REGROUPED


def _was_indexed(record: FileRecord | None) -> bool:
    return record is not None and record.report.state in (FileState.INDEXED, FileState.UNCHANGED)


def _kind(source: str) -> str:
    """The ending of a file's name, which decides who reads it."""
    return PurePosixPath(source).suffix.lower()
