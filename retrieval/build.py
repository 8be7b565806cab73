"""An indexing run: what changed is read and embedded, the rest carried over, and a new generation made current."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from dossier.errors import CorruptIndexError, IndexingError, IndexMissingError
from dossier.records import FileReport, FileState
from retrieval import generation
from retrieval.changes import Change, Changes, Kind, Present, compare
from retrieval.choices import keep_settled, settled
from retrieval.chunk_store import ChunkStore, FileRecord
from retrieval.chunk_writer import ChunkWriter, Kept, Place
from retrieval.chunking import CHUNKER_VERSION
from retrieval.clearing import building_folder, forget_old, size_of
from retrieval.digests import Digests, look
from retrieval.embedder import Embedder
from retrieval.embedding import Embedding, Known
from retrieval.embedding import OnProgress as OnProgress
from retrieval.lock import exclusive
from retrieval.metadata import METADATA_VERSION
from retrieval.parsing.isolate import PARSER_VERSION, Limits
from retrieval.reading import Reading, ToRead
from retrieval.scan import Scan
from retrieval.vectors import VectorIndex

_COMPACT_SHARE = 4
"""The word index is compacted when more than one in so many of its chunks changed: it reads and writes all of it."""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Everything that one indexing run needs to know.

    `rebuild` reads and embeds everything anew; `retry` reads files anew that couldn't be read before.
    """

    index: Path
    scan: Scan
    limits: Limits
    chunk_tokens: int
    free_bytes: int
    rebuild: bool = False
    allow_empty: bool = False
    retry: bool = False


@dataclass(frozen=True, slots=True)
class BuildReport:
    """How an indexing run ended. `embedded`, `removed` and `reused` (given a vector that was there) count chunks."""

    generation: str
    documents: int
    chunks: int
    embedded: int
    removed: int
    changed: bool
    files: tuple[FileReport, ...] = field(default=())
    reused: int = 0


def build(plan: BuildPlan, load_embedder: Callable[[], Embedder], on_progress: OnProgress) -> BuildReport:
    """Bring the index up to date with the documents. Nothing changed: the current generation stays.

    Raises IndexingError (no documents, no space, another run at work); the previous generation keeps answering.
    """
    if not plan.scan.found and not plan.allow_empty:
        raise IndexingError(nothing_found(plan.scan))
    with exclusive(plan.index):
        embedder = load_embedder()
        try:
            return _Run(plan, embedder, on_progress).run()
        except OSError as error:
            raise IndexingError(f"writing the index failed: {error}. Free some space, then index again.") from error
        except sqlite3.Error as error:
            raise IndexingError(
                f"writing the chunk store failed: {error}. Free some space, then index again."
            ) from error


def recipe_of(embedder: Embedder, chunk_tokens: int) -> generation.Recipe:
    """What an index made now would be made with."""
    model = (embedder.name, embedder.digest, embedder.dimension, VectorIndex.METRIC)
    return generation.Recipe(*model, PARSER_VERSION, CHUNKER_VERSION, chunk_tokens, METADATA_VERSION)


