"""The page in a real browser: what a person does, and what the browser asks for over the network."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.frontend.browsing import Visit, choose, needs_chromium
from tests.frontend.processes import PageProcess
from tests.frontend.scripted_gateway.contents import ANSWER, HOSTILE_FILE, PASSWORD, QUESTIONS

QUESTION = "What were the net sales?"
SLOW = "What were the net sales, slowly?"

pytestmark = [pytest.mark.browser, needs_chromium]


def test_signing_in_asking_and_opening_a_source(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(password="nope")
    expect(page.get_by_text("The name or the password is wrong")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Company finance")).to_be_visible()
    visit.ask(QUESTION)
    expect(page.locator(".answer").last).to_contain_text("net sales were $4.2 billion in 2025")
    source = page.get_by_text("[1] larkfield-annual-report-2025.pdf · page 12 · Financial review › Net sales")
    expect(page.get_by_text("Net sales for 2025 were")).not_to_be_visible()
    source.click()
    net_sales, margin = page.locator("mark").first, page.locator("mark").nth(1)
    expect(net_sales).to_have_text("Net sales for 2025 were $4.2 billion, up 3.5% on the year before.")
    expect(net_sales).to_be_visible()
    expect(margin).to_contain_text("Operating margin came to 12.1%")  # the row of the second source, still closed
    expect(margin).not_to_be_visible()
    assert page.locator(".marker").first.get_attribute("title") == "larkfield-annual-report-2025.pdf, page 12"


def where_it_stands(page: Page) -> dict[str, float]:
    """The answer's box; the page replaces the element while it runs, and one that is just going has none."""
    for _ in range(100):
        if box := page.locator(".answer").last.bounding_box():
            return dict(box)
        page.wait_for_timeout(50)
    raise AssertionError("the answer is nowhere on the page")


def settled(page: Page) -> None:
    """Wait until the page has drawn itself and the smooth scrolling has ended, however slow the machine is."""
    last, same = None, 0
    for _ in range(80):
        page.wait_for_timeout(300)
        now = page.locator(".question").bounding_box()
        same = same + 1 if now == last else 0
        if same == 3:
            return
        last = now
    raise AssertionError("the question never came to rest")


def test_an_answer_is_seen_while_it_is_written_and_nothing_moves(visit: Visit) -> None:
    visit.sign_in()
    visit.ask(SLOW)
    page = visit.page
    expect(page.get_by_text("Looking through the documents").first).to_be_visible()
    expect(page.locator(".answer").last).to_contain_text("net sales were")
    settled(page)
    partly = page.locator(".answer").inner_text()
    before, bottom = page.locator(".question").bounding_box(), page.get_by_test_id("stChatInput").bounding_box()
    text = where_it_stands(page)
    assert "Operating margin" not in partly
    assert ANSWER.replace("**", "").startswith(partly.strip().rsplit(" ", 1)[0])
    expect(page.get_by_text("Sources", exact=True)).to_be_visible()
    after = where_it_stands(page)
    assert page.locator(".question").bounding_box() == before
    assert page.get_by_test_id("stChatInput").bounding_box() == bottom
    assert (text["x"], text["y"]) == (after["x"], after["y"])


def test_stopping_keeps_what_was_said(visit: Visit) -> None:
    visit.sign_in()
    visit.ask(SLOW)
    page = visit.page
    expect(page.locator(".answer").last).to_contain_text("net sales were")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped before it was finished.")).to_be_visible()
    expect(page.locator(".answer").last).to_contain_text("net sales were")
    expect(page.get_by_role("button", name="Stop")).not_to_be_visible()
    assert visit.gateway.scripted()["closed"] == [SLOW]
    page.reload()
    expect(page.locator(".answer").last).to_contain_text("net sales were")
    expect(page.locator(".answer")).not_to_contain_text("Operating margin")
    visit.ask(QUESTION)
    expect(page.locator(".answer").last).to_contain_text("Operating margin")


def test_stopping_works_while_nothing_arrives(visit: Visit) -> None:
    visit.sign_in()
    visit.ask("Will it hang?")
    expect(visit.page.get_by_text("Reading 3 passages").first).to_be_visible()
    visit.page.get_by_role("button", name="Stop").click()
    expect(visit.page.get_by_text("Stopped before there was an answer.")).to_be_visible()
    assert visit.gateway.scripted()["closed"] == ["Will it hang?"]


