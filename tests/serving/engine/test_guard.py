import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from serving.engine.guard import OnlyTheApi, Receive, Scope, Send


def passes(kind: str, path: str) -> bool:
    """Whether a request reaches the server behind the guard."""
    reached: list[str] = []
    sent: list[MutableMapping[str, Any]] = []

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["type"])

    async def receive() -> Scope:
        return {}

    async def send(message: Scope) -> None:
        sent.append(message)

    asyncio.run(OnlyTheApi(server)({"type": kind, "path": path}, receive, send))
    assert bool(reached) != bool(sent)
    assert not sent or sent[0].get("status") == 404 or sent[0]["type"] == "websocket.close"
    return bool(reached)


@pytest.mark.parametrize("path", ["/v1/models", "/v1/load_lora_adapter", "/health", "/metrics"])
def test_what_the_gateway_asks_for_passes(path: str) -> None:
    assert passes("http", path)


@pytest.mark.parametrize(
    "path",
    ["/adapters", "/adapters/x", "/invocations", "/ping", "/tokenize", "/v1", "/health/", "/V1/models", "", "v1/"],
)
def test_nothing_else_is_there(path: str) -> None:
    assert not passes("http", path)


def test_sockets_are_closed_and_the_server_may_start() -> None:
    assert not passes("websocket", "/v1/realtime")
    assert passes("lifespan", "")