class _Run:
    """The state of one run: the generation it starts from, the reports so far, and what has changed."""

    def __init__(self, plan: BuildPlan, embedder: Embedder, on_progress: OnProgress) -> None:
        self._plan, self._embedder, self._on_progress = plan, embedder, on_progress
        self._recipe = recipe_of(embedder, plan.chunk_tokens)
        self._reports = {report.source: FileRecord(report, "") for report in plan.scan.left_out}
        self._reader = Reading(plan.limits, plan.chunk_tokens, embedder.count_tokens, on_progress)
        self._changed = False

    def run(self) -> BuildReport:
        latest = self._latest()
        previous = latest if latest and latest.recipe == self._recipe and not self._plan.rebuild else None
        before, retry = self._before(previous)
        digests = Digests(self._plan.index, trust=not self._plan.rebuild)
        present, unopened = look(self._plan.scan.found, digests, self._on_progress)
        self._reports |= {source: FileRecord(report, "") for source, report in unopened.items()}
        present = self._settled(present, latest)
        changes = compare(before, present, retry)
        self._carry_over(changes, before)
        if previous and self._nothing_to_do(changes, before, previous):
            report = self._unchanged(previous)
        else:
            self._check_space(changes, latest)
            report = self._build(changes, previous, latest)
        digests.save()
        return report

    def _latest(self) -> generation.Manifest | None:
        """The generation that answers now, None when there is none or it can't be read."""
        try:
            return generation.newest_intact(self._plan.index)[0]
        except (IndexMissingError, CorruptIndexError):
            return None

    def _before(self, previous: generation.Manifest | None) -> tuple[dict[str, FileRecord], bool]:
        """The files of the previous generation, and whether those that failed are to be tried again."""
        if previous is None:
            return {}, True
        with closing(ChunkStore(self._plan.index / previous.name / generation.CHUNKS)) as store:
            return store.records(), self._plan.retry or store.fact("limits") != repr(self._plan.limits)

    def _settled(self, present: list[Present], latest: generation.Manifest | None) -> list[Present]:
        """The files with the groups that an admin's choices bring along; what was found out is kept before anything."""
        choices = self._plan.scan.choices
        try:
            before = self._before(latest)[0] if choices.chosen else {}
        except sqlite3.Error:
            before = {}  # damaged, as a rebuild may find it: every file then counts as new, which opens none
        moved, after = settled(choices, present, before)
        keep_settled(self._plan.index, choices, after)
        return moved

    def _carry_over(self, changes: Changes, before: dict[str, FileRecord]) -> None:
        """Report the files that needn't be read, with their groups as they are now."""
        for change in changes.of(Kind.UNCHANGED, Kind.REGROUPED, Kind.STILL_FAILING, Kind.RENAMED, Kind.COPIED):
            now, old = change.now, before[change.origin or change.now.source].report
            state = old.state
            if state is not FileState.FAILED:
                state = FileState.INDEXED if change.origin else FileState.UNCHANGED
            report = replace(old, source=now.source, state=state, groups=now.groups)
            self._reports[now.source] = FileRecord(report, now.digest)

    def _nothing_to_do(self, changes: Changes, before: dict[str, FileRecord], previous: generation.Manifest) -> bool:
        same = not changes.removed and len(changes.files) == len(changes.of(Kind.UNCHANGED, Kind.STILL_FAILING))
        return same and self._says_all(before, previous)

    def _says_all(self, before: dict[str, FileRecord], previous: generation.Manifest) -> bool:
        """Whether the previous generation says all there is to say: same outcomes, and CURRENT points to it."""
        same = {_outcome(record) for record in self._reports.values()} == {_outcome(r) for r in before.values()}
        try:
            return same and generation.current_name(self._plan.index) == previous.name
        except CorruptIndexError:
            return False

    def _unchanged(self, previous: generation.Manifest) -> BuildReport:
        return BuildReport(previous.name, previous.documents, previous.chunks, 0, 0, False, self._files())

    def _build(
        self, changes: Changes, previous: generation.Manifest | None, latest: generation.Manifest | None
    ) -> BuildReport:
        folder = building_folder(self._plan.index)
        try:
            with ExitStack() as opened:
                store, vectors = self._start_from(folder, previous, opened)
                before, (_, total) = store.records(), store.counts()
                retired, after = self._apply(changes, store, vectors)
                self._changed |= self._reader.read(store, self._to_read(changes), retired, self._reports)
                if previous and not self._changed and self._says_all(before, previous):
                    return self._unchanged(previous)
                self._refuse_empty(store)
                embedding = Embedding(self._embedder, self._known(store, vectors, latest, opened), self._on_progress)
                new = store.count_after(after)
                embedding.run(store, vectors, after, new)
                removed = store.remove_retired()
                vectors.remove(removed)
                self._finish(store, (new + len(removed)) * _COMPACT_SHARE > total)
            manifest = self._write(folder, vectors)
            generation.promote(folder, self._plan.index, manifest)
            forget_old(self._plan.index)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        numbers = (manifest.documents, manifest.chunks, embedding.embedded, len(removed))
        return BuildReport(manifest.name, *numbers, True, self._files(), embedding.reused)

    def _start_from(
        self, folder: Path, previous: generation.Manifest | None, opened: ExitStack
    ) -> tuple[ChunkWriter, VectorIndex]:
        """The store and the vectors to change: copies, since a flipped bit in a shared file would harm every user."""
        if previous is None:
            store = ChunkWriter.create(folder / generation.CHUNKS)
            return opened.enter_context(closing(store)), VectorIndex.create(self._recipe.dimension)
        origin = self._plan.index / previous.name
        generation.copy_file(origin / generation.CHUNKS, folder / generation.CHUNKS)
        store = ChunkWriter(folder / generation.CHUNKS)
        return opened.enter_context(closing(store)), VectorIndex.load(origin / generation.VECTORS)

    def _apply(self, changes: Changes, store: ChunkWriter, vectors: VectorIndex) -> tuple[dict[str, list[Kept]], int]:
        """Do what needs no reading: set aside what goes, copy, rename, change groups.

        Returns the documents that are set aside, by file, and the last chunk id that has its vector.
        """
        renamed = changes.of(Kind.RENAMED)
        gone = {change.now.source for change in changes.of(Kind.CHANGED)} | set(changes.removed)
        gone |= {change.origin for change in renamed} | {change.now.source for change in renamed}
        retired = {file: store.retire(file) for file in sorted(gone)}
        for change in changes.of(Kind.COPIED):
            for kept in retired.get(change.origin) or store.documents_of(change.origin):
                made = store.copy(kept, _place(kept, change))
                vectors.add(list(made.values()), vectors.reconstruct(list(made)))
        for change in renamed:
            for kept in retired.pop(change.origin, ()):
                store.revive(kept, _place(kept, change))
        for change in changes.of(Kind.REGROUPED):
            store.set_file_groups(change.now.source, change.now.groups)
        kept_as_is = changes.of(Kind.UNCHANGED, Kind.STILL_FAILING, Kind.ADDED, Kind.CHANGED)
        self._changed = bool(changes.removed) or len(kept_as_is) < len(changes.files)
        return retired, store.last_chunk_id()

    def _to_read(self, changes: Changes) -> list[ToRead]:
        files = {found.source: found for found in self._plan.scan.found}
        wanted = changes.of(Kind.ADDED, Kind.CHANGED)
        return [
            ToRead(replace(files[change.now.source], groups=change.now.groups), change.now.digest) for change in wanted
        ]

    def _known(
        self, store: ChunkWriter, vectors: VectorIndex, latest: generation.Manifest | None, opened: ExitStack
    ) -> list[Known]:
        """Where vectors may be taken from: what is being built, and after a change of recipe the old generation."""
        known = [Known(store, vectors)]
        if latest is None or latest.recipe == self._recipe or self._plan.rebuild:
            return known
        if latest.recipe.same_vectors(self._recipe):
            origin = self._plan.index / latest.name
            old = opened.enter_context(closing(ChunkStore(origin / generation.CHUNKS)))
            known.append(Known(old, VectorIndex.load(origin / generation.VECTORS)))
        return known

    def _refuse_empty(self, store: ChunkStore) -> None:
        if self._plan.allow_empty or store.has_documents():
            return
        reasons = "\n".join(f"  {report.source}: {report.reason}" for report in self._files() if report.reason)
        raise IndexingError(f"none of the documents could be read; the previous index stays.\n{reasons}")

    def _finish(self, store: ChunkWriter, compact: bool) -> None:
        store.set_files(self._reports.values())
        store.set_fact("limits", repr(self._plan.limits))
        if compact:
            store.compact()

    def _files(self) -> tuple[FileReport, ...]:
        return tuple(self._reports[source].report for source in sorted(self._reports))

    def _check_space(self, changes: Changes, latest: generation.Manifest | None) -> None:
        """Refuse to begin when the disk would run full: text and vectors take about as much as the documents do."""
        documents = sum(to_read.found.stat.size for to_read in self._to_read(changes))
        previous = size_of(self._plan.index / latest.name) if latest else 0
        needed = self._plan.free_bytes + previous + 2 * documents
        free = shutil.disk_usage(self._plan.index).free
        if free < needed:
            gib = 1 << 30
            raise IndexingError(
                f"too little disk space at {self._plan.index}: {free / gib:.1f} GiB are free and {needed / gib:.1f} "
                "GiB are needed. Free some space (`dossier index gc` deletes old generations) or lower the setting "
                "free_disk_gib."
            )

    def _write(self, folder: Path, vectors: VectorIndex) -> generation.Manifest:
        """Write the vectors, read everything back and count it; returns the manifest with the digests."""
        vectors.write(folder / generation.VECTORS)
        stored = len(VectorIndex.load(folder / generation.VECTORS))
        with closing(ChunkStore(folder / generation.CHUNKS)) as reopened:
            documents, chunks = reopened.counts()
        if stored != chunks:
            raise IndexingError(
                f"the new index read back {stored} of {chunks} vectors. Check the disk; nothing changed."
            )
        files = {name: generation.digest_of(folder / name) for name in (generation.CHUNKS, generation.VECTORS)}
        created = datetime.now(UTC).isoformat(timespec="seconds")
        name = generation.next_name(self._plan.index)
        return generation.Manifest(name, created, self._recipe, documents, chunks, files)


def _place(kept: Kept, change: Change) -> Place:
    """Where a document of a renamed or copied file belongs: its own name within the file stays."""
    now = change.now
    source = now.source + kept.source.removeprefix(kept.file)
    return Place(source, now.source, now.digest.partition(".")[0], now.groups)


def _outcome(record: FileRecord) -> FileReport:
    """A report for comparing runs: a file indexed then is unchanged now."""
    report = record.report
    return replace(report, state=FileState.UNCHANGED) if report.state is FileState.INDEXED else report


def nothing_found(scan: Scan) -> str:
    """What to tell people whose documents folder has nothing to index, with what was left out and why."""
    reasons = "\n".join(f"  {report.source}: {report.reason}" for report in scan.left_out[:20])
    listing = f"\nLeft out:\n{reasons}" if reasons else ""
    kinds = "PDF, Office, e-mail, HTML, Markdown, text, CSV, JSON lines or feeds"
    return f"there are no documents to index. Put files into the folder: {kinds}.{listing}"
