"""One answer on its way: keeps both messages, measures, and stops the model when nobody listens any more."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

from anyio import move_on_after
from starlette.types import Receive

from dossier.errors import EngineError, NotFoundError
from dossier.records import Answer, AnswerEvent, Delta, Passage, Usage, Verdict
from serving.api.answer_schemas import PIN
from serving.api.asking import Asked
from serving.api.auditing import AuditNote
from serving.api.chat_schemas import TRACES, UNSUPPORTED, sources_of
from serving.api.errors import error_body_of
from serving.api.parts import Running
from serving.api.work import in_thread
from serving.metrics import FAILED, INTERRUPTED, WITHDRAWN, Ending
from serving.spans import mark
from serving.store import Caller, NewMessage

_CLEANING_SECONDS = 10
T = TypeVar("T")
_log = logging.getLogger(__name__)


class AnswerRun:
    """The way from a question to its kept answer. It holds a slot until `events` has ended or `leave` is called."""

    def __init__(self, parts: Running, caller: Caller, asked: Asked, note: AuditNote) -> None:
        """Take a slot; `note` is told what comes of it. Raises LaterError when there is none."""
        self._parts, self._caller, self._asked = parts, caller, asked
        self._slot = parts.slots.take()
        self._said: list[str] = []
        self._outcome: Verdict | Ending = INTERRUPTED
        self._note = ""
        self._usage = Usage()
        self._began = time.monotonic()
        self.id = f"chatcmpl-{secrets.token_hex(12)}"
        """The answer's id: OpenAI's for the client, and the one that it is kept under."""
        self._audit = note
        note.target = self.id

    async def begin(self) -> None:
        """Keep the question. Raises NotFoundError if the conversation isn't the caller's."""
        try:
            await self._keep(NewMessage("user", self._asked.question))
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Give the slot back; again does nothing."""
        self._slot.give_back()

    async def events(self) -> AsyncGenerator[AnswerEvent]:
        """What the chain yields, up to and with the Answer, which is kept before it is passed on.

        Closing this generator closes the chain. What was said until then is kept as interrupted. Raises what the
        chain raises, and EngineError if it ends without an Answer.
        """
        asked, chain = self._asked, self._parts.gateway.answerer
        try:
            async with _closed(chain.answer(asked.question, asked.history, self._caller.groups)) as events:
                async for event in events:
                    await self._take(event)
                    yield event
            if self._outcome == INTERRUPTED:
                raise EngineError("The answer broke off. Ask again.")
        except Exception as error:
            self._outcome, self._note = FAILED, str(error_body_of(error)["error"]["message"])
            raise
        finally:
            with move_on_after(_CLEANING_SECONDS, shield=True):
                await self._finish()

    async def whole(self) -> Answer:
        """The Answer, when nobody wants its pieces."""
        async with aclosing(self.events()) as events:
            async for event in events:
                if isinstance(event, Answer):
                    return event
        raise EngineError("The answer broke off. Ask again.")

    async def _take(self, event: AnswerEvent) -> None:
        if isinstance(event, Delta):
            if not self._said:
                self._parts.metrics.first_words(time.monotonic() - self._began)
                self._slot.speak()
            self._said.append(event.text)
        elif isinstance(event, Answer):
            self._outcome, self._usage = WITHDRAWN if event.withdrawn else event.verdict, event.usage
            self._audit.documents = documents_of(event.passages)
            self._parts.metrics.not_borne_out(one.fault for one in event.unsupported)
            await self._keep_answer(_kept(event, self.id))

    async def _finish(self) -> None:
        self._audit.outcome = self._outcome
        mark(outcome=self._outcome, tokens_read=self._usage.prompt_tokens, tokens=self._usage.completion_tokens)
        self._parts.metrics.answer(time.monotonic() - self._began, self._outcome, self._usage)
        try:
            if self._outcome in (INTERRUPTED, FAILED):
                said = "".join(self._said)
                await self._keep_answer(NewMessage("assistant", said, note=self._note, interrupted=True))
        finally:
            self.leave()  # not before: the gateway may end when all slots are free

    async def _keep_answer(self, message: NewMessage) -> None:
        try:
            await self._keep(message)
        except NotFoundError:
            _log.info("a conversation was deleted while its answer was being written")

    async def _keep(self, message: NewMessage) -> None:
        if self._asked.conversation is not None:
            keep = self._parts.store.conversations.keep
            await in_thread(keep, self._caller.user_id, self._asked.conversation, message)


def documents_of(passages: Iterable[Passage]) -> tuple[str, ...]:
    """The names of the documents that passages are from, each once."""
    return tuple(dict.fromkeys(passage.chunk.source for passage in passages))


def _kept(answer: Answer, answer_id: str) -> NewMessage:
    sources = tuple(source.model_dump(mode="json") for source in sources_of(answer))
    return NewMessage(
        role="assistant",
        text=answer.text,
        sources=sources,
        verdict=answer.verdict,
        note=answer.note,
        answered_by=answer.model,
        asked_as=answer.asked_as,
        answer_id=answer_id,
        pin=PIN.dump_python(answer.pin, mode="json") if answer.pin else None,
        traces=tuple(TRACES.dump_python(answer.traces, mode="json")),
        unsupported=tuple(UNSUPPORTED.dump_python(answer.unsupported, mode="json")),
        withdrawn=answer.withdrawn,
        chart=dict(answer.chart) if answer.chart is not None else None,
    )


async def unless_gone(work: Coroutine[Any, Any, T], receive: Receive) -> T | None:
    """The result of the work, or None if the client goes away first; the work is cancelled then.

    It is cancelled once, as asyncio does it: a cancel scope would also cancel whatever the work does to clean up.
    """
    doing, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        for task in (doing, leaving):
            task.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def _closed(events: AsyncIterator[AnswerEvent]) -> AsyncGenerator[AsyncIterator[AnswerEvent]]:
    """The iterator, closed at the end even while this task is being cancelled: the model must not go on for nobody."""
    try:
        yield events
    finally:
        if isinstance(events, AsyncGenerator):
            with move_on_after(_CLEANING_SECONDS, shield=True):
                await events.aclose()