def test_a_reload_keeps_the_sign_in_and_the_conversation(visit: Visit) -> None:
    visit.sign_in()
    visit.ask(QUESTION)
    page = visit.page
    expect(page.locator(".answer").last).to_contain_text("Operating margin")
    page.reload()
    expect(page.locator(".answer").last).to_contain_text("Operating margin")
    expect(page.locator(".question")).to_have_text(QUESTION)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    token = next(iter(visit.gateway.scripted()["tokens"]))
    cookie = next(one for one in visit.context.cookies() if one["value"] == token)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert token not in page.url
    assert not [url for url in visit.asked if token in url]
    assert token not in page.evaluate("document.cookie + JSON.stringify({...localStorage, ...sessionStorage})")


def test_a_reload_in_mid_answer_goes_on_with_it(visit: Visit) -> None:
    visit.sign_in()
    visit.ask(SLOW)
    expect(visit.page.locator(".answer").last).to_contain_text("net sales were")
    visit.page.reload()
    expect(visit.page.locator(".answer").last).to_contain_text("net sales were")
    expect(visit.page.locator(".answer").last).to_contain_text("Operating margin")
    expect(visit.page.get_by_text("Sources", exact=True)).to_be_visible()
    assert visit.gateway.scripted()["closed"] == []


def test_signing_out_survives_a_reload(visit: Visit) -> None:
    visit.sign_in()
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.page.get_by_role("button", name="Sign in")).to_be_visible()
    # the page's policy forbids evaluated strings, so the cookie itself is watched
    for _ in range(100):
        left = [one for one in visit.context.cookies() if one["name"].startswith("dossier_session")]
        if not left:
            break
        visit.page.wait_for_timeout(200)
    assert left == []
    visit.page.reload()
    expect(visit.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_gateway_dying_in_mid_answer(visit: Visit) -> None:
    visit.sign_in()
    visit.ask(SLOW)
    page = visit.page
    expect(page.locator(".answer").last).to_contain_text("net sales were")
    visit.gateway.kill()
    try:
        expect(page.get_by_text("The gateway isn't reachable")).to_be_visible()
        expect(page.locator(".answer").last).to_contain_text("net sales were")
        assert page.get_by_text("Traceback").count() == 0
    finally:
        visit.gateway.start()
    # beside the answer, the thumbs of older ones may miss the gateway too, and have a button of their own
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_text("The connection to the gateway broke off")).to_be_visible()
    page.get_by_role("button", name="Try again").first.click()
    expect(page.locator(".answer").last).to_contain_text("Operating margin")
    visit.ask(QUESTION)
    expect(page.locator(".question").last).to_have_text(QUESTION)
    expect(page.locator(".answer").last).to_contain_text("Operating margin")


def test_an_error_in_mid_answer_is_a_notice_with_a_button(visit: Visit) -> None:
    visit.sign_in()
    visit.ask("break please")
    expect(visit.page.get_by_text("The model server doesn't answer")).to_be_visible()
    expect(visit.page.locator(".answer").last).to_contain_text("$4.2 billion in 2025,")
    visit.page.get_by_role("button", name="Try again").click()
    expect(visit.page.locator(".question")).to_have_count(2)
    expect(visit.page.get_by_text("The model server doesn't answer")).to_be_visible()


def test_the_engine_starting_is_waited_for(visit: Visit) -> None:
    visit.gateway.script(ready={"engine": {"state": "starting", "message": "", "seconds_left": 40}})
    visit.sign_in()
    page = visit.page
    expect(page.get_by_text("The assistant is starting, about 40 seconds left. The page goes on")).to_be_visible()
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_disabled()
    visit.gateway.script(ready={})
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_enabled()
    expect(page.get_by_text("The assistant is starting")).not_to_be_visible()


def test_a_question_that_the_documents_dont_answer(visit: Visit) -> None:
    visit.sign_in()
    visit.ask("What's the weather tomorrow?")
    expect(visit.page.get_by_text("Not in the documents")).to_be_visible()
    visit.page.get_by_text("Show the nearest 3 passages").click()
    expect(visit.page.locator(".passage").first).to_be_visible()


def test_hostile_text_is_shown_and_asks_the_network_for_nothing(visit: Visit) -> None:
    visit.sign_in()
    page = visit.page
    visit.ask('An image <img src=x onerror="window.hurt=3"> please')
    expect(page.locator(".answer").last).to_contain_text("![pixel](http://198.51.100.7/pixel.png)")
    expect(page.locator(".answer").last).to_contain_text("cost $5 or $6 :smile:")
    expect(page.locator(".question")).to_contain_text("<img src=x")
    heading = page.locator("summary").first
    expect(heading).to_contain_text("<img src=x onerror=")
    heading.click()
    expect(page.locator(".passage").first).to_contain_text("<script>")
    page.get_by_role("link", name="Documents").click()
    expect(page.locator(".files").last).to_contain_text(HOSTILE_FILE)
    page.wait_for_timeout(500)
    assert page.locator("[data-testid='stMain'] img, [data-testid='stSidebar'] img").count() == 0
    assert page.locator(".katex").count() == 0
    assert page.evaluate("window.hurt") is None
    assert visit.elsewhere() == []


