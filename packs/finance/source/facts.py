"""Single facts of the reports that no statement line gives: prices, ratios across quarters, shares."""

from datetime import date
from decimal import Decimal

from .figures import Figures
from .prices import MONTH_ENDS, QUARTERS, Day, between, close_on, highest, last_year, lowest
from .wording import plain

NON_AFFILIATE_SHARES = Decimal("60.4")
AUTHORIZATION_LEFT_IN_MARCH = Decimal("90.5")
BOUGHT_THOUSANDS = {"April": 118, "May": 106, "June": 91}
MONTHS = {"April": 4, "May": 5, "June": 6}


def load_facts(figures: Figures, days: list[Day]) -> dict[str, str]:
    """Return the facts by name, as the texts write them."""
    return {**_prices(days), **_repurchases(figures, days), **_ratios(figures), **_units(figures)}


def _prices(days: list[Day]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for quarter, first, last in QUARTERS:
        span = between(days, first, last)
        facts[f"high_{quarter}"] = str(highest(span).close)
        facts[f"low_{quarter}"] = str(lowest(span).close)
    december = close_on(days, date(2024, 12, 31))
    facts["close_december"] = str(december)
    facts["market_value"] = plain(december * NON_AFFILIATE_SHARES)
    facts["close_june"] = str(close_on(days, date(2025, 6, 30)))
    facts["close_june_before"] = f"{MONTH_ENDS[0][1]:.2f}"
    year = last_year(days)
    facts["year_high"], facts["year_low"] = str(highest(year).close), str(lowest(year).close)
    return facts


def _repurchases(figures: Figures, days: list[Day]) -> dict[str, str]:
    """Average prices are the month's mean closes, so that no purchase lies outside the market."""
    facts: dict[str, str] = {}
    left = AUTHORIZATION_LEFT_IN_MARCH
    for month, thousands in BOUGHT_THOUSANDS.items():
        closes = [day.close for day in days if (day.day.year, day.day.month) == (2025, MONTHS[month])]
        mean = (sum(closes, Decimal(0)) / len(closes)).quantize(Decimal("0.01"))
        left -= (mean * thousands / 1000).quantize(Decimal("0.1"))
        facts[f"mean_{month}"], facts[f"left_{month}"] = str(mean), plain(left)
    facts["left_September"] = plain(left + figures.get("cf_repurchases", "Q1-26"))
    facts["repurchases_2025"] = "$" + plain(-figures.get("cf_repurchases", "2025"))
    return facts


def _ratios(figures: Figures) -> dict[str, str]:
    year = figures.get("revenue", "2025")
    intangible = figures.get("goodwill", "2025") + figures.get("intangibles", "2025")
    foreign = 1 - figures.get("rev_us", "2025") / year
    return {
        "q1_share": plain(figures.get("revenue", "Q1-25") / year * 100) + "%",
        "q4_share": plain(figures.get("revenue", "Q4-25") / year * 100) + "%",
        "foreign_share": plain(foreign * 100, 0) + "%",
        "gw_share": plain(intangible / figures.get("total_assets", "2025") * 100, 0) + "%",
        "leverage": plain(figures.get("net_debt", "2025") / figures.get("adjusted_ebitda", "2025")),
        "recurring_share": "30%",
        "book_excess": "$" + plain(figures.get("orders", "2025") - year) + " million",
    }


def _units(figures: Figures) -> dict[str, str]:
    moves = ("rsu_opening", "rsu_granted", "rsu_vested", "rsu_forfeited")
    units = [figures.get(move, "units") for move in moves]
    value = sum((figures.get(move, "units") * figures.get(move, "price") for move in moves), Decimal(0))
    closing = sum(units, Decimal(0))
    return {"rsu_closing_units": plain(closing, 0), "rsu_closing_price": plain(value / closing, 2)}
