"""The news at a glance: which items are about a name, whom they name, and the chart of their sentiment."""

from pathlib import Path

import altair
import pytest

from retrieval.news.reading import NewsItem, read_news
from serving.news.overview import overview, sentiment_chart
from tests.serving.news.feeds import news_store

HR = frozenset(["hr"])


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[NewsItem]:
    return read_news(news_store(tmp_path_factory.mktemp("news")), HR)


def test_items_come_newest_first_with_their_fields(items: list[NewsItem]) -> None:
    assert [one.title for one in items] == [
        "Acme is for sale", "Acme's outlook <b>", "Rain expected", "Acme cuts jobs", "Acme wins an order",
    ]  # fmt: skip
    assert (items[3].feed, items[3].sentiment, items[3].published) == ("wire", "negative", "2026-03-03T08:00:00+00:00")
    assert items[3].text == "Acme's plants lose 200 jobs."


def test_items_of_a_group_are_for_that_group(tmp_path: Path) -> None:
    store = news_store(tmp_path)
    assert len(read_news(store, HR)) == 5
    assert "Acme is for sale" not in [one.title for one in read_news(store, frozenset())]
    assert len(read_news(store, HR, 2)) == 2


def test_a_name_is_named_by_all_of_its_telling_words(items: list[NewsItem]) -> None:
    found = overview(items, ["Acme Inc.", "Borealis Corp.", "Acme Tools"], "acme inc.", 2)
    assert (found.total, len(found.items)) == (4, 2)
    assert [named for _, named in overview(items, ["Acme Inc.", "Borealis Corp."], "order", 9).items] == [
        ("Acme Inc.", "Borealis Corp.")
    ]
    assert overview(items, [], "Cyclone", 9).items == ()


def test_the_chart_counts_items_by_day_and_sentiment(items: list[NewsItem]) -> None:
    chart = sentiment_chart(items, "Acme")
    assert chart is not None
    altair.Chart.from_dict(chart)
    assert {"date": "2026-03-04", "sentiment": "unsure", "items": 1} in chart["data"]["values"]
    assert sum(one["items"] for one in chart["data"]["values"]) == 5
    assert sentiment_chart(items[1:3], "") is None  # one day only


def test_a_long_time_is_drawn_by_weeks_and_months() -> None:
    def item(published: str) -> NewsItem:
        return NewsItem("s", "f", "t", "x", published, "positive")

    weeks = sentiment_chart([item("2026-01-01"), item("2026-01-02"), item("2026-03-31")], "")
    months = sentiment_chart([item("2024-01-31"), item("2024-01-02"), item("2026-03-31"), item("")], "")
    assert weeks is not None and months is not None
    assert weeks["data"]["values"][0] == {"date": "2025-12-29", "sentiment": "positive", "items": 2}
    assert months["data"]["values"][0] == {"date": "2024-01-01", "sentiment": "positive", "items": 2}
