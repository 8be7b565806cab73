"""The page that compares two documents over the real gateway: its logic, and drawn in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from frontend.comparing.drawing import figures_html, rows_html, texts_html
from frontend.comparing.records import Comparison
from tests.frontend.browsing import Visit, hard_to_use, needs_chromium
from tests.frontend.driving import button, cut_short, open_page, said, sign_in
from tests.retrieval.stored import stored
from tests.serving.api.serving_app import PASSWORD, Served, served
from tests.serving.comparing.test_comparing import NEW, OLD

pytestmark = pytest.mark.slow
HOSTILE = '<img src=x onerror="window.hurt=1">'


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "hr").mkdir()
    (folder / "acme 2024.md").write_text(OLD)
    (folder / "acme 2025.md").write_text(NEW)
    (folder / "hr" / "pay.md").write_text("# Pay\n\nGrade seven ends at 98,400 euros.\n")
    (folder / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n')
    with served(tmp_path_factory.mktemp("home"), documents=folder) as running:
        running.index.store = stored(folder, tmp_path_factory.mktemp("store") / "chunks.sqlite")
        yield running


def at_compare(app: AppTest, name: str = "mira") -> AppTest:
    sign_in(app, name, PASSWORD)
    open_page(app, "compare")
    return app


def compared(app: AppTest, old: str = "acme 2024.md", new: str = "acme 2025.md") -> AppTest:
    app.selectbox(key="compare-old").set_value(old)
    app.selectbox(key="compare-new").set_value(new)
    button(app, "Compare").click()
    return app.run()


def plain(app: AppTest) -> str:
    shown = [*app.html, *app.markdown, *app.info, *app.warning, *app.error, *app.subheader]
    return "\n".join(one.value for one in shown).replace("\\", "").replace("\u200b", "")


def test_figures_that_differ_come_first_and_each_leads_to_both_pages(app: AppTest) -> None:
    compared(at_compare(app))
    text = plain(app)
    assert not app.exception and not app.error
    assert "3 sections in both, 1 of them the same; 1 only in acme 2024.md, 1 only in acme 2025.md." in text
    for part in (
        "$100.0 million",
        "$125.0 million",
        "+25.0",
        "+25.0%",
        "+0.5 points",
        "The same period, restated",
    ):
        assert part in text
    assert "Only in the tables of acme 2024.md: Licences." in text
    assert "Cyber security" not in text  # it has no figures


def test_what_is_shown_can_be_chosen(app: AppTest) -> None:
    compared(at_compare(app))
    app.button_group(key="compare-show").set_value("Only in one").run()
    text = plain(app)
    assert "Cyber security" in text and "Legal matters" in text and "It has no such section." in text
    app.button_group(key="compare-show").set_value("Texts that differ").run()
    assert "<mark>Prices rose in spring.</mark>" in plain(app)
    app.button_group(key="compare-show").set_value("All").run()
    assert "Dividends" in plain(app) and "the same" in plain(app)
    assert not app.exception


def test_a_press_outlives_a_drawing_that_is_cut_short(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    at_compare(app)
    cut_short(monkeypatch, "frontend.comparing.page._listed")
    compared(app)
    assert "3 sections in both" in plain(app) and not app.exception


def test_only_documents_that_the_person_may_read_can_be_chosen(app: AppTest) -> None:
    at_compare(app, "admin")
    assert len(app.selectbox(key="compare-old").options) == 2
    assert "pay.md" not in plain(app)


def test_the_same_document_twice_is_said(app: AppTest) -> None:
    compared(at_compare(app), new="acme 2024.md")
    assert "These are the same document. Choose two." in plain(app)


def test_a_document_that_has_gone_is_said(app: AppTest, gateway: Served) -> None:
    at_compare(app)
    kept, gateway.index.store = gateway.index.store, None
    try:
        compared(app)
    finally:
        gateway.index.store = kept
    assert "There is no such document that you may read." in plain(app)


def test_without_documents_the_page_says_what_to_do(app: AppTest, gateway: Served) -> None:
    kept, gateway.index.store = gateway.index.store, None
    try:
        at_compare(app)
        assert "There are no two documents that you may read." in plain(app)
        assert not app.selectbox and not app.exception
    finally:
        gateway.index.store = kept


def test_support_has_no_such_page(app: AppTest) -> None:
    sign_in(app, "sam", PASSWORD)
    assert "Compare" not in [page.title for page in app.session_state["pages"]]
    assert said(app)


def test_what_documents_say_stays_text() -> None:
    listed = {"source": HOSTILE, "document": HOSTILE, "title": HOSTILE, "company": "", "kind": "", "period": ""}
    place = {"page": 1, "start": 0, "end": 9, "digest": ""}
    side = {"heading": [HOSTILE], "place": place, "pieces": [{"text": HOSTILE, "differs": True}], "cut": 7}
    value = {"text": HOSTILE, "column": HOSTILE, "unit": HOSTILE, "place": place}
    figure = {
        "label": HOSTILE * 9,
        "old": value,
        "new": value,
        "restated": True,
        "obstacle": "unit",
        "change": None,
        "share": None,
    }
    section = {
        "old": side, "new": side, "same": False, "figures": [figure], "figures_alike": 0,
        "rows_only_old": [HOSTILE], "rows_only_new": [],
    }  # fmt: skip
    found = Comparison.read({"old": listed, "new": listed, "sections": [section], "notes": []})
    (one,) = found.sections
    drawn = figures_html(one, found) + texts_html(one, found) + rows_html(one, found)
    assert "<img" not in drawn and "another unit" in drawn and "7 characters more" in drawn


@pytest.mark.browser
@needs_chromium
def test_an_amount_opens_its_page_beside_the_table(visit: Visit, tmp_path: Path) -> None:
    visit.sign_in("mira", PASSWORD, "/compare")
    page = visit.page
    page.get_by_role("button", name="Compare", exact=True).click()
    table = page.locator("table.compared").first
    expect(table).to_be_visible()
    page.get_by_text("Both texts side by side").first.click()
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "compare.png")
    assert hard_to_use(page) == []
    page.get_by_role("button", name="$125.0 million").press("Enter")
    expect(page.locator(".st-key-viewer .viewer-title")).to_have_text("acme 2025.md")
    expect(page.locator(".st-key-viewer tr.passage-part")).to_contain_text("Products")
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "viewer.png")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".st-key-viewer")).to_have_count(0)
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "narrow.png")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
