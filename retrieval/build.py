"""An indexing run: what changed is read and embedded, the rest carried over, and a new generation made current."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from dossier.errors import CorruptIndexError, DocumentError, IndexingError, IndexMissingError
from dossier.records import Document, FileReport, FileState, Progress
from retrieval import generation
from retrieval.chunk_store import ChunkStore, StoredDocument, iter_blocks
from retrieval.chunking import CHUNKER_VERSION, chunk_document, embedded_text
from retrieval.embedder import Embedder
from retrieval.metadata import METADATA_VERSION, describe
from retrieval.parsing.isolate import PARSER_VERSION, Limits, read_isolated
from retrieval.parsing.parsed import ParsedDocument
from retrieval.scan import Found, Scan
from retrieval.vectors import VectorIndex

OnProgress = Callable[[Progress], None]
READ_BLOCK = 16
"""Parsed documents that may wait in memory for being cut into chunks."""
EMBED_BLOCK = 2048
"""Chunks that are in memory at once while embedding."""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Everything that one indexing run needs to know. `rebuild` reads and embeds everything anew."""

    index: Path
    scan: Scan
    limits: Limits
    chunk_tokens: int
    free_bytes: int
    rebuild: bool = False
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class BuildReport:
    """How an indexing run ended. `embedded` and `removed` count chunks."""

    generation: str
    documents: int
    chunks: int
    embedded: int
    removed: int
    changed: bool
    files: tuple[FileReport, ...] = field(default=())


def build(plan: BuildPlan, load_embedder: Callable[[], Embedder], on_progress: OnProgress) -> BuildReport:
    """Bring the index up to date with the documents. Nothing changed: the current generation stays.

    Raises IndexingError (no documents, no space, another run at work); the previous generation keeps answering.
    """
    if not plan.scan.found and not plan.allow_empty:
        raise IndexingError(_nothing_found(plan.scan))
    with _exclusive(plan.index):
        _check_space(plan)
        embedder = load_embedder()
        try:
            return _Run(plan, embedder, on_progress).run()
        except OSError as error:
            raise IndexingError(f"writing the index failed: {error}. Free some space, then index again.") from error
        except sqlite3.Error as error:
            raise IndexingError(
                f"writing the chunk store failed: {error}. Free some space, then index again."
            ) from error


