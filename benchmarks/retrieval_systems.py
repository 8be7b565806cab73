"""The product's search with parts taken out, as systems that can be asked.

This is the one place that knows how the product's search is switched; the rest of the ablation sees questions and hits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from benchmarks.retrieval_cache import VectorCache
from benchmarks.retrieval_sets import Corpus
from dossier.packs import Pack, index_folder, load_pack
from dossier.progress import ProgressDisplay
from dossier.records import Chunk
from dossier.settings import Settings, load_settings
from retrieval import generation
from retrieval.chunk_store import ChunkStore
from retrieval.embedder import Embedder
from retrieval.evaluate import asker
from retrieval.evaluation.asking import Ask
from retrieval.evaluation.cases import Hit
from retrieval.fusion import RANK_CONSTANT
from retrieval.indexing import build_index, load_embedder
from retrieval.query import read_query
from retrieval.search import DEPTH, WHOLE, Searcher, SearchOptions

EVERYONE: frozenset[str] = frozenset()

Ranked = list[int]
"""Chunk ids, best first."""
Half = Callable[[str], Ranked]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A corpus that the product indexed."""

    corpus: Corpus
    settings: Settings
    pack: Pack
    folder: Path
    embedder: Embedder

    def searcher(self, options: SearchOptions = WHOLE) -> Searcher:
        """The product's own search, or parts of it."""
        return Searcher(self.folder, self.embedder, self.pack.synonyms, options=options)


@dataclass(frozen=True, slots=True)
class Options:
    """Local folders of a tuned embedder and of a cross-encoder, where there are any."""

    tuned: Path | None = None
    rerank: Path | None = None


def index_corpus(corpus: Corpus, work: Path, embedder: str | None = None) -> Indexed:
    """Index a corpus with the product, in a home inside `work`; unchanged documents aren't embedded again."""
    settings = load_settings(home=work / "home", documents=corpus.documents, embedder=embedder)
    pack = load_pack(settings)
    with ProgressDisplay() as display:
        build_index(settings, pack, display)
    return Indexed(corpus, settings, pack, index_folder(settings, pack.documents), load_embedder(settings))


def product_systems(indexed: Indexed, cache: VectorCache, work: Path, options: Options) -> Iterator[tuple[str, Ask]]:
    """Name and system, from halves of the search to the whole; the last one is the product as it is set up."""
    parts = _Parts(indexed, cache)
    for scope, with_context in (("+ context in chunks", True), ("text alone", False)):
        words, vectors = parts.words(with_context), parts.vectors(with_context)
        yield f"BM25, {scope}", parts.shown(words)
        yield f"dense, {scope}", parts.shown(vectors)
        yield f"hybrid, {scope}", parts.shown(_fused(words, vectors))
    whole, name = indexed, "hybrid + context + named documents"
    yield name, asker(indexed.searcher(SearchOptions(lines=False)), indexed.corpus.names)
    name = f"{name} + best line"
    yield name, asker(indexed.searcher(), indexed.corpus.names)
    if options.tuned:
        whole, name = index_corpus(indexed.corpus, work / "tuned", str(options.tuned)), f"{name} + tuned embedder"
        yield name, asker(whole.searcher(), whole.corpus.names)
    if options.rerank:
        yield f"{name} + rerank", _reranked(asker(whole.searcher(), whole.corpus.names), options.rerank)


class _Parts:
    """The chunks of an index, and each half of the search over them."""

    def __init__(self, indexed: Indexed, cache: VectorCache) -> None:
        manifest, _ = generation.newest_intact(indexed.folder)
        self._indexed, self._cache = indexed, cache
        self._store = ChunkStore(indexed.folder / manifest.name / generation.CHUNKS)
        self._searcher = indexed.searcher()
        self._chunks: dict[int, Chunk] = dict(self._store.chunks_after(0, 1 << 40))

    def words(self, with_context: bool) -> Half:
        """BM25 over text and context, or over the text alone."""
        sql = "SELECT rowid FROM chunk_words WHERE chunk_words MATCH ? ORDER BY bm25(chunk_words, ?, 1), rowid LIMIT ?"
        weight = 1.0 if with_context else 0.0

        def ask(question: str) -> Ranked:
            terms = read_query(question, self._indexed.pack.synonyms).terms
            if not terms:
                return []
            match = " OR ".join(f'"{term}"' for term in terms)
            scope = "" if with_context else "{text} : "
            return [row[0] for row in self._store._db.execute(sql, (f"{scope}({match})", weight, DEPTH))]

        return ask

    def vectors(self, with_context: bool) -> Half:
        """The product's vectors, or vectors of the text alone."""
        if with_context:
            near = self._searcher._vectors
            return lambda question: [number for number, _ in near.search(self._vector(question), DEPTH)]
        ids = np.array(list(self._chunks), np.int64)
        vectors = self._cache.embed(self._indexed.embedder, [chunk.text for chunk in self._chunks.values()])
        flat = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        flat.add_with_ids(vectors, ids)
        depth = min(DEPTH, len(ids))
        return lambda question: flat.search(self._vector(question).reshape(1, -1), depth)[1][0].tolist()

    def shown(self, half: Half) -> Ask:
        """A half as a system that gives hits."""
        return lambda question: [self._hit(number) for number in half(question)]

    def _vector(self, question: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
        text = read_query(question, self._indexed.pack.synonyms).text
        vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = self._indexed.embedder.embed([text])[0]
        return vector

    def _hit(self, number: int) -> Hit:
        chunk = self._chunks[number]
        return Hit(self._indexed.corpus.names[chunk.source], chunk.page, chunk.text)


def _fused(words: Half, vectors: Half) -> Half:
    """Reciprocal rank fusion of two halves, as the product does it."""

    def ask(question: str) -> Ranked:
        scores: dict[int, float] = {}
        for half in (vectors, words):
            for rank, number in enumerate(half(question), start=1):
                scores[number] = scores.get(number, 0.0) + 1 / (RANK_CONSTANT + rank)
        return sorted(scores, key=lambda number: (-scores[number], number))[:DEPTH]

    return ask


def _reranked(ask: Ask, folder: Path) -> Ask:
    """The first 30 hits ordered anew by a local cross-encoder."""
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(folder), device="cpu", local_files_only=True)

    def reranked(question: str) -> list[Hit]:
        hits = list(ask(question))
        scores = model.predict([(question, hit.text) for hit in hits[:30]], show_progress_bar=False)
        order = np.argsort(-np.asarray(scores), kind="stable")
        return [hits[i] for i in order] + hits[30:]

    return reranked
