"""Gives every new chunk its vector: taken over where the same text has one already, embedded where not."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np

from dossier.records import Chunk, Progress
from retrieval.chunk_store import ChunkStore, iter_blocks
from retrieval.chunk_writer import ChunkWriter
from retrieval.chunking import embedded_text
from retrieval.embedder import Embedder, Vectors
from retrieval.vectors import VectorIndex

OnProgress = Callable[[Progress], None]
EMBED_BLOCK = 2048
"""Chunks that are in memory at once while embedding."""


@dataclass(frozen=True, slots=True)
class Known:
    """Vectors that are there already, with the store that knows the texts that they were made from."""

    store: ChunkStore
    vectors: VectorIndex


class Embedding:
    """Embeds the chunks of one run. `embedded` and `reused` count chunks."""

    def __init__(self, embedder: Embedder, known: Sequence[Known], on_progress: OnProgress) -> None:
        """`known` are looked through in order for vectors of the same text by the same embedder."""
        self._embedder, self._known, self._on_progress = embedder, known, on_progress
        self.embedded = self.reused = 0

    def run(self, store: ChunkWriter, vectors: VectorIndex, after: int, total: int) -> None:
        """Add a vector for each of the `total` chunks with ids above `after`."""
        started = datetime.now(UTC)
        for block in iter_blocks(store, after, EMBED_BLOCK):
            texts = [embedded_text(chunk, self._embedder.count_tokens) for chunk in _chunks(block)]
            digests = [digest_of_text(text) for text in texts]
            ids = [chunk_id for chunk_id, _ in block]
            report = partial(self._report, self.embedded + self.reused, total, started)
            vectors.add(ids, self._vectors(texts, digests, report))
            store.set_embedded(dict(zip(ids, digests, strict=True)))

    def _vectors(self, texts: Sequence[str], digests: Sequence[str], report: Callable[[int], None]) -> Vectors:
        """A vector for each text, (n, dimension); texts that are the same are embedded once."""
        rows: dict[str, Vectors] = self._taken_over(digests)
        new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in rows}
        taken = len(texts) - len(new)
        if new:
            made = self._embedder.embed(list(new.values()), lambda done: report(taken + done))
            rows.update(zip(new, made, strict=True))
        else:
            report(taken)
        self.embedded += len(new)
        self.reused += taken
        return np.stack([rows[digest] for digest in digests])

    def _taken_over(self, digests: Sequence[str]) -> dict[str, Vectors]:
        rows: dict[str, Vectors] = {}
        for known in self._known:
            found = known.store.with_vectors(digest for digest in set(digests) if digest not in rows)
            if found:
                rows.update(zip(found, known.vectors.reconstruct(list(found.values())), strict=True))
        return rows

    def _report(self, before: int, total: int, started: datetime, done: int) -> None:
        self._on_progress(Progress("Embedding passages", before + done, total, started))


def digest_of_text(text: str) -> str:
    """A digest of an embedded text: the first 128 bits of its SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _chunks(block: Sequence[tuple[int, Chunk]]) -> list[Chunk]:
    return [chunk for _, chunk in block]
