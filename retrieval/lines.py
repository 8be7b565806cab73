"""Which sentence or table row of the passages found answers the question, as the retriever sees it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dossier.evidence import amounts_of, is_row, lines_of
from dossier.records import Line, Passage
from retrieval.embedder import Embedder
from retrieval.expectation import could_answer
from retrieval.query import STOP_WORDS, Query, stem, stems

_SHORTLIST = 16
"""Lines that are embedded: the ones whose words match best. Embedding is what costs time here."""
_LEAST_LETTERS = 3
_STOP_STEMS = frozenset(stem(word) for word in STOP_WORDS)
_EMPTY_STEMS = _STOP_STEMS | {
    stem(word) for word in ("total", "fiscal", "year", "quarter", "end", "ended", "amount", "large", "high", "big")
}
"""Words that change nothing about which row is meant."""
_BRACKETS = re.compile(r"\([^)]*\)")

SIMILARITY_WEIGHT = 1.0
CONTEXT_WEIGHT = 0.6
FOCUS_WEIGHT = 0.4
RANK_WEIGHT = 0.25
YEAR_WEIGHT = 0.15
ROW_WEIGHT = 0.2
KIND_WEIGHT = 0.15
WHOLE_WEIGHT = 0.1
NAMED_WEIGHT = 0.2
"""Weights of a line's signals, fitted by comparing right lines with wrong ones (see DECISIONS)."""
_MOST = CONTEXT_WEIGHT + FOCUS_WEIGHT + YEAR_WEIGHT + ROW_WEIGHT + KIND_WEIGHT + WHOLE_WEIGHT + NAMED_WEIGHT
"""The score of a line that has all signals which need no embedding, its passage's rank aside."""


@dataclass(frozen=True, slots=True)
class RankedLine:
    """A line with what speaks for it. `score` orders the lines, higher is better.

    `similarity`: cosine of the question and the line in its context. `context`: share of the question's terms,
    weighted by rarity, in the line with its surroundings. `focus`: share of the line's own words that the question
    uses. `named`: how nearly the question is a row's name and nothing else, beside names and periods: 0 to 1.
    """

    line: Line
    score: float
    similarity: float
    context: float
    focus: float
    named: float = 0.0


def rank_lines(
    query: Query, passages: Sequence[Passage], rarity: Mapping[str, float], embedder: Embedder, limit: int
) -> list[RankedLine]:
    """The lines that may answer, best first. `rarity` weighs each of the query's terms."""
    lines = [line for line in lines_of(passages) if _says_something(line)]
    words = {line: _by_words(query, passages, rarity, line) for line in lines}
    short = sorted(lines, key=lambda line: words[line].score, reverse=True)[:_SHORTLIST]
    if not short:
        return []
    contexts = [f"{passages[line.passage - 1].chunk.context} {_label(line)} {line.heading}" for line in short]
    vectors = embedder.embed([query.text, *contexts])
    ranked = [
        replace(
            words[line],
            similarity=float(similarity),
            score=words[line].score + SIMILARITY_WEIGHT * float(similarity),
        )
        for line, similarity in zip(short, vectors[1:] @ vectors[0], strict=True)
    ]
    return sorted(ranked, key=lambda item: item.score, reverse=True)[:limit]


def best_line(query: Query, passage: Passage, rarity: Mapping[str, float]) -> float:
    """What a passage's best line shows of the question, by its words alone: 0 to 1, 0 where there is no line."""
    lines = [line for line in lines_of([passage]) if _says_something(line)]
    ahead = RANK_WEIGHT  # what every line of a first passage gets
    return max((_by_words(query, [passage], rarity, line).score - ahead for line in lines), default=0.0) / _MOST


def named(query: Query, line: Line) -> float:
    """How nearly a question is a row's name and nothing else, 0 to 1: Jaccard's coefficient of their words.

    Names in the question that aren't the row's, periods and words that change nothing don't count.
    """
    if not is_row(line.text):
        return 0.0
    own = stems(_BRACKETS.sub(" ", _label(line))) - _EMPTY_STEMS
    asked = stems(query.asked) - _EMPTY_STEMS - query.years
    others = {stem(name) for name in query.names} - own
    together = (asked - others) | own
    return len(asked & own) / len(together) if together else 0.0


def _by_words(query: Query, passages: Sequence[Passage], rarity: Mapping[str, float], line: Line) -> RankedLine:
    """A line scored without its embedding."""
    context = _coverage(query, rarity, _words_around(passages, line))
    own = {word for word in stems(_label(line)) if not word.isdigit()} - _STOP_STEMS
    focus = len(own & set(query.stems)) / max(1, len(own))
    around = f"{line.heading} {line.text} {passages[line.passage - 1].chunk.columns}"
    year = not query.years or any(year in around for year in query.years)
    row = is_row(line.text)
    alike = named(query, line)
    score = (
        CONTEXT_WEIGHT * context
        + FOCUS_WEIGHT * focus
        + RANK_WEIGHT / line.passage
        + YEAR_WEIGHT * year
        + ROW_WEIGHT * row
        + KIND_WEIGHT * could_answer(query, line.text)
        + WHOLE_WEIGHT * (row or _is_whole(line.text))
        + NAMED_WEIGHT * alike**2
    )
    return RankedLine(line, score, 0.0, context, focus, alike)


def _label(line: Line) -> str:
    return amounts_of(line.text)[0] if is_row(line.text) else line.text


def _is_whole(text: str) -> bool:
    """Whether a line is a whole sentence, not a heading or the half of one that a chunk's end cut."""
    return text[-1] in ".!?”\"')" and (text[0].isupper() or not text[0].isalpha())


def _says_something(line: Line) -> bool:
    return sum(character.isalpha() for character in line.text) >= _LEAST_LETTERS and not line.text.endswith(":")


def _words_around(passages: Sequence[Passage], line: Line) -> frozenset[str]:
    passage = passages[line.passage - 1]
    return stems(f"{line.text} {line.heading}") | _words_of(passage.chunk.context, passage.document)


@lru_cache(maxsize=256)
def _words_of(context: str, document: str) -> frozenset[str]:
    """Kept, as every line of a passage asks for them."""
    return stems(f"{context} {document}")


def _coverage(query: Query, rarity: Mapping[str, float], present: frozenset[str]) -> float:
    """Share of the query's terms, weighted by rarity, whose stems are present: 0 to 1."""
    total = sum(rarity.values())
    return sum(rarity[term] for term, root in zip(query.terms, query.stems, strict=True) if root in present) / (
        total or 1
    )
