"""Answers on their way: kept in conversations, stopped when nobody listens, bounded in number."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from dossier.errors import EngineError
from dossier.records import Delta, Step, Turn
from dossier.settings import Settings
from frontend.gateway.client import Gateway as PageClient
from frontend.gateway.wire import Finish
from serving.store import open_store
from serving.terminal import print_answer, stream_answer
from tests.serving.api.scripted import CHART, MODEL, REFUSAL, TEXT
from tests.serving.api.serving_app import PASSWORD, PASSWORDS, Served, ask, served, until

CHAT = "/v1/chat/completions"
SAID = "Net sales were"


def conversation_of(client: httpx.Client) -> str:
    return str(client.post("/conversations").json()["id"])


def messages_of(client: httpx.Client, conversation: str) -> list[dict]:
    return client.get(f"/conversations/{conversation}").json()["messages"]


def chunks_of(response: httpx.Response) -> list[dict]:
    return [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: {")]


def last_chunk(response: httpx.Response) -> dict:
    return chunks_of(response)[-1]


@contextmanager
def streaming(client: httpx.Client, question: str, **more) -> Iterator[Iterator[str]]:
    """A stream from which the first words have been read."""
    with client.stream("POST", CHAT, json=ask(question, stream=True, **more)) as response:
        assert response.status_code == 200, response.read()
        lines = response.iter_lines()
        said = ""
        while said != SAID:
            line = next(lines)
            if line.startswith("data: {"):
                said += json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
        yield lines


def test_the_events_on_the_wire(mira: httpx.Client) -> None:
    response = mira.post(CHAT, json=ask("What were net sales?", stream=True))
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["Cache-Control"] == "no-store"
    events = response.text.split("\n\n")
    assert events.pop() == "" and events.pop() == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert chunks[1]["step"] == "Searching the documents" and chunks[1]["choices"][0]["delta"] == {}
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_an_error_on_the_wire(mira: httpx.Client) -> None:
    events = mira.post(CHAT, json=ask("break", stream=True)).text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    error = json.loads(events[-3].removeprefix("data: "))["error"]
    assert error == {
        "message": "The model server stopped. Ask again in a minute.",
        "type": "server_error",
        "code": "engine_unavailable",
    }


@pytest.mark.parametrize("stream", [False, True])
def test_question_and_answer_are_kept(mira: httpx.Client, stream: bool) -> None:
    conversation = conversation_of(mira)
    mira.post(CHAT, json=ask("What were net sales?", stream=stream, conversation=conversation)).raise_for_status()
    question, answer = messages_of(mira, conversation)
    assert (question["role"], question["text"], question["sources"]) == ("user", "What were net sales?", [])
    assert (answer["role"], answer["text"], answer["verdict"]) == ("assistant", TEXT, "answered")
    assert (answer["interrupted"], answer["answered_by"]) == (False, MODEL)
    assert [(source["number"], source["cited"]) for source in answer["sources"]] == [(1, True), (2, True), (3, False)]
    assert [(trace["text"], trace["page"]) for trace in answer["traces"]] == [("4.2", 12), ("3.5", 12), ("12.1", 14)]
    assert mira.get(f"/conversations/{conversation}").json()["title"] == "What were net sales?"
    assert question["chart"] is answer["chart"] is None


@pytest.mark.parametrize("stream", [False, True])
def test_an_answers_chart_is_kept_and_exported(mira: httpx.Client, stream: bool) -> None:
    conversation = conversation_of(mira)
    mira.post(CHAT, json=ask("Please show a chart.", stream=stream, conversation=conversation)).raise_for_status()
    assert messages_of(mira, conversation)[1]["chart"] == CHART
    assert mira.get(f"/conversations/{conversation}/export?form=json").json()["messages"][1]["chart"] == CHART
    assert CHART["description"] in mira.get(f"/conversations/{conversation}/export").text


@pytest.mark.parametrize("stream", [False, True])
def test_a_follow_up_says_what_it_was_asked_as(mira: httpx.Client, stream: bool) -> None:
    conversation = conversation_of(mira)
    reply = mira.post(CHAT, json=ask("And the year before?", stream=stream, conversation=conversation))
    answer = last_chunk(reply) if stream else reply.json()
    assert answer["asked_as"] == "What were net sales in 2024?"
    assert [message["asked_as"] for message in messages_of(mira, conversation)] == ["", answer["asked_as"]]


@pytest.mark.parametrize("stream", [False, True])
def test_a_sentence_that_is_not_borne_out_is_marked_and_kept_so(mira: httpx.Client, stream: bool) -> None:
    conversation = conversation_of(mira)
    reply = mira.post(CHAT, json=ask("doubt", stream=stream, conversation=conversation))
    answer = last_chunk(reply) if stream else reply.json()
    (marked,) = answer["unsupported"]
    assert TEXT[marked["start"] : marked["end"]] == "The margin was 12.1% [2]."
    assert (marked["fault"], marked["reason"]) == ("wrong", "4.2 can't be found in [1].")
    assert (answer["verdict"], answer["withdrawn"]) == ("unsupported", "")
    assert messages_of(mira, conversation)[1]["unsupported"] == answer["unsupported"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_nothing_bears_out_is_withdrawn_also_for_who_has_seen_it(
    mira: httpx.Client, stream: bool
) -> None:
    conversation = conversation_of(mira)
    reply = mira.post(CHAT, json=ask("invent", stream=stream, conversation=conversation))
    answer = last_chunk(reply) if stream else reply.json()
    assert (answer["verdict"], answer["withdrawn"], len(answer["sources"])) == ("not_in_documents", TEXT, 3)
    if stream:
        shown = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks_of(reply))
        assert shown == f"{TEXT}\n\nWithdrawn: nothing above is borne out by the documents. {REFUSAL}"
        assert answer["text"] == REFUSAL
    else:
        assert answer["choices"][0]["message"]["content"] == REFUSAL
    kept = messages_of(mira, conversation)[1]
    assert (kept["text"], kept["withdrawn"], kept["verdict"]) == (REFUSAL, TEXT, "not_in_documents")


def test_answers_are_counted_by_what_they_are_worth(mira: httpx.Client) -> None:
    for question in ("What were net sales?", "weather", "doubt", "invent", "invent"):
        mira.post(CHAT, json=ask(question)).raise_for_status()
    told = mira.get("/metrics").text
    counts = {"answered": 1, "not_in_documents": 1, "unsupported": 1, "withdrawn": 2, "failed": 0}
    for verdict, count in counts.items():
        assert f'dossier_answers_total{{verdict="{verdict}"}} {float(count)}' in told
    assert 'dossier_sentences_not_borne_out_total{fault="wrong"} 5.0' in told
    assert 'dossier_sentences_not_borne_out_total{fault="uncited"} 0.0' in told


def test_nothing_is_kept_without_a_conversation(mira: httpx.Client) -> None:
    mira.post(CHAT, json=ask("What were net sales?")).raise_for_status()
    assert mira.get("/conversations").json() == []


def test_the_question_is_kept_at_once(mira: httpx.Client, gateway: Served) -> None:
    conversation = conversation_of(mira)
    with streaming(mira, "wait", conversation=conversation) as lines:
        assert [message["text"] for message in messages_of(mira, conversation)] == ["wait"]
        gateway.answerer.gate.set()
        assert list(lines)[-2:] == ["data: [DONE]", ""]
    assert [message["text"] for message in messages_of(mira, conversation)] == ["wait", TEXT]
    assert not gateway.answerer.closed.is_set()


@pytest.mark.parametrize("conversation", ["", "0" * 32, "../x", "theirs"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_that_is_not_ones_own(
    gateway: Served, mira: httpx.Client, conversation: str, stream: bool
) -> None:
    theirs = conversation_of(gateway.signed_in("sam"))
    conversation = theirs if conversation == "theirs" else conversation
    response = mira.post(CHAT, json=ask("What were net sales?", stream=stream, conversation=conversation))
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert gateway.answerer.asked == []
    assert messages_of(gateway.signed_in("sam"), theirs) == []
    assert slots_taken(gateway) == 0


def test_when_the_client_goes_away_the_model_stops_and_what_was_said_is_kept(
    gateway: Served, mira: httpx.Client
) -> None:
    conversation = conversation_of(mira)
    with streaming(mira, "wait", conversation=conversation):
        pass
    assert gateway.answerer.closed.wait(20)
    until(lambda: len(messages_of(mira, conversation)) == 2)
    answer = messages_of(mira, conversation)[1]
    assert (answer["text"], answer["interrupted"], answer["verdict"], answer["sources"]) == (SAID, True, "", [])
    until(lambda: slots_taken(gateway) == 0)
    assert 'dossier_answers_total{verdict="interrupted"} 1.0' in mira.get("/metrics").text


def test_when_the_client_of_a_whole_answer_goes_away(gateway: Served, mira: httpx.Client) -> None:
    conversation = conversation_of(mira)
    body = json.dumps(ask("wait", conversation=conversation)).encode()
    host, port = gateway.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = (
            f"POST {CHAT} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {gateway.key('mira')}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        until(lambda: len(gateway.answerer.asked) == 1)
    assert gateway.answerer.closed.wait(20)
    until(lambda: len(messages_of(mira, conversation)) == 2)
    assert messages_of(mira, conversation)[1]["interrupted"]
    until(lambda: slots_taken(gateway) == 0)


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_said_before_a_failure_is_kept_with_the_reason(mira: httpx.Client, stream: bool) -> None:
    conversation = conversation_of(mira)
    mira.post(CHAT, json=ask("break", stream=stream, conversation=conversation))
    answer = messages_of(mira, conversation)[1]
    assert (answer["text"], answer["interrupted"]) == (SAID, True)
    assert answer["note"] == "The model server stopped. Ask again in a minute."


def test_a_conversation_deleted_meanwhile_does_no_harm(gateway: Served, mira: httpx.Client) -> None:
    conversation = conversation_of(mira)
    with streaming(mira, "wait", conversation=conversation) as lines:
        assert mira.delete(f"/conversations/{conversation}").status_code == 204
        gateway.answerer.gate.set()
        rest = [line for line in lines if line]
    assert rest[-1] == "data: [DONE]" and '"finish_reason":"stop"' in rest[-2]
    assert mira.get(f"/conversations/{conversation}").status_code == 404


@pytest.mark.slow
def test_when_the_gateway_ends_what_was_said_is_kept(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        mira = gateway.signed_in("mira")
        conversation = conversation_of(mira)
        with pytest.raises(httpx.HTTPError), streaming(mira, "wait", conversation=conversation) as lines:
            gateway.stop()
            list(lines)
            raise httpx.ReadError("the stream ended without its end")
        assert gateway.engine.calls == ["start", "stop"]
    store, _ = open_store(Settings(home=tmp_path), PASSWORDS)
    owner = store.credentials.sign_in("mira", PASSWORD).user.id
    messages = store.conversations.get(owner, conversation).messages
    store.close()
    assert [(message.text, message.interrupted) for message in messages] == [("wait", False), (SAID, True)]


@pytest.mark.slow
def test_too_many_answers_at_once_are_refused_and_the_next_is_let_in(tmp_path: Path) -> None:
    with served(tmp_path, engine_queue=1) as gateway:
        room = gateway.app.state.running.slots._room
        client = gateway.signed_in("mira")
        with ExitStack() as stack:
            for _ in range(room):
                stack.enter_context(streaming(client, "wait"))
            assert f"dossier_answers_running {float(room)}" in client.get("/metrics").text
            for stream in (False, True):
                refused = client.post(CHAT, json=ask("What were net sales?", stream=stream))
                assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")
                assert int(refused.headers["Retry-After"]) > 0
        until(lambda: slots_taken(gateway) == 0)
        assert client.post(CHAT, json=ask("What were net sales?")).status_code == 200
        assert slots_taken(gateway) == 0


@pytest.mark.slow
def test_answers_at_once_do_not_mix(gateway: Served) -> None:
    async def ask_all() -> list[str]:
        headers = {"Authorization": f"Bearer {gateway.key('mira')}"}
        async with httpx.AsyncClient(base_url=gateway.address, headers=headers, timeout=20, trust_env=False) as client:

            async def one(number: int) -> str:
                conversation = (await client.post("/conversations")).json()["id"]
                await client.post(CHAT, json=ask(f"question {number}", stream=True, conversation=conversation))
                messages = (await client.get(f"/conversations/{conversation}")).json()["messages"]
                assert messages[1]["text"] == TEXT
                return str(messages[0]["text"])

            return await asyncio.gather(*(one(number) for number in range(20)))

    assert asyncio.run(ask_all()) == [f"question {number}" for number in range(20)]


def test_the_command_lines_client(gateway: Served) -> None:
    events = list(stream_answer(gateway.address, gateway.key("admin"), MODEL, "What were net sales?"))
    said = [event["choices"][0]["delta"].get("content") or "" for event in events]
    assert "".join(said) == TEXT
    assert len(events[-1]["sources"]) == 3
    with pytest.raises(EngineError, match="Ask again in a minute"):
        list(stream_answer(gateway.address, gateway.key("admin"), MODEL, "break"))


def test_the_command_line_tells_what_is_not_borne_out_and_what_was_withdrawn(
    gateway: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    print_answer(stream_answer(gateway.address, gateway.key("admin"), MODEL, "doubt"))
    told = capsys.readouterr().out
    assert "“The margin was 12.1% [2].” 4.2 can't be found in [1]." in told
    print_answer(stream_answer(gateway.address, gateway.key("admin"), MODEL, "invent"))
    told = capsys.readouterr().out
    assert f"Withdrawn: nothing above is borne out by the documents. {REFUSAL}" in told
    assert "can't be found" not in told and "Nearest passages:" in told


def test_the_pages_client(gateway: Served) -> None:
    page = PageClient(gateway.address, PageClient(gateway.address).sign_in("mira", PASSWORD).token)
    assert page.readiness().ready and page.model() == MODEL and page.pack().title == "Company finance"
    conversation = page.start_conversation()

    async def listen() -> list:
        return [event async for event in page.ask(conversation.id, [Turn("user", "What were net sales?")], MODEL)]

    events = asyncio.run(listen())
    assert events[0] == Step("Searching the documents")
    assert "".join(event.text for event in events if isinstance(event, Delta)) == TEXT
    assert isinstance(events[-1], Finish) and [source.page for source in events[-1].sources] == [12, 14, 1]
    kept = page.conversation(conversation.id)
    assert [message.text for message in kept.messages] == ["What were net sales?", TEXT]
    assert kept.messages[1].traces == events[-1].traces
    assert [TEXT[trace.start : trace.end] for trace in events[-1].traces] == ["4.2", "3.5", "12.1"]
    page.sign_out()


def slots_taken(gateway: Served) -> int:
    taken: int = gateway.app.state.running.slots.taken
    return taken
