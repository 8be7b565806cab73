"""HTTP to the identity provider: bounded in time and size, and never redirected."""

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx

from dossier.errors import EnvironmentProblem

LARGEST = 256 * 1024
"""Bytes of one reply: a provider's description of itself has some 5 KiB."""
SECONDS = 6.0
"""For one whole reply, however slowly it arrives."""
UNAVAILABLE = (
    "The identity provider doesn't answer as it should. Try again in a minute, or sign in with a password; "
    "the gateway's log says why."
)
log = logging.getLogger(__name__)


class Wire:
    """Asks the provider. Replies are JSON objects; whatever else comes, or nothing, is an EnvironmentProblem."""

    def __init__(self, secure: bool) -> None:
        """`secure`: the provider is reached over https, also through the proxy that the environment names."""
        self._secure = secure

    async def get(self, url: str) -> dict[str, Any]:
        """A document of the provider."""
        status, found = await self._ask("GET", url)
        if status != httpx.codes.OK:
            raise unavailable(f"{url} was answered with {status}")
        return found

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> tuple[int, dict[str, Any]]:
        """Status and reply to a form. Its values are in no log."""
        return await self._ask("POST", url, headers, body)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        # compressed, a small reply could be endlessly long
        wanted = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        try:
            async with (
                asyncio.timeout(SECONDS),
                httpx.AsyncClient(
                    verify=self._tls, timeout=SECONDS, follow_redirects=False, trust_env=self._secure
                ) as client,
                client.stream(method, url, headers=wanted, content=body) as reply,
            ):
                return reply.status_code, _object(await _whole(reply))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, _StrangeError) else type(error).__name__
            raise unavailable(f"{url}: {reason}") from None

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # the machine's own certificates: a company's provider often has one that only the company knows
        return ssl.create_default_context()


def unavailable(why: str) -> EnvironmentProblem:
    """The error for people; why is for the log alone."""
    log.warning("the identity provider can't be used: %s", why)
    return EnvironmentProblem(UNAVAILABLE)


class _StrangeError(ValueError):
    """A reply that isn't read, and why."""


async def _whole(reply: httpx.Response) -> bytes:
    if reply.is_redirect:
        raise _StrangeError("it redirects to another address, which isn't followed")
    if reply.headers.get("content-encoding", "identity") != "identity":
        raise _StrangeError("its reply is compressed")
    found = bytearray()
    async for piece in reply.aiter_raw():
        found += piece
        if len(found) > LARGEST:
            raise _StrangeError(f"its reply is larger than {LARGEST >> 10} KiB")
    return bytes(found)


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        raise _StrangeError("its reply isn't JSON") from None
    if not isinstance(found, dict):
        raise _StrangeError("its reply isn't a JSON object")
    return found
