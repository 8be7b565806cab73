"""The body of a projection."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, Field

from serving.market.projections.drawing import projection_chart
from serving.market.projections.projecting import NO_ADVICE, Projection
from serving.market.projections.telling import projection_record


class IntervalReply(BaseModel):
    """A prediction interval, a value a day."""

    level: float = Field(description="Share of outcomes that it is made to hold.", examples=[0.8])
    low: list[float] = Field(description="In the prices' currency.")
    high: list[float]


class CoverageReply(BaseModel):
    """What an interval held in the backtest."""

    level: float
    held: float = Field(description="A fraction of the later closes.")


class ScoreReply(BaseModel):
    """How a model did on earlier prices. Errors are null where it couldn't be fitted."""

    model: str = Field(examples=["ARIMA"])
    definition: str
    error: float | None = Field(description="Relative to naive; below 1 is better.")
    scaled_error: float | None
    error_on_earlier_half: float | None = Field(description="Of the origins that choose.")
    error_on_later_half: float | None = Field(description="Of the origins that confirm the choice.")
    gain_in_standard_errors: float | None = Field(description="Over naive; a model needs 2 to be taken.")
    coverage: list[CoverageReply]
    problem: str = Field(description="Why the model is out; empty: it isn't.")


class BacktestReply(BaseModel):
    """The models on the same earlier days."""

    origins: int = Field(description="Days from which was projected, with what was known then.")
    models: list[ScoreReply]
    error_definition: str
    scaled_error_definition: str
    coverage_definition: str


class ProjectionReply(BaseModel):
    """Closing prices of the coming days."""

    symbol: str
    company: str
    source: str
    first: date = Field(description="First day of the prices that it is made from.")
    last: date
    observations: int
    last_close: float
    model: str = Field(description="The model that it comes from; `naive` where none beats the last close.")
    verdict: str = Field(description="Which model was taken and why, in plain words.")
    dates: list[date]
    middle: list[float] = Field(description="Median, in the prices' currency.")
    intervals: list[IntervalReply]
    backtest: BacktestReply
    notes: list[str]
    advice: str = Field(examples=[NO_ADVICE])
    chart: dict[str, Any] = Field(description="A Vega-Lite 5 specification with its data in it.")

    @classmethod
    def of(cls, found: Projection) -> Self:
        """From the record."""
        return cls.model_validate({**projection_record(found), "chart": projection_chart(found)})
