"""Which sentence or table row of the passages found answers the question, as the retriever sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dossier.evidence import lines_of
from dossier.records import Line, Passage
from retrieval.embedder import Embedder
from retrieval.query import Query, stems

_SHORTLIST = 24
"""Lines that are embedded: the ones whose words match best. Embedding is what costs time here."""
_LEAST_LETTERS = 3

SIMILARITY_WEIGHT = 1.0
COVERAGE_WEIGHT = 1.0
CONTEXT_WEIGHT = 0.5
RANK_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class RankedLine:
    """A line with what speaks for it. `score` orders the lines, higher is better."""

    line: Line
    score: float
    similarity: float
    coverage: float
    context: float
    rank: int


def rank_lines(
    query: Query, passages: Sequence[Passage], rarity: Mapping[str, float], embedder: Embedder, limit: int
) -> list[RankedLine]:
    """The lines that may answer, best first. `rarity` weighs each of the query's terms."""
    lines = [line for line in lines_of(passages) if _says_something(line)]
    coverage = {line: _coverage(query, rarity, f"{line.text} {line.heading}") for line in lines}
    context = {line: _coverage(query, rarity, _surroundings(passages, line)) for line in lines}

    def by_words(line: Line) -> float:
        return coverage[line] + CONTEXT_WEIGHT * context[line] + RANK_WEIGHT / line.passage

    short = sorted(lines, key=by_words, reverse=True)[:_SHORTLIST]
    if not short:
        return []
    vectors = embedder.embed([query.text, *(f"{line.heading} {line.text}" for line in short)])
    similarities = vectors[1:] @ vectors[0]
    ranked = [
        RankedLine(
            line=line,
            score=SIMILARITY_WEIGHT * float(similarity)
            + COVERAGE_WEIGHT * coverage[line]
            + CONTEXT_WEIGHT * context[line]
            + RANK_WEIGHT / line.passage,
            similarity=float(similarity),
            coverage=coverage[line],
            context=context[line],
            rank=line.passage,
        )
        for line, similarity in zip(short, similarities, strict=True)
    ]
    return sorted(ranked, key=lambda item: item.score, reverse=True)[:limit]


def _says_something(line: Line) -> bool:
    return sum(character.isalpha() for character in line.text) >= _LEAST_LETTERS and not line.text.endswith(":")


def _surroundings(passages: Sequence[Passage], line: Line) -> str:
    passage = passages[line.passage - 1]
    return f"{line.text} {line.heading} {passage.chunk.context} {passage.document}"


def _coverage(query: Query, rarity: Mapping[str, float], text: str) -> float:
    """Share of the query's terms, weighted by rarity, that the text holds: 0 to 1."""
    total = sum(rarity.values())
    present = stems(text)
    return sum(rarity[term] for term, stem in zip(query.terms, query.stems, strict=True) if stem in present) / (
        total or 1
    )