def test_even_an_element_that_got_in_could_load_nothing(visit: Visit) -> None:
    visit.sign_in()
    expect(visit.page.get_by_text("Company finance")).to_be_visible()
    refused = visit.page.evaluate(
        """() => new Promise(done => {
            document.addEventListener("securitypolicyviolation", event => done(event.blockedURI));
            document.body.append(Object.assign(new Image(), { src: "http://198.51.100.7/pixel.png" }));
        })"""
    )
    assert refused == "http://198.51.100.7/pixel.png"
    visit.asked = [url for url in visit.asked if url != refused]


def test_an_admin_brings_the_index_up_to_date(visit: Visit) -> None:
    visit.sign_in()
    page = visit.page
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_text("It has no text, only pictures")).to_be_visible()
    page.get_by_role("button", name="Update the index").click()
    expect(page.get_by_text(re.compile(r"Working out .*, \d+ of 40, about \d+ seconds left"))).to_be_visible()
    expect(page.get_by_text("The last run finished: 5 documents in 445 passages")).to_be_visible()
    expect(page.get_by_role("button", name="Update the index")).to_be_visible()


def test_an_answer_is_judged_with_the_keyboard_and_decided_on(visit: Visit) -> None:
    visit.sign_in()
    page = visit.page
    visit.ask(QUESTION)
    wrong = page.get_by_role("button", name="Not right")
    expect(wrong).to_be_visible()
    page.get_by_role("button", name="Helpful").focus()
    page.keyboard.press("Tab")
    expect(wrong).to_be_focused()
    page.keyboard.press("Enter")
    right = page.get_by_role("textbox", name="What would be right?")
    right.fill("<b>$4.3</b> billion")
    page.get_by_role("button", name="Send", exact=True).press("Enter")
    expect(page.get_by_text("What you said about it")).to_be_visible()
    page.get_by_role("link", name="Feedback").click()
    expect(page.get_by_text("<b>$4.3</b> billion")).to_be_visible()
    page.get_by_role("button", name="Accept: Generation").click()
    expect(page.get_by_text("Nothing here.")).to_be_visible()
    assert page.evaluate("window.hurt") is None


@pytest.mark.parametrize("path", ["/", "/documents"])
def test_an_analyst_has_no_documents_page(visit: Visit, path: str) -> None:
    visit.sign_in("ben", path=path)
    page = visit.page
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(page.get_by_role("link", name="Documents")).to_have_count(0)
    expect(page.get_by_role("button", name="Update the index")).to_have_count(0)
    assert "lease-2011" not in page.content()


def test_conversations_are_kept_apart_renamed_and_deleted(visit: Visit) -> None:
    visit.sign_in()
    page = visit.page
    page.get_by_role("button", name=QUESTIONS[0]).click()
    expect(page.locator(".answer").last).to_contain_text("Operating margin")
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_text("Questions to begin with")).to_have_count(1)  # two for a moment, while the page redraws
    expect(page.get_by_text("Questions to begin with")).to_be_visible()
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("button", name=QUESTIONS[0]).click()
    expect(page.locator(".answer").last).to_contain_text("Operating margin")
    choose(page, "Rename")
    page.get_by_label("Title").fill("Sales of 2025")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(sidebar.get_by_role("button", name="Sales of 2025")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    choose(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(sidebar.get_by_role("button", name="Sales of 2025")).to_have_count(0)
    expect(page.get_by_text("Questions to begin with")).to_be_visible()


def test_the_keyboard_alone_is_enough(visit: Visit) -> None:
    visit.sign_in()
    page = visit.page
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_enabled()
    page.get_by_test_id("stChatInputTextArea").focus()
    page.keyboard.type(SLOW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").strip().endswith("Stop"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("Stopped before")).to_be_visible()


def test_a_narrow_screen_isnt_scrolled_sideways(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 844})
    visit.sign_in()
    visit.ask(QUESTION)
    expect(page.get_by_text("Sources", exact=True)).to_be_visible()
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    expect(page.get_by_role("button", name="Update the index")).to_be_in_viewport()
    page.get_by_role("button", name="Update the index").click(trial=True)  # the sidebar doesn't cover it any more
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_the_pages_process_kept_quiet(site: PageProcess) -> None:
    log = site.log.read_text("utf-8")
    assert "Traceback" not in log
    assert "token-" not in log
    assert PASSWORD not in log
