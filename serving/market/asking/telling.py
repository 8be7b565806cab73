"""Answers a question about prices in words: figure, period, definition, file and rows."""

from collections.abc import Callable

import numpy as np

from serving.market.asking.evidence import PriceWriter, place_of
from serving.market.asking.wishes import Kind, Wish
from serving.market.charts import Spec, drawdown_chart, prices_chart, returns_chart
from serving.market.measures import maximum_drawdown, relation, volatility
from serving.market.projections.candidates import LEVELS
from serving.market.projections.drawing import projection_chart
from serving.market.projections.projecting import Projection
from serving.market.series import Prices
from serving.market.summary import NO_ADVICE

Project = Callable[[Prices, int], Projection]


def tell(wish: Wish, writer: PriceWriter, project: Project) -> Spec:
    """Say the answer to the writer and give its chart. Raises MarketDataError where prices don't answer."""
    prices = wish.prices.between(wish.span.since, wish.span.until)
    if wish.kind is Kind.PROJECTION:
        return _projection(writer, project(prices, wish.days))
    if wish.kind is Kind.RELATION and wish.against is not None:
        _relation(writer, prices, wish.against.between(wish.span.since, wish.span.until))
    else:
        _SAYING[wish.kind](writer, prices)
    _basis(writer, prices, NO_ADVICE)
    drawn = {Kind.VOLATILITY: returns_chart, Kind.DRAWDOWN: drawdown_chart}
    return drawn.get(wish.kind, prices_chart)(prices)


def _change(writer: PriceWriter, prices: Prices) -> None:
    last = len(prices) - 1
    change = float(prices.close[-1] / prices.close[0] - 1)
    writer.say(f"{prices.symbol}'s close went from ").close(prices, 0).say(" on ").when(prices, 0)
    writer.say(" to ").close(prices, last).say(" on ").when(prices, last).say(": ")
    cells = (writer.cell(prices, last), writer.cell(prices, 0))
    writer.computed(f"{change:+.2%}", f"{prices.close[-1]:g} / {prices.close[0]:g} - 1", cells)
    writer.say(" (last close over the first, less one; without dividends unless the file adjusts for them)")


def _extremes(writer: PriceWriter, prices: Prices) -> None:
    _high(writer, prices)
    writer.say("; the lowest was ")
    low = int(np.argmin(prices.close))
    writer.close(prices, low).say(" on ").when(prices, low)


def _high(writer: PriceWriter, prices: Prices) -> None:
    _extreme(writer, prices, int(np.argmax(prices.close)), "highest")


def _low(writer: PriceWriter, prices: Prices) -> None:
    _extreme(writer, prices, int(np.argmin(prices.close)), "lowest")


def _extreme(writer: PriceWriter, prices: Prices, at: int, which: str) -> None:
    writer.say(f"{prices.symbol}'s {which} close {_period(prices)} was ").close(prices, at).say(" on ").when(prices, at)


def _average(writer: PriceWriter, prices: Prices) -> None:
    writer.say(f"{prices.symbol}'s average close {_period(prices)} was ")
    writer.computed(f"{float(np.mean(prices.close)):,.2f}", f"sum of {len(prices):,} closes / {len(prices):,}")
    writer.say(" (arithmetic mean of the closing prices)")
    writer.cell(prices, len(prices) - 1)


def _close(writer: PriceWriter, prices: Prices) -> None:
    last = len(prices) - 1
    writer.say(f"{prices.symbol} closed at ").close(prices, last).say(" on ").when(prices, last)


def _volatility(writer: PriceWriter, prices: Prices) -> None:
    found = volatility(prices)
    writer.say(f"{prices.symbol}'s volatility {_period(prices)} was ")
    writer.computed(f"{found.value:.2%}", found.definition).say(" a year: ")
    writer.computed(found.definition, "count of the returns and of the periods a year")
    writer.cell(prices, 0)
    writer.cell(prices, len(prices) - 1)


def _drawdown(writer: PriceWriter, prices: Prices) -> None:
    found = maximum_drawdown(prices)
    if not found.depth:
        writer.say(f"{prices.symbol}'s close never fell {_period(prices)}")
        return
    peak, trough = (int(np.searchsorted(prices.dates, np.datetime64(one))) for one in (found.peak, found.trough))
    writer.say(f"{prices.symbol}'s largest fall {_period(prices)} was ")
    cells = (writer.cell(prices, trough), writer.cell(prices, peak))
    writer.computed(f"{found.depth:.2%}", f"{found.trough_close:g} / {found.peak_close:g} - 1", cells).say(", from ")
    writer.close(prices, peak).say(" on ").when(prices, peak).say(" to ").close(prices, trough).say(" on ")
    writer.when(prices, trough).say(f" ({found.definition})")


def _relation(writer: PriceWriter, prices: Prices, against: Prices) -> None:
    found = relation(prices, against)
    writer.say(f"{prices.symbol}'s beta to {found.against} from {found.first} to {found.last} was ")
    writer.computed(f"{found.beta:.2f}", found.definition).say(", its correlation ")
    writer.computed(f"{found.correlation:.2f}", found.definition).say(" (")
    writer.computed(found.definition, "count of the common returns").say(")")
    writer.cell(prices, 0)
    writer.cell(prices, len(prices) - 1)


_SAYING: dict[Kind, Callable[[PriceWriter, Prices], None]] = {
    Kind.CHANGE: _change,
    Kind.EXTREMES: _extremes,
    Kind.HIGH: _high,
    Kind.LOW: _low,
    Kind.AVERAGE: _average,
    Kind.CLOSE: _close,
    Kind.VOLATILITY: _volatility,
    Kind.DRAWDOWN: _drawdown,
}


def _projection(writer: PriceWriter, found: Projection) -> Spec:
    prices, made, score = found.prices, found.forecast, found.backtest.score
    how = f"{found.backtest.chosen} model fitted to {len(prices):,} closing prices"
    writer.say(f"{prices.symbol}'s close projected to {found.until} is ")
    writer.computed(f"{made.middle[-1]:,.2f}", how).say(" in the middle")
    for level in LEVELS:
        writer.say(f"; the {level}% interval goes from ")
        writer.computed(f"{made.low[level][-1]:,.2f} to {made.high[level][-1]:,.2f}", f"{level}% interval of the {how}")
        writer.say(" and held ").computed(
            f"{score.coverage[level]:.0%}", "share of later closes within, in the backtest"
        )
        writer.say(" of what came in the backtest")
    writer.say(". The last close was ").close(prices, len(prices) - 1).say(" on ").when(prices, len(prices) - 1)
    writer.cite().say(". ").computed(found.verdict, "mean absolute errors in the backtest, relative to naive").say(" ")
    _rows(writer, prices)
    writer.say(f" {found.advice}")
    return projection_chart(found)


def _basis(writer: PriceWriter, prices: Prices, advice: str) -> None:
    writer.cite().say(". ")
    _rows(writer, prices)
    writer.say(f" {advice}")


def _rows(writer: PriceWriter, prices: Prices) -> None:
    count = "price" if len(prices) == 1 else "prices"
    writer.computed(f"Read {len(prices):,} closing {count}: {place_of(prices)}.", "count of the rows read")


def _period(prices: Prices) -> str:
    return f"from {prices.first} to {prices.last}"
