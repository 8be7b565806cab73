"""Reads files into the chunk store, a few at a time, each in its own process; failures become reports."""

import hashlib
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from dossier.errors import DocumentError
from dossier.records import Document, FileReport, FileState, Progress
from retrieval.chunk_store import FileRecord
from retrieval.chunk_writer import ChunkWriter, Kept, Parts, Place
from retrieval.chunking import CountTokens, chunk_document
from retrieval.embedding import OnProgress
from retrieval.metadata import describe
from retrieval.parsing.isolate import Limits, OnPage, read_isolated
from retrieval.parsing.parsed import ParsedDocument, to_json
from retrieval.scan import Found

READ_BLOCK, READ_BYTES = 16, 64_000_000
"""Files, and bytes of files, whose text may wait in memory for being cut into chunks (one larger file waits alone)."""
_LONGEST_ITEM = 120


@dataclass(frozen=True, slots=True)
class ToRead:
    """A file that must be read, with its identity (see digests.identity)."""

    found: Found
    digest: str


class _Told:
    """Tells how far reading has come; files are read by several threads."""

    def __init__(self, on_progress: OnProgress, total: int) -> None:
        self._on_progress, self._total, self._started = on_progress, total, datetime.now(UTC)
        self._files = self._pages = 0
        self._lock = threading.Lock()

    def file(self) -> None:
        """A file was read."""
        with self._lock:
            self._files += 1
            self._tell()

    def page(self, _: int) -> None:
        """A scanned page of a file begins."""
        with self._lock:
            self._pages += 1
            self._tell()

    def _tell(self) -> None:
        note = f"scanned page {self._pages}" if self._pages else ""
        self._on_progress(Progress("Reading documents", self._files, self._total, self._started, note))


class Reading:
    """Reads and cuts documents with the limits and the chunk size of one run."""

    def __init__(self, limits: Limits, chunk_tokens: int, count_tokens: CountTokens, on_progress: OnProgress) -> None:
        """`limits` hold for each file, `chunk_tokens` for each chunk."""
        self._limits, self._chunk_tokens = limits, chunk_tokens
        self._count_tokens, self._on_progress = count_tokens, on_progress

    def read(
        self,
        store: ChunkWriter,
        to_read: Sequence[ToRead],
        retired: Mapping[str, list[Kept]],
        reports: dict[str, FileRecord],
    ) -> bool:
        """Read files and store their documents; those in `retired` that are still the same are taken back.

        Adds a report for each file. Returns whether the store holds anything else than before.
        """
        told, changed = _Told(self._on_progress, len(to_read)), False
        read_one = partial(_try_read, limits=self._limits, on_page=told.page)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
            for block in _blocks(to_read):
                for file, outcome in zip(block, pool.map(read_one, block), strict=True):
                    source = file.found.source
                    if isinstance(outcome, str):
                        report = FileReport(source, FileState.FAILED, outcome, groups=file.found.groups)
                        changed |= bool(retired.get(source))
                    else:
                        report = self._store(store, file, outcome, list(retired.get(source, ())))
                        changed = True
                    reports[source] = FileRecord(report, file.digest)
                    told.file()
        return changed

    def _store(
        self, store: ChunkWriter, file: ToRead, documents: tuple[ParsedDocument, ...], before: list[Kept]
    ) -> FileReport:
        chunks = pages = 0
        warnings: list[str] = []
        for parsed in documents:
            source = _source(file.found.source, parsed.item)
            found = describe(parsed, source)
            parsed = replace(parsed, metadata=replace(found, **file.found.corrections))
            content = _content(parsed)
            same = [kept for kept in before if kept.content == content]
            if same:
                kept = next((one for one in same if one.source == source), same[0])
                before.remove(kept)
                store.revive(kept, Place(source, file.found.source, _bytes(file), file.found.groups))
                chunks += store.chunks_in(kept.id)
            else:
                parts = replace(self._parts(file, parsed, source, content), found=found)
                store.add_document(parts)
                chunks += len(parts.chunks)
            pages += len(parsed.pages)
            if parsed.warning and parsed.warning not in warnings:
                warnings.append(parsed.warning)
        return FileReport(
            file.found.source, FileState.INDEXED, " ".join(warnings[:3]), chunks, pages, file.found.groups
        )

    def _parts(self, file: ToRead, parsed: ParsedDocument, source: str, content: str) -> Parts:
        chunks = chunk_document(parsed, source, self._chunk_tokens, self._count_tokens, parsed.metadata)
        numbers = (_bytes(file), file.found.groups, len(parsed.pages))
        document = Document(source, parsed.title, *numbers, parsed.metadata)
        tables = [table for page in parsed.pages for table in page.tables]
        return Parts(document, file.found.source, content, parsed.warning, chunks, tables)


def _blocks(to_read: Sequence[ToRead]) -> Iterator[list[ToRead]]:
    block: list[ToRead] = []
    size = 0
    for file in to_read:
        if block and (len(block) == READ_BLOCK or size + file.found.stat.size > READ_BYTES):
            yield block
            block, size = [], 0
        block.append(file)
        size += file.found.stat.size
    if block:
        yield block


def _try_read(file: ToRead, limits: Limits, on_page: OnPage) -> tuple[ParsedDocument, ...] | str:
    """The parsed documents, or why it can't be read."""
    try:
        return read_isolated(file.found.path, limits, on_page=on_page)
    except DocumentError as error:
        return str(error)
    except OSError as error:
        return f"it can't be opened: {error.strerror}."


def _source(file: str, item: str) -> str:
    """A document's name: its file's, and for an item its own behind a `#` (without slashes, which part folders)."""
    name = re.sub(r"[\s/\\\x00-\x1f]+", " ", item).strip()[:_LONGEST_ITEM]
    return f"{file}#{name}" if name else file


def _bytes(file: ToRead) -> str:
    """The digest of the file's bytes."""
    return file.digest.partition(".")[0]


def _content(parsed: ParsedDocument) -> str:
    """A digest of all that a reader saw of a document, apart from its place in the file."""
    return hashlib.sha256(to_json((replace(parsed, item=""),))).hexdigest()
