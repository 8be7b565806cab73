"""The newest items of the feeds at a glance: whom they name, and how their sentiment goes on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from retrieval.news.reading import NewsItem
from serving.market.charts import SCHEMA, Spec
from serving.news.naming import names_all, telling, words_in

_DAYS, _WEEKS = 45, 300
"""Up to so many days a bar stands for a day, up to so many for a week, then for a month."""
_COLOURS = {"positive": "#3f9465", "neutral": "#8f979c", "negative": "#c8452f", "unsure": "#c7a23c"}


@dataclass(frozen=True, slots=True)
class News:
    """Items about a name (empty: all), newest first, each with the companies that it names; the chart of all of them.

    `total` is how many there are, of which `items` are the newest; `chart` None: too few have a sentiment and a date.
    """

    items: tuple[tuple[NewsItem, tuple[str, ...]], ...]
    total: int
    chart: Spec | None


def overview(items: Sequence[NewsItem], companies: Iterable[str], about: str, limit: int) -> News:
    """The items about a name. `companies` are the names that are looked for in each."""
    wanted = telling(about)
    said = [(item, words_in(f"{item.title} {item.text}")) for item in items]
    found = [(item, words) for item, words in said if names_all(words, wanted)]
    looked_for = [(name, telling(name)) for name in sorted(set(companies)) if telling(name)]
    shown = tuple(
        (item, tuple(name for name, needed in looked_for if names_all(words, needed))) for item, words in found[:limit]
    )
    return News(shown, len(found), sentiment_chart([item for item, _ in found], about))


def sentiment_chart(items: Sequence[NewsItem], about: str) -> Spec | None:
    """How many items of each sentiment there are over time, as stacked bars; None for fewer than two days."""
    dated = [(date.fromisoformat(one.published[:10]), one.sentiment) for one in items if _is_dated(one)]
    days = sorted({day for day, _ in dated})
    if len(days) < 2:
        return None
    span = (days[-1] - days[0]).days
    unit = "day" if span <= _DAYS else "week" if span <= _WEEKS else "month"
    counts = Counter((_begin(day, unit), sentiment) for day, sentiment in dated)
    values = [
        {"date": day.isoformat(), "sentiment": sentiment, "items": count}
        for (day, sentiment), count in sorted(counts.items())
    ]
    whom = f"News about {about}" if about else "All news"
    return {
        "$schema": SCHEMA,
        "title": f"{whom}: items by sentiment, a bar a {unit}",
        "description": f"{whom}, {len(dated):,} items from {days[0]} to {days[-1]}.",
        "width": 640,
        "height": 220,
        "data": {"values": values},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": _encoding(unit),
    }


def _encoding(unit: str) -> dict[str, Any]:
    times = {"day": "utcyearmonthdate", "week": "utcyearweek", "month": "utcyearmonth"}
    colours = {"domain": list(_COLOURS), "range": list(_COLOURS.values())}
    return {
        "x": {"field": "date", "type": "temporal", "timeUnit": times[unit], "title": None, "scale": {"type": "utc"}},
        "y": {"field": "items", "type": "quantitative", "title": "items", "axis": {"tickMinStep": 1}},
        "color": {"field": "sentiment", "type": "nominal", "title": None, "scale": colours},
    }


def _is_dated(item: NewsItem) -> bool:
    return len(item.published) >= 10 and item.sentiment in _COLOURS


def _begin(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day