class _Run:
    """The state of one run: the previous generation, the new store and vectors, and the reports so far."""

    def __init__(self, plan: BuildPlan, embedder: Embedder, on_progress: OnProgress) -> None:
        self._plan, self._embedder, self._on_progress = plan, embedder, on_progress
        self._recipe = generation.Recipe(
            embedder.name,
            embedder.digest,
            embedder.dimension,
            VectorIndex.METRIC,
            f"{PARSER_VERSION}.{METADATA_VERSION}",
            CHUNKER_VERSION,
            plan.chunk_tokens,
        )
        self._reports: dict[str, FileReport] = {report.source: report for report in plan.scan.left_out}
        self._removed: list[int] = []
        self._changed = False

    def run(self) -> BuildReport:
        previous = self._previous()
        folder = self._plan.index / f".building-{os.getpid()}"
        folder.mkdir()
        try:
            return self._build_in(folder, previous)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _previous(self) -> generation.Manifest | None:
        """The generation to start from, None to start anew."""
        try:
            manifest, _ = generation.newest_intact(self._plan.index)
        except (IndexMissingError, CorruptIndexError):
            return None
        return manifest if manifest.recipe == self._recipe and not self._plan.rebuild else None

    def _build_in(self, folder: Path, previous: generation.Manifest | None) -> BuildReport:
        store, vectors = self._start_from(folder, previous)
        known = {stored.document.source: stored for stored in store.documents()}
        self._forget(store, known)
        to_read = self._carry_over(store, known)
        last_id = store.last_chunk_id()
        self._read(store, to_read)
        reports = tuple(self._reports[source] for source in sorted(self._reports))
        if previous and not self._changed and self._is_current(previous, reports, store.files()):
            store.close()
            return BuildReport(previous.name, previous.documents, previous.chunks, 0, 0, False, reports)
        self._refuse_empty(store, reports)
        vectors.remove(self._removed)
        embedded = self._embed(store, vectors, last_id)
        store.set_files(reports)
        store.finish()
        documents, chunks = store.counts()
        store.close()
        manifest = self._write(folder, vectors, documents, chunks)
        generation.promote(folder, self._plan.index, manifest)
        generation.forget_old(self._plan.index)
        return BuildReport(manifest.name, documents, chunks, embedded, len(self._removed), True, reports)

    def _is_current(
        self, previous: generation.Manifest, reports: tuple[FileReport, ...], before: list[FileReport]
    ) -> bool:
        """Whether the previous generation says all there is to say: same outcomes, and CURRENT points to it."""
        same = {_outcome(report) for report in reports} == {_outcome(report) for report in before}
        return same and generation.current_name(self._plan.index) == previous.name

    def _start_from(self, folder: Path, previous: generation.Manifest | None) -> tuple[ChunkStore, VectorIndex]:
        if previous is None:
            return ChunkStore.create(folder / generation.CHUNKS), VectorIndex.create(self._recipe.dimension)
        origin = self._plan.index / previous.name
        shutil.copyfile(origin / generation.CHUNKS, folder / generation.CHUNKS)
        store = ChunkStore(folder / generation.CHUNKS, writable=True)
        return store, VectorIndex.load(origin / generation.VECTORS)

    def _forget(self, store: ChunkStore, known: dict[str, StoredDocument]) -> None:
        """Remove documents that are gone or have other bytes now."""
        present = {found.source: found.digest for found in self._plan.scan.found}
        gone = [stored for source, stored in known.items() if present.get(source) != stored.document.digest]
        for stored in gone:
            self._removed.extend(store.remove_document(stored.id))
            del known[stored.document.source]
            self._changed = True

    def _carry_over(self, store: ChunkStore, known: dict[str, StoredDocument]) -> list[Found]:
        """Keep what is unchanged (with its groups as they are now); returns what must be read."""
        failed = {report.source for report in store.files() if report.state is FileState.FAILED}
        to_read = []
        for found in self._plan.scan.found:
            stored = known.get(found.source)
            if stored is None:
                to_read.append(found)
                continue
            if stored.document.groups != found.groups:
                store.set_groups(stored.id, found.groups)
                self._changed = True
            state = FileState.INDEXED if found.source in failed else FileState.UNCHANGED
            numbers = (stored.chunks, stored.document.pages)
            self._reports[found.source] = FileReport(found.source, state, stored.warning, *numbers)
        return to_read

    def _read(self, store: ChunkStore, to_read: list[Found]) -> None:
        """Read and chunk files, two at a time, each in its own process; failures become reports."""
        started = datetime.now(UTC)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
            for start in range(0, len(to_read), READ_BLOCK):
                block = to_read[start : start + READ_BLOCK]
                outcomes = pool.map(partial(_try_read, limits=self._plan.limits), block)
                for done, (found, outcome) in enumerate(zip(block, outcomes, strict=True), start=start + 1):
                    if isinstance(outcome, str):
                        self._reports[found.source] = FileReport(found.source, FileState.FAILED, outcome)
                    else:
                        self._add(store, found, outcome)
                    self._on_progress(Progress("Reading documents", done, len(to_read), started))

    def _add(self, store: ChunkStore, found: Found, documents: tuple[ParsedDocument, ...]) -> None:
        (parsed,) = documents
        about = describe(parsed, found.source, found.corrections)
        limit = self._plan.chunk_tokens
        chunks = chunk_document(parsed, found.source, limit, self._embedder.count_tokens, about)
        numbers = (found.digest, found.groups, len(parsed.pages))
        document = Document(found.source, parsed.title, *numbers, about)
        store.add_document(document, parsed.warning, chunks, [table for page in parsed.pages for table in page.tables])
        self._changed = True
        report = FileReport(found.source, FileState.INDEXED, parsed.warning, len(chunks), len(parsed.pages))
        self._reports[found.source] = report

    def _refuse_empty(self, store: ChunkStore, reports: tuple[FileReport, ...]) -> None:
        if store.counts()[1] or self._plan.allow_empty:
            return
        reasons = "\n".join(f"  {report.source}: {report.reason}" for report in reports if report.reason)
        raise IndexingError(f"none of the documents could be read; the previous index stays.\n{reasons}")

    def _embed(self, store: ChunkStore, vectors: VectorIndex, last_id: int) -> int:
        total = store.counts()[1] - len(vectors)
        started, done = datetime.now(UTC), 0
        for block in iter_blocks(store, last_id, EMBED_BLOCK):
            texts = [embedded_text(chunk, self._embedder.count_tokens) for _, chunk in block]
            before = done
            report = partial(self._embedding_progress, before, total, started)
            vectors.add([chunk_id for chunk_id, _ in block], self._embedder.embed(texts, report))
            done += len(block)
        return done

    def _embedding_progress(self, before: int, total: int, started: datetime, done: int) -> None:
        self._on_progress(Progress("Embedding passages", before + done, total, started))

    def _write(self, folder: Path, vectors: VectorIndex, documents: int, chunks: int) -> generation.Manifest:
        """Write the vectors, read everything back and count it; returns the manifest with the digests."""
        vectors.write(folder / generation.VECTORS)
        stored = len(VectorIndex.load(folder / generation.VECTORS))
        reopened = ChunkStore(folder / generation.CHUNKS)
        counted = reopened.counts()
        reopened.close()
        if stored != chunks or counted != (documents, chunks):
            raise IndexingError(
                f"the new index read back {stored} of {chunks} vectors. Check the disk; nothing changed."
            )
        files = {name: generation.digest_of(folder / name) for name in (generation.CHUNKS, generation.VECTORS)}
        created = datetime.now(UTC).isoformat(timespec="seconds")
        name = generation.next_name(self._plan.index)
        return generation.Manifest(name, created, self._recipe, documents, chunks, files)


