"""The chunk store of one generation: a SQLite file with documents, groups, chunks and their full-text index."""

import json
import os
import re
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from dossier.records import Box, Chunk, Document, FileReport, FileState, Metadata, Table
from retrieval.clearing import hold_open
from retrieval.metadata_text import found_in, metadata_in

TOKENIZE = "porter unicode61 remove_diacritics 2"
"""How the word index cuts words. Another way makes another format of generations."""
SCHEMA = f"""
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, title TEXT NOT NULL, digest TEXT NOT NULL,
    pages INTEGER NOT NULL, warning TEXT NOT NULL, metadata TEXT NOT NULL,
    file TEXT NOT NULL, content TEXT NOT NULL);
CREATE INDEX documents_by_file ON documents (file);
CREATE TABLE document_groups (
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, name TEXT NOT NULL,
    PRIMARY KEY (document_id, name)) WITHOUT ROWID;
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    page INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, section TEXT NOT NULL,
    columns TEXT NOT NULL, context TEXT NOT NULL, text TEXT NOT NULL,
    boxes TEXT NOT NULL, embedded TEXT NOT NULL DEFAULT '');
CREATE INDEX chunks_by_embedded ON chunks (embedded) WHERE embedded <> '';
CREATE INDEX chunks_by_document ON chunks (document_id, page, start);
CREATE TABLE tables (
    id INTEGER PRIMARY KEY, document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    page INTEGER NOT NULL, start INTEGER NOT NULL, content TEXT NOT NULL);
CREATE INDEX tables_by_document ON tables (document_id, page, start);
CREATE VIRTUAL TABLE chunk_words USING fts5 (
    context, text, content='chunks', content_rowid='id', tokenize='{TOKENIZE}');
CREATE TABLE files (
    source TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL, chunks INTEGER NOT NULL,
    pages INTEGER NOT NULL, groups TEXT NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
"""`documents.file` is the file that the document is in and `content` the digest of what its reader saw;
`chunks.embedded` the digest of the text that the chunk's vector was made from (empty: it has none yet)."""
CHUNK_COLUMNS = 'c.id, d.source, d.title, c.page, c.start, c."end", c.section, c.text, c.columns, c.boxes, d.metadata'
TABLE = TypeAdapter(Table)
READABLE = """(NOT EXISTS (SELECT 1 FROM document_groups g WHERE g.document_id = d.id)
    OR EXISTS (SELECT 1 FROM document_groups g WHERE g.document_id = d.id
               AND g.name IN (SELECT value FROM json_each(:groups))))"""
"""The one rule of who may read: a document without groups everyone, else whoever shares one of its groups."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document with its row id in the chunk store.

    `found` is what its content says it is about, where a correction took the place of it; None: as in `document`.
    """

    id: int
    document: Document
    warning: str
    chunks: int
    found: Metadata | None = None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """How a file ended, and what its bytes and its corrections were then (empty where it couldn't be opened)."""

    report: FileReport
    digest: str


