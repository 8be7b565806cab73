"""The chunk store of one generation: a SQLite file with documents, groups, chunks and their full-text index."""

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from dossier.records import Box, Chunk, Document, FileReport, FileState, Metadata, Table
from retrieval.chunking import context_text

_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, title TEXT NOT NULL, digest TEXT NOT NULL,
    pages INTEGER NOT NULL, warning TEXT NOT NULL, metadata TEXT NOT NULL);
CREATE TABLE document_groups (
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, name TEXT NOT NULL,
    PRIMARY KEY (document_id, name)) WITHOUT ROWID;
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    page INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, section TEXT NOT NULL,
    columns TEXT NOT NULL, context TEXT NOT NULL, text TEXT NOT NULL,
    boxes TEXT NOT NULL);
CREATE INDEX chunks_by_document ON chunks (document_id, page, start);
CREATE TABLE tables (
    id INTEGER PRIMARY KEY, document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    page INTEGER NOT NULL, start INTEGER NOT NULL, content TEXT NOT NULL);
CREATE INDEX tables_by_document ON tables (document_id, page, start);
CREATE VIRTUAL TABLE chunk_words USING fts5 (
    context, text, content='chunks', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');
CREATE TABLE files (
    source TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL, chunks INTEGER NOT NULL,
    pages INTEGER NOT NULL) WITHOUT ROWID;
"""
_CHUNK_COLUMNS = 'c.id, d.source, d.title, c.page, c.start, c."end", c.section, c.text, c.columns, c.boxes, d.metadata'
_TABLE = TypeAdapter(Table)
_READABLE = """(NOT EXISTS (SELECT 1 FROM document_groups g WHERE g.document_id = d.id)
    OR EXISTS (SELECT 1 FROM document_groups g WHERE g.document_id = d.id
               AND g.name IN (SELECT value FROM json_each(:groups))))"""
"""The one rule of who may read: a document without groups everyone, else whoever shares one of its groups."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document with its row id in the chunk store."""

    id: int
    document: Document
    warning: str
    chunks: int


class ChunkStore:
    """One generation's SQLite file, opened for reading by many threads or for writing by one."""

    def __init__(self, file: Path, writable: bool = False) -> None:
        """Open an existing file; `writable` only while a generation is being built."""
        self._file, self._writable = file, writable
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []

    @classmethod
    def create(cls, file: Path) -> "ChunkStore":
        """Make an empty store and open it for writing."""
        store = cls(file, writable=True)
        store._db.executescript(_SCHEMA)
        return store

    @property
    def _db(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            if self._writable:
                connection = sqlite3.connect(self._file, check_same_thread=False)
                connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;")
            else:
                address = f"{self._file.resolve().as_uri()}?mode=ro&immutable=1"
                connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            self._local.connection = connection
            self._open.append(connection)
        return connection

    def close(self) -> None:
        """Commit what is being written and close every connection."""
        for connection in self._open:
            if self._writable:
                connection.commit()
            connection.close()
        self._open.clear()
        self._local = threading.local()

    def documents(self) -> list[StoredDocument]:
        """All documents with their groups and number of chunks, by source."""
        return self._documents("1", {})

    def readable_documents(self, groups: frozenset[str]) -> list[StoredDocument]:
        """The documents that the groups may read, by source."""
        return self._documents(_READABLE, {"groups": json.dumps(sorted(groups))})

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
                Document(row[1], row[2], row[3], frozenset(groups.get(row[0], ())), row[4], _metadata(row[6])),
                row[5],
                row[7],
            )
            for row in rows
        ]

    def add_document(
        self, document: Document, warning: str, chunks: Sequence[Chunk], tables: Sequence[Table] = ()
    ) -> None:
        """Store a document, its chunks and their words, and its tables."""
        about = json.dumps(asdict(document.metadata))
        row = (document.source, document.title, document.digest, document.pages, warning, about)
        sql = "INSERT INTO documents (source, title, digest, pages, warning, metadata) VALUES (?, ?, ?, ?, ?, ?)"
        document_id = self._db.execute(sql, row).lastrowid
        if document_id is None:
            raise sqlite3.DatabaseError("no row id for a document")
        self.set_groups(document_id, document.groups)
        self._db.executemany(
            "INSERT INTO tables (document_id, page, start, content) VALUES (?, ?, ?, ?)",
            [(document_id, table.page, table.start, _TABLE.dump_json(table).decode()) for table in tables],
        )
        for chunk in chunks:
            place = (document_id, chunk.page, chunk.start, chunk.end, json.dumps(chunk.section), chunk.columns)
            context = context_text(chunk)
            chunk_id = self._db.execute(
                'INSERT INTO chunks (document_id, page, start, "end", section, columns, context, text, boxes) '
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*place, context, chunk.text, json.dumps([astuple(box) for box in chunk.boxes])),
            ).lastrowid
            words = (chunk_id, context, chunk.text)
            self._db.execute("INSERT INTO chunk_words (rowid, context, text) VALUES (?, ?, ?)", words)

    def set_groups(self, document_id: int, groups: Iterable[str]) -> None:
        """Replace the groups that a document is limited to."""
        self._db.execute("DELETE FROM document_groups WHERE document_id = ?", (document_id,))
        rows = [(document_id, group) for group in sorted(groups)]
        self._db.executemany("INSERT INTO document_groups VALUES (?, ?)", rows)

    def remove_document(self, document_id: int) -> list[int]:
        """Forget a document with its chunks and words; returns the ids of the chunks."""
        self._db.execute(
            "INSERT INTO chunk_words (chunk_words, rowid, context, text) "
            "SELECT 'delete', id, context, text FROM chunks WHERE document_id = ?",
            (document_id,),
        )
        ids = [row[0] for row in self._db.execute("SELECT id FROM chunks WHERE document_id = ?", (document_id,))]
        self._db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        return ids

    def set_files(self, reports: Iterable[FileReport]) -> None:
        """Keep how every file of the run ended."""
        self._db.execute("DELETE FROM files")
        rows = ((report.source, report.state, report.reason, report.chunks, report.pages) for report in reports)
        self._db.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?)", rows)

    def files(self) -> list[FileReport]:
        """How every file of the last run ended, by name."""
        rows = self._db.execute("SELECT source, state, reason, chunks, pages FROM files ORDER BY source")
        return [FileReport(row[0], FileState(row[1]), *row[2:]) for row in rows]

    def chunks_after(self, last_id: int, limit: int) -> list[tuple[int, Chunk]]:
        """The next `limit` chunks in id order, for embedding."""
        sql = (
            f"SELECT {_CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id "  # noqa: S608 (constant)
            "WHERE c.id > ? ORDER BY c.id LIMIT ?"
        )
        return [_chunk(row) for row in self._db.execute(sql, (last_id, limit))]

    def counts(self) -> tuple[int, int]:
        """Number of documents and of chunks."""
        documents = self._db.execute("SELECT count(*) FROM documents").fetchone()[0]
        return documents, self._db.execute("SELECT count(*) FROM chunks").fetchone()[0]

    def last_chunk_id(self) -> int:
        """The highest chunk id ever given out (ids are never used twice)."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'chunks'").fetchone()
        return int(row[0]) if row else 0

    def finish(self) -> None:
        """Compact the word index and gather the query planner's statistics, at the end of a build."""
        self._db.execute("INSERT INTO chunk_words (chunk_words) VALUES ('optimize')")
        self._db.commit()
        self._db.execute("ANALYZE")
        self._db.commit()

    def get(self, ids: Sequence[int], groups: frozenset[str]) -> dict[int, Chunk]:
        """The chunks of these ids that the groups may read."""
        sql = (
            f"SELECT {_CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id "  # noqa: S608 (constant)
            f"WHERE c.id IN (SELECT value FROM json_each(:ids)) AND {_READABLE}"
        )
        rows = self._db.execute(sql, {"ids": json.dumps(list(ids)), "groups": json.dumps(sorted(groups))})
        return dict(_chunk(row) for row in rows)

    def tables_of(self, source: str, groups: frozenset[str]) -> list[Table]:
        """The tables of a document that the groups may read, in order."""
        sql = (
            "SELECT t.content FROM tables t JOIN documents d ON d.id = t.document_id "  # noqa: S608 (constant)
            f"WHERE d.source = :source AND {_READABLE} ORDER BY t.page, t.start"
        )
        rows = self._db.execute(sql, {"source": source, "groups": json.dumps(sorted(groups))})
        return [_TABLE.validate_json(row[0]) for row in rows]

    def readable_ids(self, groups: frozenset[str], documents: Sequence[int] | None = None) -> list[int] | None:
        """Ids of the chunks that the groups may read (of these documents only), or None when that is all there are."""
        parameters = {"groups": json.dumps(sorted(groups)), "documents": json.dumps(documents or [])}
        sql = f"SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE {_READABLE}"  # noqa: S608
        if documents is not None:
            sql += " AND d.id IN (SELECT value FROM json_each(:documents))"
        elif not self._anything_hidden(groups):
            return None
        return [row[0] for row in self._db.execute(sql, parameters)]

    def _anything_hidden(self, groups: frozenset[str]) -> bool:
        hidden = f"SELECT 1 FROM documents d WHERE NOT {_READABLE} LIMIT 1"  # noqa: S608 (constant)
        return self._db.execute(hidden, {"groups": json.dumps(sorted(groups))}).fetchone() is not None

    def search_words(
        self, terms: Sequence[str], holds: Callable[[int], int] | None, limit: int
    ) -> list[tuple[int, float]]:
        """Chunks with any of the terms, best first, as (id, BM25 score with higher better).

        `holds` says of each chunk id whether it may be found, None: all may. BM25 as in Robertson and Zaragoza 2009
        with FTS5's k1 = 1.2 and b = 0.75; words of the context (title, section, column heads) count as much as words
        of the text.
        """
        if not terms:
            return []
        match = " OR ".join(f'"{term}"' for term in terms)
        sql = (
            "SELECT rowid, -bm25(chunk_words, 1.0, 1.0) AS score FROM chunk_words "  # noqa: S608 (constant)
            f"WHERE chunk_words MATCH :match {self._only(holds)} ORDER BY score DESC, rowid LIMIT :limit"
        )
        return [(row[0], row[1]) for row in self._db.execute(sql, {"match": match, "limit": limit})]

    def document_frequency(self, term: str, holds: Callable[[int], int] | None) -> int:
        """In how many of the chunks that may be found a term occurs (in text or context, by its stem)."""
        sql = f"SELECT count(*) FROM chunk_words WHERE chunk_words MATCH :match {self._only(holds)}"  # noqa: S608
        row = self._db.execute(sql, {"match": f'"{term}"'}).fetchone()
        return int(row[0])

    def _only(self, holds: Callable[[int], int] | None) -> str:
        """SQL that limits a word search to the chunks that may be found; SQLite asks for each match."""
        if holds is None:
            return ""
        self._db.create_function("may_be_found", 1, holds)
        return "AND may_be_found(rowid)"


def words_of(text: str) -> list[str]:
    """The words of a text as the word index splits them, in lower case, without repetition."""
    return list(dict.fromkeys(re.findall(r"[^\W_]+", text.lower())))


def iter_blocks(store: ChunkStore, after: int, size: int) -> Iterator[list[tuple[int, Chunk]]]:
    """Chunks with ids above `after` in blocks of at most `size`, so that memory stays bounded."""
    while block := store.chunks_after(after, size):
        yield block
        after = block[-1][0]


def _chunk(row: tuple[int, str, str, int, int, int, str, str, str, str, str]) -> tuple[int, Chunk]:
    chunk_id, source, title, page, start, end, section, text, columns, boxes, about = row
    places = tuple(Box(*box) for box in json.loads(boxes))
    place = (page, start, end, tuple(json.loads(section)))
    return chunk_id, Chunk(source, title, *place, text, columns, places, _metadata(about))


def _metadata(text: str) -> Metadata:
    return Metadata(**json.loads(text))
