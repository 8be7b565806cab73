"""The measures against values computed by hand, against pandas, and by what must always hold."""

import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.errors import MarketDataError
from serving.market.measures import (
    drawdowns,
    exponential_average,
    frequency_of,
    log_returns,
    maximum_drawdown,
    relation,
    simple_average,
    simple_returns,
    volatility,
)
from serving.market.provider import FolderPrices
from serving.market.series import Prices
from serving.market.summary import summary_of

CLOSES = st.lists(st.floats(0.01, 1e6), min_size=3, max_size=60)


def prices_of(close: list[float], start: str = "2024-01-01", step: int = 1, symbol: str = "X") -> Prices:
    dates = np.datetime64(start, "D") + np.arange(len(close)) * step
    return Prices(symbol, dates, np.array(close, dtype=np.float64), {}, Path("x.csv"), "x.csv")


def weekdays(close: list[float]) -> Prices:
    every = np.arange("2024-01-01", "2030-01-01", dtype="datetime64[D]")
    dates = every[np.is_busday(every)][: len(close)]
    return Prices("X", dates, np.array(close, dtype=np.float64), {}, Path("x.csv"), "x.csv")


def test_returns_by_hand() -> None:
    close = np.array([100.0, 110.0, 99.0])
    assert simple_returns(close) == pytest.approx([0.1, -0.1])
    assert log_returns(close) == pytest.approx([0.0953101798, -0.1053605157])


def test_volatility_by_hand() -> None:
    found = volatility(weekdays([100, 110, 99]))
    # deviations from the mean are +-0.10033534775; their squares' sum over 2 - 1 has the root 0.14189561...
    assert found.value == pytest.approx(0.141895609568 * math.sqrt(252), rel=1e-9)
    assert (found.frequency.periods, found.returns) == (252, 2)
    assert "2 log returns" in found.definition and "252 trading days a year" in found.definition


@pytest.mark.parametrize(
    ("step", "periods", "unit"), [(1, 365, "days"), (7, 52, "weeks"), (30, 12, "months"), (91, 4, "quarters")]
)
def test_periods_a_year_are_found_from_the_dates(step: int, periods: int, unit: str) -> None:
    found = frequency_of(prices_of([1.0] * 30, step=step).dates)
    assert (found.periods, found.unit) == (periods, unit)


def test_weekdays_yearly_and_odd_steps() -> None:
    assert frequency_of(weekdays([1.0] * 20).dates).periods == 252
    assert frequency_of(prices_of([1.0] * 5, step=365).dates).periods == 1
    with pytest.raises(MarketDataError, match="15 days apart"):
        frequency_of(prices_of([1.0] * 5, step=15).dates)
    with pytest.raises(MarketDataError, match="one price alone"):
        frequency_of(prices_of([1.0]).dates)


def test_drawdown_by_hand() -> None:
    found = maximum_drawdown(prices_of([100, 120, 90, 110, 60, 130, 125]))
    assert found.depth == pytest.approx(-0.5)
    assert (found.peak, found.peak_close) == (date(2024, 1, 2), 120)
    assert (found.trough, found.trough_close) == (date(2024, 1, 5), 60)
    assert found.recovery == date(2024, 1, 6)


def test_drawdown_without_recovery_without_a_fall_and_with_equal_highs() -> None:
    assert maximum_drawdown(prices_of([10, 5, 9])).recovery is None
    rising = maximum_drawdown(prices_of([1, 2, 2, 3]))
    assert (rising.depth, rising.peak, rising.trough, rising.recovery) == (0, *[date(2024, 1, 1)] * 2, None)
    assert maximum_drawdown(prices_of([8, 10, 9, 10, 5])).peak == date(2024, 1, 4)


def test_averages_by_hand() -> None:
    close = np.array([1.0, 2.0, 3.0, 6.0])
    assert np.isnan(simple_average(close, 3)[:2]).all()
    assert simple_average(close, 3)[2:] == pytest.approx([2, 11 / 3])
    assert np.isnan(simple_average(close, 5)).all()
    assert exponential_average(close, 3) == pytest.approx([1, 1.5, 2.25, 4.125])
    for average in (simple_average, exponential_average):
        with pytest.raises(MarketDataError, match="over 0 prices"):
            average(close, 0)


