"""Intervals are honest about questions that stand and fall together."""

import numpy as np
import pytest

from training.evaluation.intervals import FEWEST, by_chance, clustered, of_few, student


def test_questions_on_one_page_count_as_little_more_than_one() -> None:
    values = [float(page % 2) for page in range(20) for _ in range(10)]
    alone = clustered(values, range(200))
    together = clustered(values, [page for page in range(20) for _ in range(10)])
    assert alone.value == together.value == 0.5
    assert together.high - together.low > 2.5 * (alone.high - alone.low)


def test_few_pages_claim_nothing() -> None:
    found = clustered([1.0] * 40, [at % (FEWEST - 1) for at in range(40)], (-1, 1))
    assert (found.value, found.low, found.high) == (1, -1, 1)
    assert clustered([], []).high == 1


def test_a_share_of_all_is_not_certain() -> None:
    found = clustered([1.0] * 60, [at // 3 for at in range(60)])
    assert (found.value, found.high) == (1, 1)
    assert 0.8 < found.low < 0.9  # twenty pages, whatever the number of their questions
    none = clustered([0.0] * 20, range(20))
    assert (none.low, none.value) == (0, 0) and none.high > 0.1


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(4)
    held = 0
    for _ in range(100):
        pages = drawn.normal(0.2, 0.3, size=25)
        values = [float(page + noise) for page in pages for noise in drawn.normal(0, 0.1, size=4)]
        found = clustered(values, [page for page in range(25) for _ in range(4)], (-9, 9))
        held += found.low <= 0.2 <= found.high
    assert 86 <= held <= 100


def test_pages_of_different_sizes_weigh_by_their_questions() -> None:
    clusters = [0] * 30 + list(range(1, 11))
    found = clustered([1.0] * 30 + [0.0] * 10, clusters)
    assert found.value == pytest.approx(0.75)
    assert found.low == 0 or found.low < 0.5  # without the large page nothing is right


def test_chance_is_told_from_a_gain() -> None:
    assert by_chance([1.0] * 20, range(20)) < 0.001
    assert by_chance([1.0, -1.0] * 10, range(20)) > 0.5
    # ten gains on one page are one observation
    assert by_chance([1.0] * 10, [0] * 10) == 1


def test_ten_values_get_an_interval_that_holds_what_it_says() -> None:
    """Resampled, ten values' intervals hold the mean in 90% of cases only."""
    drawn = np.random.default_rng(8)
    samples = [list(map(float, drawn.normal(0.05, 0.03, 10))) for _ in range(1000)]
    held = sum(found.low <= 0.05 <= found.high for found in (of_few(one, (-1, 1)) for one in samples))
    resampled = sum(
        found.low <= 0.05 <= found.high for found in (clustered(one, range(10), (-1, 1)) for one in samples[:300])
    )
    assert 930 <= held <= 970 and resampled < 285
    wider = of_few(samples[0], (-1, 1), together=93)
    assert wider.high - wider.value > 2 * (of_few(samples[0], (-1, 1)).high - wider.value)
    assert of_few(samples[0][:9], (-1, 1)).low == -1


@pytest.mark.parametrize(("share", "freedom", "point"), [(0.975, 9, 2.2622), (0.995, 9, 3.2498), (0.9995, 19, 3.8834)])
def test_students_points_are_those_of_tables(share: float, freedom: int, point: float) -> None:
    assert student(share, freedom) == pytest.approx(point, rel=1e-3)
