"""Journeys in a real browser against the real gateway over real documents; only the answers' words are scripted."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from tests.frontend.browsing import SECONDS, Visit, at_rest, choose, hard_to_use, needs_chromium
from tests.frontend.desk import REPORT, SALES, desk
from tests.frontend.processes import PageProcess
from tests.serving.api.serving_app import PASSWORD, Served

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with desk(tmp_path_factory.mktemp("desk")) as running:
        yield running


def answered(visit: Visit, question: str, name: str = "mira") -> Page:
    visit.sign_in(name, PASSWORD)
    if name == "sam":
        visit.page.get_by_role("link", name="Ask").click()
    visit.ask(question)
    expect(visit.page.locator("button.marker").first).to_be_visible()
    return visit.page


def test_a_citation_opens_the_page_with_the_passage_marked(visit: Visit, tmp_path: Path) -> None:
    page = answered(visit, "What was total revenue?")
    page.locator("button.marker").first.click()
    picture = page.locator("img.sheet")
    expect(picture).to_be_in_viewport()
    expect(picture).to_have_attribute("alt", f"Page 23 of {REPORT}, with the cited passage marked")
    assert picture.evaluate("image => image.naturalWidth") == 1071
    expect(page.get_by_text("Page 23 of 35")).to_be_visible()
    question, viewer = page.locator(".question").bounding_box(), page.locator(".st-key-viewer").bounding_box()
    assert question and viewer
    assert question["x"] + question["width"] <= viewer["x"]  # beside the answer, which stays to be read
    page.get_by_text("Why it was found").click()
    expect(page.get_by_text("number 1 nearest in meaning")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    waiting.value.save_as(tmp_path / "saved.pdf")
    assert (tmp_path / "saved.pdf").read_bytes()[:5] == b"%PDF-"
    page.reload()
    expect(page.locator("img.sheet")).to_be_visible()


def test_pages_are_turned_and_the_viewer_closed_with_the_keyboard(visit: Visit) -> None:
    page = answered(visit, "What was total revenue?")
    page.locator("button.marker").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Page 23 of 35")).to_be_visible()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("img.sheet")).to_have_attribute("alt", f"Page 24 of {REPORT}")
    page.get_by_role("button", name="Back to the passage (page 23)").press("Enter")
    expect(page.locator("img.sheet")).to_have_attribute("alt", f"Page 23 of {REPORT}, with the cited passage marked")
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.get_by_text("Page 22 of 35")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-viewer")).to_have_count(0)
    expect(page.locator(".question")).to_be_visible()


def test_the_cited_row_of_a_spreadsheet_is_in_view_and_a_long_sheet_read_on(visit: Visit) -> None:
    page = answered(visit, "What did order A-120 come to?")
    page.locator("button.marker").first.click()
    cited = page.locator("tr.cited-part")
    expect(cited).to_have_text("A-120Germany1320")
    expect(cited).to_be_in_viewport()
    expect(page.get_by_text("Sheet 1 of 1")).to_be_visible()
    expect(page.locator("img.sheet")).to_have_count(0)


def test_a_narrow_screen_shows_the_page_below_the_answer(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 844})
    page = answered(visit, "What was total revenue?")
    page.locator("button.marker").first.click()
    picture = page.locator("img.sheet")
    expect(picture).to_be_in_viewport()
    question, box = page.locator(".question").bounding_box(), picture.bounding_box()
    assert question and box
    assert question["y"] + question["height"] < box["y"]
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_a_file_that_has_changed_is_said_and_a_wrong_place_isnt_shown(visit: Visit, gateway: Served) -> None:
    page = answered(visit, "What was total revenue?")
    file = gateway.app.state.running.gateway.originals._folder / REPORT
    before = file.read_bytes()
    try:
        file.write_bytes(before + b"\n%")
        page.locator("button.marker").first.click()
        expect(page.get_by_text("The file has changed since it was indexed.")).to_be_visible()
        expect(page.locator("img.sheet")).to_have_count(0)
        expect(page.locator(".cited-part")).to_contain_text("1,284.6")  # the text as it was indexed
        expect(page.get_by_role("button", name="Download")).to_have_count(0)
    finally:
        file.write_bytes(before)


def test_a_conversation_is_found_by_its_words_and_exported_with_its_sources(visit: Visit, tmp_path: Path) -> None:
    page = answered(visit, "What did order A-120 come to?", "sam")
    sidebar = page.get_by_test_id("stSidebar")
    page.get_by_role("searchbox", name="Search conversations").fill("nothing of the kind")
    expect(sidebar.get_by_text("No conversation has these words.")).to_be_visible()
    page.get_by_role("searchbox", name="Search conversations").fill("1,320 came")
    expect(sidebar.get_by_role("button", name="What did order A-120 come to?")).to_be_visible()
    choose(page, "Export")
    with page.expect_download() as waiting:
        page.get_by_role("dialog").get_by_role("button", name="Markdown").click()
    assert waiting.value.suggested_filename == "What did order A-120 come to.md"
    waiting.value.save_as(tmp_path / "talk.md")
    text = (tmp_path / "talk.md").read_text("utf-8")
    assert "The order A-120 came to 1,320 [1]." in text
    assert "**[1] orders.xlsx, page 1, Orders**" in text


def test_a_file_of_questions_becomes_a_workbook_also_over_a_reload(
    visit: Visit, gateway: Served, tmp_path: Path
) -> None:
    (tmp_path / "q.csv").write_text('id,Question\n1,What was revenue?\n2,wait\n3,"=HYPERLINK(""x"") revenue?"\n')
    gateway.answerer.gate.clear()
    visit.sign_in("mira", PASSWORD, "/batch")
    page = visit.page
    page.locator("input[type=file]").set_input_files(tmp_path / "q.csv")
    page.get_by_role("button", name="Answer them").click()
    expect(page.get_by_text("1 of 3 questions done").first).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 of 3 questions done").first).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. 1 of 3 questions done")).to_be_visible()
    gateway.answerer.gate.set()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("3 of 3 questions done")).to_be_visible()
    page.get_by_text("Answers", exact=True).click()
    expect(page.locator(".files")).to_contain_text("Total revenue, 2025: $1,284.6")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download Excel file").click()
    waiting.value.save_as(tmp_path / "answers.xlsx")
    rows = list(load_workbook(tmp_path / "answers.xlsx").active.iter_rows(values_only=True))
    assert rows[1][:5] == ("What was revenue?", SALES, "answered", REPORT, 23)
    assert rows[3][0] == '=HYPERLINK("x") revenue?'
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("3 of 3 questions done")).to_have_count(0)


def test_the_batch_page_isnt_for_support(visit: Visit) -> None:
    visit.sign_in("sam", PASSWORD, "/batch")
    expect(visit.page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(visit.page.get_by_role("link", name="Batch")).to_have_count(0)
    expect(visit.page.locator("input[type=file]")).to_have_count(0)


def test_support_replies_by_keyboard_and_an_edit_becomes_feedback(visit: Visit, gateway: Served) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.sign_in("sam", PASSWORD)
    page = visit.page
    message = page.get_by_label("The customer's message")
    expect(message).to_be_visible()  # the page that support sees first
    message.fill("Hi,\nWhat did order A-120 come to? And which flights are in premium economy?\nThanks\nJo")
    message.press("Control+Enter")
    reply = page.get_by_label("Reply", exact=True)
    expect(reply).to_have_value("The order A-120 came to 1,320.")
    expect(page.get_by_text("[1] orders.xlsx")).to_be_visible()
    at_rest(page)
    page.get_by_role("radio", name="Formal").click()
    expect(reply).to_have_value(re.compile("^Dear Sir or Madam,.*1,320.*Yours faithfully$", re.DOTALL))
    reply.fill(reply.input_value().replace("1,320", "1,320 euros"))
    reply.press("Control+Enter")
    expect(page.get_by_text("Copied. Your version was kept as feedback.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Dear Sir or Madam,") and "1,320 euros." in copied
    (kept,) = gateway.store.feedback.list(limit=1)
    assert (kept.user, kept.opinion.correction) == ("sam", "The order A-120 came to 1,320 euros.")
    page.get_by_role("button", name="And which flights are in premium economy?").click()
    expect(reply).to_have_value(re.compile("Premium economy may be booked"))
    at_rest(page)
    page.get_by_role("radio", name="Plain").click()
    expect(reply).to_have_value(re.compile("^Premium economy.*10 hours.$"))
    page.keyboard.press("Alt+Enter")
    expect(page.get_by_text("Copied. It was used as suggested.")).to_be_visible()
    page.get_by_role("button", name="Next message").click()
    expect(message).to_have_value("")
    expect(reply).to_have_count(0)


def test_a_reply_that_the_documents_dont_give_is_the_agents_own(visit: Visit, gateway: Served) -> None:
    visit.sign_in("sam", PASSWORD)
    page = visit.page
    page.get_by_label("The customer's message").fill("Will the weather be fine?")
    page.get_by_role("button", name="Suggest a reply").click()
    expect(page.get_by_text("The documents don't answer this.")).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("The reply is empty.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("The documents don't answer this.")).to_be_visible()
    page.get_by_label("Reply", exact=True).fill("We don't know the weather.")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied. Your version was kept as feedback.")).to_be_visible()
    assert gateway.store.feedback.list(limit=1)[0].opinion.correction == "We don't know the weather."


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(browser: Browser, site: PageProcess, gateway: Served, mode: str) -> None:
    expect.set_options(timeout=SECONDS * 1000)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=mode)
    visit = Visit(context, site, gateway)
    page, found = visit.page, {}
    page.goto(site.address)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    found["sign-in"] = hard_to_use(page)
    visit.sign_in("admin", PASSWORD)
    expect(page.get_by_text("Questions to begin with")).to_be_visible()
    found["beginning"] = hard_to_use(page)
    visit.ask("What was total revenue?")
    page.locator("button.marker").first.click()
    expect(page.locator("img.sheet")).to_be_visible()
    page.get_by_text("Why it was found").click()
    page.get_by_text("The page as text").click()
    page.get_by_role("button", name="Not right").click()
    expect(page.get_by_role("textbox", name="What would be right?")).to_be_visible()
    found["answer"] = hard_to_use(page)
    visit.ask("Will the weather be fine?")
    expect(page.get_by_text("Not in the documents").first).to_be_visible()
    found["refusal"] = hard_to_use(page)
    waited = {
        "account": "Signed in as", "documents": "Update the index", "models": "Models", "feedback": "Decide which part",
        "batch": "File of questions", "market": "Market", "news": "There is no news yet",
        "compare": "Choose two documents", "search": "See what Dossier finds", "reply": "The customer's message",
    }  # fmt: skip
    for path, words in waited.items():
        page.goto(f"{site.address}/{path}")
        expect(page.get_by_test_id("stMain").get_by_text(words).first).to_be_visible()
        if path == "documents":
            page.get_by_text("Add documents", exact=True).click()
        found[path] = hard_to_use(page)
    page.get_by_label("The customer's message").fill("What did order A-120 come to?")
    page.get_by_role("button", name="Suggest a reply").click()
    expect(page.get_by_label("Reply", exact=True)).to_be_visible()
    found["replied"] = hard_to_use(page)
    context.close()
    assert not any(found.values()), "\n".join(f"{name}: {one}" for name, all_of in found.items() for one in all_of)


def test_an_admin_adds_a_good_and_a_broken_file_and_previews(visit: Visit, gateway: Served, tmp_path: Path) -> None:
    (tmp_path / "holidays.md").write_text("# Holidays\n\nThe office is closed on 24 December.\n")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing")
    visit.sign_in("admin", PASSWORD, "/documents")
    page = visit.page
    page.get_by_text("Add documents", exact=True).click()
    page.locator("input[type=file]").set_input_files([tmp_path / "holidays.md", tmp_path / "broken.pdf"])
    page.get_by_label("Into the folder").fill("hr")
    page.get_by_role("button", name="Add them").click()
    table = page.locator(".st-key-upload .files")
    expect(table).to_contain_text("hr/holidays.md")
    expect(table.locator("tr", has_text="hr/holidays.md").locator(".state")).to_have_text("Added")
    expect(table.locator("tr", has_text="hr/broken.pdf").locator(".state")).to_have_text("Left out")
    expect(table.locator("tr", has_text="hr/broken.pdf").locator(".reason")).not_to_be_empty()
    folder = gateway.app.state.running.gateway.settings.documents
    assert (folder / "hr" / "holidays.md").is_file()
    assert not (folder / "hr" / "broken.pdf").exists()