class ChunkStore:
    """One generation's SQLite file, opened for reading by many threads. ChunkWriter writes it."""

    def __init__(self, file: Path) -> None:
        """Open an existing file; while it is open, nobody clears its generation away. Raises OSError."""
        self._file = file
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._release = weakref.finalize(self, os.close, hold_open(file))

    @property
    def _db(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            self._open.append(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        address = f"{self._file.resolve().as_uri()}?mode=ro&immutable=1"
        return sqlite3.connect(address, uri=True, check_same_thread=False)

    @property
    def connection(self) -> sqlite3.Connection:
        """The calling thread's connection, for what this package reads of the word index itself: ids, never texts."""
        return self._db

    def close(self) -> None:
        """Close every connection."""
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._local = threading.local()
        self._release()

    def documents(self) -> list[StoredDocument]:
        """All documents with their groups and number of chunks, by source."""
        return self._documents("1", {})

    def readable_documents(self, groups: frozenset[str]) -> list[StoredDocument]:
        """The documents that the groups may read, by source."""
        return self._documents(READABLE, {"groups": _names(groups)})

    def _documents(self, condition: str, parameters: Mapping[str, str]) -> list[StoredDocument]:
        """`condition` is one of this module's own."""
        groups: dict[int, set[str]] = {}
        for document_id, name in self._db.execute("SELECT document_id, name FROM document_groups"):
            groups.setdefault(document_id, set()).add(name)
        rows = self._db.execute(
            "SELECT id, source, title, digest, pages, warning, metadata, "  # noqa: S608
            "(SELECT count(*) FROM chunks WHERE document_id = d.id) FROM documents d "
            f"WHERE {condition} ORDER BY source",
            parameters,
        )
        return [
            StoredDocument(
                row[0],
                Document(row[1], row[2], row[3], frozenset(groups.get(row[0], ())), row[4], metadata_in(row[6])),
                row[5],
                row[7],
                found_in(row[6]),
            )
            for row in rows
        ]

    def files(self) -> list[FileReport]:
        """How every file of the last run ended, by name."""
        return [record.report for record in self.records().values()]

    def records(self) -> dict[str, FileRecord]:
        """How every file of the last run ended and its digest, by source in order."""
        rows = self._db.execute(
            "SELECT source, state, reason, chunks, pages, groups, digest FROM files ORDER BY source"
        )
        records = {}
        for source, state, reason, chunks, pages, groups, digest in rows:
            report = FileReport(source, FileState(state), reason, chunks, pages, frozenset(json.loads(groups)))
            records[source] = FileRecord(report, digest)
        return records

    def rows(self, sql: str, parameters: Mapping[str, object], groups: frozenset[str]) -> Iterator[Sequence[Any]]:
        """The rows of a query of this package's own, which says READABLE and so reads for these groups."""
        return iter(self._db.execute(sql, {**parameters, "groups": _names(groups)}))

    def fact(self, name: str) -> str:
        """Something that the run that built this wrote down, or an empty string."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def with_vectors(self, digests: Iterable[str]) -> dict[str, int]:
        """A chunk for each of these digests of embedded texts whose vector is there."""
        sql = (
            "SELECT embedded, min(id) FROM chunks WHERE embedded <> '' "
            "AND embedded IN (SELECT value FROM json_each(?)) GROUP BY embedded"
        )
        return dict(self._db.execute(sql, (json.dumps(list(digests)),)))

    def chunks_after(self, last_id: int, limit: int) -> list[tuple[int, Chunk]]:
        """The next `limit` chunks in id order, for embedding."""
        sql = (
            f"SELECT {CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id "  # noqa: S608 (constant)
            "WHERE c.id > ? ORDER BY c.id LIMIT ?"
        )
        return [chunk_of(row) for row in self._db.execute(sql, (last_id, limit))]

    def counts(self) -> tuple[int, int]:
        """Number of documents and of chunks."""
        documents = self._db.execute("SELECT count(*) FROM documents").fetchone()[0]
        return documents, self._db.execute("SELECT count(*) FROM chunks").fetchone()[0]

    def chunks_in(self, document_id: int) -> int:
        """Number of chunks of a document."""
        sql = "SELECT count(*) FROM chunks WHERE document_id = ?"
        return int(self._db.execute(sql, (document_id,)).fetchone()[0])

    def count_after(self, last_id: int) -> int:
        """Number of chunks with ids above `last_id`."""
        return int(self._db.execute("SELECT count(*) FROM chunks WHERE id > ?", (last_id,)).fetchone()[0])

    def has_documents(self) -> bool:
        """Whether there is a chunk of a document that isn't set aside for removal."""
        sql = "SELECT 1 FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.file <> char(0) LIMIT 1"
        return self._db.execute(sql).fetchone() is not None

    def last_chunk_id(self) -> int:
        """The highest chunk id ever given out (ids are never used twice)."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'").fetchone()
        return int(row[0]) if row else 0

    def get(self, ids: Sequence[int], groups: frozenset[str]) -> dict[int, Chunk]:
        """The chunks of these ids that the groups may read."""
        sql = (
            f"SELECT {CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id "  # noqa: S608 (constant)
            f"WHERE c.id IN (SELECT value FROM json_each(:ids)) AND {READABLE}"
        )
        rows = self._db.execute(sql, {"ids": json.dumps(list(ids)), "groups": _names(groups)})
        return dict(chunk_of(row) for row in rows)

    def tables_of(self, source: str, groups: frozenset[str], page: int | None = None) -> list[Table]:
        """The tables of a document (of one of its pages) that the groups may read, in order."""
        sql = (
            "SELECT t.content FROM tables t JOIN documents d ON d.id = t.document_id "  # noqa: S608 (constant)
            f"WHERE d.source = :source AND (:page IS NULL OR t.page = :page) AND {READABLE} ORDER BY t.page, t.start"
        )
        rows = self._db.execute(sql, {"source": source, "page": page, "groups": _names(groups)})
        return [TABLE.validate_json(row[0]) for row in rows]

    def warning_of(self, source: str, groups: frozenset[str]) -> str:
        """What the reader of a document left out; empty too where the groups may not read it."""
        sql = f"SELECT d.warning FROM documents d WHERE d.source = :source AND {READABLE}"  # noqa: S608 (constant)
        row = self._db.execute(sql, {"source": source, "groups": _names(groups)}).fetchone()
        return str(row[0]) if row else ""

    def page_texts(self, source: str, page: int | None = None) -> list[str]:
        """The texts of a document's chunks (of one page's), in order, whoever may read them: for admins."""
        sql = (
            "SELECT c.text FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE d.source = :source AND (:page IS NULL OR c.page = :page) ORDER BY c.page, c.start"
        )
        return [row[0] for row in self._db.execute(sql, {"source": source, "page": page})]

    def chunk_at(self, source: str, page: int, start: int, groups: frozenset[str]) -> tuple[int, Chunk] | None:
        """The first chunk of a document's page that holds this offset, if the groups may read it."""
        sql = (
            f"SELECT {CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id "  # noqa: S608 (constant)
            f'WHERE d.source = :source AND c.page = :page AND c.start <= :at AND c."end" > :at AND {READABLE} '
            "ORDER BY c.start LIMIT 1"
        )
        row = self._db.execute(sql, {"source": source, "page": page, "at": start, "groups": _names(groups)}).fetchone()
        return chunk_of(row) if row else None

    def readable_ids(self, groups: frozenset[str], documents: Sequence[int] | None = None) -> list[int] | None:
        """Ids of the chunks that the groups may read (of these documents only), or None when that is all there are."""
        parameters = {"groups": _names(groups), "documents": json.dumps(documents or [])}
        sql = f"SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE {READABLE}"  # noqa: S608
        if documents is not None:
            sql += " AND d.id IN (SELECT value FROM json_each(:documents))"
        elif not self._anything_hidden(groups):
            return None
        return [row[0] for row in self._db.execute(sql, parameters)]

    def _anything_hidden(self, groups: frozenset[str]) -> bool:
        hidden = f"SELECT 1 FROM documents d WHERE NOT {READABLE} LIMIT 1"  # noqa: S608 (constant)
        return self._db.execute(hidden, {"groups": _names(groups)}).fetchone() is not None

    def chunks_with(self, term: str) -> int:
        """In how many chunks a term occurs (in text or context, by its stem), whoever may read them."""
        quoted = term.replace('"', '""')
        sql = "SELECT count(*) FROM chunk_words WHERE chunk_words MATCH ?"
        return int(self._db.execute(sql, (f'"{quoted}"',)).fetchone()[0])


def _names(groups: frozenset[str]) -> str:
    """Groups as SQLite reads them. A name with a NUL would end there and count as another: it is nobody's group."""
    return json.dumps(sorted(name for name in groups if "\x00" not in name))


def words_of(text: str) -> list[str]:
    """The words of a text as the word index splits them, in lower case, without repetition."""
    return list(dict.fromkeys(re.findall(r"[^\W_]+", text.lower())))


def iter_blocks(store: ChunkStore, after: int, size: int) -> Iterator[list[tuple[int, Chunk]]]:
    """Chunks with ids above `after` in blocks of at most `size`, so that memory stays bounded."""
    while block := store.chunks_after(after, size):
        yield block
        after = block[-1][0]


def chunk_of(row: tuple[int, str, str, int, int, int, str, str, str, str, str]) -> tuple[int, Chunk]:
    """A chunk with its id from a row of CHUNK_COLUMNS."""
    chunk_id, source, title, page, start, end, section, text, columns, boxes, about = row
    places = tuple(Box(*box) for box in json.loads(boxes))
    place = (page, start, end, tuple(json.loads(section)))
    return chunk_id, Chunk(source, title, *place, text, columns, places, metadata_in(about))
