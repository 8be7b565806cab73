"""The running gateway as measuring sees it: over HTTP, with an API key, as every other client."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from dossier.errors import DossierError, ForbiddenError, SignInError
from dossier.gateway_errors import STRANGE, GatewayUnreachableError, error_of
from dossier.operator_key import read_operator_key
from dossier.settings import Settings

Url = Annotated[str, typer.Option(help="Address of a running Dossier (default: this machine's).")]
Key = Annotated[
    str, typer.Option(envvar="OPENAI_API_KEY", help="API key for it (default: that of this machine's operator).")
]
_TIMEOUT = httpx.Timeout(600, connect=5)
"""A busy model server may be silent for long; a dead one closes the connection."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """What the served adapter wrote behind one prompt; for each token the two likeliest with log-probability."""

    tokens: tuple[int, ...]
    likeliest: tuple[tuple[tuple[int, float], ...], ...]


@dataclass(frozen=True, slots=True)
class Continued:
    """The replies to some prompts: by which adapter (its digest), and what the model server computes in."""

    adapter: str
    precision: str
    replies: tuple[Continuation, ...]


class RunningGateway:
    """A gateway at an address (http://host:port), asked with an API key."""

    def __init__(self, address: str, key: str) -> None:
        """Describe it. No request is made yet."""
        self.address, self.key = address.rstrip("/").removesuffix("/v1"), key

    @classmethod
    def of(cls, settings: Settings, address: str, key: str) -> "RunningGateway":
        """The gateway of an address and key, or where they are empty this machine's own. Raises EnvironmentProblem."""
        return cls(address or settings.api_url, key or read_operator_key(settings))

    def model(self) -> str:
        """Name of the served model. Raises DossierError: nobody answers, or the key isn't known."""
        models = self._call("GET", "/v1/models").get("data") or []
        if not models:
            raise DossierError(f"the gateway at {self.address} serves no model. Look at its log.")
        return str(models[0]["id"])

    def complete(self, name: str, prompts: Sequence[Sequence[int]], most: int) -> Continued:
        """Let an adapter go on greedily behind prompts of token ids. Only admins may. Raises DossierError."""
        body = {"prompts": [list(prompt) for prompt in prompts], "tokens": most}
        found = self._call("POST", f"/admin/models/{quote(name, safe='')}/complete", body)
        try:
            replies = tuple(
                Continuation(tuple(one["tokens"]), tuple(tuple((t, p) for t, p in pairs) for pairs in one["likeliest"]))
                for one in found["completions"]
            )
            return Continued(found["adapter"], found["precision"], replies)
        except (KeyError, TypeError, ValueError) as error:
            raise GatewayUnreachableError(STRANGE) from error

    def unreachable(self, error: Exception) -> GatewayUnreachableError:
        """What to say when nobody answers."""
        return GatewayUnreachableError(
            f"nobody answers at {self.address} ({error}). Start Dossier there with `dossier run` or `dossier serve`, "
            "or name another address with --url."
        )

    def explained(self, error: DossierError) -> DossierError:
        """The gateway's refusal, with what to do about it where that is the key."""
        if isinstance(error, SignInError):
            return SignInError(
                f"the gateway at {self.address} doesn't know this API key. Make one with `dossier key create NAME` and "
                "pass it with --key or in OPENAI_API_KEY."
            )
        if isinstance(error, ForbiddenError):
            return ForbiddenError(f"this needs the API key of an admin: {error} Pass it with --key.")
        return error

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            with httpx.Client(base_url=self.address, headers=headers, timeout=_TIMEOUT, trust_env=False) as http:
                reply = http.request(method, path, json=body)
            found = reply.json()
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
            raise self.unreachable(error) from error
        except ValueError as error:
            raise GatewayUnreachableError(STRANGE) from error
        if reply.is_error or not isinstance(found, dict):
            raise self.explained(error_of(found, reply.status_code))
        return found
