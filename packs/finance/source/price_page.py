"""The readable page about the share price, derived from the daily closes."""

from datetime import date
from itertools import groupby

from .prices import QUARTERS, Day, between, highest, last_year, lowest

MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
               "November", "December")  # fmt: skip
QUARTER_NAMES = {
    "Q1-25": "First quarter of fiscal 2025",
    "Q2-25": "Second quarter of fiscal 2025",
    "Q3-25": "Third quarter of fiscal 2025",
    "Q4-25": "Fourth quarter of fiscal 2025",
    "Q1-26": "First quarter of fiscal 2026",
}


def written_date(day: date) -> str:
    """Write a date as the documents do, such as 30 June 2025."""
    return f"{day.day} {MONTH_NAMES[day.month - 1]} {day.year}"


def price_page(days: list[Day]) -> str:
    """Return the page as Markdown."""
    first, last, year = days[0], days[-1], last_year(days)
    high, low = highest(year), lowest(year)
    months = [_month_row(list(group)) for _, group in groupby(days, key=lambda day: (day.day.year, day.day.month))]
    quarters = [_quarter_row(name, between(days, start, end)) for name, start, end in QUARTERS]
    return "\n".join((
        "# Price history of LKFD", "",
        "Closing prices of the common stock of Larkfield Instruments, Inc. on the Midland Stock Exchange, in US "
        f"dollars, from {written_date(first.day)} to {written_date(last.day)}. All figures are worked out from the "
        "daily closes in prices.csv; dividends are not included.", "",
        "## Last 52 weeks", "",
        f"- Last close: ${last.close} on {written_date(last.day)}.",
        f"- 52-week high: ${high.close} on {written_date(high.day)}.",
        f"- 52-week low: ${low.close} on {written_date(low.day)}.",
        f"- Average daily volume: {sum(day.volume for day in year) // len(year):,} shares.", "",
        "## Monthly closes", "",
        "| Month | Last close | High | Low | Average daily volume |", "| --- | --- | --- | --- | --- |", *months, "",
        "## Highest and lowest close by quarter", "",
        "| Quarter | High | Low |", "| --- | --- | --- |", *quarters, "",
    ))  # fmt: skip


def _month_row(days: list[Day]) -> str:
    name = f"{MONTH_NAMES[days[0].day.month - 1]} {days[0].day.year}"
    volume = sum(day.volume for day in days) // len(days)
    return f"| {name} | ${days[-1].close} | ${highest(days).close} | ${lowest(days).close} | {volume:,} |"


def _quarter_row(quarter: str, days: list[Day]) -> str:
    return f"| {QUARTER_NAMES[quarter]} | ${highest(days).close} | ${lowest(days).close} |"
