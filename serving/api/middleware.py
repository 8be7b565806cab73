"""Around every request: how large it may be, what is measured, and the headers that keep browsers careful."""

import math

from anyio import CancelScope, current_time, move_on_after
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import uploads
from serving.api.errors import SAFE_HEADERS, error_body
from serving.metrics import Metrics, known_method
from serving.spans import Tracing

LARGEST_BODY = 1024 * 1024
_LARGER = {"/admin/documents/file": uploads.LARGEST}
"""Where more may be sent."""
_LONGER = 10
"""How many times as long it may take there."""
_MOST_READ = 16 * LARGEST_BODY
_PATIENCE_SECONDS = 2.0
"""How much of a body that is refused already is read, so that its sender hears why."""


class BodyLimit:
    """Refuses bodies over 1 MiB (a document: over 64) with 413: by their stated length, else while counting.

    A body that hasn't arrived after `seconds` (a document: ten times that) is refused with 408: nobody may keep a
    connection busy for ever by sending a byte now and then.
    """

    def __init__(self, app: ASGIApp, seconds: float = 60.0) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counting `receive`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        largest = _LARGER.get(scope["path"], LARGEST_BODY)
        headers = Headers(scope=scope)
        stated = headers.get("content-length", "")
        if stated.isdecimal() and int(stated[:20]) > largest:
            message = f"The request is larger than {largest >> 20} MiB. Send less at once."
            response = JSONResponse(error_body(message, "body_too_large", 413), 413, {"Connection": "close"})
            await response(scope, receive, _patient(receive, send))
            return
        arrived, whole = 0, stated in ("", "0") and "transfer-encoding" not in headers
        end = current_time() + self._seconds * (_LONGER if largest > LARGEST_BODY else 1)

        async def counted() -> Message:
            nonlocal arrived, whole
            with CancelScope(deadline=math.inf if whole else end) as waiting:
                message = await receive()
            if waiting.cancelled_caught:
                raise HTTPException(408, headers={"Connection": "close"})
            whole = not message.get("more_body", False)
            arrived += len(message.get("body", b""))
            if arrived > largest:
                raise HTTPException(413, headers={"Connection": "close"})
            return message

        patient = _patient(receive, send)
        # also who isn't let in, or finds no room, is answered before the body has been read
        await self._app(scope, counted, lambda message: (send if whole else patient)(message))


def _patient(receive: Receive, send: Send) -> Send:
    """A `send` that ends a response only when the request has been read (or for a while, of one without end).

    A connection that is closed with unread data is reset, and the client may lose the response that says why.
    """

    async def last_after_reading(message: Message) -> None:
        if message["type"] != "http.response.body" or message.get("more_body"):
            await send(message)
            return
        await send({**message, "more_body": True})
        with move_on_after(_PATIENCE_SECONDS):
            left = _MOST_READ
            while left > 0 and (arriving := await receive()).get("more_body"):
                left -= len(arriving.get("body", b""))
        await send({"type": "http.response.body", "body": b""})

    return last_after_reading


class SafeHeaders:
    """Adds headers that keep a browser from guessing types, framing, caching or running anything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a route's own headers win."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class _Watched:
    """Passes a response on and keeps its status; 500 until one was sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
        await self._send(message)


class Measure:
    """Counts requests by route template and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it when it has ended, however it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        watched = _Watched(send)
        try:
            await self._app(scope, receive, watched)
        finally:
            self._metrics.request(known_method(scope["method"]), template_of(scope), watched.status)


def template_of(scope: Scope) -> str:
    """The template of the route that a request took, never its path: anything may stand there."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


class Traced:
    """Makes a span of each request."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app, self._tracing = app, tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; its span ends when the response has been sent."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        watched = _Watched(send)
        with self._tracing.request() as span:
            try:
                await self._app(scope, receive, watched)
            finally:
                span.answered(known_method(scope["method"]), template_of(scope), watched.status)
