"""Answers batches of questions, one question at a time, beside the people who ask in the chat."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from sqlalchemy.exc import OperationalError

from dossier.errors import BusyError, DossierError, EngineError, IndexMissingError, QuestionError
from dossier.records import Answer, AnswerEvent, Turn
from serving.store.batches import Batches, BatchQuestion, NextQuestion, QuestionState

_IDLE_SECONDS = 1.0
_PATIENCE = 5
"""How often the model server may go down over one question before that question is given up."""
_log = logging.getLogger(__name__)


class Answerer(Protocol):
    """The answer chain."""

    def answer(self, question: str, history: Sequence[Turn], groups: frozenset[str]) -> AsyncIterator[AnswerEvent]:
        """Steps and pieces of text, then exactly one Answer. Closing the iterator stops the model."""
        ...


class Taken(Protocol):
    """Room for one answer."""

    def give_back(self) -> None:
        """Let somebody else in."""
        ...


class BatchWorker:
    """Answers the questions of running batches in turn until it is cancelled.

    All that it knows is in the store, so that a gateway that starts again goes on where the one before it ended.
    """

    def __init__(
        self, batches: Batches, answerer: Answerer, take: Callable[[], Taken], require: Callable[[], None], longest: int
    ) -> None:
        """`take` gives room for an answer or raises BusyError; `require` raises while a part isn't ready."""
        self._batches, self._answerer, self._take, self._require = batches, answerer, take, require
        self._longest = longest
        self._failures: dict[int, int] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    async def work(self) -> None:
        """Answer what there is to answer, for ever."""
        batch = ""
        while True:
            try:
                found = await asyncio.to_thread(self._batches.next, batch)
                if found is not None and self._is_ready():
                    batch = found.batch
                    await self._answer(found)
                    continue
            except OperationalError as error:  # what wasn't kept is asked again
                _log.warning("the store doesn't answer for batches: %s", error.orig)
            await self._rest()

    async def _answer(self, found: NextQuestion) -> None:
        """Answer one question and keep what came of it, unless it is to be asked again."""
        try:
            slot = self._take()
        except BusyError:  # people in the chat go first
            await self._rest()
            return
        began = time.monotonic()
        try:
            answered = await self._unless_cancelled(found)
        finally:
            slot.give_back()
        if answered is not None:
            await asyncio.to_thread(self._batches.keep, found.batch, answered, time.monotonic() - began)

    async def _unless_cancelled(self, found: NextQuestion) -> BatchQuestion | None:
        """What came of a question; None: its batch was cancelled in mid-answer, or it is to be asked again."""
        doing = asyncio.ensure_future(self._outcome(found))
        try:
            while not (await asyncio.wait((doing,), timeout=_IDLE_SECONDS))[0]:
                if not await asyncio.to_thread(self._batches.is_running, found.batch):
                    return None
            return doing.result()
        finally:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)

    async def _outcome(self, found: NextQuestion) -> BatchQuestion | None:
        question = found.question
        try:
            return _answered(question, await self._whole(question.question, found.groups))
        except (BusyError, EngineError, IndexMissingError) as error:
            self._failures[question.id] = self._failures.get(question.id, 0) + 1
            if self._failures[question.id] < _PATIENCE or isinstance(error, BusyError):
                await asyncio.sleep(_IDLE_SECONDS)
                return None
            return _failed(question, str(error))
        except DossierError as error:
            return _failed(question, str(error))
        except Exception:  # noqa: BLE001 (one question's fault, whatever it is, mustn't end all batches)
            _log.exception("a question of a batch met a fault")
            return _failed(question, "Dossier met a fault of its own over this question; the gateway's log has it.")

    async def _whole(self, question: str, groups: frozenset[str]) -> Answer:
        if len(question) > self._longest:
            raise QuestionError(f"The question has {len(question)} characters; at most {self._longest} are possible.")
        async with aclosing(self._answerer.answer(question, (), groups)) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, Answer):
                    return event
        raise EngineError("The answer broke off.")

    def _is_ready(self) -> bool:
        try:
            self._require()
        except DossierError:
            return False
        return True

    async def _rest(self) -> None:
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), _IDLE_SECONDS)
        except TimeoutError:
            return


def _answered(question: BatchQuestion, answer: Answer) -> BatchQuestion:
    sources = tuple(
        {
            "number": number,
            "document": passage.document,
            "source": passage.chunk.source,
            "page": passage.chunk.page,
            "text": passage.chunk.text,
        }
        for number, passage in enumerate(answer.passages, start=1)
        if number in answer.cited
    )
    state = QuestionState.ANSWERED
    return BatchQuestion(question.id, question.question, state, answer.text, str(answer.verdict), answer.note, sources)


def _failed(question: BatchQuestion, why: str) -> BatchQuestion:
    return BatchQuestion(question.id, question.question, QuestionState.FAILED, note=why)
