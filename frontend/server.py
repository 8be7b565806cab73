"""The page's web server: Streamlit, the route that keeps the sign-in cookie, and the headers of every reply."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from dossier.settings import load_settings
from frontend.access.cookies import cookie_name, is_secure, keep_cookie
from frontend.access.provider import CALLBACK_PATH, START_PATH, come_back, go_to_provider
from frontend.access.tickets import TICKETS
from frontend.drawing.faults import show_fault

SESSION_PATH: Final = "/session"
_CLOSED: Final = ("/_stcore/metrics", "/_stcore/agent", "/auth/", "/oauth2callback")
"""Parts of Streamlit that Dossier has no use for."""
_LONGEST_TICKET: Final = 256


def content_policy() -> str:
    """The Content-Security-Policy: everything from this server, nothing from anywhere else."""
    index = Path(st.__file__).parent / "static" / "index.html"
    inline = re.findall(r"<script>(.*?)</script>", index.read_text("utf-8"), re.DOTALL)
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in inline)
    # blob: is how Streamlit loads a component's script; its styles are inline
    return (
        f"default-src 'self'; script-src 'self' blob: {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Guard:
    """Refuses what comes from other sites, closes the routes that aren't used, and sets the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": content_policy(),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if not _same_site(Headers(scope=scope)):
            # Streamlit would look up this machine's public address on the internet to decide about these
            await _refuse(scope, receive, send, 403, "This page can't be used from another site.")
        elif scope["path"].startswith(_CLOSED):
            await _refuse(scope, receive, send, 404, "There is nothing here.")
        else:
            await self._app(scope, receive, self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        return sending


def _same_site(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    refusal = WebSocketClose(1008, why) if scope["type"] == "websocket" else PlainTextResponse(why, status)
    await refusal(scope, receive, send)


async def keep_session(request: Request) -> Response:
    """Exchange a ticket for the cookie (POST), or take the cookie away (DELETE)."""
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    if request.method == "DELETE":
        name = cookie_name(load_settings().page_port)
        response.delete_cookie(name, secure=is_secure(request), httponly=True, samesite="strict")
        return response
    admission = TICKETS.redeem(await _ticket(request))
    if admission is None:
        return PlainTextResponse("This ticket isn't good any more. Sign in again.", 403)
    keep_cookie(request, response, admission)
    return response


async def _ticket(request: Request) -> str:
    if request.headers.get("content-type") != "application/json":
        return ""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_TICKET:
            return ""
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    return str(data.get("ticket", "")) if isinstance(data, dict) else ""


app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[
        Route(SESSION_PATH, keep_session, methods=["POST", "DELETE"]),
        Route(START_PATH, go_to_provider, methods=["GET"]),
        Route(CALLBACK_PATH, come_back, methods=["GET"]),
    ],
    middleware=[Middleware(Guard)],
    on_script_error=show_fault,
)
