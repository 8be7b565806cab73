"""How likely it is that the first line answers the question, so that a doubtful one isn't read out as the answer."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from dossier.evidence import amounts_of
from retrieval.lines import RankedLine
from retrieval.search import Found

LINES = 6
"""Lines that a first line is compared with, itself among them."""
_SHARPNESS = 8.0
"""Turns differences of line scores into shares: 0.1 more is 2.2 times as likely."""
_TERMS = 16
WEIGHTS = (2.22, 2.80, 1.86, 0.90, -0.68, 0.70)
BIAS = -5.26
"""Fitted by benchmarks/line_confidence.py on all sets but the plainly asked one, with which they separate no better."""


@dataclass(frozen=True, slots=True)
class LineSignals:
    """What speaks for a first line, each from 0 to 1.

    `found`: probability that the passages hold the answer (relevance.Signals). `lead`: the line's share among the first
    lines, by score; a row of the same name elsewhere, as statements repeat them, isn't against it. `terms`: how much
    the question says, in words, up to 16. `names`: share of the question's names in the best passages. `together`:
    share of the first three lines from the same passage. `nearest`: 1 where that passage is the nearest by embedding.
    """

    found: float
    lead: float
    terms: float
    names: float
    together: float
    nearest: float

    @property
    def probability(self) -> float:
        """Probability that the line answers (logistic model)."""
        total = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, astuple(self), strict=True))
        return 1 / (1 + math.exp(-total))


def line_signals(found: Found, lines: Sequence[RankedLine]) -> LineSignals:
    """Gather what speaks for the first of the ranked `lines`. Without lines nothing does."""
    if not lines:
        return LineSignals(found.signals.probability, 0.0, 0.0, 0.0, 0.0, 0.0)
    first = [lines[0], *(line for line in lines[1:LINES] if _said(line) != _said(lines[0]))]
    shares = [math.exp(_SHARPNESS * (line.score - first[0].score)) for line in first]
    number = first[0].line.passage
    return LineSignals(
        found=found.signals.probability,
        lead=shares[0] / sum(shares),
        terms=min(len(found.query.terms), _TERMS) / _TERMS,
        names=found.signals.names,
        together=sum(line.line.passage == number for line in lines[:3]) / len(lines[:3]),
        nearest=float(found.passages[number - 1].dense_rank == 1),
    )


def _said(line: RankedLine) -> str:
    return " ".join(amounts_of(line.line.text)[0].casefold().split())