def test_beta_by_hand_on_common_days_alone() -> None:
    market = prices_of([100, 110, 99, 108.9], symbol="M")  # 10%, -10%, 10%
    own = prices_of([50, 60, 48, 57.6, 99], symbol="X")  # 20%, -20%, 20%, and a day that the other lacks
    found = relation(own, market)
    assert (found.beta, found.correlation, found.returns) == (pytest.approx(2), pytest.approx(1), 3)
    assert (found.first, found.last) == (date(2024, 1, 1), date(2024, 1, 4))
    late = prices_of([1, 2, 3], start="2024-01-03")
    with pytest.raises(MarketDataError, match="together has 2 in this period"):
        relation(late, market)
    with pytest.raises(MarketDataError, match="M's returns are all the same"):
        relation(own, prices_of([5, 5, 5, 5], symbol="M"))


def test_too_few_prices_are_told() -> None:
    with pytest.raises(MarketDataError, match="Volatility needs 3 closing prices; X has 2"):
        volatility(prices_of([1, 2]))
    short = summary_of(prices_of([1, 2]))
    assert short.volatility is None and short.change == 1


@pytest.mark.slow
@given(CLOSES)
def test_log_returns_add_up_to_the_whole_return(close: list[float]) -> None:
    array = np.array(close)
    assert float(np.sum(log_returns(array))) == pytest.approx(math.log(close[-1] / close[0]), abs=1e-9)
    assert np.log1p(simple_returns(array)) == pytest.approx(log_returns(array), abs=1e-6)


@pytest.mark.slow
@given(CLOSES, st.floats(0.01, 100))
def test_measures_dont_depend_on_the_currency(close: list[float], rate: float) -> None:
    one, other = weekdays(close), weekdays([price * rate for price in close])
    assert volatility(one).value == pytest.approx(volatility(other).value, abs=1e-6)
    assert maximum_drawdown(one).depth == pytest.approx(maximum_drawdown(other).depth, abs=1e-9)


@pytest.mark.slow
@given(CLOSES)
def test_no_fall_is_larger_than_the_maximum_drawdown(close: list[float]) -> None:
    found = maximum_drawdown(prices_of(close))
    worst = min(later / high - 1 for at, high in enumerate(close) for later in close[at:])
    assert found.depth == pytest.approx(worst, abs=1e-12)
    assert found.peak <= found.trough and -1 < found.depth <= 0
    assert found.trough_close / found.peak_close - 1 == pytest.approx(found.depth)
    assert (drawdowns(np.array(close)) <= 0).all()


@pytest.mark.slow
@given(CLOSES, st.integers(1, 70))
def test_averages_lie_between_lowest_and_highest(close: list[float], window: int) -> None:
    array = np.array(close)
    for average in (simple_average(array, window), exponential_average(array, window)):
        there = average[~np.isnan(average)]
        assert (there >= array.min() * (1 - 1e-9)).all() and (there <= array.max() * (1 + 1e-9)).all()
    assert simple_average(array, 1) == pytest.approx(close)


@pytest.mark.slow
@given(CLOSES)
def test_a_symbol_moves_with_itself(close: list[float]) -> None:
    prices = prices_of(close)
    if np.ptp(simple_returns(prices.close)) > 1e-6:
        found = relation(prices, prices)
        assert (found.beta, found.correlation) == (pytest.approx(1), pytest.approx(1))


@pytest.mark.slow
def test_public_prices_give_what_pandas_gives(shared_data: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas isn't installed")
    file = shared_data / "market" / "stockdata.csv"
    if not file.is_file():
        pytest.skip(f"the public prices {file} aren't there")
    frame = pandas.read_csv(file, parse_dates=["Date"]).set_index("Date")
    found = FolderPrices(file.parent).catalogue()
    prices, market = found.of("IBM"), found.of("GSPC")
    own, index = frame["IBM"], frame["GSPC"]
    assert prices.close == pytest.approx(own.to_numpy())
    assert volatility(prices).value == pytest.approx(np.log(own).diff().std() * 252**0.5)
    below = own / own.cummax() - 1
    drawdown = maximum_drawdown(prices)
    assert (drawdown.depth, drawdown.trough) == (pytest.approx(below.min()), below.idxmin().date())
    before = own[: below.idxmin()]
    assert drawdown.peak == before[before == before.max()].index[-1].date()
    assert simple_average(prices.close, 50) == pytest.approx(own.rolling(50).mean().to_numpy(), nan_ok=True)
    smooth = own.ewm(span=20, adjust=False).mean()
    assert exponential_average(prices.close, 20) == pytest.approx(smooth.to_numpy())
    both = frame[["IBM", "GSPC"]].pct_change().dropna()
    compared = relation(prices, market)
    assert compared.beta == pytest.approx(both.cov().loc["IBM", "GSPC"] / index.pct_change().var())
    assert compared.correlation == pytest.approx(both.corr().loc["IBM", "GSPC"])
    assert compared.returns == len(both)
