"""Hybrid search over one generation: nearest vectors and BM25, fused by rank, groups enforced inside both."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from dossier.errors import IndexMissingError
from dossier.records import FileReport, Filters, Passage, Table
from retrieval import generation
from retrieval.chunk_store import ChunkStore, StoredDocument
from retrieval.chunking import embedded_text
from retrieval.content import Content, read_content
from retrieval.embedder import Embedder
from retrieval.fusion import Ranks, fold, fuse, join
from retrieval.identity import Identities, identities
from retrieval.lines import best_line
from retrieval.news.reading import NewsItem, read_news
from retrieval.page_view import PageView, Spot, view_page
from retrieval.query import Query, read_query
from retrieval.relevance import Signals, signals
from retrieval.scope import ANY, Scope, Scopes
from retrieval.vectors import VectorIndex
from retrieval.word_search import WordSearch

DEPTH = 60
"""Chunks that each half contributes to the fusion."""
LINED = 10
"""Passages that are put in the order of what their best line shows."""
LINE_WEIGHT = 0.9
"""What a best line that shows everything adds, in scores of the first passage (see DECISIONS)."""
RERANKED = 20
"""Passages that the reranker reads."""
COMMON_SHARE = 0.1
"""A term in a larger share of the chunks isn't searched for, unless few others are there."""
_ALWAYS_SCORED = 2_000
_LEAST_TERMS = 3
EVERYONE: frozenset[str] = frozenset()


class Rerank(Protocol):
    """Reads question and passages together; a higher score means a better answer."""

    def scores(self, question: str, texts: list[str]) -> list[float]:
        """One score for each text."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Which parts of the search take part. All do by default; measurements leave some out."""

    dense: bool = True
    lexical: bool = True
    boosts: bool = True
    fold: bool = True
    join: bool = True
    lines: bool = True
    rerank: bool = True


