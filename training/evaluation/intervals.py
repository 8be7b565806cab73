"""Means over questions with intervals that know that questions about one page succeed and fail together."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev

import numpy as np
from numpy.typing import NDArray

from retrieval.evaluation.measures import Figure, wilson

FEWEST = 10
"""With fewer contexts a bootstrap is too sure of itself."""
_RESAMPLES = 4000
_SEED = 20


def clustered(values: Sequence[float], clusters: Sequence[int], span: tuple[float, float] = (0, 1)) -> Figure:
    """Mean with its 95% percentile interval, whole clusters resampled (Davison and Hinkley 1997, section 3.8).

    With fewer than 10 clusters nothing is claimed: the interval is all of `span`. Where a share is none or all, it is
    Wilson's, over clusters.
    """
    if not values:
        return Figure(0.0, *span)
    sums, counts = _by_cluster(values, clusters)
    mean = float(sums.sum() / counts.sum())
    if len(sums) < FEWEST:
        return Figure(mean, min(span[0], mean), max(span[1], mean))
    if span == (0, 1) and mean in (0.0, 1.0):  # resampling what is all alike would claim to be certain
        return Figure(mean, *wilson(round(mean * len(sums)), len(sums)))
    drawn = np.random.default_rng(_SEED).integers(len(sums), size=(_RESAMPLES, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Figure(mean, min(float(low), mean), max(float(high), mean))


def of_few(values: Sequence[float], span: tuple[float, float], together: int = 1) -> Figure:
    """Mean of a few independent values with Student's 95% interval (1908), which the bootstrap's is too narrow for.

    Resampling ten values leaves out that their spread is itself uncertain: its 95% interval holds the mean in some 90%
    of cases (Hesterberg 2015, "What teachers should know about the bootstrap"). `together`: so many intervals are to
    hold at once (Bonferroni; Dunn 1961). With fewer than 10 values nothing is claimed: the interval is all of `span`.
    """
    if len(values) < FEWEST:
        mean = fmean(values) if values else 0.0
        return Figure(mean, min(span[0], mean), max(span[1], mean))
    mean = fmean(values)
    half = student(1 - 0.025 / together, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Figure(mean, max(span[0], mean - half), min(span[1], mean + half))


def student(share: float, freedom: int) -> float:
    """The point below which so large a share of Student's distribution lies; 0.1% too small at most from 9 degrees on.

    Abramowitz and Stegun 1964, 26.7.5.
    """
    z, v = NormalDist().inv_cdf(share), float(freedom)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / v**power for power, term in enumerate(terms, start=1))


def by_chance(differences: Sequence[float], clusters: Sequence[int]) -> float:
    """How likely a mean difference at least so large is if neither model were better: a paired test.

    Whole clusters change sign at random (Fisher's randomisation test; for language, Yeh 2000).
    """
    sums, _ = _by_cluster(differences, clusters)
    signs = np.random.default_rng(_SEED).choice((-1.0, 1.0), size=(_RESAMPLES, len(sums)))
    extreme = np.abs(signs @ sums) >= abs(sums.sum()) - 1e-9
    return float((extreme.sum() + 1) / (_RESAMPLES + 1))


def _by_cluster(values: Sequence[float], clusters: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    _, places = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(places, weights=np.asarray(values, float)).astype(np.float64)
    return sums, np.bincount(places).astype(np.float64)
