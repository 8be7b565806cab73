"""Asks a candidate the sample's questions over HTTP and takes the time."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from dossier.errors import EngineError
from dossier.records import Progress
from training.answers.judging import judge_answer
from training.assessment.record import Said
from training.assessment.sample import Asked
from training.assessment.server import NAME, OnProgress, Running
from training.scoring import Outcome

_ANSWER_TOKENS = 96
_PACE_TOKENS, _PACE_TRIES = 64, 3
_TIMEOUT = httpx.Timeout(600, connect=5)


@dataclass(frozen=True, slots=True)
class _Stream:
    """A streamed reply: its text, seconds to the first token and to the end, and how many tokens."""

    text: str
    first: float
    total: float
    tokens: int


class Candidate:
    """A client of the model server that serves one candidate."""

    def __init__(self, server: Running) -> None:
        """Describe it; nothing is sent yet."""
        headers = {"Authorization": f"Bearer {server.key}"}
        # trust_env: a proxy meant for the internet must not see what is asked on this machine
        self._http = httpx.Client(base_url=server.url, headers=headers, timeout=_TIMEOUT, trust_env=False)

    def ask_all(self, sample: Sequence[Asked], on_progress: OnProgress) -> tuple[Said, ...]:
        """Ask every question, the first one twice: what is loaded at a first question isn't the model's pace."""
        self._ask(sample[0])
        started, said = datetime.now(UTC), []
        for done, asked in enumerate(sample, start=1):
            said.append(self._ask(asked))
            on_progress(Progress("Asking questions", done, len(sample), started))
        return tuple(said)

    def pace(self, sample: Sequence[Asked], on_progress: OnProgress) -> float:
        """Tokens a second that one reader gets behind a question's prompt: the best of three tries."""
        best, started = 0.0, datetime.now(UTC)
        tries = sample[:_PACE_TRIES]
        for done, asked in enumerate(tries, start=1):
            made = self._stream(asked, {"max_tokens": _PACE_TOKENS, "ignore_eos": True})
            if isinstance(made, _Stream) and made.tokens > 1 and made.total > made.first:
                best = max(best, (made.tokens - 1) / (made.total - made.first))
            on_progress(Progress("Measuring the pace", done, len(tries), started))
        return best

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, asked: Asked) -> Said:
        question = asked.question
        made = self._stream(asked, {"max_tokens": _ANSWER_TOKENS})
        if isinstance(made, str):
            return Said(question.question, question.kind, Outcome.WRONG, problem=made)
        outcome = judge_answer(question, made.text, "", ()).outcome
        return Said(question.question, question.kind, outcome, made.first)

    def _stream(self, asked: Asked, how: dict[str, object]) -> _Stream | str:
        """A reply, or why the server refuses the request. Raises EngineError where the server is gone."""
        body = {
            "model": NAME, "stream": True, "stream_options": {"include_usage": True}, "temperature": 0,
            "messages": [{"role": one.role, "content": one.content} for one in asked.prompt], **how,
        }  # fmt: skip
        began, first, tokens = time.monotonic(), 0.0, 0
        pieces: list[str] = []
        try:
            with self._http.stream("POST", "/chat/completions", json=body) as reply:
                if reply.is_error:
                    reply.read()
                    return f"the model server refuses it (status {reply.status_code})"
                for line in reply.iter_lines():
                    if not line.startswith("data: {"):
                        continue
                    chunk = json.loads(line[6:])
                    tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
                    text = (chunk["choices"][0]["delta"].get("content") or "") if chunk.get("choices") else ""
                    if text:
                        first = first or time.monotonic() - began
                        pieces.append(text)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise EngineError(f"the model server broke off: {error!r}.") from error
        total = time.monotonic() - began
        return _Stream("".join(pieces), first or total, total, tokens)
