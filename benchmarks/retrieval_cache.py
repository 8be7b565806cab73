"""Vectors kept by what was embedded and with what, so that systems that share texts embed them once."""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from dossier.progress import ProgressDisplay
from dossier.records import Progress
from retrieval.embedder import Embedder, Vectors

_BLOCK = 2048

EmbedTexts = Callable[[Sequence[str]], Vectors]


class VectorCache:
    """A SQLite file of vectors by the digest of the model's weights and of the text."""

    def __init__(self, file: Path) -> None:
        """Open or make the file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file)
        self._db.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    def embed(self, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, (len(texts), dimension); only texts never seen before are embedded."""
        keys = [hashlib.sha256(f"{embedder.digest}\n{text}".encode("utf-8", "replace")).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if self._get(key) is None}
        started, pairs = datetime.now(UTC), list(missing.items())
        with ProgressDisplay() as display:
            for start in range(0, len(pairs), _BLOCK):
                block = pairs[start : start + _BLOCK]
                vectors = embedder.embed([text for _, text in block])
                rows = [(key, vector.tobytes()) for (key, _), vector in zip(block, vectors, strict=True)]
                self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
                self._db.commit()
                display(Progress("Embedding for the comparison", start + len(block), len(pairs), started))
        return np.stack([np.frombuffer(self._get(key) or b"", np.float32) for key in keys])

    def _get(self, key: bytes) -> bytes | None:
        row = self._db.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None
