"""Recall, reciprocal rank and nDCG of one question, and their means over many with 95% intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.evaluation.cases import Case, Hit, Level, Target

CUTOFFS = (1, 3, 5, 10)
DEPTH = 10
"""Ranks that count for the reciprocal rank and nDCG."""
FOUND = {k: f"found@{k}" for k in CUTOFFS}
RECALL = {k: f"recall@{k}" for k in CUTOFFS}
MRR = "mrr@10"
NDCG = "ndcg@10"
METRICS = (*FOUND.values(), *RECALL.values(), MRR, NDCG)
_RESAMPLES = 2000
_SEED = 20

Scores = Mapping[str, float]
"""One question's value of each metric."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over questions (0 to 1) with its 95% interval."""

    value: float
    low: float
    high: float


def ranks_of(case: Case, level: Level, hits: Sequence[Hit]) -> tuple[int, ...]:
    """For each target the rank, from 1, of the first hit that meets it; 0 where none does.

    Pages and passages are ranked among all hits; documents among distinct documents, as BEIR does.
    """
    if level is Level.DOCUMENT:
        first: dict[str, Hit] = {}
        for hit in hits:
            first.setdefault(hit.document, hit)
        hits = list(first.values())
    return tuple(_first(target, hits) for target in case.targets[level])


def scores_of(case: Case, level: Level, ranks: Sequence[int]) -> dict[str, float]:
    """The metrics of one question.

    `found@k`: 1 when what the question needs is among the first k; `recall@k`: share of its targets among them;
    `mrr@10`: one over the rank at which it is found; `ndcg@10`: Järvelin and Kekäläinen 2002 with linear gains, where a
    target counts once, at its first rank.
    """
    targets = case.targets[level]
    met = [rank for rank in ranks if rank]
    rank = found_rank(case, ranks)
    gained = sum(_discounted(target.gain, rank) for target, rank in zip(targets, ranks, strict=True))
    best = sorted((target.gain for target in targets), reverse=True)
    ideal = sum(_discounted(gain, place) for place, gain in enumerate(best, start=1))
    return {
        **{FOUND[k]: float(0 < rank <= k) for k in CUTOFFS},
        **{RECALL[k]: sum(rank <= k for rank in met) / len(targets) for k in CUTOFFS},
        MRR: 1 / rank if 0 < rank <= DEPTH else 0.0,
        NDCG: gained / ideal if ideal else 0.0,
    }


def found_rank(case: Case, ranks: Sequence[int]) -> int:
    """The rank at which the question has what it needs; 0 when it never has."""
    met = [rank for rank in ranks if rank]
    if case.all_needed:
        return max(met) if len(met) == len(ranks) else 0
    return min(met, default=0)


def figures(scores: Sequence[Scores]) -> dict[str, Figure]:
    """Each metric's mean over questions: shares with Wilson's interval, others by bootstrap over questions."""
    if not scores:
        return {}
    table = np.array([[row[metric] for metric in METRICS] for row in scores])
    low, high = bootstrap(table)
    result = {}
    for column, metric in enumerate(METRICS):
        value = float(table[:, column].mean())
        interval = (float(low[column]), float(high[column]))
        if np.isin(table[:, column], (0.0, 1.0)).all():  # a share of questions
            interval = wilson(round(float(table[:, column].sum())), len(scores))
        result[metric] = Figure(value, *interval)
    return result


def bootstrap(table: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95% percentile intervals of the column means of (questions, metrics), resampling questions with a fixed seed."""
    draw = np.random.default_rng(_SEED)
    count = len(table)
    means = np.stack([table[draw.integers(count, size=count)].mean(axis=0) for _ in range(_RESAMPLES)])
    return np.quantile(means, 0.025, axis=0), np.quantile(means, 0.975, axis=0)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95% interval of a share (Wilson 1927)."""
    if not count:
        return 0.0, 1.0
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    # rounding may leave an end a hair on the wrong side of a share of none or all
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))


def _first(target: Target, hits: Sequence[Hit]) -> int:
    return next((rank for rank, hit in enumerate(hits, 1) if any(place.is_met_by(hit) for place in target.places)), 0)


def _discounted(gain: float, rank: int) -> float:
    return gain / math.log2(rank + 1) if 0 < rank <= DEPTH else 0.0
