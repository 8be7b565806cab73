"""Where words stand: read from a generation's full-text index, kept for the next question while there is room."""

import sqlite3
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.chunk_store import TOKENIZE, ChunkStore

Numbers = NDArray[np.int32]
_READING = f"""
CREATE VIRTUAL TABLE IF NOT EXISTS temp.occurrences USING fts5vocab (main, chunk_words, instance);
CREATE VIRTUAL TABLE IF NOT EXISTS temp.asked USING fts5 (word, tokenize='{TOKENIZE}');
CREATE VIRTUAL TABLE IF NOT EXISTS temp.asked_stems USING fts5vocab (temp, asked, instance);
"""
"""Tables of the connection, not of the file, that show the index's words and how it cuts a word that is asked for."""
_OVERHEAD = 500
KEPT_BYTES = 64 << 20
"""Memory for the postings of words lately asked for, of one open generation: eight million chunks with a word."""


@dataclass(frozen=True, slots=True)
class Postings:
    """The chunks that hold a word, by its stem: `ids` (n,) in ascending order, and how often each does (n,)."""

    ids: Numbers
    counts: Numbers

    @property
    def size(self) -> int:
        """Bytes, with those of keeping it."""
        return int(self.ids.nbytes + self.counts.nbytes) + _OVERHEAD


class PostingsReader:
    """Postings of one generation. It never changes, so that they can be kept. Shared by threads."""

    def __init__(self, store: ChunkStore, room: int = KEPT_BYTES) -> None:
        """Read from a generation's store and keep up to `room` bytes of it."""
        self._store, self._room = store, room
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Postings] = OrderedDict()
        self._size = 0

    def of(self, word: str) -> Postings:
        """The postings of a word."""
        with self._lock:
            if word in self._kept:
                self._kept.move_to_end(word)
                return self._kept[word]
        found = _read(self._store.connection, word)
        self._keep(word, found)
        return found

    @property
    def kept_bytes(self) -> int:
        """Memory that what is kept takes now."""
        return self._size

    def _keep(self, word: str, postings: Postings) -> None:
        with self._lock:
            if word in self._kept:  # by another thread meanwhile
                return
            self._kept[word] = postings
            self._size += postings.size
            while self._size > self._room:
                self._size -= self._kept.popitem(last=False)[1].size


def lengths_of(store: ChunkStore) -> Numbers:
    """How many words each chunk has, text and context together, by chunk id; 0: there is no such chunk.

    FTS5 keeps a row for each chunk with a varint for each column (sqlite.org/fts5.html, "%_docsize table").
    """
    rows = store.connection.execute("SELECT id, sz FROM chunk_words_docsize ORDER BY id").fetchall()
    lengths = np.zeros(rows[-1][0] + 1 if rows else 0, np.int32)
    for chunk_id, sizes in rows:
        lengths[chunk_id] = _sum_of_varints(sizes)
    return lengths


def _sum_of_varints(data: bytes) -> int:
    """The sum of SQLite's variable-length integers: seven bits a byte, highest first, the last byte below 128."""
    total = value = 0
    for byte in data:
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            total, value = total + value, 0
    return total


def _read(db: sqlite3.Connection, word: str) -> Postings:
    for statement in _READING.strip().split("\n"):
        db.execute(statement)
    stems = _stems(db, word)
    found = _chunks_with(db, stems[0]) if len(stems) == 1 else _chunks_with_phrase(db, stems)
    ids, counts = np.unique(found, return_counts=True)
    return Postings(ids.astype(np.int32), counts.astype(np.int32))


def _stems(db: sqlite3.Connection, word: str) -> list[str]:
    """A word as the index has it: one stem as a rule, none or several where they disagree on what a letter is."""
    db.execute("INSERT INTO temp.asked (word) VALUES (?)", (word,))
    try:
        return [row[0] for row in db.execute("SELECT term FROM temp.asked_stems ORDER BY offset")]
    finally:
        db.rollback()


def _chunks_with(db: sqlite3.Connection, stem: str) -> NDArray[np.int64]:
    """The chunk of each occurrence. As one text: half the time of a row for each (see DECISIONS)."""
    listed = db.execute("SELECT group_concat(doc) FROM temp.occurrences WHERE term = ?", (stem,)).fetchone()[0]
    return np.fromstring(listed or "", np.int64, sep=",")


def _chunks_with_phrase(db: sqlite3.Connection, stems: list[str]) -> NDArray[np.int64]:
    """The chunk of each place where the stems follow each other."""
    sql = 'SELECT doc, col, "offset" FROM temp.occurrences WHERE term = ?'
    starts = [{(doc, col, at - n) for doc, col, at in db.execute(sql, (stem,))} for n, stem in enumerate(stems)]
    return np.array([doc for doc, _, _ in set.intersection(*starts)] if starts else [], np.int64)
