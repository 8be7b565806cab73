"""Projections: what the backtest measures, which model it takes, and what is refused."""

import json
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from dossier.errors import BusyError, MarketDataError, QuestionError
from serving.market.projections.backtest import FEWEST_BEFORE, fewest, origins_of, run_backtest
from serving.market.projections.candidates import CANDIDATES, LEVELS, NAIVE, forecast
from serving.market.projections.drawing import projection_chart
from serving.market.projections.projecting import MOST_PRICES, Projection, Projector, days_after, newest, project
from serving.market.projections.telling import projection_lines, projection_record
from serving.market.series import Prices, Values

pytestmark = pytest.mark.slow
DAYS = 5
COUNT = fewest(DAYS) + 4


def walk(count: int, seed: int = 7) -> Values:
    """A price of which nothing can be known but its last value."""
    return 50 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, count)))


def trend(count: int) -> Values:
    """A price that goes on as it did."""
    noise = np.random.default_rng(3).normal(0, 0.002, count)
    return 50 * np.exp(0.004 * np.arange(count) + noise)


def prices_of(close: Values, step: int = 1) -> Prices:
    every = np.busday_offset("2020-01-01", np.arange(len(close)), roll="forward") if step == 1 else None
    dates = np.datetime64("2020-01-01") + np.arange(len(close)) * step if every is None else every
    return Prices("X", np.asarray(dates, dtype="datetime64[D]"), close, {}, Path("x.csv"), "x.csv")


@pytest.fixture(scope="module")
def walked() -> Projection:
    return project(prices_of(walk(COUNT)), DAYS)


@pytest.fixture(scope="module")
def trended() -> Projection:
    return project(prices_of(trend(COUNT)), DAYS)


def test_origins_leave_enough_before_and_the_days_behind() -> None:
    found = origins_of(fewest(20), 20)
    assert (found[0], found[-1], len(found)) == (FEWEST_BEFORE, fewest(20) - 20, 8)
    assert {b - a for a, b in zip(found, found[1:], strict=False)} == {10}
    assert len(origins_of(10_000, 20)) == 20


def test_the_naive_projection_is_the_last_close() -> None:
    close = walk(150)
    found = forecast(NAIVE, close, 3)
    assert found.middle == pytest.approx([close[-1]] * 3)
    # a random walk: the interval's width in logarithms grows with the root of the days
    widths = np.log(found.high[95] / found.low[95])
    assert widths[2] / widths[0] == pytest.approx(3**0.5, rel=1e-6)
    steps = np.diff(np.log(close))
    assert widths[0] / 2 == pytest.approx(1.96 * np.sqrt(np.mean(steps**2)), rel=0.05)


def test_naive_errors_by_hand() -> None:
    close = walk(COUNT)
    found = run_backtest("X", close, DAYS, lambda _: None)
    naive = found.scores[0]
    assert (naive.model, naive.error, naive.earlier, naive.later) == (NAIVE, 1, 1, 1)
    scaled = [
        np.mean(np.abs(close[at : at + DAYS] - close[at - 1])) / np.mean(np.abs(np.diff(close[:at])))
        for at in origins_of(len(close), DAYS)
    ]
    assert naive.scaled_error == pytest.approx(np.mean(scaled))


def test_coverage_is_measured_and_about_what_the_interval_says(walked: Projection) -> None:
    naive = walked.backtest.scores[0]
    assert 0.6 < naive.coverage[80] < 0.97 and 0.85 < naive.coverage[95] <= 1
    # counted again from the forecasts themselves
    close = walk(COUNT)
    inside = [
        (made.low[80] <= close[at : at + DAYS]) & (close[at : at + DAYS] <= made.high[80])
        for at in origins_of(len(close), DAYS)
        for made in [forecast(NAIVE, close[:at], DAYS)]
    ]
    assert naive.coverage[80] == pytest.approx(np.mean(inside))


def test_nothing_beats_naive_on_a_random_walk_and_it_says_so(walked: Projection) -> None:
    assert walked.backtest.chosen == NAIVE
    assert "clearly beat the naive projection" in walked.verdict
    assert walked.forecast.middle == pytest.approx([walk(COUNT)[-1]] * DAYS)


def test_a_trend_is_found_by_a_model_that_beats_naive(trended: Projection) -> None:
    assert trended.backtest.chosen != NAIVE
    assert trended.backtest.score.later < 0.9
    assert f"{trended.backtest.score.error:.2f} times" in trended.verdict
    goes_on = trend(COUNT)[-1] * np.exp(0.004 * np.arange(1, DAYS + 1))
    assert trended.forecast.middle == pytest.approx(goes_on, rel=0.02)


