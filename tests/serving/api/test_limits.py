"""Bodies that are too large or can't be read, faults, and the headers of every response."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.api.errors import SAFE_HEADERS
from tests.serving.api.scripted import INSIDE
from tests.serving.api.serving_app import Served, ask, served

CHAT = "/v1/chat/completions"
MIB = 1024 * 1024


@pytest.fixture
def gateway(shared: Served) -> Served:
    return shared


def raw(gateway: Served, head: str, body: bytes = b"") -> bytes:
    """Send a request by hand and give what comes back until the server closes or falls silent after an answer."""
    host, port = gateway.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while b"\r\n\r\n" not in received or not received.endswith(b"}"):
            piece = connection.recv(65536)
            if not piece:
                break
            received += piece
        return received


def head_of(gateway: Served, *lines: str) -> str:
    every = (f"POST {CHAT} HTTP/1.1", "Host: x", f"Authorization: Bearer {gateway.key('mira')}", *lines)
    return "\r\n".join((*every, "Content-Type: application/json")) + "\r\n\r\n"


def test_a_stated_length_over_the_limit_is_refused_before_any_of_it_is_sent(gateway: Served) -> None:
    reply = raw(gateway, head_of(gateway, f"Content-Length: {MIB + 1}"))
    assert reply.startswith(b"HTTP/1.1 413")
    assert json.loads(reply.split(b"\r\n\r\n", 1)[1])["error"]["code"] == "body_too_large"


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "x"])
def test_a_length_that_is_none_harms_nobody(gateway: Served, length: str) -> None:
    status = raw(gateway, head_of(gateway, f"Content-Length: {length}"), b"{}").split(b" ", 2)[1]
    assert status in (b"400", b"413", b"431")
    assert gateway.client().get("/health").status_code == 200


def test_a_body_of_unknown_length_is_refused_as_soon_as_it_is_too_large(mira: httpx.Client, gateway: Served) -> None:
    reply = raw(
        gateway,
        head_of(gateway, "Transfer-Encoding: chunked"),
        b"%x\r\n%b\r\n" % (MIB + 1, b" " * (MIB + 1)),  # and the end never comes
    )
    assert reply.startswith(b"HTTP/1.1 413")
    assert b"body_too_large" in reply


@pytest.mark.slow
def test_whoever_goes_on_sending_hears_why_it_is_refused(gateway: Served) -> None:
    """A client that reads when it has sent everything: a reset would lose it the answer."""
    host, port = gateway.address.removeprefix("http://").split(":")
    pieces = 16
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head_of(gateway, f"Content-Length: {pieces * MIB // 4}").encode())
        for _ in range(pieces):
            time.sleep(0.03)
            connection.sendall(b" " * (MIB // 4))
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert received.startswith(b"HTTP/1.1 413")
    assert b"body_too_large" in received


def test_a_body_of_the_largest_size_is_read(mira: httpx.Client) -> None:
    body = json.dumps(ask("What were net sales?"))

    def pieces() -> Iterator[bytes]:
        yield body.encode()
        yield b" " * (MIB - len(body))

    for content in (body.ljust(MIB).encode(), pieces()):
        assert mira.post(CHAT, content=content, headers={"Content-Type": "application/json"}).status_code == 200
    too_large = body.ljust(MIB + 1).encode()
    assert mira.post(CHAT, content=too_large, headers={"Content-Type": "application/json"}).status_code == 413


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"[]",
        b"\xff\xfe",
        b"null",
        b'{"model": 5}',
        b'{"messages": "x", "model": "m"}',
        b'{"messages": [5], "model": "m"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_can_not_be_read(mira: httpx.Client, content: bytes) -> None:
    response = mira.post(CHAT, content=content, headers={"Content-Type": "application/json"})
    error = response.json()["error"]
    assert response.status_code in (400, 422)
    assert set(error) == {"message", "type", "code"} and error["type"] == "invalid_request_error"
    assert error["code"] == "bad_request" and error["message"].endswith(".")


def test_half_a_surrogate_pair_harms_nothing(gateway: Served, mira: httpx.Client) -> None:
    def post(client: httpx.Client, path: str, body: dict) -> httpx.Response:
        return client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})

    conversation = mira.post("/conversations").json()["id"]
    assert post(mira, CHAT, ask("What \ud800 was it?", conversation=conversation)).status_code == 200
    assert gateway.answerer.asked[0].question == "What ? was it?"
    assert post(mira, CHAT, {**ask("x"), "model": "\ud800"}).status_code == 404
    assert post(mira, CHAT, ask("x", conversation="\ud800")).status_code == 404
    assert post(mira, "/auth/keys", {"label": "\ud800"}).status_code == 422
    assert post(mira, "/auth/password", {"old": "\ud800", "new": "\ud800" * 10}).status_code in (400, 422)
    for name, password in (("mira", "\ud800"), ("\ud800", "x")):
        assert post(gateway.client(), "/auth/sign-in", {"name": name, "password": password}).status_code in (401, 422)


def test_what_was_sent_is_not_repeated(gateway: Served) -> None:
    response = gateway.client().post("/auth/sign-in", json={"name": "mira", "password": ["my secret password"]})
    assert response.status_code == 422
    assert "password" in response.json()["error"]["message"]
    assert "my secret password" not in response.text


def test_every_response_has_the_careful_headers(mira: httpx.Client, gateway: Served) -> None:
    responses = [
        mira.get("/health"),
        mira.get("/nothing"),
        mira.delete("/health"),
        gateway.client().get("/auth/me"),
        mira.post(CHAT, content=b"{", headers={"Content-Type": "application/json"}),
        mira.post(CHAT, content=b"x" * (MIB + 1)),
        mira.post(CHAT, json=ask("fault")),
        mira.post(CHAT, json=ask("What were net sales?", stream=True)),
    ]
    assert [response.status_code for response in responses] == [200, 404, 405, 401, 422, 413, 500, 200]
    for response in responses:
        for name, value in SAFE_HEADERS.items():
            assert response.headers[name] == value
    assert INSIDE not in responses[6].text
    assert responses[6].headers["connection"] == "close"  # the server does: the next request mustn't go there


def test_no_other_origin_is_allowed(mira: httpx.Client) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for response in (mira.options(CHAT, headers=asked), mira.get("/pack", headers=asked)):
        assert "access-control-allow-origin" not in response.headers


def test_a_store_that_fails_is_told_without_its_statement(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        mira = gateway.signed_in("mira")
        with gateway.store.database.locked() as connection:
            connection.exec_driver_sql("DROP TABLE messages")
        conversation = mira.post("/conversations").json()["id"]
        response = mira.get(f"/conversations/{conversation}")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "environment")
    assert "SELECT" not in response.text
