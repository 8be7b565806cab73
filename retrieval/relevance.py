"""Whether the passages found can answer the question at all: a probability that the chain refuses on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from dossier.records import Passage
from retrieval.query import Query, stem, stems

_WEIGHTS = (5.3, 7.2, 0.9, 0.75, 2.2)
_BIAS = -7.7


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for the passages, each from 0 to 1.

    `similarity`: best cosine. `spread`: how far it stands out from the other chunks found. `coverage`: share of the
    question's terms, weighted by rarity, in the best single passage with its context. `names` and `years`: share of
    the question's names and years that stand in the best passages.
    """

    similarity: float
    spread: float
    coverage: float
    names: float
    years: float

    @property
    def probability(self) -> float:
        """Probability that the answer stands in the passages (logistic model, fitted as DECISIONS tells)."""
        total = _BIAS + sum(weight * value for weight, value in zip(_WEIGHTS, astuple(self), strict=True))
        return 1 / (1 + math.exp(-total))


def signals(query: Query, passages: Sequence[Passage], rarity: Mapping[str, float], spread: float) -> Signals:
    """Gather the signals.

    `spread` is the cosine of the best chunk less that of the last one found; `rarity` weighs each of the query's terms
    (see `Searcher.search`).
    """
    if not passages or not query.terms:
        return Signals(0, 0, 0, 0, 0)
    total = sum(rarity.values())
    present = [
        stems(f"{passage.chunk.context} {passage.chunk.columns} {passage.chunk.text} {passage.document}")
        for passage in passages
    ]
    shares = [
        sum(rarity[term] for term, stem in zip(query.terms, query.stems, strict=True) if stem in words) / total
        for words in present
    ]
    return Signals(
        similarity=max((passage.similarity or 0.0 for passage in passages), default=0.0),
        spread=spread,
        coverage=max(shares),
        names=_share(query.names, present[:3]),
        years=_share(query.years, present[:3]),
    )


def _share(wanted: frozenset[str], present: Sequence[frozenset[str]]) -> float:
    """Best share of the wanted words in one passage; 1 when none are wanted."""
    if not wanted:
        return 1.0
    return max(sum(stem(word) in words for word in wanted) / len(wanted) for words in present)
