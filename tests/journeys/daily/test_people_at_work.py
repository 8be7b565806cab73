"""A day with the whole product: an analyst, a support agent and an admin on their pages, the real model server behind.

DOSSIER_PICTURES names a folder that the pages' pictures are written to, as the guide shows them.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.frontend.browsing import at_rest
from tests.journeys.product import PATIENCE, Product, boss, signed_in, type_question

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
PAGES = (
    *("Market", "News", "Compare", "Batch", "Reply"),
    *("Documents", "Search", "Models", "Feedback", "People", "Audit", "Health", "Account"),
)
PICTURES = os.environ.pop("DOSSIER_PICTURES", "")
INCOME = "What was Larkfield's net income in fiscal 2025?"
REVENUE = "What was Larkfield's total revenue in fiscal 2025?"


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page at rest, if they are wanted."""
    if PICTURES:
        page.wait_for_timeout(1500)
        page.screenshot(path=f"{PICTURES}/{name}.png")


def test_an_analyst_asks_and_opens_the_cited_page(browser: Browser, product: Product) -> None:
    with signed_in(browser, product, "mira") as page:
        type_question(page, INCOME)
        expect(page.locator(".answer").last).to_contain_text("163.8", timeout=PATIENCE)
        page.locator("button.marker").first.click()
        sheet = page.locator("img.sheet")
        expect(sheet).to_be_in_viewport(timeout=PATIENCE)
        expect(sheet).to_have_attribute("alt", re.compile("with the cited passage marked"))
        picture(page, "chat")


def test_two_people_at_once_each_get_their_own(browser: Browser, product: Product) -> None:
    with signed_in(browser, product, "mira") as one, signed_in(browser, product, "noor") as other:
        type_question(one, INCOME)
        type_question(other, REVENUE)
        expect(one.locator(".answer").last).to_contain_text("163.8", timeout=PATIENCE)
        expect(other.locator(".answer").last).to_contain_text("1,284.6", timeout=PATIENCE)
        assert "163.8" not in other.locator(".answer").last.inner_text()
        expect(other.get_by_text(INCOME)).to_have_count(0)


def test_a_conversation_is_there_after_a_reload_and_on_another_machine(browser: Browser, product: Product) -> None:
    with signed_in(browser, product, "noor") as page:
        type_question(page, INCOME)
        expect(page.locator(".answer").last).to_contain_text("163.8", timeout=PATIENCE)
        page.reload()
        expect(page.locator(".answer").last).to_contain_text("163.8", timeout=PATIENCE)
        address = page.url
    with signed_in(browser, product, "noor", address.removeprefix(f"{product.page}/")) as page:
        expect(page.locator(".answer").last).to_contain_text("163.8", timeout=PATIENCE)


def test_what_a_group_forbids_is_not_in_anybodys_documents(browser: Browser, product: Product) -> None:
    question = "What did the offer for Tamarind Freight come to?"
    with signed_in(browser, product, "mira") as page:
        type_question(page, question)
        expect(page.locator(".answer").last).to_contain_text("41.7", timeout=PATIENCE)
    with signed_in(browser, product, "noor") as page:
        type_question(page, question)
        expect(page.get_by_text("not in the documents").last).to_be_visible(timeout=PATIENCE)
        assert "41.7" not in page.content()
        assert "offers.md" not in page.content()


def test_an_agent_edits_a_reply_and_the_change_becomes_feedback(browser: Browser, product: Product) -> None:
    with signed_in(browser, product, "sam", "reply") as page:
        message = page.get_by_label("The customer's message")
        expect(message).to_be_visible(timeout=PATIENCE)
        message.fill(f"Hello,\n{INCOME}\nThanks, Jo")
        message.press("Control+Enter")
        reply = page.get_by_label("Reply", exact=True)
        expect(reply).to_have_value(re.compile("163.8"), timeout=PATIENCE)
        picture(page, "replying")
        reply.fill("Larkfield's net income was $163.8 million in fiscal 2025.")
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_text("Your version was kept as feedback.")).to_be_visible(timeout=PATIENCE)
    with boss(product) as http:
        kept = http.get("/admin/feedback").json()
    assert any("163.8 million in fiscal" in str(one) for one in kept), kept


def test_an_admin_adds_files_previews_updates_and_goes_back(browser: Browser, product: Product, tmp_path: Path) -> None:
    (tmp_path / "closing-days.md").write_text("# Closing days\n\nThe warehouse in Ostrava is closed on 17 November.\n")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing")
    with signed_in(browser, product, "admin", "documents") as page:
        page.get_by_text("Add documents", exact=True).click(timeout=PATIENCE)
        page.locator("input[type=file]").set_input_files([tmp_path / "closing-days.md", tmp_path / "broken.pdf"])
        page.get_by_role("button", name="Add them").click()
        table = page.locator(".st-key-upload .files")
        expect(table.locator("tr", has_text="closing-days.md").locator(".state")).to_have_text(
            "Added", timeout=PATIENCE
        )
        expect(table.locator("tr", has_text="broken.pdf").locator(".state")).to_have_text("Left out")
        page.get_by_role("button", name="Preview what would change").click()
        expect(page.get_by_text("An update would change this:")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("button", name="Update the index").click()
        expect(page.get_by_text("1 new or changed")).to_be_visible(timeout=PATIENCE)
        page.get_by_text(re.compile("Versions of the index")).click()
        at_rest(page)  # the section grows as it opens, and what opens beside its button is placed once
        picture(page, "indexing")
        page.get_by_role("button", name="Go back to a version").click()
        page.get_by_role("button", name="Go back to it").click()
        expect(page.get_by_text(re.compile(r"Answers come from version \w+ again"))).to_be_visible(timeout=PATIENCE)
    with boss(product) as http:
        assert "closing-days.md" not in http.get("/admin/index/files").text


def test_every_page_opens_with_its_heading_and_without_a_fault(browser: Browser, product: Product) -> None:
    with signed_in(browser, product, "admin") as page:
        for name in PAGES:
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.locator("h1").first).to_have_text(name, timeout=PATIENCE)
            expect(page.locator("[data-test-script-state=notRunning]").first).to_be_attached(timeout=PATIENCE)
            expect(page.get_by_text("Something on this page went wrong")).to_have_count(0)
            expect(page.get_by_test_id("stException")).to_have_count(0)
            picture(page, name.lower())
