"""Routes for analysts: prices, measures of them, and charts."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.api.market_schemas import ChartReply, MeasuresReply, PricesReply, SymbolsReply
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.projection_schemas import ProjectionReply
from serving.api.risk_schemas import RiskBody, RiskReply
from serving.api.schemas import failures
from serving.api.work import in_short_queue, in_thread
from serving.market.charts import Average, ChartKind, chart_of
from serving.market.projections.projecting import MOST_DAYS, require_projectable
from serving.market.provider import Catalogue
from serving.market.risk.holdings import prices_of_holdings
from serving.market.risk.measuring import risk_of
from serving.market.series import Prices
from serving.market.summary import summary_of
from serving.store import Caller

router = APIRouter(prefix="/v1/market", tags=["market"], route_class=GuardedRoute)

_LONGEST_WINDOW = 2_000
_MOST_AVERAGES = 5
Symbol = Annotated[str, Path(max_length=20, description="As GET /v1/market/symbols lists it; case doesn't matter.")]
From = Annotated[date | None, Query(alias="from", description="First day; left out: the first there is.")]
To = Annotated[date | None, Query(alias="to", description="Last day; left out: the last there is.")]
Window = Annotated[int, Query(ge=1, le=_LONGEST_WINDOW)]
Simple = Annotated[
    list[Window] | None, Query(max_length=_MOST_AVERAGES, description="Simple moving averages, by their prices.")
]
Exponential = Annotated[
    list[Window] | None, Query(max_length=_MOST_AVERAGES, description="Exponential moving averages, by their prices.")
]


@router.get("/symbols", summary="Symbols with prices", responses=failures(401, 422))
async def list_symbols(parts: Parts, caller: SignedInCaller) -> SymbolsReply:
    """List the symbols that there are prices of, and the files that can't be used."""
    return SymbolsReply.of(await in_thread(_catalogue, parts, caller))


@router.get("/{symbol}/prices", summary="Prices of a symbol", responses=failures(401, 404, 422))
async def get_prices(  # noqa: PLR0913 (a route's parameters)
    symbol: Symbol,
    parts: Parts,
    caller: SignedInCaller,
    since: From = None,
    until: To = None,
    simple: Simple = None,
    exponential: Exponential = None,
) -> PricesReply:
    """Give closing prices over a period, with moving averages. These use prices of the period alone."""

    def read() -> PricesReply:
        prices = _catalogue(parts, caller).of(symbol).between(since, until)
        return PricesReply.of(prices, _averages(simple, exponential))

    return await in_thread(read)


@router.get("/{symbol}/measures", summary="Volatility, largest fall, beta", responses=failures(401, 404, 422))
async def get_measures(
    symbol: Symbol,
    parts: Parts,
    caller: SignedInCaller,
    since: From = None,
    until: To = None,
    against: Annotated[str | None, Query(max_length=20, description="Beta and correlation to this symbol.")] = None,
) -> MeasuresReply:
    """Compute how a symbol moved over a period; each measure comes with its definition."""

    def compute() -> MeasuresReply:
        found = _catalogue(parts, caller)
        prices = found.of(symbol).between(since, until)
        other = found.of(against).between(since, until) if against else None
        return MeasuresReply.of(summary_of(prices, other))

    return await in_thread(compute)


@router.get("/{symbol}/charts/{kind}", summary="A chart as Vega-Lite", responses=failures(401, 404, 422))
async def get_chart(  # noqa: PLR0913 (a route's parameters)
    symbol: Symbol,
    kind: ChartKind,
    parts: Parts,
    caller: SignedInCaller,
    since: From = None,
    until: To = None,
    simple: Simple = None,
    exponential: Exponential = None,
) -> ChartReply:
    """Give a Vega-Lite 5 specification with its data in it; moving averages are drawn with prices alone."""

    def draw() -> ChartReply:
        prices = _catalogue(parts, caller).of(symbol).between(since, until)
        return ChartReply(chart_of(kind, prices, _averages(simple, exponential)))

    return await in_thread(draw)


@router.get("/{symbol}/projection", summary="A price projected", responses=failures(401, 404, 422, 429))
async def get_projection(
    symbol: Symbol,
    parts: Parts,
    caller: SignedInCaller,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="Coming days with a price.")] = 20,
    since: From = None,
    until: To = None,
) -> ProjectionReply:
    """Project daily closing prices by the model that a backtest chooses; naive where none beats it. Takes seconds."""

    def read() -> Prices:
        prices = _catalogue(parts, caller).of(symbol).between(since, until)
        require_projectable(prices, days)
        return prices

    found = await in_short_queue(parts.analysis_work, parts.gateway.projector.project, await in_thread(read), days)
    return ProjectionReply.of(found)


@router.post("/risk", summary="Risk of holdings", responses=failures(401, 404, 422))
async def measure_risk(body: RiskBody, parts: Parts, caller: SignedInCaller) -> RiskReply:
    """Value holdings and measure volatility, correlation, value-at-risk, expected shortfall and scenarios."""

    def measure() -> RiskReply:
        found = _catalogue(parts, caller)
        holdings = body.checked()
        prices = [one.between(body.since, body.until) for one in prices_of_holdings(holdings, found)]
        market = found.of(body.against).between(body.since, body.until) if body.against else None
        return RiskReply.of(risk_of(holdings, prices, market))

    return await in_thread(measure)


def _catalogue(parts: Running, caller: Caller) -> Catalogue:
    return parts.gateway.prices.catalogue().readable(caller.groups)


def _averages(simple: list[int] | None, exponential: list[int] | None) -> list[Average]:
    return [*(Average(one) for one in simple or ()), *(Average(one, exponential=True) for one in exponential or ())]