def _outcome(report: FileReport) -> FileReport:
    """A report for comparing runs: a file indexed then is unchanged now."""
    return replace(report, state=FileState.UNCHANGED) if report.state is FileState.INDEXED else report


def _try_read(found: Found, limits: Limits) -> tuple[ParsedDocument, ...] | str:
    """The parsed documents, or why it can't be read."""
    try:
        return read_isolated(found.path, limits)
    except DocumentError as error:
        return str(error)
    except OSError as error:
        return f"it can't be opened: {error.strerror}."


@contextmanager
def _exclusive(index: Path) -> Iterator[None]:
    """Hold the index folder's lock; a second run is told who holds it. Clears what a killed run left behind."""
    index.mkdir(parents=True, exist_ok=True)
    with (index / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise IndexingError(f"another run is indexing already (process {holder}). Wait until it ends.") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        for leftover in index.glob(".building-*"):
            shutil.rmtree(leftover)
        yield


def _check_space(plan: BuildPlan) -> None:
    """Refuse to begin when the disk would run full: text and vectors take about as much as the documents do."""
    documents = sum(found.path.stat().st_size for found in plan.scan.found)
    previous = sum(
        file.stat().st_size for name in generation.names(plan.index)[-1:] for file in (plan.index / name).iterdir()
    )
    needed = plan.free_bytes + previous + 2 * documents
    free = shutil.disk_usage(plan.index).free
    if free < needed:
        gib = 1 << 30
        raise IndexingError(
            f"too little disk space at {plan.index}: {free / gib:.1f} GiB are free and {needed / gib:.1f} GiB are "
            "needed. Free some space or lower the setting free_disk_gib."
        )


def _nothing_found(scan: Scan) -> str:
    reasons = "\n".join(f"  {report.source}: {report.reason}" for report in scan.left_out[:20])
    listing = f"\nLeft out:\n{reasons}" if reasons else ""
    return f"there are no documents to index. Put PDF, Markdown, HTML or text files into the folder.{listing}"
