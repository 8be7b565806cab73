"""The market page over the real gateway: its logic without a browser, and drawn in a real one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from dossier.errors import MarketDataError
from frontend.drawing.figures import table_html
from frontend.market.risk_records import holdings_of
from tests.frontend.browsing import Visit, at_rest, hard_to_use, needs_chromium
from tests.frontend.driving import button, cut_short, open_page, said_in_words, sign_in
from tests.serving.api.serving_app import PASSWORD, Served, served

pytestmark = pytest.mark.slow
ADVICE = "not investment advice"


def prices(seed: int, days: int, drift: float = 0.0) -> str:
    """Days with a price on working days, as a CSV."""
    close = 50 * np.exp(np.cumsum(np.random.default_rng(seed).normal(drift, 0.012, days)))
    dates = np.busday_offset("2024-01-01", np.arange(days), roll="forward")
    return "date,close\n" + "".join(f"{when},{price:.2f}\n" for when, price in zip(dates, close, strict=True))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("prices")
    (folder / "acme.csv").write_text("date,close\n2024-01-02,100\n2024-01-03,120\n2024-01-04,60\n2024-01-05,90\n")
    (folder / "idx.csv").write_text(prices(1, 420, 0.0004))
    (folder / "wave.csv").write_text(prices(2, 420))
    (folder / "bad.csv").write_text("date,close\nx,1\n")
    (folder / "symbols.csv").write_text("symbol,company\nACME,Acme <b>Tools</b>\nWAVE,Wave Energy\nIDX,All companies\n")
    with served(tmp_path_factory.mktemp("home"), market_data=folder) as running:
        yield running


def at_market(app: AppTest, name: str = "mira") -> AppTest:
    sign_in(app, name, PASSWORD)
    return open_page(app, "market")


def test_the_watchlist_shows_figures_and_one_symbol_in_full(app: AppTest) -> None:
    at_market(app)
    assert not app.exception
    assert app.multiselect(key="market-watch").value == ["ACME", "IDX", "WAVE"]
    text = said_in_words(app)
    assert ADVICE in text and "Left out: bad.csv, line 2" in text
    assert "Acme &lt;b&gt;Tools&lt;/b&gt;" in text
    assert '<td class="amount" data-head="Change">-10.0%</td>' in text
    assert '<td class="amount" data-head="Largest fall">-50.0%</td>' in text
    assert "-50.0%, from 3 Jan 2024 to 4 Jan 2024; not made good yet" in text
    assert "largest fall of closing prices" in text  # the definition
    assert len(app.get("vega_lite_chart")) == 1


def test_what_is_chosen_stands_in_the_address_and_is_read_from_it(app: AppTest) -> None:
    app.query_params.update({"watch": "WAVE,NONE", "period": "3 months", "symbol": "WAVE"})
    at_market(app)
    app.query_params.update({"watch": "WAVE,NONE", "period": "3 months", "symbol": "WAVE"})
    assert app.multiselect(key="market-watch").value == ["WAVE"]
    app.multiselect(key="market-watch").set_value(["WAVE", "IDX"]).run()
    assert (app.query_params["watch"], app.query_params["symbol"]) == ("WAVE,IDX", "WAVE")
    assert not app.exception


def test_an_empty_watchlist_is_said(app: AppTest) -> None:
    at_market(app)
    app.multiselect(key="market-watch").set_value([]).run()
    assert "Nothing is watched. Choose symbols above." in said_in_words(app)
    assert not app.get("vega_lite_chart") and not app.exception


def test_a_projection_comes_with_intervals_and_the_backtest(app: AppTest) -> None:
    app.query_params["symbol"] = "WAVE"
    at_market(app)
    app.button_group(key="market-symbol").set_value(["WAVE"]).run()
    next(one for one in app.button if one.label == "Project").click()
    app.run()
    text = said_in_words(app)
    assert not app.exception and not app.error
    for part in ("80% interval", "95% interval", "(taken)", "Held by 80%", "How the models did from", ADVICE):
        assert part in text
    assert len(app.get("vega_lite_chart")) == 2


def test_a_history_too_short_for_a_projection_is_said(app: AppTest) -> None:
    at_market(app)
    next(one for one in app.button if one.label == "Project").click()
    app.run()
    assert "needs" in said_in_words(app) and len(app.get("vega_lite_chart")) == 1


def test_holdings_from_a_file_are_measured(app: AppTest) -> None:
    at_market(app)
    app.file_uploader[0].set_value(("mine.csv", b"Symbol;Shares\nwave;10\nidx;5\n", "text/csv")).run()
    app.selectbox[0].set_value("IDX")
    app.button(key="market-measure").click().run()
    text = said_in_words(app)
    assert not app.exception and not app.error
    for part in ("Worth ", "Value-at-risk", "Expected shortfall", "Correlation", "Scenarios", "Beta", ADVICE):
        assert part in text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a,b\n1,2\n", "needs a first line `symbol,quantity`"),
        (b"symbol,quantity\nWAVE,many\n", "Line 2: the quantity is many"),
        (b"symbol,quantity\nWAVE,-1\n", "Line 2: the quantity is -1"),
        (b"symbol,quantity\nWAVE\n", "Line 2 has 1 cells under 2 heads"),
        (b"symbol,quantity\n", "has no holdings"),
        (b"\xff\xfe", "isn't text in UTF-8"),
    ],
)
def test_a_file_that_cant_be_used_is_said(content: bytes, told: str) -> None:
    with pytest.raises(MarketDataError) as error:
        holdings_of(content)
    assert told in str(error.value)


def test_holdings_without_a_quantity_are_said(app: AppTest) -> None:
    at_market(app)
    app.button(key="market-measure").click().run()
    assert "No holding has a quantity." in said_in_words(app)


def test_a_press_outlives_a_drawing_that_is_cut_short(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app.query_params["symbol"] = "WAVE"
    at_market(app)
    app.button_group(key="market-symbol").set_value(["WAVE"]).run()
    app.file_uploader[0].set_value(("mine.csv", b"symbol,quantity\nWAVE,10\n", "text/csv")).run()
    for name, told in (("Measure the risk", "Value-at-risk"), ("Project", "How the models did from")):
        assert told not in said_in_words(app)
        cut_short(monkeypatch, "frontend.market.page._period")
        button(app, name).click()
        app.run()
        assert told in said_in_words(app) and not app.exception


def test_without_prices_the_page_says_what_to_do(
    app: AppTest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path_factory.mktemp("nothing")
    with served(tmp_path_factory.mktemp("home"), market_data=empty) as running:
        monkeypatch.setenv("DOSSIER_PORT", running.address.rsplit(":", 1)[1])
        at_market(app)
        assert "There are no prices yet." in said_in_words(app) and "market_data" in said_in_words(app)
        assert not app.exception and not app.multiselect


def test_support_has_no_market_page(app: AppTest) -> None:
    sign_in(app, "sam", PASSWORD)
    assert "Market" not in [page.title for page in app.session_state["pages"]]


def test_a_table_is_text_whatever_is_in_it() -> None:
    html = table_html(("<a>", "<b>"), [("<i>", "<u>")], "<s>")
    assert not any(f"<{name}>" in html for name in "abius")


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("visit", [("light", 1440), ("dark", 1440), ("light", 390)], indirect=True)
def test_the_page_draws_and_axe_finds_nothing_serious(visit: Visit, tmp_path: Path) -> None:
    visit.sign_in("mira", PASSWORD, "/market?watch=IDX%2CWAVE%2CACME&symbol=WAVE&period=1%20year")
    page = visit.page
    drawn = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    expect(drawn.first).to_be_visible()
    expect(page.get_by_role("heading", name="WAVE, Wave Energy")).to_be_visible()
    at_rest(page)
    page.locator(".st-key-market-bring summary").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": b"symbol,quantity\nWAVE,10\nIDX,5\n"}
    )
    at_rest(page)
    expect(page.get_by_role("button", name="Measure the risk")).to_be_visible()
    page.get_by_role("button", name="Measure the risk").click()
    expect(page.get_by_text("Worth ")).to_be_visible()
    at_rest(page)
    page.get_by_role("button", name="Project", exact=True).click()
    expect(page.get_by_text("How the models did from")).to_be_visible(timeout=180_000)
    expect(drawn).to_have_count(2)
    page.wait_for_timeout(1500)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    serious = hard_to_use(page)
    page.set_viewport_size({"width": width, "height": 3600})
    page.wait_for_timeout(1500)
    page.screenshot(path=tmp_path / "market.png")
    assert not serious, "\n".join(serious)


@pytest.mark.browser
@needs_chromium
def test_an_answers_chart_is_drawn_and_still_there_after_a_reload(visit: Visit, tmp_path: Path) -> None:
    visit.sign_in("mira", PASSWORD)
    visit.ask("Please show a chart.")
    page = visit.page
    for _ in range(2):
        expect(
            page.locator("[data-testid=stChatMessage] [data-testid=stVegaLiteChart] :is(canvas, svg)")
        ).to_be_visible()
        expect(page.get_by_text("ACME: closing prices, 2024-01-02 to 2024-01-04")).to_be_visible()
        page.screenshot(path=tmp_path / "chat.png")
        page.reload()
