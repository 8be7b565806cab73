"""Gives every new chunk its vector: taken over where the same text has one already, embedded where not."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from dossier.records import Progress
from retrieval.chunk_store import ChunkStore, iter_blocks
from retrieval.chunk_writer import ChunkWriter
from retrieval.embedded_text import embedded_texts
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
            texts = {i: embedded_texts(chunk, self._embedder.count_tokens) for i, chunk in block}
            digests = {i: digest_of_texts(own) for i, own in texts.items()}
            report = partial(self._report, self.embedded + self.reused, total, started)
            rows = self._vectors({digests[i]: own for i, own in texts.items()}, len(block), report)
            for chunk_id, digest in digests.items():
                vectors.add([chunk_id] * len(rows[digest]), rows[digest])
            store.set_embedded(digests)

    def _vectors(
        self, texts: Mapping[str, Sequence[str]], chunks: int, report: Callable[[int], None]
    ) -> dict[str, Vectors]:
        """The vectors (n, dimension) of each digest's texts; texts that are the same are embedded once."""
        rows = self._taken_over(list(texts))
        new = {digest: own for digest, own in texts.items() if digest not in rows}
        wanted = list(dict.fromkeys(text for own in new.values() for text in own))
        taken = chunks - len(new)
        share = len(new) / max(1, len(wanted))
        made = self._embedder.embed(wanted, lambda done: report(taken + round(done * share)))
        place = {text: row for row, text in enumerate(wanted)}
        rows.update((digest, made[[place[text] for text in own]]) for digest, own in new.items())
        report(chunks)
        self.embedded += len(new)
        self.reused += taken
        return rows

    def _taken_over(self, digests: Sequence[str]) -> dict[str, Vectors]:
        rows: dict[str, Vectors] = {}
        for known in self._known:
            found = known.store.with_vectors(digest for digest in digests if digest not in rows)
            owners, vectors = known.vectors.reconstruct(list(found.values()))
            rows.update((digest, vectors[owners == chunk_id]) for digest, chunk_id in found.items())
        return rows

    def _report(self, before: int, total: int, started: datetime, done: int) -> None:
        self._on_progress(Progress("Embedding passages", before + done, total, started))


def digest_of_texts(texts: Sequence[str]) -> str:
    """A digest of a chunk's embedded texts: the first 128 bits of their SHA-256, in hexadecimal."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]
