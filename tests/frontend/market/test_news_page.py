"""The page of news over the real gateway: its logic, and drawn in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from frontend.market.news import items_html
from frontend.market.news_records import NewsItem
from tests.frontend.browsing import Visit, hard_to_use, needs_chromium
from tests.frontend.driving import open_page, said, sign_in
from tests.serving.api.serving_app import PASSWORD, Served, served
from tests.serving.news.feeds import news_store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("news")
    store = news_store(home)
    with served(tmp_path_factory.mktemp("home"), documents=home / "documents") as running:
        running.index.store = store
        yield running


def at_news(app: AppTest, name: str = "mira") -> AppTest:
    sign_in(app, name, PASSWORD)
    open_page(app, "news")
    return app


def test_items_come_newest_first_with_time_feed_company_and_sentiment(app: AppTest) -> None:
    text = said(at_news(app))
    assert not app.exception and not app.error
    assert text.index("Acme is for sale") < text.index("Rain expected") < text.index("Acme wins an order")
    for part in (
        "3 Mar 2026, 08:00",
        "wire",
        "Acme Inc.",
        '<span class="state bad">Negative</span>',
        "outlook &lt;b&gt;",
    ):
        assert part in text
    assert len(app.get("vega_lite_chart")) == 1


def test_a_name_is_chosen_and_stands_in_the_address(app: AppTest) -> None:
    at_news(app)
    app.selectbox(key="news-about").set_value("Acme Inc.").run()
    assert "Rain expected" not in said(app) and "Acme cuts jobs" in said(app)
    assert app.query_params["about"] in ("Acme Inc.", ["Acme Inc."])
    app.selectbox(key="news-about").set_value(None).run()
    assert "Rain expected" in said(app) and not app.exception


def test_items_of_a_group_arent_shown_to_others(app: AppTest) -> None:
    assert "for sale" not in said(at_news(app, "admin"))


def test_without_news_the_page_says_what_to_do(app: AppTest, gateway: Served) -> None:
    kept, gateway.index.store = gateway.index.store, None
    try:
        at_news(app)
        assert "There is no news yet." in app.info[0].value and "feeds" in app.info[0].value
        assert not app.selectbox and not app.exception
    finally:
        gateway.index.store = kept


def test_support_has_no_such_page(app: AppTest) -> None:
    sign_in(app, "sam", PASSWORD)
    assert "News" not in [page.title for page in app.session_state["pages"]]


def test_what_feeds_say_stays_text() -> None:
    hostile = '<img src=x onerror="window.hurt=1">'
    drawn = items_html([NewsItem(hostile, hostile, hostile, hostile, None, hostile, (hostile,))])
    assert "<img" not in drawn and "not known" in drawn


def test_a_feed_that_tells_the_month_alone_has_no_time() -> None:
    told = {"source": "s", "feed": "f", "title": "t", "published": "2026-03"}
    assert NewsItem.read(told).published is None


@pytest.mark.browser
@needs_chromium
def test_the_chart_is_drawn_and_an_item_opens_beside_the_list(visit: Visit, tmp_path: Path) -> None:
    visit.sign_in("mira", PASSWORD, "/news")
    page = visit.page
    expect(page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg)").first).to_be_visible()
    page.wait_for_timeout(800)
    page.screenshot(path=tmp_path / "news.png")
    assert hard_to_use(page) == []
    page.get_by_role("button", name="Acme cuts jobs").press("Enter")
    expect(page.locator(".st-key-viewer .viewer-title")).to_have_text("wire.jsonl#a2")
    expect(page.locator(".st-key-viewer")).to_contain_text("Acme's plants lose 200 jobs.")
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "viewer.png")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".st-key-viewer")).to_have_count(0)
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "narrow.png")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
