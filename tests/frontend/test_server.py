"""The cookie, the headers, the refusals: the page's server without Streamlit behind it."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from frontend.access import tickets
from frontend.access.cookies import cookie_name
from frontend.access.tickets import TICKETS, Admission, Tickets
from frontend.server import Guard, content_policy, keep_session

COOKIE = cookie_name(8501)


async def _page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("page")


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture
def client() -> TestClient:
    routes = [
        Route("/session", keep_session, methods=["POST", "DELETE"]),
        WebSocketRoute("/_stcore/stream", _socket),
        Route("/{path:path}", _page),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Guard)]), base_url="http://dossier.test")


def test_a_ticket_becomes_a_cookie_that_scripts_cant_read(client: TestClient) -> None:
    ticket = TICKETS.issue(Admission("secret-token", 3600))
    reply = client.post("/session", json={"ticket": ticket})
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=secret-token;")
    for part in ("HttpOnly", "SameSite=strict", "Max-Age=3600", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie
    assert reply.status_code == 204


def test_behind_https_the_cookie_is_secure(client: TestClient) -> None:
    ticket = TICKETS.issue(Admission("t", 60))
    reply = client.post("/session", json={"ticket": ticket}, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in reply.headers["set-cookie"]


def test_a_ticket_is_good_once(client: TestClient) -> None:
    ticket = TICKETS.issue(Admission("t", 60))
    assert client.post("/session", json={"ticket": ticket}).status_code == 204
    again = client.post("/session", json={"ticket": ticket})
    assert again.status_code == 403
    assert "set-cookie" not in again.headers


def test_a_ticket_is_good_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    register, now = Tickets(), 1000.0
    monkeypatch.setattr(tickets.time, "monotonic", lambda: now)
    early, late = register.issue(Admission("a", 1)), register.issue(Admission("b", 1))
    now += tickets.SECONDS - 1
    assert register.redeem(early) is not None
    now += 2
    assert register.redeem(late) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"ticket": "x"}', b'{"ticket": null}', b'{"ticket": "' + b"x" * 300 + b'"}']
)
def test_anything_else_is_no_ticket(client: TestClient, content: bytes) -> None:
    reply = client.post("/session", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code == 403
    assert "set-cookie" not in reply.headers


def test_a_form_of_another_site_cant_redeem(client: TestClient) -> None:
    ticket = TICKETS.issue(Admission("t", 60))
    assert client.post("/session", content=f'{{"ticket": "{ticket}"}}').status_code == 403
    evil = {"Origin": "http://evil.test"}
    assert client.post("/session", json={"ticket": ticket}, headers=evil).status_code == 403
    own = {"Origin": "http://dossier.test"}
    assert client.post("/session", json={"ticket": ticket}, headers=own).status_code == 204


def test_signing_out_takes_the_cookie_away(client: TestClient) -> None:
    cookie = client.delete("/session").headers["set-cookie"]
    assert f'{COOKIE}=""' in cookie
    assert "Max-Age=0" in cookie


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "http://dossier.test:9999", "http://dossier.test.evil"])
def test_connections_of_other_sites_are_refused(client: TestClient, origin: str) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream", headers={"Origin": origin}):
        pass


def test_connections_of_this_site_are_let_through(client: TestClient) -> None:
    with client.websocket_connect("/_stcore/stream", headers={"Origin": "http://dossier.test", "Host": "dossier.test"}):
        pass


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/mcp", "/auth/login"])
def test_parts_that_arent_used_are_closed(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_every_reply_forbids_other_sites(client: TestClient) -> None:
    headers = client.get("/").headers
    assert headers["content-security-policy"] == content_policy()
    assert headers["x-content-type-options"] == "nosniff"
    assert "http" not in content_policy().replace("https:", "http")
    assert "unsafe-eval" not in content_policy()
    assert "script-src 'self' blob: 'sha256-" in content_policy()
