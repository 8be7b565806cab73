"""Who may read documents as an admin chose it, for one file or a whole folder: kept in the index folder.

A choice follows the bytes. A file that is renamed or copied must not lose its restriction, also where the index was
lost meanwhile, so that the digests of the files that a choice decides are kept beside it.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from dossier.durable import write_text
from dossier.errors import IndexingError, QuestionError
from retrieval.changes import Present
from retrieval.chunk_store import FileRecord

CHOICES_FILE: Final = "readers.json"
_LOCK: Final = ".readers.lock"
_EVERYONE: Final = "everyone"
"""As it is written: nobody gets to read a document because a list happened to be empty."""
_LONGEST: Final = 100
_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Choices:
    """Groups by place: a file's path, or a folder's with a slash at its end. An empty set is everyone, chosen as such.

    `seen` has the SHA-256 of the files that a choice decides, by path, as they were last seen.
    """

    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)

    def place_of(self, source: str) -> str:
        """The nearest place with a choice: the file itself, else its innermost folder that has one; empty: none."""
        if source in self.chosen:
            return source
        folder = source
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if f"{folder}/" in self.chosen:
                return f"{folder}/"
        return ""

    def carried(self, origin: str, source: str) -> frozenset[str] | None:
        """What holds for a file that has turned up with the bytes of another one; None: what holds at its place.

        Moving and copying never open a document: a restriction comes along, unless the new place is in a folder that
        was itself limited. That everyone may read one file comes along within its folder only.
        """
        here, there = self.place_of(source), self.place_of(origin)
        if not there or here == there:
            return None
        groups = self.chosen[there]
        if not groups:
            beside = origin.rpartition("/")[0] == source.rpartition("/")[0]
            return groups if there == origin and beside else None
        limited = bool(here and self.chosen[here]) and not origin.startswith(here)
        return None if there != origin and limited else groups


def read_choices(index: Path) -> Choices:
    """The choices of an index folder; none where nothing was chosen. Raises IndexingError for a damaged file."""
    file = index / CHOICES_FILE
    if not file.exists():
        return Choices()
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        chosen = {_text(place): _groups(told) for place, told in raw["choices"].items()}
        return Choices(chosen, {_text(source): _text(digest) for source, digest in raw["seen"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # Never guess here: a choice that is misread could open a document to everyone
        raise IndexingError(
            f"{file} is damaged ({error!r}). It says who may read which documents. Restore it from a backup, or remove "
            "it and choose again on the Documents page; until then groups.toml and the pack's collections decide."
        ) from error


def choose(index: Path, place: str, groups: frozenset[str] | None, digests: Mapping[str, str]) -> Choices:
    """Keep who may read a file, or all files of a folder (`place` with a slash at its end); None takes it back.

    `digests` are the SHA-256 of the files that it is about, as far as they are known. It holds from the next indexing
    run on. Raises QuestionError for groups that can't be, IndexingError for a damaged file, EnvironmentProblem.
    """
    for group in groups or ():
        if not group.strip() or group != group.strip() or "\x00" in group or len(group) > _LONGEST:
            raise QuestionError(f"{group[:_LONGEST]!r} can't be a group's name. Write a word or two.")
    if groups and len(groups) > _MOST:
        raise QuestionError(f"A document can be limited to at most {_MOST} groups.")
    with _held(index):
        before = read_choices(index)
        chosen = {name: known for name, known in before.chosen.items() if name != place}
        if groups is not None:
            chosen[place] = groups
        return _write(index, Choices(chosen, {**before.seen, **digests}))


def settled(
    choices: Choices, present: Sequence[Present], before: Mapping[str, FileRecord]
) -> tuple[list[Present], Choices]:
    """The files with the groups that choices bring along from elsewhere, and the choices as they are then.

    `before` are the files of the generation that is there: what had these bytes then already is no new copy.
    """
    if not choices.chosen:
        return list(present), choices
    there = {file.source for file in present}
    origins: dict[str, list[str]] = {}
    for source, digest in sorted(choices.seen.items(), key=lambda item: (item[0] in there, item[0])):  # renamed first
        origins.setdefault(digest, []).append(source)
    new: dict[str, frozenset[str]] = {}
    for file in present:
        record = before.get(file.source)
        known = record is not None and _bytes(record.digest) == _bytes(file.digest)
        if known or file.source in choices.chosen:
            continue
        brought = (choices.carried(origin, file.source) for origin in origins.get(_bytes(file.digest), ()))
        groups = next((found for found in brought if found is not None), None)
        if groups is not None:
            new[file.source] = groups
    after = replace(choices, chosen={**choices.chosen, **new})
    now = {file.source: _bytes(file.digest) for file in present if after.place_of(file.source)}
    moved = [replace(file, groups=new[file.source]) if file.source in new else file for file in present]
    return moved, replace(after, seen={**choices.seen, **now})


def keep_settled(index: Path, before: Choices, after: Choices) -> None:
    """Keep what an indexing run found out, beside what an admin has chosen since it began.

    Raises IndexingError, EnvironmentProblem.
    """
    if before == after:
        return
    with _held(index):
        now = read_choices(index)
        new = {place: groups for place, groups in after.chosen.items() if place not in before.chosen}
        _write(index, Choices({**new, **now.chosen}, {**now.seen, **after.seen}))


def _write(index: Path, choices: Choices) -> Choices:
    """Write them, without the digests of files that no choice is about any more."""
    seen = {source: digest for source, digest in sorted(choices.seen.items()) if choices.place_of(source)}
    told = {place: sorted(groups) or _EVERYONE for place, groups in sorted(choices.chosen.items())}
    write_text(index / CHOICES_FILE, json.dumps({"choices": told, "seen": seen}, indent=1, ensure_ascii=False) + "\n")
    return replace(choices, seen=seen)


@contextmanager
def _held(index: Path) -> Iterator[None]:
    """One writer at a time: the gateway and an indexing run may both have something to keep."""
    try:
        index.mkdir(parents=True, exist_ok=True)
        handle = os.open(index / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise IndexingError(f"the index folder {index} can't be written: {error.strerror}. Correct this.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _bytes(identity: str) -> str:
    """The digest of a file's bytes: what stands behind a dot is about its corrections."""
    return identity.partition(".")[0]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} where a text belongs")
    return value


def _groups(told: object) -> frozenset[str]:
    if told == _EVERYONE:
        return frozenset()
    if not isinstance(told, list) or not told or "\x00" in "".join(map(_text, told)):
        raise ValueError(f"{told!r} where groups belong")
    return frozenset(told)
