"""Speaks to the model server through LangChain's OpenAI client: pointing at lines, and wording answers."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import httpx
import openai
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from dossier.errors import BusyError, EngineError
from dossier.prompt import NONE, Message, pointing_choices, pointing_prompt
from dossier.records import Line, Passage, Usage
from dossier.reply import NOT_HERE, TargetFormat, refuses
from retrieval.lines import RankedLine
from serving.spans import Timed, timed

POINTER_WEIGHT = 0.05
"""How much the model's log-probability of a line counts beside the retriever's score (see DECISIONS)."""
_SECONDS = 120.0
_FIRST_TOKENS = 8
_KINDS = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
_GONE = "the model server stopped in the middle of the answer. It is being restarted; ask again in a minute."


class Served(Protocol):
    """Where a model is served."""

    @property
    def url(self) -> str:
        """Base address of the OpenAI-compatible API, ending in /v1."""

    @property
    def api_key(self) -> str:
        """Key that the server asks for."""

    @property
    def model_name(self) -> str:
        """Name under which the model is served."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The model of one answer: its name at the model server, the digest of its adapter, and where that falls short.

    `adapter` is empty for the base model alone; otherwise `name` has the digest's beginning behind an `@`. `reads` is
    the format of its replies when it was tuned to read excerpts, None when it wasn't.
    """

    name: str
    adapter: str = ""
    note: str = ""
    reads: TargetFormat | None = None


class Models(Protocol):
    """What chooses the model."""

    def held(self) -> AbstractContextManager[ServedModel]:
        """The model for one answer, kept until that has ended."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The line that answers, None when the model points at none."""

    line: Line | None
    usage: Usage


class ModelClient:
    """One model server. Raises EngineError when the server is gone and BusyError when its queue is full."""

    def __init__(self, served: Served, models: Models | None = None) -> None:
        """Connect lazily: nothing is sent before the first question. Without `models` the base answers."""
        self._served, self._models = served, models
        self._chat: ChatOpenAI | None = None

    @contextmanager
    def held(self) -> Iterator[ServedModel]:
        """The model for one answer, kept until that has ended."""
        if self._models is None:
            yield ServedModel(self._served.model_name)
            return
        with self._models.held() as model:
            yield model

    def _client(self) -> ChatOpenAI:
        if self._chat is None:
            self._chat = ChatOpenAI(
                model=self._served.model_name,
                base_url=self._served.url,
                api_key=SecretStr(self._served.api_key),
                temperature=0,
                max_retries=0,
                timeout=_SECONDS,
                stream_usage=True,
                # a proxy meant for the internet must not see what is asked on this machine
                http_client=httpx.Client(trust_env=False),
                http_async_client=httpx.AsyncClient(trust_env=False),
            )
        return self._chat

    async def point(
        self, lines: Sequence[RankedLine], passages: Sequence[Passage], question: str, model: ServedModel
    ) -> Choice:
        """Which of the lines answers: the retriever's score and the model's own choice together."""
        shown = [ranked.line for ranked in lines]
        choices = pointing_choices(shown)
        client = self._client().bind(
            model=model.name,
            max_tokens=2,
            logprobs=True,
            top_logprobs=min(20, len(choices)),
            extra_body={"structured_outputs": {"choice": choices}},
        )
        with timed("model") as span:
            async with _translated():
                reply = await client.ainvoke(_messages(pointing_prompt(shown, passages, question)))
            _mark(span, _usage(reply))
        if reply.text.strip() == NONE:
            return Choice(None, _usage(reply))
        logprobs = _choice_logprobs(reply, choices)
        best = max(
            range(len(lines)),
            key=lambda i: lines[i].score + POINTER_WEIGHT * logprobs[choices[i + 1]],
        )
        return Choice(lines[best].line, _usage(reply))

    async def reply(self, prompt: Sequence[Message], limit: int, model: ServedModel) -> tuple[str, Usage]:
        """A reading model's whole reply of at most `limit` tokens, and its usage."""
        client = self._client().bind(model=model.name, max_tokens=limit, logprobs=True, top_logprobs=_FIRST_TOKENS)
        with timed("model") as span:
            async with _translated():
                reply = await client.ainvoke(_messages(prompt))
            _mark(span, _usage(reply))
        return NOT_HERE if refuses(_first_logprobs(reply)) else reply.text, _usage(reply)

    async def speak(self, prompt: Sequence[Message], limit: int, model: ServedModel) -> AsyncIterator[str | Usage]:
        """The model's words as they come, and its usage at the end."""
        with timed("model") as span:
            async with _translated():
                async for chunk in self._client().bind(model=model.name, max_tokens=limit).astream(_messages(prompt)):
                    if text := chunk.text:
                        yield text
                    if isinstance(chunk, AIMessage) and chunk.usage_metadata:
                        _mark(span, usage := _usage(chunk))
                        yield usage


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Turn the client library's errors into ours."""
    try:
        yield
    except openai.RateLimitError as error:
        raise BusyError("too many questions at once. Try again in a moment.") from error
    except openai.APITimeoutError as error:
        raise EngineError("the model server takes too long to answer. Try again in a minute.") from error
    except openai.APIConnectionError as error:
        raise EngineError(_GONE) from error
    except openai.APIStatusError as error:
        if error.status_code in (429, 503):
            raise BusyError("too many questions at once. Try again in a moment.") from error
        raise EngineError(f"the model server refused the request (status {error.status_code}).") from error
    except openai.APIError as error:  # an error event inside a stream
        raise EngineError(_GONE) from error


def _messages(prompt: Sequence[Message]) -> list[BaseMessage]:
    return [_KINDS[message.role](content=message.content) for message in prompt]


def _choice_logprobs(reply: BaseMessage, choices: Sequence[str]) -> dict[str, float]:
    """Log-probability of each choice; those that the server didn't list get the lowest that it did."""
    listed = {token.strip(): chance for token, chance in _first_logprobs(reply).items()}
    floor = min(listed.values(), default=0.0)
    return {choice: max(listed.get(choice, floor), -20.0) for choice in choices}


def _first_logprobs(reply: BaseMessage) -> dict[str, float]:
    """The likeliest first tokens with their log-probabilities; none where the server lists none."""
    content = (reply.response_metadata.get("logprobs") or {}).get("content") or []
    return {item["token"]: float(item["logprob"]) for item in content[0]["top_logprobs"]} if content else {}


def _usage(reply: BaseMessage) -> Usage:
    metadata = reply.usage_metadata if isinstance(reply, AIMessage) else None
    return Usage(metadata["input_tokens"], metadata["output_tokens"]) if metadata else Usage()


def _mark(span: Timed, usage: Usage) -> None:
    span.mark(tokens_read=usage.prompt_tokens, tokens=usage.completion_tokens)
