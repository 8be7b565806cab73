"""A typed client of the gateway. Every failure is a DossierError whose sentence can be shown to people."""

from collections.abc import AsyncIterator, Sequence

import httpx

from dossier.errors import DossierError, NotFoundError
from dossier.feedback import Fault, FeedbackState
from dossier.gateway_errors import GatewayUnreachableError, error_of
from dossier.records import Turn
from frontend.gateway.connection import Connection, json_of
from frontend.gateway.feedback_records import Case, Feedback, Opinion
from frontend.gateway.model_records import Answering, ModelList
from frontend.gateway.provider_records import Beginning, ProviderAnswer
from frontend.gateway.records import ApiKey, Conversation, IndexedFile, IndexJob, Pack, Readiness, SignIn, User
from frontend.gateway.wire import BROKEN_OFF, UNREACHABLE, StreamEvent, read_events

_MODEL_TIMEOUT = httpx.Timeout(300, connect=3)
"""Checking, loading and trying an adapter on a busy machine."""
_STREAM_TIMEOUT = httpx.Timeout(300, connect=3)
"""A busy model server may be silent for long between two words; a dead one closes the connection."""


class Gateway(Connection):
    """The gateway as one signed-in person sees it. Without a token only `readiness` and what signs people in work."""

    def sign_in(self, name: str, password: str) -> SignIn:
        """Sign in. Raises SignInError for a wrong name or password, BusyError after too many tries."""
        return SignIn.read(self.call("POST", "/auth/sign-in", {"name": name, "password": password}))

    def provider(self) -> str:
        """What the button for signing in at the identity provider says; empty: there is none."""
        return str(self.call("GET", "/auth/oidc").get("name") or "")

    def begin_at_provider(self) -> Beginning:
        """Begin a sign-in there. Raises NotFoundError, BusyError, EnvironmentProblem."""
        return Beginning.read(self.call("POST", "/auth/oidc/begin"))

    def finish_at_provider(self, answer: ProviderAnswer) -> SignIn:
        """Sign in who came back. Raises SignInError, ForbiddenError, BusyError, EnvironmentProblem."""
        return SignIn.read(self.call("POST", "/auth/oidc/finish", answer.body))

    def sign_out(self) -> None:
        """End this sign-in."""
        self.call("POST", "/auth/sign-out")

    def me(self) -> User:
        """Who is signed in."""
        return User.read(self.call("GET", "/auth/me"))

    def change_password(self, old: str, new: str) -> None:
        """Change the password; the person's other sign-ins end."""
        self.call("POST", "/auth/password", {"old": old, "new": new})

    def keys(self) -> list[ApiKey]:
        """The person's API keys."""
        return [ApiKey.read(key) for key in self.call("GET", "/auth/keys")]

    def create_key(self, label: str) -> str:
        """Make an API key. What comes back is shown once and kept nowhere."""
        return str(self.call("POST", "/auth/keys", {"label": label})["key"])

    def revoke_key(self, key_id: str) -> None:
        """Make an API key useless."""
        self.call("DELETE", f"/auth/keys/{key_id}")

    def readiness(self) -> Readiness:
        """Whether questions can be asked now."""
        response = self._send("GET", "/ready", None)
        body = json_of(response)
        if not isinstance(body, dict) or "ready" not in body:
            raise error_of(body, response.status_code)
        return Readiness.read(body)

    def pack(self) -> Pack:
        """What this Dossier is about."""
        return Pack.read(self.call("GET", "/pack"))

    def model(self) -> str:
        """Name of the served model."""
        models = self.call("GET", "/v1/models").get("data") or []
        if not models:
            raise DossierError("The gateway serves no model. Look at its log, then start it again.")
        return str(models[0]["id"])

    def conversations(self, offset: int = 0, limit: int = 50, search: str = "") -> list[Conversation]:
        """The person's conversations, the latest first; with `search` those that have each of its words."""
        found = self.query("/conversations", {"offset": offset, "limit": limit, "search": search})
        return [Conversation.read(conversation) for conversation in found]

    def conversation(self, conversation_id: str) -> Conversation:
        """One conversation with its messages. Raises NotFoundError if it isn't the person's own."""
        return Conversation.read(self.call("GET", _path(conversation_id)))

    def start_conversation(self) -> Conversation:
        """Make an empty conversation."""
        return Conversation.read(self.call("POST", "/conversations", {}))

    def rename_conversation(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        self.call("PATCH", _path(conversation_id), {"title": title})

    def delete_conversation(self, conversation_id: str) -> None:
        """Delete a conversation with all its messages."""
        self.call("DELETE", _path(conversation_id))

    def export_conversation(self, conversation_id: str, form: str) -> bytes:
        """A conversation with its sources as a file; `form` is `markdown`, `json` or `page`."""
        return self.fetch(f"{_path(conversation_id)}/export", {"form": form})

    def my_feedback(self, conversation_id: str) -> dict[int, Feedback]:
        """What the person said about the answers of a conversation, by the answer's id."""
        found = self.call("GET", f"/v1/feedback?conversation={_id(conversation_id)}")
        return {one.opinion.message: one for one in map(Feedback.read, found)}

    def give_feedback(self, opinion: Opinion) -> Feedback:
        """Say whether an answer helped; it replaces what was said before."""
        return Feedback.read(self.call("POST", "/v1/feedback", opinion.body))

    def index_job(self) -> IndexJob:
        """Where the index job stands. Admins only, as all that follow."""
        return IndexJob.read(self.call("GET", "/admin/index"))

    def index_files(self) -> list[IndexedFile]:
        """The files of the current index."""
        return [IndexedFile.read(file) for file in self.call("GET", "/admin/index/files")]

    def start_diff(self) -> None:
        """Find out what an indexing run would change. Raises ConflictError while one is running."""
        self.call("POST", "/admin/index/diff", {})

    def start_index(self, rebuild: bool = False) -> None:
        """Start an indexing run. Raises ConflictError while one is running."""
        self.call("POST", "/admin/index", {"rebuild": rebuild})

    def cancel_index(self) -> None:
        """Cancel the indexing run that is under way."""
        self.call("DELETE", "/admin/index")

    def models(self) -> ModelList:
        """The tuned adapters and what answers. Raises NotFoundError where the gateway runs no model server."""
        return ModelList.read(self.call("GET", "/admin/models"))

    def promote(self, digest: str) -> Answering:
        """Let an adapter answer. Raises PromotionError with every reason against it."""
        return Answering.read(self.call("POST", f"/admin/models/{digest}/promote", {}, _MODEL_TIMEOUT))

    def roll_back(self) -> Answering:
        """Let the adapter before answer, or the base model alone."""
        return Answering.read(self.call("POST", "/admin/models/rollback", {}, _MODEL_TIMEOUT))

    def feedback(self, state: FeedbackState | None, offset: int, limit: int) -> list[Case]:
        """Everybody's feedback of a state (None: of all), the latest first."""
        only = f"&state={state.value}" if state else ""
        found = self.call("GET", f"/admin/feedback?offset={offset}&limit={limit}{only}")
        return [Case.read(case) for case in found]

    def decide_feedback(self, feedback_id: int, fault: Fault | None, state: FeedbackState | None) -> Case:
        """Decide which part is at fault, or how far feedback has come. Raises ConflictError for what can't be."""
        told = {"triage": fault, "state": state}
        body = {name: value.value for name, value in told.items() if value is not None}
        return Case.read(self.call("PATCH", f"/admin/feedback/{feedback_id}", body))

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


def _path(conversation_id: str) -> str:
    return f"/conversations/{_id(conversation_id)}"


def _id(conversation_id: str) -> str:
    # The id may come from the address bar: it must stay one segment of the path, whatever is in it.
    if not conversation_id or not all(sign.isalnum() or sign in "-_" for sign in conversation_id):
        raise NotFoundError("There is no such conversation. Choose one from the list, or start a new one.")
    return conversation_id