def test_no_model_sees_what_comes_after_its_origin() -> None:
    close = walk(COUNT)
    changed = close.copy()
    changed[-DAYS:] *= 3
    one, other = (run_backtest("X", series, DAYS, lambda _: None) for series in (close, changed))
    # only the last origins' outcomes differ; the earlier half, which chooses, is the same
    assert [score.earlier for score in one.scores] == [score.earlier for score in other.scores]
    assert one.scores[0].coverage != other.scores[0].coverage


def test_intervals_hold_each_other_and_the_days_are_weekdays(walked: Projection) -> None:
    made = walked.forecast
    assert (made.low[95] < made.low[80]).all() and (made.low[80] < made.middle).all()
    assert (made.middle < made.high[80]).all() and (made.high[80] < made.high[95]).all()
    assert np.is_busday(walked.dates).all() and len(walked.dates) == DAYS
    assert walked.prices.last < date.fromisoformat(str(walked.dates[0])) and walked.until.isoformat()


def test_days_after_a_friday_and_of_prices_on_week_ends() -> None:
    friday = np.array(["2024-05-30", "2024-05-31"], dtype="datetime64[D]")
    assert days_after(friday, 2, weekends=False).astype(str).tolist() == ["2024-06-03", "2024-06-04"]
    assert days_after(friday, 2, weekends=True).astype(str).tolist() == ["2024-06-01", "2024-06-02"]


def test_what_cant_be_projected_is_refused_with_what_to_do() -> None:
    with pytest.raises(MarketDataError, match=f"X has {fewest(20) - 1} closing prices .* needs {fewest(20)}"):
        project(prices_of(walk(fewest(20) - 1)), 20)
    with pytest.raises(MarketDataError, match="never changes"):
        project(prices_of(np.full(200, 5.0)), DAYS)
    with pytest.raises(MarketDataError, match="made every week"):
        project(prices_of(walk(200), step=7), DAYS)
    for days in (0, 61, -3):
        with pytest.raises(QuestionError, match="Take 1 to 60"):
            project(prices_of(walk(200)), days)


def test_only_the_newest_prices_are_used() -> None:
    prices = prices_of(walk(MOST_PRICES + 50))
    assert newest(prices).close.tolist() == prices.close[50:].tolist()
    short = prices_of(walk(10))
    assert newest(short) is short


def test_a_projection_is_kept_until_prices_change(walked: Projection) -> None:
    projector = Projector()
    first = projector.project(prices_of(walk(COUNT)), DAYS)
    assert projector.project(prices_of(walk(COUNT)), DAYS) is first
    assert projector.project(prices_of(walk(COUNT)), 1) is not first
    assert first.forecast.middle == pytest.approx(walked.forecast.middle)


def test_who_comes_when_others_wait_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A waiting projection holds a thread that other questions need."""
    projector, gate = Projector(), threading.Event()

    def slowly(prices: Prices, days: int) -> str:
        gate.wait()
        return f"{days}"

    monkeypatch.setattr("serving.market.projections.projecting.project", slowly)
    prices = prices_of(walk(COUNT))
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(projector.project, prices, days) for days in (1, 2, 3)]
        while projector._room._value:
            time.sleep(0.01)
        with pytest.raises(BusyError, match="Ask again"):
            projector.project(prices, 4)
        gate.set()
        assert [one.result() for one in waiting] == ["1", "2", "3"]
    assert projector.project(prices, 4) == "4"


def test_words_and_record_say_the_same(trended: Projection) -> None:
    text = "\n".join(projection_lines(trended))
    assert f"{trended.forecast.middle[-1]:,.2f}" in text and "not investment advice" in text
    assert trended.verdict in text and "below 1 is better than naive" in text and "random walk" in text
    record = json.loads(json.dumps(projection_record(trended), allow_nan=False))
    assert record["middle"] == pytest.approx(trended.forecast.middle.tolist())
    assert [one["level"] for one in record["intervals"]] == [level / 100 for level in LEVELS]
    assert [one["model"] for one in record["backtest"]["models"]] == list(CANDIDATES)
    assert record["dates"][-1] == trended.until.isoformat()


def test_the_chart_has_history_bands_and_nothing_from_elsewhere(trended: Projection) -> None:
    spec = projection_chart(trended)
    values = spec["data"]["values"]
    series = {one["series"] for one in values}
    assert series == {"close", "projected", "80% interval", "95% interval"}
    band = [one for one in values if one["series"] == "95% interval"]
    assert [one["value"] for one in band] == pytest.approx(trended.forecast.low[95].tolist())
    assert [one["to"] for one in band] == pytest.approx(trended.forecast.high[95].tolist())
    assert "http" not in json.dumps({**spec, "$schema": ""}, allow_nan=False)
    altair = pytest.importorskip("altair", reason="altair isn't installed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        altair.Chart.from_dict(spec)
