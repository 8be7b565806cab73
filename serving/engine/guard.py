"""Runs inside the model server: shuts every route that its key doesn't guard.

vLLM checks the key below `/v1` only, while the same adapters can be loaded by `/adapters`, from any folder, by whoever
reaches loopback.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
_OPEN = frozenset(["/health", "/metrics"])


class OnlyTheApi:
    """ASGI middleware: `/v1/...`, health and measurements pass, the rest isn't there."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 404."""
        path = scope.get("path", "")
        if scope["type"] == "lifespan" or path in _OPEN or (scope["type"] == "http" and path.startswith("/v1/")):
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
