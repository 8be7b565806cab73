"""The word search: BM25 that counts only chunks that the asker may read, so that others can't even be felt."""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from retrieval.chunk_store import ChunkStore
from retrieval.postings import KEPT_BYTES, PostingsReader, lengths_of
from retrieval.scope import Scope

K1 = 1.2
B = 0.75
LEAST_WEIGHT = 1e-6
"""BM25 as in Robertson and Zaragoza 2009 with the constants of FTS5's own bm25(), which weighs words in more than half
of the chunks by the last one. Where everything may be read both give the same scores."""
_KEPT_TERMS = 10_000
"""Terms whose counts are kept for each scope."""


@dataclass(slots=True)
class _Counts:
    """What a scope holds: number of chunks, words in one on average, and the chunks with each term asked so far."""

    chunks: int
    average: float
    holding: dict[str, int] = field(default_factory=dict)


class WordSearch:
    """Searches the words of one generation. Shared by threads."""

    def __init__(self, store: ChunkStore, room: int = KEPT_BYTES) -> None:
        """Search a generation's store, with so many bytes to remember where words stand."""
        self._store = store
        self._postings = PostingsReader(store, room)
        self._lengths = lengths_of(store)
        self._lock = threading.Lock()
        self._counts: WeakKeyDictionary[Scope, _Counts] = WeakKeyDictionary()

    def search(self, terms: Sequence[str], scope: Scope, readable: Scope, limit: int) -> list[tuple[int, float]]:
        """Chunks of the scope with any of the terms, best first, as (id, BM25 score with higher better).

        `readable` is the scope of the same groups without filters: it alone decides what a word weighs, so that a
        filter takes passages away and leaves the others as they were. Words of the context (title, section, column
        heads) count as much as words of the text.
        """
        scores = np.zeros(len(self._lengths))
        average = self._counts_of(readable).average
        for term in terms:
            postings = self._postings.of(term)
            ids, counts = postings.ids, postings.counts
            if (mask := _mask(scope)) is not None:
                inside = mask[ids]
                ids, counts = ids[inside], counts[inside]
            norm = K1 * (1 - B + B * self._lengths[ids] / average)
            scores[ids] += self._weight(term, readable) * (counts * (K1 + 1.0) / (counts + norm))
        return _best(scores, limit)

    def frequency(self, term: str, scope: Scope) -> int:
        """In how many chunks of the scope a term occurs (in text or context, by its stem)."""
        known = self._counts_of(scope).holding
        if (holding := known.get(term)) is None:
            if len(known) >= _KEPT_TERMS:
                known.clear()
            holding = known[term] = self._count(term, scope)
        return holding

    @property
    def kept_bytes(self) -> int:
        """Memory that what is remembered of where words stand takes now."""
        return self._postings.kept_bytes

    def chunks(self, scope: Scope) -> int:
        """Number of chunks of the scope."""
        return self._counts_of(scope).chunks

    def _weight(self, term: str, readable: Scope) -> float:
        holding = self.frequency(term, readable)
        weight = math.log((self.chunks(readable) - holding + 0.5) / (holding + 0.5))
        return weight if weight > 0 else LEAST_WEIGHT

    def _count(self, term: str, scope: Scope) -> int:
        mask = _mask(scope)
        if mask is None:
            return self._store.chunks_with(term)  # cheaper than where it stands, and common terms need no more
        return int(np.count_nonzero(mask[self._postings.of(term).ids]))

    def _counts_of(self, scope: Scope) -> _Counts:
        with self._lock:
            if scope not in self._counts:
                if (mask := _mask(scope)) is None:
                    chunks, words = self._store.counts()[1], self._lengths.sum()
                else:
                    chunks, words = int(np.count_nonzero(mask)), self._lengths[mask[: len(self._lengths)]].sum()
                self._counts[scope] = _Counts(chunks, float(words) / max(1, chunks))
            return self._counts[scope]


def _mask(scope: Scope) -> NDArray[np.bool_] | None:
    """Whether each chunk id is in the scope; None: all are."""
    return None if scope.mask is None else np.frombuffer(scope.mask, np.bool_)


def _best(scores: NDArray[np.float64], limit: int) -> list[tuple[int, float]]:
    """The highest scores above 0 with their places, the first place first among equals."""
    found = np.flatnonzero(scores)
    if len(found) > limit:
        edge = np.partition(scores[found], -limit)[-limit]
        found = found[scores[found] >= edge]
    order = np.lexsort((found, -scores[found]))[:limit]
    return [(int(chunk_id), float(scores[chunk_id])) for chunk_id in found[order]]
