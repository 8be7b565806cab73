"""Looking after an index folder: what is in it, whether it is whole, going back, and clearing up."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dossier.errors import CorruptIndexError, IndexingError, IndexMissingError
from dossier.records import FileReport, FileState, Progress
from retrieval import generation
from retrieval.changes import Difference, Present, compare, difference
from retrieval.choices import settled
from retrieval.chunk_store import ChunkStore, FileRecord
from retrieval.chunk_writer import ChunkWriter
from retrieval.clearing import KEEP, forget_old, leftovers, size_of
from retrieval.digests import Digests, look
from retrieval.lock import Holder, exclusive, holder
from retrieval.parsing.parsed import READ_AGAIN
from retrieval.scan import Scan
from retrieval.vectors import VectorIndex

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class GenerationState:
    """One generation on disk. `problem` says in plain words why it can't be used, as far as its manifest tells."""

    name: str
    created: str = ""
    documents: int = 0
    chunks: int = 0
    bytes: int = 0
    current: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class IndexState:
    """What is known of an index without reading all of it.

    `generation` is None when nothing answers; `bytes` counts the whole folder; `files` are those that aren't in it, or
    only in part.
    """

    folder: str
    generation: GenerationState | None
    embedder: str
    generations: tuple[GenerationState, ...]
    bytes: int
    files: tuple[FileReport, ...]
    holder: Holder | None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of every byte found. `problems` are damages, `outdated` what has changed in the documents since."""

    generation: str
    files: int
    chunks: int
    problems: tuple[str, ...]
    outdated: Difference


@dataclass(frozen=True, slots=True)
class Cleared:
    """What clearing up has deleted: names of generations and of leftovers, and the bytes that they took."""

    generations: tuple[str, ...]
    leftovers: tuple[str, ...]
    bytes: int


def generations(index: Path) -> tuple[GenerationState, ...]:
    """The generations on disk, oldest first, judged by their manifests."""
    try:
        current = generation.current_name(index)
    except IndexMissingError:
        current = ""
    return tuple(_state(index, name, name == current) for name in generation.names(index))


def state(index: Path) -> IndexState:
    """Where an index stands. Looks at manifests and at the list of files; `verify` reads everything."""
    found = generations(index)
    answering = next((one for one in found if one.current and not one.problem), None)
    warning, embedder = "", ""
    files: tuple[FileReport, ...] = ()
    if answering is None:
        warning = _why_nothing_is_current(index)
        answering = next((one for one in reversed(found) if not one.problem), None)
    if answering:
        embedder = generation.read_manifest(index, answering.name).recipe.embedder
        reports = (record.report for record in _records(index, answering.name).values())
        out = (FileState.FAILED, FileState.SKIPPED)
        files = tuple(report for report in reports if report.state in out or READ_AGAIN in report.reason)
    size = size_of(index) if index.is_dir() else 0
    return IndexState(str(index), answering, embedder, found, size, files, holder(index), warning)


def verify(index: Path, scan: Scan, on_progress: OnProgress) -> Verification:
    """Read everything: digests of the current generation, its counts, its word index, and every document's bytes.

    What the documents' times say isn't trusted, and is corrected where it was wrong. Raises IndexMissingError.
    """
    started = datetime.now(UTC)
    problems: list[str] = []
    try:
        name = generation.current_name(index)
    except CorruptIndexError as error:
        return Verification("", 0, 0, (str(error),), Difference())
    chunks, records = 0, {}
    try:
        chunks = generation.verify(index, name).chunks
        on_progress(Progress("Checking the index", 1, 3, started))
        records = _records(index, name)
        problems += _check_counts(index / name, chunks)
        on_progress(Progress("Checking the index", 2, 3, started))
        problems += _check_words(index / name)
        on_progress(Progress("Checking the index", 3, 3, started))
    except CorruptIndexError as error:
        problems.append(str(error))
    digests = Digests(index, trust=False)
    present, _ = look(scan.found, digests, on_progress)
    present, _ = settled(scan.choices, present, records)
    digests.save()
    outdated = difference(compare(records, present)) if records else Difference()
    return Verification(name, len(present), chunks, tuple(problems), outdated)


def rollback(index: Path, name: str | None = None) -> generation.Manifest:
    """Make an older generation the one that answers: the named one, or the newest whole one before the current.

    The next run goes on from the documents as they are. Raises IndexingError, CorruptIndexError, IndexMissingError.
    """
    with exclusive(index):
        known = generation.names(index)
        if name is not None and name not in known:
            raise IndexingError(f"there is no generation {name}. There are: {', '.join(known) or 'none'}.")
        target = generation.verify(index, name) if name else _newest_before(index, known)
        try:
            generation.point_to(index, target.name)
        except OSError as error:
            raise IndexingError(f"{index} can't be written: {error}. Free some space, then try again.") from error
    return target


def clear(index: Path, keep: int = KEEP) -> Cleared:
    """Delete old generations that nobody reads and what killed runs left behind; `keep` generations stay.

    Raises IndexingError while a run is at work, IndexMissingError, CorruptIndexError (it is unknown which answers).
    """
    if not index.is_dir():
        raise IndexMissingError("nothing is indexed yet. Run `dossier index` first.")
    before = size_of(index)
    left = tuple(path.name for path in leftovers(index))
    with exclusive(index):
        names = tuple(forget_old(index, keep))
    return Cleared(names, left, max(0, before - size_of(index)))


def difference_between(index: Path, old: str, new: str) -> Difference:
    """What became of each file from one generation to another. Raises IndexingError, CorruptIndexError."""
    for name in (old, new):
        if name not in generation.names(index):
            there = ", ".join(generation.names(index)) or "none"
            raise IndexingError(f"there is no generation {name}. There are: {there}.")
    after = _records(index, new).values()
    present = [Present(r.report.source, r.digest, r.report.groups) for r in after if r.digest]
    return difference(compare(_records(index, old), present))


def difference_now(index: Path, scan: Scan, recipe: generation.Recipe, on_progress: OnProgress) -> Difference:
    """What an indexing run would change now. Nothing is read but files whose size or times differ."""
    before: dict[str, FileRecord] = {}
    everything = ""
    try:
        name = generation.newest_intact(index)[0].name
        before = _records(index, name)
        if generation.read_manifest(index, name).recipe != recipe:
            everything = "The embedder, its settings or the way of reading documents has changed."
    except CorruptIndexError:
        everything = "The index is damaged."
    except IndexMissingError:
        everything = "Nothing is indexed yet."
    present, unopened = look(scan.found, Digests(index), on_progress)
    present, _ = settled(scan.choices, present, before)
    left_out = (*scan.left_out, *unopened.values())
    return difference(
        compare(before, present),
        left_out=tuple({"source": report.source, "reason": report.reason} for report in left_out),
        everything=everything,
    )


def _state(index: Path, name: str, current: bool) -> GenerationState:
    size = size_of(index / name)
    try:
        manifest = generation.read_manifest(index, name)
    except CorruptIndexError as error:
        return GenerationState(name, bytes=size, current=current, problem=str(error))
    missing = [file for file in manifest.files if not (index / name / file).is_file()]
    problem = f"{', '.join(missing)} is missing." if missing else ""
    return GenerationState(name, manifest.created, manifest.documents, manifest.chunks, size, current, problem)


def _why_nothing_is_current(index: Path) -> str:
    try:
        generation.read_manifest(index, generation.current_name(index))
    except IndexMissingError as error:
        return str(error)
    return "A file of the current generation is missing. Index the documents again."


def _records(index: Path, name: str) -> dict[str, FileRecord]:
    try:
        with closing(ChunkStore(index / name / generation.CHUNKS)) as store:
            return store.records()
    except (OSError, sqlite3.Error, ValueError) as error:
        raise CorruptIndexError(f"{index / name} can't be read ({error}). Index the documents again.") from error


def _check_counts(folder: Path, chunks: int) -> list[str]:
    with closing(ChunkStore(folder / generation.CHUNKS)) as store:
        stored = store.counts()[1]
    vectors = len(VectorIndex.load(folder / generation.VECTORS))
    if chunks == stored == vectors:
        return []
    return [
        f"{folder} has {stored} passages and {vectors} vectors where {chunks} belong. Run `dossier index --rebuild`."
    ]


def _check_words(folder: Path) -> list[str]:
    """SQLite checks its word index only in a file that it might write, though it writes nothing."""
    try:
        with closing(ChunkWriter(folder / generation.CHUNKS)) as store:
            store.check_words()
    except sqlite3.OperationalError as error:
        return [f"the word index of {folder} can't be checked ({error}). Give this user the right to write there."]
    except sqlite3.DatabaseError:
        return [f"the word index of {folder} doesn't match its passages. Run `dossier index --rebuild`."]
    return []


def _newest_before(index: Path, known: list[str]) -> generation.Manifest:
    try:
        current = generation.current_name(index)
    except CorruptIndexError:
        current = f"g{10**6}"
    problems = []
    for name in reversed([name for name in known if name < current]):
        try:
            return generation.verify(index, name)
        except CorruptIndexError as error:
            problems.append(str(error))
    raise IndexingError("\n".join(["there is no older whole generation to go back to.", *problems]))
