"""The bodies of the market routes."""

from datetime import date
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, Field, RootModel

from serving.market.charts import Average
from serving.market.measures import Drawdown, Relation, Volatility
from serving.market.provider import Catalogue
from serving.market.series import Prices, gaps
from serving.market.summary import NO_ADVICE, Summary


class ChartReply(RootModel[dict[str, Any]]):
    """A Vega-Lite 5 specification with its data in it."""


class SymbolReply(BaseModel):
    """A symbol that there are prices of."""

    symbol: str = Field(examples=["LKFD"])
    company: str = Field(description="Empty where it isn't known.", examples=["Larkfield"])
    source: str = Field(description="The file that has the prices.", examples=["prices.csv"])
    first: date
    last: date
    observations: int = Field(description="Days with a closing price.")
    notes: list[str] = Field(description="What the file lacks: gaps, days without a price.")

    @classmethod
    def of(cls, prices: Prices) -> Self:
        """From the record."""
        return cls(
            symbol=prices.symbol,
            company=prices.company,
            source=prices.source,
            first=prices.first,
            last=prices.last,
            observations=len(prices),
            notes=[*prices.notes, *gaps(prices.dates)],
        )


class SymbolsReply(BaseModel):
    """All symbols that the caller may read."""

    symbols: list[SymbolReply]
    problems: list[str] = Field(description="Files that were left out, and why.")

    @classmethod
    def of(cls, found: Catalogue) -> Self:
        """From the record."""
        return cls(symbols=[SymbolReply.of(one) for one in found.prices.values()], problems=list(found.problems))


class AverageReply(BaseModel):
    """A moving average."""

    window: int = Field(description="Prices that it is over.")
    kind: str = Field(examples=["simple", "exponential"])
    values: list[float | None] = Field(description="One a day, in the prices' currency; null where there is none yet.")


class PricesReply(BaseModel):
    """A symbol's prices, oldest first."""

    symbol: str
    source: str
    dates: list[date]
    close: list[float] = Field(description="In the file's currency.")
    more: dict[str, list[float | None]] = Field(description="open, high, low, volume as far as the file has them.")
    averages: list[AverageReply]

    @classmethod
    def of(cls, prices: Prices, averages: list[Average]) -> Self:
        """From the record."""
        return cls(
            symbol=prices.symbol,
            source=prices.source,
            dates=prices.dates.astype("datetime64[D]").tolist(),
            close=prices.close.tolist(),
            more={name: _numbers(values.tolist()) for name, values in prices.more.items()},
            averages=[
                AverageReply(
                    window=average.window,
                    kind="exponential" if average.exponential else "simple",
                    values=_numbers(average.of(prices.close).tolist()),
                )
                for average in averages
            ],
        )


class VolatilityReply(BaseModel):
    """Annualised volatility."""

    value: float = Field(description="A fraction a year: 0.2 is 20%.")
    periods_a_year: int = Field(examples=[252])
    returns: int
    definition: str

    @classmethod
    def of(cls, found: Volatility) -> Self:
        """From the record."""
        return cls(
            value=found.value,
            periods_a_year=found.frequency.periods,
            returns=found.returns,
            definition=found.definition,
        )


class DrawdownReply(BaseModel):
    """The largest fall from a high to a later low."""

    depth: float = Field(description="A fraction, 0 or less: -0.3 is 30% below the high.")
    peak: date
    peak_close: float
    trough: date
    trough_close: float
    recovery: date | None = Field(description="The first day at or above the high again; null: none in this period.")
    definition: str

    @classmethod
    def of(cls, found: Drawdown) -> Self:
        """From the record."""
        return cls(
            depth=found.depth,
            peak=found.peak,
            peak_close=found.peak_close,
            trough=found.trough,
            trough_close=found.trough_close,
            recovery=found.recovery,
            definition=found.definition,
        )


class RelationReply(BaseModel):
    """How a symbol moved with another."""

    against: str
    beta: float
    correlation: float
    returns: int
    first: date
    last: date
    definition: str

    @classmethod
    def of(cls, found: Relation) -> Self:
        """From the record."""
        return cls(
            against=found.against,
            beta=found.beta,
            correlation=found.correlation,
            returns=found.returns,
            first=found.first,
            last=found.last,
            definition=found.definition,
        )


class MeasuresReply(BaseModel):
    """A symbol over a period."""

    symbol: str
    company: str
    source: str
    first: date
    last: date
    observations: int
    first_close: float
    last_close: float
    change: float = Field(description="Last close over the first, less 1: 0.1 is 10% up.")
    high: float
    high_on: date
    low: float
    low_on: date
    volatility: VolatilityReply | None = Field(description="Null below three prices.")
    drawdown: DrawdownReply
    relation: RelationReply | None = Field(description="Null unless `against` is given.")
    notes: list[str]
    advice: str = Field(examples=[NO_ADVICE])

    @classmethod
    def of(cls, found: Summary) -> Self:
        """From the record."""
        return cls(
            symbol=found.symbol,
            company=found.company,
            source=found.source,
            first=found.first,
            last=found.last,
            observations=found.observations,
            first_close=found.first_close,
            last_close=found.last_close,
            change=found.change,
            high=found.high,
            high_on=found.high_on,
            low=found.low,
            low_on=found.low_on,
            volatility=VolatilityReply.of(found.volatility) if found.volatility else None,
            drawdown=DrawdownReply.of(found.drawdown),
            relation=RelationReply.of(found.relation) if found.relation else None,
            notes=list(found.notes),
            advice=found.advice,
        )


def _numbers(values: list[float]) -> list[float | None]:
    """NaN isn't JSON."""
    return [None if np.isnan(value) else value for value in values]
