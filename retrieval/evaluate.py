"""How well retrieval does on questions whose evidence is known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dossier.records import Passage, Question
from retrieval.lines import rank_lines
from retrieval.search import Searcher

CUTOFFS = (1, 3, 5, 10)
_DEPTH = 10
_LINES = 6


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """Shares from 0 to 1.

    `page_at[k]`: a right page among the first k passages; `line_at_1`: the best line holds the evidence; `refused`:
    unanswerable questions told apart; `refused_wrongly`: answerable ones taken for unanswerable.
    """

    questions: int
    unanswerable: int
    document_at: dict[int, float]
    page_at: dict[int, float]
    page_interval_at_5: tuple[float, float]
    reciprocal_rank: float
    line_at_1: float
    line_in_6: float
    refused: float
    refused_wrongly: float


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One question: rank of the first right document and page (0: none), lines, and the refusal."""

    document: int
    page: int
    line_first: bool
    line_shown: bool
    refused: bool


def evaluate(
    searcher: Searcher, questions: Sequence[Question], relevance: float, passages: int = 6
) -> RetrievalFigures:
    """Ask every question as everyone and compare with its evidence."""
    answerable = [_ask(searcher, question, relevance, passages) for question in questions if question.evidence]
    others = [_ask(searcher, question, relevance, passages) for question in questions if not question.evidence]
    count = len(answerable) or 1
    page_hits = sum(0 < outcome.page <= 5 for outcome in answerable)
    return RetrievalFigures(
        questions=len(answerable),
        unanswerable=len(others),
        document_at={k: sum(0 < outcome.document <= k for outcome in answerable) / count for k in CUTOFFS},
        page_at={k: sum(0 < outcome.page <= k for outcome in answerable) / count for k in CUTOFFS},
        page_interval_at_5=wilson(page_hits, len(answerable)),
        reciprocal_rank=sum(1 / outcome.page for outcome in answerable if outcome.page) / count,
        line_at_1=sum(outcome.line_first for outcome in answerable) / count,
        line_in_6=sum(outcome.line_shown for outcome in answerable) / count,
        refused=sum(outcome.refused for outcome in others) / (len(others) or 1),
        refused_wrongly=sum(outcome.refused for outcome in answerable) / count,
    )


def table(figures: RetrievalFigures) -> str:
    """The figures as a table for people."""
    low, high = figures.page_interval_at_5
    rows = [
        f"{figures.questions} answerable and {figures.unanswerable} unanswerable questions",
        "right among the first   " + "".join(f"{k:>8}" for k in CUTOFFS),
        "  document              " + "".join(f"{figures.document_at[k]:>8.1%}" for k in CUTOFFS),
        "  page                  " + "".join(f"{figures.page_at[k]:>8.1%}" for k in CUTOFFS),
        f"  page among 5, 95% interval {low:.1%} to {high:.1%}; mean reciprocal rank {figures.reciprocal_rank:.3f}",
        f"evidence is the best line {figures.line_at_1:.1%}, among the six shown {figures.line_in_6:.1%}",
        f"unanswerable refused {figures.refused:.1%}, answerable refused {figures.refused_wrongly:.1%}",
    ]
    return "\n".join(rows)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95% interval of a share (Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def _ask(searcher: Searcher, question: Question, relevance: float, passages: int) -> _Outcome:
    found = searcher.search(question.question, frozenset(), _DEPTH)
    documents = {item.document for item in question.evidence}
    pages = {(item.document, item.page) for item in question.evidence}
    shown = found.passages[:passages]
    lines = rank_lines(found.query, shown, found.rarity, searcher.embedder, _LINES)
    hits = [holds(question, shown[item.line.passage - 1], item.line.text) for item in lines]
    return _Outcome(
        document=_first([passage.document in documents for passage in found.passages]),
        page=_first([(passage.document, passage.chunk.page) in pages for passage in found.passages]),
        line_first=bool(hits and hits[0]),
        line_shown=any(hits),
        refused=found.signals.probability < relevance,
    )


def _first(hits: Sequence[bool]) -> int:
    return next((rank for rank, hit in enumerate(hits, start=1) if hit), 0)


def holds(question: Question, passage: Passage, line: str) -> bool:
    """Whether a line says (part of) what some evidence on that page says."""
    said = _plain(line)
    return any(
        passage.document == item.document
        and passage.chunk.page == item.page
        and (_plain(item.text) in said or (len(said) >= 12 and said in _plain(item.text)))
        for item in question.evidence
    )


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
