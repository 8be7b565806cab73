"""Asks a running product over the OpenAI-compatible API, one question after the other, and takes the time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import openai

from dossier.errors import BusyError, DossierError, EngineError
from dossier.gateway_errors import error_of
from dossier.records import Progress, Question, Turn
from dossier.traces import Origin
from training.answers.judging import Mark, Source
from training.gateway import RunningGateway

_SECONDS = 600.0
_TRIES, _PAUSE = 5, 5.0
"""A queue that is full, or a model server that is being restarted, is waited for."""
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer as a client gets it. Seconds count from the question to its first words and to its end.

    `problem` is why there is no answer; empty: there is one.
    """

    text: str = ""
    verdict: str = ""
    note: str = ""
    answered_by: str = ""
    generation: str = ""
    sources: tuple[Source, ...] = ()
    marks: tuple[Mark, ...] = ()
    first: float = 0.0
    total: float = 0.0
    problem: str = ""


class Answering(Protocol):
    """Whatever can be asked."""

    def ask(self, question: str, before: Sequence[str] = ()) -> Said:
        """Ask one question, after those that come before it in its conversation."""


class Client:
    """OpenAI's own client on a gateway."""

    def __init__(self, gateway: RunningGateway) -> None:
        """Ask for the model's name. Raises GatewayUnreachableError, SignInError."""
        self._gateway, self.model = gateway, gateway.model()
        self._openai = openai.OpenAI(
            base_url=f"{gateway.address}/v1",
            api_key=gateway.key,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(timeout=_SECONDS, trust_env=False),
        )

    def ask(self, question: str, before: Sequence[str] = ()) -> Said:
        """Ask one question, after those that come before it in its conversation.

        What goes wrong with it is a `problem`; raises where the gateway itself can't be asked.
        """
        turns: list[Turn] = []
        for earlier in before:
            said = self._answer([*turns, Turn("user", earlier)])
            if said.problem:
                return Said(problem=f"its conversation broke off: {said.problem}")
            turns += [Turn("user", earlier), Turn("assistant", said.text)]
        return self._answer([*turns, Turn("user", question)])

    def _answer(self, turns: Sequence[Turn]) -> Said:
        for left in reversed(range(_TRIES)):
            try:
                return self._streamed(turns)
            except openai.APIStatusError as error:
                told = error_of({"error": error.body}, error.status_code)
                if not isinstance(told, BusyError | EngineError):
                    raise self._gateway.explained(told) from error
                if not left:
                    return Said(problem=str(told))
            except openai.APIError as error:
                self._gateway.model()  # raises where nobody answers any more
                return Said(problem=f"the answer broke off: {error.message}")
            time.sleep(_PAUSE)
        raise DossierError("no try was made")

    def _streamed(self, turns: Sequence[Turn]) -> Said:
        began, first = time.monotonic(), 0.0
        last: dict[str, Any] = {}
        pieces: list[str] = []
        messages: Any = [{"role": turn.role, "content": turn.text} for turn in turns]
        stream = self._openai.chat.completions.create(model=self.model, messages=messages, stream=True)
        for chunk in stream:
            more = chunk.model_extra or {}
            last = more if "verdict" in more else last
            text = chunk.choices[0].delta.content if chunk.choices else None
            if text:
                first = first or time.monotonic() - began
                pieces.append(text)
        total = time.monotonic() - began
        if not last:
            return Said(problem="the answer broke off before its end")
        return Said(
            text=str(last.get("text") or "".join(pieces)),
            verdict=str(last["verdict"]),
            note=str(last.get("note") or ""),
            answered_by=str(last.get("answered_by") or ""),
            generation=str(last.get("generation") or ""),
            sources=tuple(map(_source, last.get("sources") or ())),
            marks=tuple(Mark(int(one["start"]), _is_traced(one)) for one in last.get("traces") or ()),
            first=first or total,
            total=total,
        )


def spread(questions: Sequence[Question], limit: int) -> Sequence[Question]:
    """At most so many questions, evenly from all over the file; 0: all."""
    count = len(questions)
    return [questions[at * count // limit] for at in range(limit)] if 0 < limit < count else questions


def ask_all(client: Answering, questions: Sequence[Question], on_progress: OnProgress) -> list[Said]:
    """Ask every question, the first one twice: what is loaded at a first question isn't the product's pace."""
    client.ask(questions[0].question)
    started = datetime.now(UTC)
    found = []
    for done, one in enumerate(questions, start=1):
        found.append(client.ask(one.question, one.before))
        failed = sum(bool(said.problem) for said in found)
        on_progress(Progress("Asking", done, len(questions), started, f"{failed} without an answer" if failed else ""))
    return found


def _is_traced(raw: dict[str, Any]) -> bool:
    """Whether it is known where a number comes from, down to every operand."""
    return raw["origin"] != Origin.UNTRACED and all(map(_is_traced, raw.get("operands") or ()))


def _source(raw: dict[str, Any]) -> Source:
    return Source(str(raw["document"]), int(raw["page"]), str(raw["text"]), bool(raw["cited"]))
