"""Prices, measures, projections and risk as the gateway tells them, and how they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import quote

import httpx

from frontend.gateway.answer_records import Spec
from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json

_MARKET: Final = "/v1/market"
_PATIENCE: Final = httpx.Timeout(300, connect=3)
"""Models are fitted to many earlier days for a projection, and somebody else's may be before it."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol that there are prices of, from `first` to `last`."""

    name: str
    company: str
    first: date
    last: date

    @property
    def title(self) -> str:
        """As people know it."""
        return f"{self.name}, {self.company}" if self.company else self.name


@dataclass(frozen=True, slots=True)
class Measures:
    """A symbol over a period; fractions. `volatility` is None below three prices, `recovery` where there is none."""

    first: date
    last: date
    observations: int
    last_close: float
    change: float
    high: tuple[float, date]
    low: tuple[float, date]
    volatility: float | None
    depth: float
    peak: date
    trough: date
    recovery: date | None
    definitions: Mapping[str, str]
    notes: tuple[str, ...]
    advice: str

    @classmethod
    def read(cls, data: Json) -> "Measures":
        """From the JSON of `GET /v1/market/{symbol}/measures`."""
        volatility, fall = data.get("volatility"), data["drawdown"]
        said = {"Volatility": volatility["definition"]} if volatility else {}
        recovery = fall.get("recovery")
        return cls(
            first=_day(data["first"]),
            last=_day(data["last"]),
            observations=int(data["observations"]),
            last_close=float(data["last_close"]),
            change=float(data["change"]),
            high=(float(data["high"]), _day(data["high_on"])),
            low=(float(data["low"]), _day(data["low_on"])),
            volatility=float(volatility["value"]) if volatility else None,
            depth=float(fall["depth"]),
            peak=_day(fall["peak"]),
            trough=_day(fall["trough"]),
            recovery=_day(recovery) if recovery else None,
            definitions={**said, "Largest fall": str(fall["definition"])},
            notes=tuple(map(str, data.get("notes") or ())),
            advice=str(data["advice"]),
        )


@dataclass(frozen=True, slots=True)
class Score:
    """How a model did on earlier prices. Errors are None where it couldn't be fitted; `problem` says why it is out."""

    model: str
    definition: str
    error: float | None
    scaled_error: float | None
    coverage: Mapping[float, float]
    problem: str

    @classmethod
    def read(cls, data: Json) -> "Score":
        """From one of a projection's `backtest.models`."""
        held = {float(one["level"]): float(one["held"]) for one in data["coverage"]}
        problem = str(data.get("problem") or "")
        return cls(str(data["model"]), str(data["definition"]), data["error"], data["scaled_error"], held, problem)


@dataclass(frozen=True, slots=True)
class Projection:
    """A price projected. `intervals` are level, low and high of the last day; `origins` the days of the backtest."""

    model: str
    verdict: str
    last_close: float
    until: date
    middle: float
    intervals: tuple[tuple[float, float, float], ...]
    origins: int
    scores: tuple[Score, ...]
    definitions: Mapping[str, str]
    notes: tuple[str, ...]
    advice: str
    chart: Spec

    @classmethod
    def read(cls, data: Json) -> "Projection":
        """From the JSON of `GET /v1/market/{symbol}/projection`."""
        tested = data["backtest"]
        return cls(
            model=str(data["model"]),
            verdict=str(data["verdict"]),
            last_close=float(data["last_close"]),
            until=_day(data["dates"][-1]),
            middle=float(data["middle"][-1]),
            intervals=tuple((one["level"], one["low"][-1], one["high"][-1]) for one in data["intervals"]),
            origins=int(tested["origins"]),
            scores=tuple(map(Score.read, tested["models"])),
            definitions={
                "Error": str(tested["error_definition"]),
                "Scaled error": str(tested["scaled_error_definition"]),
                "Held": str(tested["coverage_definition"]),
            },
            notes=tuple(map(str, data.get("notes") or ())),
            advice=str(data["advice"]),
            chart=data["chart"],
        )


def symbols_of(gateway: Connection) -> tuple[list[Symbol], list[str]]:
    """The symbols that the person may read, and what is wrong with files of prices."""
    data = gateway.query(f"{_MARKET}/symbols", {})
    found = [
        Symbol(str(one["symbol"]), str(one.get("company") or ""), _day(one["first"]), _day(one["last"]))
        for one in data["symbols"]
    ]
    return found, list(map(str, data.get("problems") or ()))


def measures_of(gateway: Connection, symbol: Symbol, since: date | None) -> Measures:
    """A symbol measured from a day on; None: from the first."""
    return Measures.read(gateway.query(f"{_path(symbol)}/measures", _from(since)))


def chart_of(gateway: Connection, symbol: Symbol, kind: str, since: date | None, averages: Sequence[int] = ()) -> Spec:
    """A chart of a symbol: `prices` with simple moving averages, `drawdown` or `returns`."""
    asked = httpx.QueryParams([*_from(since).items(), *(("simple", window) for window in averages)])
    spec: Spec = gateway.call("GET", f"{_path(symbol)}/charts/{kind}?{asked}")
    return spec


def projection_of(gateway: Connection, symbol: Symbol, days: int) -> Projection:
    """A symbol's coming closes, from all prices that there are. Takes seconds. Raises BusyError while others wait."""
    return Projection.read(gateway.call("GET", f"{_path(symbol)}/projection?days={days}", timeout=_PATIENCE))


def _path(symbol: Symbol) -> str:
    return f"{_MARKET}/{quote(symbol.name, safe='')}"


def _from(since: date | None) -> dict[str, Any]:
    return {"from": since.isoformat()} if since else {}


def _day(value: object) -> date:
    return date.fromisoformat(str(value))
