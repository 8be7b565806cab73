"""The bodies of the route for holdings."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from serving.api.schemas import Body
from serving.market.risk.holdings import MOST_HOLDINGS, Holding, checked_holdings
from serving.market.risk.measuring import Risk
from serving.market.risk.telling import risk_record
from serving.market.summary import NO_ADVICE


class HoldingBody(Body):
    """One holding."""

    symbol: str = Field(max_length=20, examples=["LKFD"])
    quantity: float = Field(gt=0, description="Shares; parts of one too.", examples=[120])


class RiskBody(Body):
    """Holdings, and over which period they are measured."""

    holdings: list[HoldingBody] = Field(min_length=1, max_length=MOST_HOLDINGS)
    against: str = Field("", max_length=20, description="Symbol of the market, for betas and scenarios.")
    since: date | None = Field(None, alias="from", description="First day; left out: the first there is.")
    until: date | None = Field(None, alias="to", description="Last day; left out: the last there is.")

    def checked(self) -> tuple[Holding, ...]:
        """The records. Raises MarketDataError."""
        named = [Holding(one.symbol.strip().upper(), one.quantity) for one in self.holdings]
        return checked_holdings(named, "the list")


class PositionReply(BaseModel):
    """One holding, measured."""

    symbol: str
    company: str
    source: str
    quantity: float
    close: float = Field(description="On the last day on which all holdings have a price.")
    value: float
    weight: float = Field(description="A fraction of all.")
    volatility: float = Field(description="A fraction a year.")
    beta: float | None = Field(description="Null without a market.")
    worst: float = Field(description="Its worst return from one price to the next, a fraction.")
    worst_on: date


class TailLossReply(BaseModel):
    """What may be lost from one price to the next."""

    level: float = Field(examples=[0.95])
    at_risk: float = Field(description="Value-at-risk, a fraction of the value.")
    shortfall: float = Field(description="Expected shortfall, a fraction of the value.")
    at_risk_amount: float
    shortfall_amount: float


class ScenarioReply(BaseModel):
    """What would happen to the value."""

    name: str
    change: float = Field(description="A fraction of the value.")
    amount: float


class RiskReply(BaseModel):
    """Holdings over a period. Amounts are in the files' currency."""

    positions: list[PositionReply]
    total: float
    first: date
    last: date = Field(description="The day of the valuation.")
    returns: int
    unit: str = Field(examples=["trading days"])
    volatility: float = Field(description="Of all together, a fraction a year.")
    correlation: list[list[float]] = Field(description="A row and a column for each position, in their order.")
    losses: list[TailLossReply]
    scenarios: list[ScenarioReply]
    market: str
    definitions: dict[str, str]
    notes: list[str]
    advice: str = Field(examples=[NO_ADVICE])

    @classmethod
    def of(cls, found: Risk) -> Self:
        """From the record."""
        return cls.model_validate(risk_record(found))
