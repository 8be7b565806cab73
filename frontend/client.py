"""A typed client of the gateway. Every failure is a DossierError whose sentence can be shown to people."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import httpx

from dossier.errors import DossierError, NotFoundError, SignInError
from dossier.feedback import Fault, FeedbackState
from dossier.gateway_errors import STRANGE, GatewayUnreachableError, error_of
from dossier.records import Turn
from frontend.feedback_records import Case, Feedback, Opinion
from frontend.model_records import Answering, ModelList
from frontend.records import ApiKey, Conversation, IndexedFile, IndexJob, Pack, Readiness, SignIn, User
from frontend.wire import BROKEN_OFF, UNREACHABLE, StreamEvent, read_events

ENDED = "Your sign-in has ended. Sign in again to go on."
_TIMEOUT = httpx.Timeout(20, connect=3)
_MODEL_TIMEOUT = httpx.Timeout(300, connect=3)
"""Checking, loading and trying an adapter on a busy machine."""
_STREAM_TIMEOUT = httpx.Timeout(300, connect=3)
"""A busy model server may be silent for long between two words; a dead one closes the connection."""


class Gateway:
    """The gateway as one signed-in person sees it. Without a token only `sign_in` and `readiness` work."""

    def __init__(self, address: str, token: str | None = None, browser: str | None = None) -> None:
        """Connect to `address` (http://host:port). No request is made yet.

        `browser` is the person's own IP address, by which failed sign-ins are counted: the gateway sees this machine's.
        """
        self._address = address
        self._token = token
        self._browser = browser
        self._http = _connections(address)

    def sign_in(self, name: str, password: str) -> SignIn:
        """Sign in. Raises SignInError for a wrong name or password, BusyError after too many tries."""
        return SignIn.read(self._call("POST", "/auth/sign-in", {"name": name, "password": password}))

    def sign_out(self) -> None:
        """End this sign-in."""
        self._call("POST", "/auth/sign-out")

    def me(self) -> User:
        """Who is signed in."""
        return User.read(self._call("GET", "/auth/me"))

    def change_password(self, old: str, new: str) -> None:
        """Change the password; the person's other sign-ins end."""
        self._call("POST", "/auth/password", {"old": old, "new": new})

    def keys(self) -> list[ApiKey]:
        """The person's API keys."""
        return [ApiKey.read(key) for key in self._call("GET", "/auth/keys")]

    def create_key(self, label: str) -> str:
        """Make an API key. What comes back is shown once and kept nowhere."""
        return str(self._call("POST", "/auth/keys", {"label": label})["key"])

    def revoke_key(self, key_id: str) -> None:
        """Make an API key useless."""
        self._call("DELETE", f"/auth/keys/{key_id}")

    def readiness(self) -> Readiness:
        """Whether questions can be asked now."""
        response = self._send("GET", "/ready", None)
        body = _json(response)
        if not isinstance(body, dict) or "ready" not in body:
            raise error_of(body, response.status_code)
        return Readiness.read(body)

    def pack(self) -> Pack:
        """What this Dossier is about."""
        return Pack.read(self._call("GET", "/pack"))

    def model(self) -> str:
        """Name of the served model."""
        models = self._call("GET", "/v1/models").get("data") or []
        if not models:
            raise DossierError("The gateway serves no model. Look at its log, then start it again.")
        return str(models[0]["id"])

    def conversations(self, offset: int = 0, limit: int = 50) -> list[Conversation]:
        """The person's conversations, the latest first."""
        found = self._call("GET", f"/conversations?offset={offset}&limit={limit}")
        return [Conversation.read(conversation) for conversation in found]

    def conversation(self, conversation_id: str) -> Conversation:
        """One conversation with its messages. Raises NotFoundError if it isn't the person's own."""
        return Conversation.read(self._call("GET", _path(conversation_id)))

    def start_conversation(self) -> Conversation:
        """Make an empty conversation."""
        return Conversation.read(self._call("POST", "/conversations", {}))

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        self._call("PATCH", _path(conversation_id), {"title": title})

    def delete_conversation(self, conversation_id: str) -> None:
        """Delete a conversation with all its messages."""
        self._call("DELETE", _path(conversation_id))

    def my_feedback(self, conversation_id: str) -> dict[int, Feedback]:
        """What the person said about the answers of a conversation, by the answer's id."""
        found = self._call("GET", f"/v1/feedback?conversation={_id(conversation_id)}")
        return {one.opinion.message: one for one in map(Feedback.read, found)}

    def give_feedback(self, opinion: Opinion) -> Feedback:
        """Say whether an answer helped; it replaces what was said before."""
        return Feedback.read(self._call("POST", "/v1/feedback", opinion.body))

    def index_job(self) -> IndexJob:
        """Where the index job stands. Admins only, as all that follow."""
        return IndexJob.read(self._call("GET", "/admin/index"))

    def index_files(self) -> list[IndexedFile]:
        """The files of the current index."""
        return [IndexedFile.read(file) for file in self._call("GET", "/admin/index/files")]

    def start_index(self, rebuild: bool = False) -> None:
        """Start an indexing run. Raises ConflictError while one is running."""
        self._call("POST", "/admin/index", {"rebuild": rebuild})

    def cancel_index(self) -> None:
        """Cancel the indexing run that is under way."""
        self._call("DELETE", "/admin/index")

    def models(self) -> ModelList:
        """The tuned adapters and what answers. Raises NotFoundError where the gateway runs no model server."""
        return ModelList.read(self._call("GET", "/admin/models"))

    def promote(self, digest: str) -> Answering:
        """Let an adapter answer. Raises PromotionError with every reason against it."""
        return Answering.read(self._call("POST", f"/admin/models/{digest}/promote", {}, _MODEL_TIMEOUT))

    def roll_back(self) -> Answering:
        """Let the adapter before answer, or the base model alone."""
        return Answering.read(self._call("POST", "/admin/models/rollback", {}, _MODEL_TIMEOUT))

    def feedback(self, state: FeedbackState | None, offset: int, limit: int) -> list[Case]:
        """Everybody's feedback of a state (None: of all), the latest first."""
        only = f"&state={state.value}" if state else ""
        found = self._call("GET", f"/admin/feedback?offset={offset}&limit={limit}{only}")
        return [Case.read(case) for case in found]

    def decide_feedback(self, feedback_id: int, fault: Fault | None, state: FeedbackState | None) -> Case:
        """Decide which part is at fault, or how far feedback has come. Raises ConflictError for what can't be."""
        told = {"triage": fault, "state": state}
        body = {name: value.value for name, value in told.items() if value is not None}
        return Case.read(self._call("PATCH", f"/admin/feedback/{feedback_id}", body))

    async def ask(self, conversation_id: str, turns: Sequence[Turn], model: str) -> AsyncIterator[StreamEvent]:
        """Ask the last of `turns` and yield the answer as it is written. Closing the iterator tells the gateway.

        Raises the gateway's error, also in mid-stream, and GatewayUnreachableError where the connection breaks.
        """
        body = {
            "model": model,
            "stream": True,
            "conversation": conversation_id,
            "messages": [{"role": turn.role, "content": turn.text} for turn in turns],
        }
        said = False
        try:
            async with (
                httpx.AsyncClient(
                    base_url=self._address, headers=self._headers(), timeout=_STREAM_TIMEOUT, trust_env=False
                ) as http,
                http.stream("POST", "/v1/chat/completions", json=body) as response,
            ):
                if response.is_error:
                    await response.aread()
                    raise self._error(response)
                said = True
                async for event in read_events(response.aiter_lines()):
                    yield event
        except httpx.HTTPError as error:
            raise GatewayUnreachableError(BROKEN_OFF if said else UNREACHABLE) from error

    def _headers(self) -> dict[str, str]:
        known = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return {**known, "X-Forwarded-For": self._browser} if self._browser else known

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, timeout: httpx.Timeout = _TIMEOUT
    ) -> Any:  # noqa: ANN401 (JSON)
        response = self._send(method, path, body, timeout)
        if response.is_error:
            raise self._error(response)
        if response.status_code == httpx.codes.NO_CONTENT or not response.content:
            return None
        data = _json(response)
        if data is None:
            raise GatewayUnreachableError(STRANGE)
        return data

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, timeout: httpx.Timeout = _TIMEOUT
    ) -> httpx.Response:
        try:
            return self._http.request(method, path, json=body, headers=self._headers(), timeout=timeout)
        except httpx.HTTPError as error:
            raise GatewayUnreachableError(UNREACHABLE) from error

    def _error(self, response: httpx.Response) -> DossierError:
        # The gateway's own sentence for a spent token is meant for programs; people need another one.
        error = error_of(_json(response), response.status_code)
        if isinstance(error, SignInError) and self._token and response.request.url.path != "/auth/password":
            return SignInError(ENDED)
        return error


@lru_cache
def _connections(address: str) -> httpx.Client:
    # One pool for everybody who is signed in; who asks is said request by request.
    # trust_env: a proxy meant for the internet must not see what is said on this machine.
    return httpx.Client(base_url=address, timeout=_TIMEOUT, trust_env=False)


def _path(conversation_id: str) -> str:
    return f"/conversations/{_id(conversation_id)}"


def _id(conversation_id: str) -> str:
    # The id may come from the address bar: it must stay one segment of the path, whatever is in it.
    if not conversation_id or not all(sign.isalnum() or sign in "-_" for sign in conversation_id):
        raise NotFoundError("There is no such conversation. Choose one from the list, or start a new one.")
    return conversation_id


def _json(response: httpx.Response) -> Any:  # noqa: ANN401 (JSON of any shape)
    try:
        return response.json()
    except ValueError:
        return None
