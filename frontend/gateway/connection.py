"""The connection to the gateway: who asks, what goes wrong in words, one pool for everybody."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx

from dossier.errors import DossierError, SignInError
from dossier.gateway_errors import STRANGE, GatewayUnreachableError, error_of
from frontend.gateway.wire import UNREACHABLE

ENDED = "Your sign-in has ended. Sign in again to go on."
_TIMEOUT = httpx.Timeout(20, connect=3)
_FILE_TIMEOUT = httpx.Timeout(300, connect=3)
"""A file is read on trial before the reply, beside others on a busy machine."""
_NOTHING: Mapping[str, str | int] = {}


class Connection:
    """The gateway's address and, for somebody who is signed in, their token."""

    def __init__(self, address: str, token: str | None = None, browser: str | None = None) -> None:
        """Connect to `address` (http://host:port). No request is made yet.

        `browser` is the person's own IP address, by which failed sign-ins are counted: the gateway sees this machine's.
        """
        self._address = address
        self._token = token
        self._browser = browser
        self._http = _connections(address)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        content: bytes | None = None,
    ) -> Any:  # noqa: ANN401 (JSON)
        """The JSON of a reply; None of an empty one. Sends `body` as JSON, or `content`. Raises the gateway's error."""
        response = self._send(method, path, body, timeout, content)
        if response.is_error:
            raise self._error(response)
        if response.status_code == httpx.codes.NO_CONTENT or not response.content:
            return None
        data = json_of(response)
        if data is None:
            raise GatewayUnreachableError(STRANGE)
        return data

    def query(self, path: str, parameters: Mapping[str, str | int]) -> Any:  # noqa: ANN401 (JSON)
        """The JSON of a reply to a question with parameters. Raises the gateway's error."""
        return self.call("GET", f"{path}?{httpx.QueryParams(parameters)}")

    def fetch(self, path: str, parameters: Mapping[str, str | int] = _NOTHING) -> bytes:
        """The bytes of a reply that isn't JSON. Raises the gateway's error."""
        response = self._send("GET", f"{path}?{httpx.QueryParams(parameters)}", None)
        if response.is_error:
            raise self._error(response)
        return response.content

    def send(self, path: str, parameters: Mapping[str, str | int], content: bytes) -> Any:  # noqa: ANN401 (JSON)
        """Send a file; the JSON of the reply. Raises the gateway's error."""
        return self.call("POST", f"{path}?{httpx.QueryParams(parameters)}", timeout=_FILE_TIMEOUT, content=content)

    def _headers(self) -> dict[str, str]:
        known = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return {**known, "X-Forwarded-For": self._browser} if self._browser else known

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        timeout: httpx.Timeout = _TIMEOUT,
        content: bytes | None = None,
    ) -> httpx.Response:
        try:
            return self._http.request(
                method, path, json=body, content=content, headers=self._headers(), timeout=timeout
            )
        except httpx.HTTPError as error:
            raise GatewayUnreachableError(UNREACHABLE) from error

    def _error(self, response: httpx.Response) -> DossierError:
        # The gateway's own sentence for a spent token is meant for programs; people need another one.
        error = error_of(json_of(response), response.status_code)
        if isinstance(error, SignInError) and self._token and response.request.url.path != "/auth/password":
            return SignInError(ENDED)
        return error


@lru_cache
def _connections(address: str) -> httpx.Client:
    # One pool for everybody who is signed in; who asks is said request by request.
    # trust_env: a proxy meant for the internet must not see what is said on this machine.
    return httpx.Client(base_url=address, timeout=_TIMEOUT, trust_env=False)


def json_of(response: httpx.Response) -> Any:  # noqa: ANN401 (JSON of any shape)
    """What a reply says, None where that isn't JSON."""
    try:
        return response.json()
    except ValueError:
        return None
