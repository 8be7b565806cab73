"""The admins' search page over the real gateway and a real index: its logic, and drawn in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from frontend.admin.search_drawing import hits_html, verdict_html
from frontend.admin.search_records import Search
from tests.frontend.browsing import Visit, hard_to_use, needs_chromium
from tests.frontend.driving import button, cut_short, new_app, open_page, said, sign_in
from tests.frontend.looking import searchable
from tests.serving.api.serving_app import PASSWORD, Served

pytestmark = pytest.mark.slow
TRAVEL = "travel-and-expense-policy.md"
HOSTILE = '<img src=x onerror="window.hurt=1">'


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with searchable(tmp_path_factory.mktemp("search"), limited=TRAVEL) as running:
        yield running


@pytest.fixture
def app(app: AppTest) -> AppTest:
    return sign_in(app, "admin", PASSWORD)


def searched(app: AppTest, question: str, seen_by: str = "") -> AppTest:
    app.text_input(key="search-question").input(question)
    app.selectbox(key="search-seen-by").set_value(seen_by)
    button(app, "Search").click()
    return app.run()


def test_passages_come_with_the_parts_of_their_scores(app: AppTest) -> None:
    open_page(app, "search")
    searched(app, "What was total revenue in 2025?")
    text = said(app)
    assert not app.exception and not app.error
    assert "An answer would be" in text and "at least 45% is needed" in text
    for head in ("By words", "By meaning", "Together"):
        assert f'<th scope="col">{head}</th>' in text
    assert 'data-cite="found-1"' in text and "not given to an answer" in text
    assert '<th scope="col">Reranker</th>' not in text


def test_a_limited_document_is_found_only_as_seen_by_who_may_read_it(app: AppTest) -> None:
    open_page(app, "search")
    assert app.selectbox(key="search-seen-by").options == [
        "Everybody (documents without limits)",
        "admin",
        "mira",
        "sam",
    ]
    for name, is_found in (("", False), ("sam", False), ("mira", True)):
        searched(app, "Which flights may be booked in premium economy?", name)
        assert (TRAVEL in said(app)) is is_found, name


def test_an_empty_question_is_asked_for_and_the_last_result_is_gone(app: AppTest) -> None:
    open_page(app, "search")
    searched(app, "What was total revenue in 2025?")
    searched(app, "  ")
    assert "Write what is to be looked for." in app.warning[0].value
    assert "An answer would be" not in said(app)


def test_a_press_outlives_a_drawing_that_is_cut_short(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    open_page(app, "search")
    cut_short(monkeypatch, "frontend.admin.search.people")
    searched(app, "What was total revenue in 2025?")
    assert "An answer would be" in said(app) and not app.exception


def test_a_missing_index_is_said(app: AppTest, gateway: Served) -> None:
    open_page(app, "search")
    kept, gateway.index.found_in = gateway.index.found_in, None
    try:
        searched(app, "What was total revenue?")
    finally:
        gateway.index.found_in = kept
    assert "There is no index yet" in app.error[0].value.replace("\\", "")


def test_others_have_no_search_page(app: AppTest) -> None:
    assert "Search" in [page.title for page in app.session_state["pages"]]
    other = sign_in(new_app(), "mira", PASSWORD)
    assert "Search" not in [page.title for page in other.session_state["pages"]]


def told(**more: object) -> Search:
    passage = {
        "number": 1, "given": True, "document": HOSTILE, "source": HOSTILE, "page": 3, "section": [HOSTILE], "start": 0,
        "text": HOSTILE * 9, "end": 9, "digest": "d", "word_score": None, "fused": 0.05, "score": 0.05,
        "found": {"similarity": 0.5, "dense_rank": 1, "lexical_rank": None, "boost": 1.25, "rerank": 2.0},
    }  # fmt: skip
    body = {
        "groups": [], "refused": False, "relevance": 0.6, "least_relevance": 0.45, "confidence": None,
        "least_confidence": 0.25, "line": HOSTILE, "reranked": True, "passages": [passage], **more,
    }  # fmt: skip
    return Search.read(body)


def test_what_documents_say_stays_text() -> None:
    drawn = hits_html(told(), "found") + verdict_html(told())
    assert "<img" not in drawn and "&lt;img" in drawn


def test_what_wasnt_found_by_a_half_and_what_was_raised_is_said() -> None:
    drawn = hits_html(told(), "found")
    assert "not found" in drawn and "raised × 1.25" in drawn and "number 1" in drawn and "+2.0" in drawn


def test_the_verdict_says_which_limit_wasnt_reached() -> None:
    assert "likely enough" in verdict_html(told(relevance=0.2, refused=True))
    assert "no single line" in verdict_html(told(confidence=0.1, refused=True))
    assert "one line stands out" in verdict_html(told(confidence=0.5))


@pytest.mark.browser
@needs_chromium
def test_a_passage_opens_its_page_beside_the_table(visit: Visit, tmp_path: Path) -> None:
    visit.sign_in("admin", PASSWORD, "/search")
    page = visit.page
    page.get_by_label("Question").fill("What was total revenue in fiscal 2025?")
    page.get_by_label("Question").press("Enter")
    expect(page.locator("table.found")).to_be_visible()
    page.screenshot(path=tmp_path / "search.png", full_page=True)
    assert hard_to_use(page) == []
    page.locator("table.found button.marker").first.press("Enter")
    expect(page.locator(".st-key-viewer .viewer-title")).to_be_visible()
    page.get_by_text("Why it was found").click()
    expect(page.get_by_text("nearest in meaning")).to_be_visible()
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "viewer.png")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".st-key-viewer")).to_have_count(0)
    expect(page.locator("table.found")).to_be_visible()
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "narrow.png")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
