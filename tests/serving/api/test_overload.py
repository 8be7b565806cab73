"""More questions at the same moment than there is room for, and bodies that don't end."""

import asyncio
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Scope

from serving.api.errors import LaterError
from serving.api.middleware import BodyLimit
from serving.api.slots import Slots
from tests.serving.api.scripted import TEXT
from tests.serving.api.serving_app import Served, ask, served, until

CHAT = "/v1/chat/completions"
ROOM = 9
"""With engine_queue = 1."""


def begun_question(gateway: Served) -> tuple[tuple[str, int], bytes]:
    """The gateway's address, and a question of which only the first byte comes."""
    host, port = gateway.address.removeprefix("http://").split(":")
    lines = (f"POST {CHAT} HTTP/1.1", "Host: x", f"Authorization: Bearer {gateway.key('mira')}", "Content-Length: 90")
    return (host, int(port)), "\r\n".join((*lines, "", "{")).encode()


async def asked_at_once(gateway: Served, count: int) -> list[httpx.Response]:
    """Questions that wait for the gate, which opens when all that find no room have heard so."""
    headers = {"Authorization": f"Bearer {gateway.key('mira')}"}
    async with httpx.AsyncClient(base_url=gateway.address, headers=headers, timeout=60, trust_env=False) as client:
        asked = [asyncio.create_task(client.post(CHAT, json=ask("wait"))) for _ in range(count)]
        while sum(one.done() for one in asked) < count - ROOM:
            assert (await client.get("/health")).status_code == 200
            await asyncio.sleep(0.01)
        gateway.answerer.gate.set()
        return await asyncio.gather(*asked)


@pytest.mark.slow
def test_of_many_at_the_same_moment_as_many_are_answered_as_there_is_room(tmp_path: Path) -> None:
    with served(tmp_path, engine_queue=1, requests_per_minute=0) as gateway:
        replies = asyncio.run(asked_at_once(gateway, 60))
        until(lambda: gateway.app.state.running.slots.taken == 0)
    answered = [one for one in replies if one.status_code == 200]
    later = [one for one in replies if one.status_code == 429]
    assert (len(answered), len(later)) == (ROOM, 60 - ROOM)
    assert {one.json()["choices"][0]["message"]["content"] for one in answered} == {TEXT}
    assert all(int(one.headers["Retry-After"]) > 0 for one in later)
    assert len(gateway.answerer.asked) == ROOM


def test_who_is_still_being_looked_up_counts_and_is_let_go() -> None:
    slots = Slots(2, lambda _: None)
    with slots.at_the_door():
        held = slots.take()
        with pytest.raises(LaterError), slots.at_the_door():
            pytest.fail("there is a slot taken and somebody at the door")
    with slots.at_the_door():
        other = slots.take()
    with pytest.raises(LaterError), slots.at_the_door():
        pytest.fail("there is no slot")
    held.give_back()
    other.give_back()
    with slots.at_the_door():
        assert slots.taken == 0


def test_bodies_that_trickle_take_no_room(tmp_path: Path) -> None:
    with served(tmp_path, engine_queue=1) as gateway, ExitStack() as opened:
        place, begun = begun_question(gateway)
        for _ in range(ROOM + 3):
            opened.enter_context(connection := socket.create_connection(place, timeout=20))
            connection.sendall(begun)
        mira = gateway.signed_in("mira")
        reply = mira.post(CHAT, json=ask("What were net sales?"))
        for _ in range(8):  # on a busy machine the others may still be at the door, where they count
            if reply.status_code != 429:
                break
            time.sleep(0.5)
            reply = mira.post(CHAT, json=ask("What were net sales?"))
        assert reply.status_code == 200


def test_a_body_that_does_not_arrive_is_refused() -> None:
    sent: list[Message] = []

    async def reading(scope: Scope, receive, send) -> None:
        while (await receive()).get("more_body"):
            pass

    async def trickle() -> Message:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": CHAT, "headers": [(b"transfer-encoding", b"chunked")]}
    with pytest.raises(Exception, match="408"):
        asyncio.run(BodyLimit(reading, seconds=0.05)(scope, trickle, send))
    assert sent == []


def test_who_is_refused_before_the_body_has_come_can_still_send_it() -> None:
    """A connection that is closed with unread data is reset, and the refusal with it."""
    order: list[str] = []

    async def refusing(scope: Scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 429, "headers": []})
        await send({"type": "http.response.body", "body": b"later"})

    async def receive() -> Message:
        order.append("read")
        return {"type": "http.request", "body": b"x", "more_body": order.count("read") < 3}

    async def send(message: Message) -> None:
        order.append("end" if message["type"] == "http.response.body" and not message.get("more_body") else "said")

    scope = {"type": "http", "path": CHAT, "headers": [(b"content-length", b"3")]}
    asyncio.run(BodyLimit(refusing)(scope, receive, send))
    assert order == ["said", "said", "read", "read", "read", "end"]


def test_a_body_that_has_arrived_has_no_limit() -> None:
    pieces = [{"type": "http.request", "body": b"x", "more_body": False}, {"type": "http.disconnect"}]
    heard: list[str] = []

    async def long_answer(scope: Scope, receive, send) -> None:
        heard.append((await receive())["type"])
        heard.append((await receive())["type"])

    async def receive() -> Message:
        await asyncio.sleep(0.03 if len(pieces) == 1 else 0)
        return pieces.pop(0)

    async def send(message: Message) -> None:
        pytest.fail("nothing is sent")

    scope = {"type": "http", "path": CHAT, "headers": [(b"content-length", b"1")]}
    asyncio.run(BodyLimit(long_answer, seconds=0.02)(scope, receive, send))
    assert heard == ["http.request", "http.disconnect"]


@pytest.mark.slow
def test_the_refusal_of_a_slow_body_has_the_one_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BodyLimit.__init__, "__defaults__", (0.05,))
    with served(tmp_path) as gateway:
        place, begun = begun_question(gateway)
        with socket.create_connection(place, timeout=20) as connection:
            connection.sendall(begun)
            reply = b""
            while piece := connection.recv(65536):
                reply += piece
    assert reply.startswith(b"HTTP/1.1 408") and b'"code":"too_slow"' in reply and b"connection: close" in reply.lower()
