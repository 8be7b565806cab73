"""The client against the scripted gateway, over HTTP."""

import asyncio
import time

import httpx
import pytest

from dossier.errors import (
    BusyError,
    ConflictError,
    EngineError,
    ForbiddenError,
    NotFoundError,
    SignInError,
    UnknownModelError,
)
from dossier.gateway_errors import GatewayUnreachableError, error_of
from dossier.records import Delta, FileState, Step, Turn, Verdict
from frontend.gateway.client import Gateway
from frontend.gateway.connection import ENDED
from frontend.gateway.records import Readiness
from frontend.gateway.wire import BROKEN_OFF, Finish, StreamEvent, read_events
from tests.frontend.processes import GatewayProcess, free_port
from tests.frontend.scripted_gateway.contents import ANSWER, MODEL, PASSWORD


def ask(client: Gateway, question: str, model: str = MODEL) -> list[StreamEvent]:
    conversation = client.start_conversation().id

    async def collect() -> list[StreamEvent]:
        return [event async for event in client.ask(conversation, [Turn("user", question)], model)]

    return asyncio.run(collect())


def test_signs_in_and_out(gateway: GatewayProcess) -> None:
    signed_in = Gateway(gateway.address).sign_in("ada", PASSWORD)
    client = Gateway(gateway.address, signed_in.token)
    assert client.me().is_admin
    assert signed_in.token not in repr(signed_in)
    client.sign_out()
    with pytest.raises(SignInError, match="sign-in has ended"):
        client.me()


def test_a_wrong_password_has_the_gateways_sentence(gateway: GatewayProcess) -> None:
    with pytest.raises(SignInError, match="name or the password is wrong"):
        Gateway(gateway.address).sign_in("ada", "no")


def test_a_wrong_current_password_isnt_taken_for_a_spent_sign_in(ada: Gateway) -> None:
    with pytest.raises(SignInError, match="present password is wrong"):
        ada.change_password("no", "long enough to be new")
    assert ENDED not in str(ada.me())


def test_nobody_there() -> None:
    with pytest.raises(GatewayUnreachableError, match="usually back within a minute"):
        Gateway(f"http://127.0.0.1:{free_port()}").readiness()


@pytest.mark.slow
def test_an_answer_comes_in_steps_pieces_and_a_finish(ada: Gateway) -> None:
    events = ask(ada, "What were the net sales?")
    assert [event.text for event in events if isinstance(event, Step)][0] == "Looking through the documents"
    assert "".join(event.text for event in events if isinstance(event, Delta)) == ANSWER
    finish = events[-1]
    assert isinstance(finish, Finish)
    assert finish.verdict is Verdict.ANSWERED
    first = finish.sources[0]
    assert (first.number, first.page, first.section) == (1, 12, ("Financial review", "Net sales"))
    assert [source.number for source in finish.sources if source.cited] == [1, 2]


