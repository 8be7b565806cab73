"""Daily closes of the LKFD share, generated from month-end anchors with a seeded wobble between them."""

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

SEED = 20250630
MONTH_ENDS = (
    (date(2024, 6, 28), 43.80),
    (date(2024, 7, 31), 45.20),
    (date(2024, 8, 30), 46.90),
    (date(2024, 9, 30), 45.62),
    (date(2024, 10, 31), 48.34),
    (date(2024, 11, 29), 51.70),
    (date(2024, 12, 31), 50.12),
    (date(2025, 1, 31), 52.58),
    (date(2025, 2, 28), 51.05),
    (date(2025, 3, 31), 47.83),
    (date(2025, 4, 30), 49.91),
    (date(2025, 5, 30), 53.44),
    (date(2025, 6, 30), 55.27),
    (date(2025, 7, 31), 57.13),
    (date(2025, 8, 29), 58.64),
    (date(2025, 9, 30), 57.42),
    (date(2025, 10, 31), 62.18),
)
CLOSED = {
    date(2024, 7, 4), date(2024, 9, 2), date(2024, 11, 28), date(2024, 12, 25), date(2025, 1, 1),
    date(2025, 1, 20), date(2025, 2, 17), date(2025, 4, 18), date(2025, 5, 26), date(2025, 6, 19),
    date(2025, 7, 4), date(2025, 9, 1),
}  # fmt: skip
RESULT_DAYS = {date(2024, 8, 20), date(2024, 10, 29), date(2025, 1, 28), date(2025, 4, 29),
               date(2025, 8, 19), date(2025, 10, 28)}  # fmt: skip
WOBBLE = 0.017
QUARTERS = (
    ("Q1-25", date(2024, 7, 1), date(2024, 9, 30)),
    ("Q2-25", date(2024, 10, 1), date(2024, 12, 31)),
    ("Q3-25", date(2025, 1, 1), date(2025, 3, 31)),
    ("Q4-25", date(2025, 4, 1), date(2025, 6, 30)),
    ("Q1-26", date(2025, 7, 1), date(2025, 9, 30)),
)


@dataclass(frozen=True)
class Day:
    """One trading day."""

    day: date
    close: Decimal
    volume: int


def trading_days(first: date, last: date) -> Iterator[date]:
    """Yield the days on which the exchange is open, first excluded."""
    day = first + timedelta(days=1)
    while day <= last:
        if day.weekday() < 5 and day not in CLOSED:
            yield day
        day += timedelta(days=1)


def daily_prices() -> list[Day]:
    """Return all closes, the same ones every time."""
    # Only random() is drawn, whose sequence for a seed the language promises not to change.
    source = random.Random(SEED)  # noqa: S311  (prices of a made-up share need no secrecy)
    days: list[Day] = []
    for (start, opening), (end, closing) in zip(MONTH_ENDS, MONTH_ENDS[1:], strict=False):
        dates = list(trading_days(start, end))
        noise = _bridge(source, len(dates))
        for number, (day, wobble) in enumerate(zip(dates, noise, strict=True), start=1):
            trend = opening + (closing - opening) * number / len(dates)
            days.append(Day(day, Decimal(f"{trend * (1 + wobble):.2f}"), _volume(source, day)))
    return days


def _bridge(source: random.Random, count: int) -> list[float]:
    """Return a random walk that comes back to zero at its end, so that month ends meet the anchors."""
    walk, position = [], 0.0
    for _ in range(count):
        position += (sum(source.random() for _ in range(4)) - 2.0) * WOBBLE
        walk.append(position)
    return [step - position * number / count for number, step in enumerate(walk, start=1)]


def _volume(source: random.Random, day: date) -> int:
    busy = 2.6 if day in RESULT_DAYS else 1.0
    return int(busy * (260_000 + 190_000 * source.random() + 90_000 * source.random())) // 100 * 100


def prices_csv(days: list[Day]) -> str:
    """Write the days as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("date", "close", "volume"))
    writer.writerows((day.day.isoformat(), str(day.close), day.volume) for day in days)
    return text.getvalue()


def between(days: list[Day], first: date, last: date) -> list[Day]:
    """Return the days from first to last, both included."""
    return [day for day in days if first <= day.day <= last]


def last_year(days: list[Day]) -> list[Day]:
    """Return the days of the last 52 weeks."""
    return between(days, days[-1].day - timedelta(weeks=52), days[-1].day)


def highest(days: list[Day]) -> Day:
    """Return the day with the highest close, the earliest one of equals."""
    return max(days, key=lambda day: day.close)


def lowest(days: list[Day]) -> Day:
    """Return the day with the lowest close, the earliest one of equals."""
    return min(days, key=lambda day: day.close)


def close_on(days: list[Day], day: date) -> Decimal:
    """Return the close of a day; raises KeyError when the exchange was closed."""
    return {entry.day: entry.close for entry in days}[day]
