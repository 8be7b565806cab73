"""The whole product as a user runs it: one start with the real model server, asked over HTTP and on the page, broken.

It runs, with its browser, in a network that has loopback alone where the system lets the test make one.
"""

import socket
import time
from collections.abc import Iterator

import httpx
import openai
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from dossier.registry import Registry
from dossier.settings import load_settings
from tests.journeys.product import PASSWORD, Product, signed_in, type_question

FOR_THE_MODEL = "What did Larkfield's net income come to in fiscal 2025?"
"""In other words than a look-up, which no model takes part in."""
pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


def wait_until(product: Product, status: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while httpx.get(f"{product.url}/ready").status_code != status:
        assert time.monotonic() < deadline, httpx.get(f"{product.url}/ready").text
        time.sleep(0.2)


def model_server(product: Product) -> list[psutil.Process]:
    """VLLM's processes, the server first."""
    family = psutil.Process(product.process.pid).children(recursive=True)
    server = next(process for process in family if "vllm.entrypoints.cli.main" in " ".join(process.cmdline()))
    return [server, *server.children(recursive=True)]


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    """The chat page, with an admin signed in."""
    with signed_in(browser, product, "admin") as page:
        yield page


def client(product: Product) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{product.url}/v1", api_key=product.key, max_retries=0, timeout=120)


def test_the_first_answer_is_printed_with_its_source_and_the_addresses(product: Product) -> None:
    said = product.log.read_text()
    assert "Question: " in said
    assert ".pdf, page " in said
    assert f"{product.url}/docs" in said
    assert PASSWORD not in said


def test_any_openai_client_gets_cited_answers(product: Product) -> None:
    reply = client(product).chat.completions.create(
        model="dossier-finance",
        messages=[{"role": "user", "content": "What was Larkfield's net income in fiscal 2025?"}],
    )
    sources = reply.model_extra["sources"] if reply.model_extra else []
    assert [source["number"] for source in sources] == list(range(1, len(sources) + 1))
    assert all(source["document"] and source["page"] >= 1 and source["text"] for source in sources)
    cited = [source for source in sources if source["cited"]]
    assert cited
    assert f"[{cited[0]['number']}]" in (reply.choices[0].message.content or "")


def test_what_the_pack_ships_answers_and_every_answer_says_so(product: Product) -> None:
    shipped = Registry.of(load_settings()).champions.read().of("finance")
    name = f"dossier-finance@{shipped[:16]}" if shipped else "dossier-finance"
    assert client(product).models.list().data[0].model_extra == {"adapter": shipped}
    with httpx.Client(base_url=product.url, headers={"Authorization": f"Bearer {product.key}"}, timeout=120) as http:
        conversation = http.post("/conversations").json()["id"]
        asked = [{"role": "user", "content": "What was Larkfield's net income in fiscal 2025?"}]
        body = {"model": "dossier-finance", "messages": asked, "conversation": conversation}
        assert http.post("/v1/chat/completions", json=body).json()["answered_by"] == name
        kept = http.get(f"/conversations/{conversation}").json()["messages"]
    assert [message["answered_by"] for message in kept] == ["", name]


def test_what_is_not_in_the_documents_is_refused_in_a_stream(product: Product) -> None:
    stream = client(product).chat.completions.create(
        model="dossier-finance",
        messages=[{"role": "user", "content": "Who painted the ceiling of the Sistine Chapel?"}],
        stream=True,
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert "not in the documents" in said


def test_unknown_model_and_bad_questions_are_refused(product: Product) -> None:
    with pytest.raises(openai.NotFoundError):
        client(product).chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": "hi"}])
    for question in ("", "x" * 20_000):
        with pytest.raises(openai.BadRequestError):
            client(product).chat.completions.create(
                model="dossier-finance", messages=[{"role": "user", "content": question}]
            )


def test_it_ran_without_a_way_out(product: Product) -> None:
    """The other tests of this module passed in a network where every address but loopback is unreachable."""
    if not product.alone:
        pytest.skip("this user may not make a network of its own (root may)")
    with pytest.raises(OSError, match="unreachable"), socket.socket() as probe:
        probe.connect(("192.0.2.1", 80))


def test_a_person_asks_on_the_page_and_opens_the_source(page: Page) -> None:
    type_question(page, "What was Larkfield's net income in fiscal 2025?")
    expect(page.locator(".answer").last).to_contain_text("163.8", timeout=90_000)
    page.get_by_text("larkfield-annual-report-2025.pdf").first.click()
    expect(page.locator("mark").first).to_contain_text("Net income")
    type_question(page, "Who painted the ceiling of the Sistine Chapel?")
    expect(page.get_by_text("not in the documents").last).to_be_visible(timeout=90_000)


def test_an_admin_indexes_again_on_the_page(page: Page) -> None:
    page.get_by_text("Documents", exact=True).click()
    page.get_by_role("button", name="Update the index").first.click()
    expect(page.get_by_text("travel-and-expense-policy.md")).to_be_visible(timeout=60_000)


def test_a_model_server_killed_in_mid_answer_is_told_on_the_page_and_comes_back(product: Product, page: Page) -> None:
    processes = model_server(product)
    for process in processes:  # held still, so that the question is on its way when they die
        process.suspend()
    type_question(page, FOR_THE_MODEL)
    expect(page.get_by_text("Reading 6 passages").first).to_be_visible(timeout=60_000)
    for process in reversed(processes):
        process.kill()
    expect(page.get_by_text("stopped in the middle of the answer").first).to_be_visible(timeout=60_000)
    assert httpx.get(f"{product.url}/health").status_code == 200
    wait_until(product, 200, 300)
    page.reload()
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_enabled(timeout=90_000)
    type_question(page, FOR_THE_MODEL)
    expect(page.locator(".answer").last).to_contain_text("163.8", timeout=90_000)


def test_a_hung_model_server_is_noticed_and_replaced(product: Product) -> None:
    for process in model_server(product):
        process.suspend()
    wait_until(product, 503, 40)
    wait_until(product, 200, 300)
    test_any_openai_client_gets_cited_answers(product)