@pytest.mark.slow
def test_history_goes_along(ada: Gateway, gateway: GatewayProcess) -> None:
    conversation = ada.start_conversation().id
    turns = [Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c")]

    async def run() -> None:
        async for _ in ada.ask(conversation, turns, MODEL):
            pass

    asyncio.run(run())
    assert [message["content"] for message in gateway.scripted()["asked"][-1]["messages"]] == ["a", "b", "c"]


@pytest.mark.slow
def test_an_error_in_mid_stream_is_raised(ada: Gateway) -> None:
    with pytest.raises(EngineError, match="model server doesn't answer"):
        ask(ada, "break please")


@pytest.mark.parametrize(
    ("question", "model", "error"), [("busy", MODEL, BusyError), ("x", "other", UnknownModelError)]
)
def test_an_error_before_the_stream_is_raised(ada: Gateway, question: str, model: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(ada, question, model)


@pytest.mark.slow
def test_closing_the_stream_tells_the_gateway(ada: Gateway, gateway: GatewayProcess) -> None:
    conversation = ada.start_conversation().id

    async def begin_only() -> None:
        events = ada.ask(conversation, [Turn("user", "slowly")], MODEL)
        async for event in events:
            if isinstance(event, Delta):
                break
        await events.aclose()  # type: ignore[attr-defined]

    asyncio.run(begin_only())
    for _ in range(100):
        messages = ada.conversation(conversation).messages
        if len(messages) == 2:
            break
        time.sleep(0.05)
    assert messages[1].interrupted
    assert messages[1].text
    assert gateway.scripted()["closed"] == ["slowly"]


@pytest.mark.parametrize("lines", [[], ['data: {"choices": [{"delta": {"content": "a"}}]}'], ["data: [DONE]"]])
def test_a_stream_without_its_end_is_a_broken_one(lines: list[str]) -> None:
    async def source():  # type: ignore[no-untyped-def]
        for line in lines:
            yield line

    async def read() -> None:
        async for _ in read_events(source()):
            pass

    with pytest.raises(GatewayUnreachableError) as raised:
        asyncio.run(read())
    assert str(raised.value) == BROKEN_OFF


@pytest.mark.parametrize("line", ["data: {", "data: [1]", "data: nonsense"])
def test_a_stream_of_nonsense_is_an_error_with_a_sentence(line: str) -> None:
    async def source():  # type: ignore[no-untyped-def]
        yield line

    async def read() -> None:
        async for _ in read_events(source()):
            pass

    with pytest.raises(GatewayUnreachableError, match="can't be read"):
        asyncio.run(read())


@pytest.mark.parametrize("body", [None, [], "x", {}, {"error": "x"}, {"error": {}}, {"error": {"message": ""}}])
def test_error_bodies_of_any_shape_have_a_sentence(body: object) -> None:
    error = error_of(body, 404)
    assert isinstance(error, NotFoundError)
    assert str(error).endswith("?")


def test_conversations(ada: Gateway, gateway: GatewayProcess) -> None:
    made = ada.start_conversation()
    assert made.name == "New conversation"
    ada.rename_conversation(made.id, "Sales")
    assert [one.name for one in ada.conversations()] == ["Sales"]
    ben = Gateway(gateway.address, Gateway(gateway.address).sign_in("ben", PASSWORD).token)
    with pytest.raises(NotFoundError):
        ben.conversation(made.id)
    ada.delete_conversation(made.id)
    assert ada.conversations() == []


@pytest.mark.parametrize("bad", ["", "../admin/users", "a/b", "a?b", "%2e%2e", "a b"])
def test_an_id_from_the_address_bar_reaches_nothing_else(ada: Gateway, bad: str) -> None:
    with pytest.raises(NotFoundError, match="no such conversation"):
        ada.conversation(bad)


def test_keys(ada: Gateway) -> None:
    assert ada.create_key("script").startswith("dsr_")
    key = ada.keys()[0]
    assert (key.label, key.last_used_at) == ("script", None)
    ada.revoke_key(key.id)
    assert ada.keys() == []


def test_the_index(ada: Gateway, gateway: GatewayProcess) -> None:
    assert {file.state for file in ada.index_files()} == set(FileState)
    ada.start_index()
    with pytest.raises(ConflictError, match="under way"):
        ada.start_index()
    assert ada.index_job().running
    ada.cancel_index()
    assert ada.index_job().state == "failed"
    ben = Gateway(gateway.address, Gateway(gateway.address).sign_in("ben", PASSWORD).token)
    with pytest.raises(ForbiddenError):
        ben.index_job()


def test_readiness(gateway: GatewayProcess) -> None:
    assert Gateway(gateway.address).readiness().ready
    gateway.script(ready={"engine": {"state": "starting", "message": "Loading.", "seconds_left": 40}})
    readiness = Gateway(gateway.address).readiness()
    assert not readiness.ready
    assert readiness.starting
    assert readiness.seconds_left == 40


def test_a_proxy_of_the_environment_isnt_used(gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{gateway.address}/health")
    assert Gateway(gateway.address).readiness().ready


@pytest.mark.parametrize(
    ("body", "message", "starting"),
    [
        ({"engine": {"state": "restarting", "message": "Again."}}, "Again.", True),
        (
            {"engine": {"state": "ready", "message": ""}, "index": {"generation": "", "message": "Index."}},
            "Index.",
            False,
        ),
        (
            {
                "engine": {"state": "ready", "message": "Fine."},
                "index": {"generation": "g1", "message": "Fine."},
                "store": {"state": "failed", "message": "Store."},
            },
            "Store.",
            False,
        ),
        ({}, "", False),
    ],
)
def test_the_part_that_isnt_ready_says_why(body: dict[str, object], message: str, starting: bool) -> None:
    readiness = Readiness.read({"ready": False, **body})
    assert (readiness.ready, readiness.message, readiness.starting) == (False, message, starting)
