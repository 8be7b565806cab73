"""Hybrid search over one generation: nearest vectors and BM25, fused by rank, groups enforced inside both."""

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import faiss

from dossier.records import FileReport, Passage
from retrieval import generation
from retrieval.chunk_store import ChunkStore, StoredDocument
from retrieval.embedder import Embedder
from retrieval.identity import identities
from retrieval.query import Query, read_query
from retrieval.relevance import Signals, signals
from retrieval.vectors import VectorIndex, selector

DEPTH = 60
"""Chunks that each half contributes to the fusion."""
RANK_CONSTANT = 60
"""The k of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, section 2)."""
NAMED_WEIGHT = 0.5
"""How much passages of a document that the question names gain over others (see DECISIONS)."""
_CACHED_GROUPS = 64


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the passages, best first, what speaks for them, and the generation they are from.

    `rarity` says how telling each of the query's terms is in this index.
    """

    query: Query
    passages: tuple[Passage, ...]
    rarity: dict[str, float]
    signals: Signals
    generation: str


class Searcher:
    """An open generation. Immutable, shared by threads; a newer generation is another Searcher."""

    def __init__(self, index: Path, embedder: Embedder, synonyms: Mapping[str, str] | None = None) -> None:
        """Open the current generation (or the newest whole one), with the pack's synonyms.

        Raises IndexMissingError, CorruptIndexError.
        """
        self._synonyms = dict(synonyms or {})
        self.manifest, self.warning = generation.newest_intact(index)
        folder = index / self.manifest.name
        self._embedder = embedder
        self._store = ChunkStore(folder / generation.CHUNKS)
        self._vectors = VectorIndex.load(folder / generation.VECTORS)
        self._allowed: OrderedDict[frozenset[str], faiss.IDSelector | None] = OrderedDict()
        self._lock = threading.Lock()
        self._identities = identities(stored.document for stored in self._store.documents())

    def search(self, question: str, groups: frozenset[str], limit: int) -> Found:
        """The passages that answer a question best, among those that the groups may read."""
        query = read_query(question, self._synonyms)
        vector = self._embedder.embed([query.text])[0]
        dense = self._vectors.search(vector, DEPTH, self._selector(groups))
        lexical = self._store.search_words(query.terms, groups, DEPTH)
        passages = self._fuse(dense, lexical, groups, self._identities.matches(query))
        rarity = self._rarity(query, groups)
        best = tuple(passages[:limit])
        spread = dense[0][1] - dense[-1][1] if dense else 0.0
        return Found(query, best, rarity, signals(query, best, rarity, spread), self.manifest.name)

    @property
    def embedder(self) -> Embedder:
        """The embedder of questions."""
        return self._embedder

    def files(self) -> list[FileReport]:
        """How each file ended in the run that built this generation."""
        return self._store.files()

    def documents(self) -> list[StoredDocument]:
        """The documents of this generation."""
        return self._store.documents()

    def close(self) -> None:
        """Close the files."""
        self._store.close()

    def _fuse(
        self,
        dense: list[tuple[int, float]],
        lexical: list[tuple[int, float]],
        groups: frozenset[str],
        named: Mapping[str, float],
    ) -> list[Passage]:
        dense_rank = {chunk_id: rank for rank, (chunk_id, _) in enumerate(dense, start=1)}
        lexical_rank = {chunk_id: rank for rank, (chunk_id, _) in enumerate(lexical, start=1)}
        similarity = dict(dense)
        scores = {
            chunk_id: sum(
                1 / (RANK_CONSTANT + ranks[chunk_id]) for ranks in (dense_rank, lexical_rank) if chunk_id in ranks
            )
            for chunk_id in dense_rank | lexical_rank
        }
        chunks = self._store.get(list(scores), groups)
        for chunk_id, chunk in chunks.items():
            scores[chunk_id] *= 1 + NAMED_WEIGHT * named.get(chunk.source, 0.0)
        best = sorted(chunks, key=lambda chunk_id: (-scores[chunk_id], chunk_id))[:DEPTH]
        return [
            Passage(i, chunks[i], scores[i], similarity.get(i), dense_rank.get(i), lexical_rank.get(i)) for i in best
        ]

    def _selector(self, groups: frozenset[str]) -> "faiss.IDSelector | None":
        """Ids that the groups may find. Kept per set of groups: a generation's rights never change."""
        with self._lock:
            if groups not in self._allowed:
                ids = self._store.readable_ids(groups)
                self._allowed[groups] = None if ids is None else selector(ids)
                while len(self._allowed) > _CACHED_GROUPS:
                    self._allowed.popitem(last=False)
            return self._allowed[groups]

    def _rarity(self, query: Query, groups: frozenset[str]) -> dict[str, float]:
        """How telling each of the query's terms is: the logarithm of chunks per chunk that holds it."""
        return {
            term: math.log(1 + self.manifest.chunks / (0.5 + self._store.document_frequency(term, groups)))
            for term in query.terms
        }
