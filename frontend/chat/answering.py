"""Answers that are being written, kept apart from the script runs that show them.

Streamlit runs the script anew at every click and in every browser tab. An answer goes on through all that: it ends
by itself, by its Stop button, or by a fault, and any run of the same person may look at it.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final

from dossier.errors import DossierError
from dossier.records import Delta, Step
from frontend.gateway.records import Message
from frontend.gateway.wire import Finish, StreamEvent

_log = logging.getLogger(__name__)
FAULT: Final = "The page met a fault of its own while the answer was being written."


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An answer as far as it has come. `error` says why it broke off; `stopped` that somebody stopped it.

    `before` is how many messages the conversation had before the question.
    """

    question: str
    before: int = 0
    steps: tuple[str, ...] = ()
    text: str = ""
    finish: Finish | None = None
    error: str = ""
    stopped: bool = False
    ended: bool = False
    version: int = 0

    @property
    def message(self) -> Message:
        """The answer as a message of the conversation."""
        if self.finish is None:
            return Message("assistant", self.text, interrupted=self.ended)
        end = self.finish
        return Message(
            role="assistant",
            text=end.text or self.text,
            sources=end.sources,
            verdict=end.verdict,
            note=end.note,
            traces=end.traces,
            unsupported=end.unsupported,
            asked_as=end.asked_as,
            chart=end.chart,
        )


@dataclass
class Answering:
    """One answer on its way. Threads: the loop writes, script runs read."""

    _now: Snapshot
    stopper: Callable[[], object] = field(default=lambda: None)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def now(self) -> Snapshot:
        """How far it has come."""
        with self._changed:
            return self._now

    def after(self, version: int, seconds: float) -> Snapshot:
        """How far it has come, as soon as that is further than `version`, at the latest after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._now.version != version, seconds)
            return self._now

    def stop(self) -> Snapshot:
        """Stop it, which closes the connection, and wait (a few seconds at most) until that is done."""
        self.stopper()
        with self._changed:
            self._changed.wait_for(lambda: self._now.ended, 5)
            return self._now

    async def run(self, events: AsyncIterator[StreamEvent]) -> None:
        """Take in the events until they end."""
        try:
            async for event in events:
                self._take(event)
            self._set(ended=True)
        except asyncio.CancelledError:
            self._set(stopped=True, ended=True)
            raise
        except DossierError as error:
            self._set(error=str(error), ended=True)
        finally:
            # a fault of the page itself must not leave people waiting; the loop logs it
            if not self.now.ended:
                self._set(error=FAULT, ended=True)

    def _take(self, event: StreamEvent) -> None:
        match event:
            case Step(text):
                self._set(steps=(*self._now.steps, text))
            case Delta(text):
                self._set(text=self._now.text + text)
            case Finish():
                self._set(finish=event)

    def _set(self, **changes: object) -> None:
        with self._changed:
            self._now = replace(self._now, version=self._now.version + 1, **changes)  # type: ignore[arg-type]
            self._changed.notify_all()


class Answers:
    """The answers of this process that are being written, by person and conversation. One thread serves them all."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._running: dict[str, Answering] = {}
        threading.Thread(target=self._loop.run_forever, name="answers", daemon=True).start()

    def start(self, key: str, question: str, before: int, events: AsyncIterator[StreamEvent]) -> Answering:
        """Start to take in the answer to `question`; `before`: messages in the conversation so far."""
        answering = Answering(Snapshot(question, before))
        future = asyncio.run_coroutine_threadsafe(answering.run(events), self._loop)
        future.add_done_callback(_log_fault)
        answering.stopper = future.cancel
        self._running = {one: running for one, running in self._running.items() if not running.now.ended}
        self._running[key] = answering
        return answering

    def of(self, key: str) -> Answering | None:
        """The answer being written, or just written, under this key."""
        return self._running.get(key)

    def stop(self, key: str) -> None:
        """Stop the answer under this key, if one is being written."""
        answering = self.of(key)
        if answering is not None and not answering.now.ended:
            answering.stop()

    def forget(self, key: str) -> None:
        """Drop an answer that has ended and is kept by the gateway."""
        self._running.pop(key, None)


def _log_fault(future: "Future[None]") -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _log.error("an answer ended in a fault of the page", exc_info=error)