WHOLE = SearchOptions()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the passages, best first, what speaks for them, and the generation they are from.

    `rarity` says how telling each of the query's terms is in this index; `word_scores` are the BM25 scores of what the
    words found, by chunk id.
    """

    query: Query
    passages: tuple[Passage, ...]
    rarity: dict[str, float]
    signals: Signals
    generation: str
    word_scores: Mapping[int, float] = field(default_factory=dict)


class Searcher:
    """An open generation. Immutable, shared by threads; a newer generation is another Searcher."""

    def __init__(
        self,
        index: Path,
        embedder: Embedder,
        synonyms: Mapping[str, str] | None = None,
        reranker: Rerank | None = None,
        options: SearchOptions = WHOLE,
        name: str = "",
    ) -> None:
        """Open the current generation (or the newest whole one), with the pack's synonyms; or the one of this name.

        Raises IndexMissingError, CorruptIndexError.
        """
        self._synonyms, self._reranker, self._options = dict(synonyms or {}), reranker, options
        self.manifest, self.warning = (generation.verify(index, name), "") if name else generation.newest_intact(index)
        _require_same(embedder, self.manifest)
        folder = index / self.manifest.name
        self._embedder = embedder
        self._store = ChunkStore(folder / generation.CHUNKS)
        self._vectors = VectorIndex.load(folder / generation.VECTORS)
        self._words = WordSearch(self._store)
        self._scopes = Scopes(self._store)
        self._identities: dict[frozenset[str], Identities] = {}

    def search(self, question: str, groups: frozenset[str], limit: int, filters: Filters = ANY) -> Found:
        """The passages that answer best, among those that the groups may read and the filters let through."""
        query = read_query(question, self._synonyms)
        scope, readable = self._scopes.of(groups, filters), self._scopes.of(groups)
        dense = self._nearest(query, scope) if self._options.dense else []
        lexical = self._by_words(query, scope, readable) if self._options.lexical else []
        passages = self._passages(query, Ranks.of(dense, lexical), groups)
        if self._options.fold:
            passages = fold(passages, max(RERANKED, 2 * limit))
        rarity = self._rarity(query, readable)
        if self._options.lines:
            passages = _by_best_line(query, passages, rarity)
        passages = self._reranked(query, passages)
        if self._options.join:
            passages = join(passages[: 2 * limit])
        best = tuple(passages[:limit])
        spread = dense[0][1] - dense[-1][1] if dense else 0.0
        return Found(query, best, rarity, signals(query, best, rarity, spread), self.manifest.name, dict(lexical))

    @property
    def embedder(self) -> Embedder:
        """The embedder of questions."""
        return self._embedder

    def company_words(self, groups: frozenset[str]) -> frozenset[str]:
        """Stems of the words that name companies, of the documents that the groups may read."""
        return frozenset(self._identities_for(groups).companies)

    def files(self) -> list[FileReport]:
        """How each file ended in the run that built this generation."""
        return self._store.files()

    def documents(self) -> list[StoredDocument]:
        """The documents of this generation, whoever may read them: for admins."""
        return self._store.documents()

    def page_texts(self, source: str, page: int | None = None) -> list[str]:
        """The texts of a document's chunks (of one page's), whoever may read them: for admins."""
        return self._store.page_texts(source, page)

    def tables(self, source: str, groups: frozenset[str], page: int | None = None) -> list[Table]:
        """The tables of a document (of one of its pages) that the groups may read."""
        return self._store.tables_of(source, groups, page)

    def tables_of_pages(
        self, passages: Sequence[Passage], groups: frozenset[str], first: int = 1
    ) -> dict[int, list[Table]]:
        """The tables of each passage's page, by the passage's number; `first` is that of the first passage."""
        chunks = enumerate((passage.chunk for passage in passages), start=first)
        return {number: self.tables(chunk.source, groups, chunk.page) for number, chunk in chunks}

    def page(self, spot: Spot, groups: frozenset[str]) -> PageView | None:
        """A page of a document with a passage marked; None: there is none that the groups may read."""
        return view_page(self._store, spot, groups)

    def readable_documents(self, groups: frozenset[str]) -> tuple[StoredDocument, ...]:
        """The documents that the groups may read, by source."""
        return self._scopes.of(groups).documents

    def content(self, source: str, groups: frozenset[str]) -> Content | None:
        """A whole document; None: there is none that the groups may read."""
        return read_content(self._store, source, groups)

    def news(self, groups: frozenset[str]) -> list[NewsItem]:
        """The newest items of feeds that the groups may read."""
        return read_news(self._store, groups)

    def left_out(self, source: str, groups: frozenset[str]) -> str:
        """What was left out when a document was read, for the groups that may read it; empty: nothing."""
        return self._store.warning_of(source, groups)

    def passage_at(self, source: str, page: int, start: int, groups: frozenset[str]) -> Passage | None:
        """The chunk that holds an offset of a page, as a passage found for its place; None: no such may be read."""
        found = self._store.chunk_at(source, page, start, groups)
        return Passage(*found, score=0.0, reasons=("it holds what was computed with",)) if found else None

    def close(self) -> None:
        """Close the files."""
        self._store.close()

    def _nearest(self, query: Query, scope: Scope) -> list[tuple[int, float]]:
        vector = self._embedder.embed([query.text])[0]
        return self._vectors.search(vector, DEPTH, scope.selector)

    def _by_words(self, query: Query, scope: Scope, readable: Scope) -> list[tuple[int, float]]:
        """BM25 over the telling terms.

        Scoring costs time for every chunk that holds a term. A term that stands in a large share of the chunks brings
        many and tells little, so that it is left out where enough rarer ones remain.
        """
        holding = {term: self._words.frequency(term, scope) for term in query.terms}
        limit = max(_ALWAYS_SCORED, int(COMMON_SHARE * self._words.chunks(scope)))
        terms = sorted(query.terms, key=holding.__getitem__)
        telling = [term for i, term in enumerate(terms) if i < _LEAST_TERMS or holding[term] <= limit]
        return self._words.search(telling, scope, readable, DEPTH)

    def _passages(self, query: Query, ranks: Ranks, groups: frozenset[str]) -> list[Passage]:
        boosts = self._identities_for(groups).boosts(query) if self._options.boosts else {}
        return fuse(ranks, self._store.get(ranks.ids(), groups), boosts)[:DEPTH]

    def _reranked(self, query: Query, passages: list[Passage]) -> list[Passage]:
        """The first passages in the reranker's order; the others stay behind them."""
        if self._reranker is None or not self._options.rerank or not passages:
            return passages
        first, rest = passages[:RERANKED], passages[RERANKED:]
        texts = [embedded_text(passage.chunk, self._embedder.count_tokens) for passage in first]
        verdicts = self._reranker.scores(query.text, texts)
        judged = [
            replace(passage, rerank=verdict, score=1 + 1 / (1 + math.exp(-verdict)) * passage.boost)
            for passage, verdict in zip(first, verdicts, strict=True)
        ]
        return [*sorted(judged, key=lambda passage: -passage.score), *rest]

    def _identities_for(self, groups: frozenset[str]) -> Identities:
        """What the documents that the groups may read are called: others mustn't even be felt."""
        if groups not in self._identities:
            readable = self._scopes.of(groups).documents
            self._identities[groups] = identities(stored.document for stored in readable)
        return self._identities[groups]

    def _rarity(self, query: Query, readable: Scope) -> dict[str, float]:
        """How telling each of the query's terms is: the logarithm of chunks per chunk that holds it."""
        chunks = self._words.chunks(readable)
        return {term: math.log(1 + chunks / (0.5 + self._words.frequency(term, readable))) for term in query.terms}


def _by_best_line(query: Query, passages: list[Passage], rarity: Mapping[str, float]) -> list[Passage]:
    """The first passages in the order of their score and what their best line shows; the others stay behind them.

    A passage is found for what it is about; whether one of its lines could be the answer is another question.
    """
    if not passages:
        return passages
    weight = LINE_WEIGHT * passages[0].score
    shown = [(passage, best_line(query, passage, rarity)) for passage in passages[:LINED]]
    raised = [replace(passage, line=line, score=passage.score + weight * line) for passage, line in shown]
    return [*sorted(raised, key=lambda passage: -passage.score), *passages[LINED:]]


def _require_same(embedder: Embedder, manifest: generation.Manifest) -> None:
    """Vectors of two models can't be compared. Raises IndexMissingError."""
    if embedder.digest != manifest.recipe.embedder_digest:
        raise IndexMissingError(
            f"the index {manifest.name} was made with another embedder ({manifest.recipe.embedder}) than the one set "
            f"now ({embedder.name}). Index the documents again (`dossier index`), then restart Dossier."
        )
