"""Writes the chunk store of a generation that is being built: documents come, move, are copied and go."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from dossier.records import Chunk, Document, Metadata, Table
from retrieval.chunk_store import CHUNK_COLUMNS, SCHEMA, TABLE, ChunkStore, FileRecord, chunk_of
from retrieval.chunking import context_text
from retrieval.metadata_text import metadata_text
from retrieval.parsing.parsed import title_from_name

_RETIRED = "\x00"
"""In front of the source of a document that is to go: no file's name holds it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a document is made of, ready to be stored: `content` is the digest of what its reader saw.

    `found` is what its content says it is about, whatever was corrected.
    """

    document: Document
    file: str
    content: str
    warning: str
    chunks: Sequence[Chunk]
    tables: Sequence[Table] = ()
    found: Metadata | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A document in the store, by its row id. `source` is its name before it was set aside."""

    id: int
    source: str
    file: str
    content: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document belongs now: its file, with that file's digest and groups, and its own name."""

    source: str
    file: str
    digest: str
    groups: frozenset[str]


class ChunkWriter(ChunkStore):
    """A chunk store opened for writing, by one thread. Its file isn't a generation's yet."""

    @classmethod
    def create(cls, file: Path) -> "ChunkWriter":
        """Make an empty store and open it for writing."""
        file.touch(exist_ok=False)
        store = cls(file)
        store._db.executescript(SCHEMA)
        return store

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, check_same_thread=False)
        # the file is thrown away when anything fails, so there is nothing to roll back to; what is deleted is wiped
        connection.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
        )
        return connection

    def close(self) -> None:
        """Commit what is being written and close."""
        for connection in self._open:
            connection.commit()
        super().close()

    def add_document(self, parts: Parts) -> None:
        """Store a document, its chunks and their words, and its tables."""
        document = replace(parts.document, source=self._free(parts.document.source))
        about = metadata_text(document.metadata, parts.found)
        row = (document.source, document.title, document.digest, document.pages, parts.warning, about)
        document_id = self._insert(
            "INSERT INTO documents (source, title, digest, pages, warning, metadata, file, content) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, parts.file, parts.content),
        )
        self.set_groups(document_id, document.groups)
        self._db.executemany(
            "INSERT INTO tables (document_id, page, start, content) VALUES (?, ?, ?, ?)",
            [(document_id, table.page, table.start, TABLE.dump_json(table).decode()) for table in parts.tables],
        )
        for chunk in parts.chunks:
            self._add_chunk(document_id, chunk, "")

    def set_groups(self, document_id: int, groups: Iterable[str]) -> None:
        """Replace the groups that a document is limited to."""
        self._db.execute("DELETE FROM document_groups WHERE document_id = ?", (document_id,))
        rows = [(document_id, group) for group in sorted(groups)]
        self._db.executemany("INSERT INTO document_groups VALUES (?, ?)", rows)

    def set_file_groups(self, file: str, groups: Iterable[str]) -> None:
        """Replace the groups of every document of a file."""
        for kept in self.documents_of(file):
            self.set_groups(kept.id, groups)

    def documents_of(self, file: str) -> list[Kept]:
        """The documents that a file holds, in the order in which they were read."""
        rows = self._db.execute("SELECT id, source, file, content FROM documents WHERE file = ? ORDER BY id", (file,))
        return [Kept(*row) for row in rows]

    def retire(self, file: str) -> list[Kept]:
        """Set a file's documents aside: `revive` takes one back, `remove_retired` deletes the rest."""
        kept = self.documents_of(file)
        rows = [(f"{_RETIRED}{one.id}", _RETIRED, one.id) for one in kept]
        self._db.executemany("UPDATE documents SET source = ?, file = ? WHERE id = ?", rows)
        return kept

    def revive(self, kept: Kept, place: Place) -> None:
        """Take back a document that was set aside, with its chunks and vectors, perhaps under another name."""
        row = (self._free(place.source), place.file, place.digest, self._title(kept, place.file), kept.id)
        self._db.execute("UPDATE documents SET source = ?, file = ?, digest = ?, title = ? WHERE id = ?", row)
        self.set_groups(kept.id, place.groups)
        for chunk_id, context, chunk in self._chunks_of(kept.id):
            renewed = context_text(chunk)
            if renewed != context:
                self._forget_words(chunk_id, context, chunk.text)
                self._db.execute("UPDATE chunks SET context = ? WHERE id = ?", (renewed, chunk_id))
                self._add_words(chunk_id, renewed, chunk.text)

    def copy(self, kept: Kept, place: Place) -> dict[int, int]:
        """Store a document once more under another name; returns the new chunk id for each old one."""
        document_id = self._insert(
            "INSERT INTO documents (source, title, digest, pages, warning, metadata, file, content) "
            "SELECT ?, ?, ?, pages, warning, metadata, ?, content FROM documents WHERE id = ?",
            (self._free(place.source), self._title(kept, place.file), place.digest, place.file, kept.id),
        )
        self.set_groups(document_id, place.groups)
        self._db.execute(
            "INSERT INTO tables (document_id, page, start, content) "
            "SELECT ?, page, start, content FROM tables WHERE document_id = ?",
            (document_id, kept.id),
        )
        source, title = self._db.execute("SELECT source, title FROM documents WHERE id = ?", (document_id,)).fetchone()
        made = {}
        for chunk_id, _, chunk in self._chunks_of(kept.id):
            made[chunk_id] = self._add_chunk(document_id, replace(chunk, source=source, title=title), chunk_id)
        return made

    def remove_retired(self) -> list[int]:
        """Delete the documents that are still set aside, with chunks and words; returns the ids of the chunks."""
        removed: list[int] = []
        for (document_id,) in self._db.execute("SELECT id FROM documents WHERE file = ?", (_RETIRED,)).fetchall():
            for chunk_id, context, chunk in self._chunks_of(document_id):
                self._forget_words(chunk_id, context, chunk.text)
                removed.append(chunk_id)
            self._db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        return removed

    def set_embedded(self, digests: Mapping[int, str]) -> None:
        """Note for each chunk id the digest of the text that its vector was made from."""
        self._db.executemany("UPDATE chunks SET embedded = ? WHERE id = ?", [(d, i) for i, d in digests.items()])

    def set_files(self, records: Iterable[FileRecord]) -> None:
        """Keep how every file of the run ended."""
        self._db.execute("DELETE FROM files")
        rows = (
            (r.source, r.state, r.reason, r.chunks, r.pages, json.dumps(sorted(r.groups)), record.digest)
            for record in records
            for r in (record.report,)
        )
        self._db.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def set_fact(self, name: str, value: str) -> None:
        """Write something down about this build."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def compact(self) -> None:
        """Join the word index into one piece and gather the query planner's statistics; reads and writes all of it."""
        self._db.execute("INSERT INTO chunk_words (chunk_words) VALUES ('optimize')")
        self._db.commit()
        self._db.execute("ANALYZE")

    def check_words(self) -> None:
        """Compare the word index with the chunks. Raises sqlite3.DatabaseError when they differ."""
        self._db.execute("INSERT INTO chunk_words (chunk_words, rank) VALUES ('integrity-check', 1)")

    def _insert(self, sql: str, values: tuple[object, ...]) -> int:
        row_id = self._db.execute(sql, values).lastrowid
        if row_id is None:
            raise sqlite3.DatabaseError("no row id for what was inserted")
        return row_id

    def _add_chunk(self, document_id: int, chunk: Chunk, like: int | str) -> int:
        """Insert a chunk; `like` is the id of the chunk that has its vector (empty: none has)."""
        place = (document_id, chunk.page, chunk.start, chunk.end, json.dumps(chunk.section), chunk.columns)
        context = context_text(chunk)
        chunk_id = self._insert(
            'INSERT INTO chunks (document_id, page, start, "end", section, columns, context, text, boxes, embedded) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce((SELECT embedded FROM chunks WHERE id = ?), ''))",
            (*place, context, chunk.text, json.dumps([astuple(box) for box in chunk.boxes]), like),
        )
        self._add_words(chunk_id, context, chunk.text)
        return chunk_id

    def _chunks_of(self, document_id: int) -> list[tuple[int, str, Chunk]]:
        rows = self._db.execute(
            f"SELECT c.context, {CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id "  # noqa: S608
            "WHERE c.document_id = ? ORDER BY c.id",
            (document_id,),
        ).fetchall()
        return [(row[1], row[0], chunk_of(row[1:])[1]) for row in rows]

    def _add_words(self, chunk_id: int, context: str, text: str) -> None:
        self._db.execute("INSERT INTO chunk_words (rowid, context, text) VALUES (?, ?, ?)", (chunk_id, context, text))

    def _forget_words(self, chunk_id: int, context: str, text: str) -> None:
        sql = "INSERT INTO chunk_words (chunk_words, rowid, context, text) VALUES ('delete', ?, ?, ?)"
        self._db.execute(sql, (chunk_id, context, text))

    def _title(self, kept: Kept, file: str) -> str:
        """The document's title; one that was made of the old file's name is made of the new one's."""
        title = str(self._db.execute("SELECT title FROM documents WHERE id = ?", (kept.id,)).fetchone()[0])
        return title_from_name(file) if title == title_from_name(kept.file) else title

    def _free(self, source: str) -> str:
        """The source, or with a number behind it where another document has it (items with the same name)."""
        name, number = source, 1
        while self._db.execute("SELECT 1 FROM documents WHERE source = ?", (name,)).fetchone():
            number += 1
            name = f"{source}~{number}"
        return name
