"""How well a ranking puts right passages first, and whether a difference between two models is more than chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CUTOFF = 10
DRAWS = 2000
"""Samples of the bootstrap."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean nDCG@10 of the same questions before and after, and the 95% interval of the difference (all 0 to 1)."""

    name: str
    questions: int
    before: float
    after: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """What was gained (negative: lost)."""
        return self.after - self.before

    @property
    def is_better(self) -> bool:
        """Whether the interval of the difference excludes zero, on the good side."""
        return self.questions > 0 and self.low > 0


def ndcg(ranked: Sequence[object], right: frozenset[object]) -> float:
    """nDCG@10 with right or wrong as the only grades (Järvelin and Kekäläinen 2002, section 2.2).

    `ranked` best first; what comes again is skipped, so that several chunks of a page count once.
    """
    places = list(dict.fromkeys(ranked))[:CUTOFF]
    gained = sum(1 / math.log2(place + 2) for place, unit in enumerate(places) if unit in right)
    best = sum(1 / math.log2(place + 2) for place in range(min(len(right), CUTOFF)))
    return gained / best if best else 0.0


def compare(name: str, before: Sequence[float], after: Sequence[float], seed: int = 7) -> Comparison:
    """Compare two models question by question: paired bootstrap (Efron 1979; Sakai 2006) over questions."""
    if len(before) != len(after):
        raise ValueError(f"{len(before)} figures before and {len(after)} after: they must be of the same questions.")
    if not before:
        return Comparison(name, 0, 0.0, 0.0, 0.0, 0.0)
    difference = np.asarray(after, np.float64) - np.asarray(before, np.float64)
    draws = np.random.default_rng(seed).integers(0, len(difference), (DRAWS, len(difference)))
    low, high = np.percentile(difference[draws].mean(axis=1), [2.5, 97.5])
    return Comparison(name, len(before), float(np.mean(before)), float(np.mean(after)), float(low), float(high))


def nearest(queries: NDArray[np.float32], passages: NDArray[np.float32], dimension: int) -> NDArray[np.int64]:
    """Rows of the 50 nearest passages of each query, best first, by the cosine of the first `dimension` values."""
    left, right = _unit(queries[:, :dimension]), _unit(passages[:, :dimension])
    return np.asarray(np.argsort(-(left @ right.T), axis=1, kind="stable")[:, :50], np.int64)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12), np.float32)
