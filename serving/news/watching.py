"""The news watch beside the product: kept running, and how it is in plain words."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from dossier.errors import EnvironmentProblem
from dossier.progress import in_words
from dossier.settings import Settings
from retrieval.news.telling import WatchState, state_told, tell_state
from serving.children import end, last_lines, start

_COMMAND = (sys.executable, "-m", "dossier", "news", "watch")
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 3600.0
_LONG_ENOUGH = 600.0
"""Seconds after which a watch that ends isn't one that can't start."""
_LATE_LOOKS, _LATE_SECONDS = 3, 180.0
"""A look that indexes a lot takes a while: so much later than due isn't late yet."""


@dataclass(frozen=True, slots=True)
class NewsState:
    """How the watch is: `watching`, `failing` or `not watching`, and why, in plain words."""

    state: Literal["watching", "failing", "not watching"]
    at: datetime | None
    message: str


class NewsWatch:
    """`dossier news watch` as a child process. When it ends by itself it is started again, after ever longer pauses."""

    def __init__(
        self, settings: Settings, command: Sequence[str] = _COMMAND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start it. `look` keeps it running."""
        self._settings, self._command, self._clock = settings, tuple(command), clock
        self._log = settings.log_folder / "news.log"
        self._pause = _FIRST_PAUSE
        self._process: subprocess.Popen[bytes] | None = None
        self._again = 0.0
        self._start()

    @property
    def pid(self) -> int | None:
        """The process that watches; None while it pauses."""
        return self._process.pid if self._process else None

    def look(self) -> None:
        """Start the watch again where it has ended and its pause is over; what is wrong is left for Health."""
        if self._process is None:
            if self._clock() >= self._again:
                self._start()
        elif (status := self._process.poll()) is not None:
            self._process = None
            self._ended(status)

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            end(self._process)

    def _start(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._began = self._clock()
        self._process = start(self._command, dict(os.environ), self._log)

    def _ended(self, status: int) -> None:
        if self._clock() - self._began >= _LONG_ENOUGH:
            self._pause = _FIRST_PAUSE
        self._again = self._clock() + self._pause
        why = last_lines(self._log, 1).strip().removeprefix("dossier: ").rstrip(".") or f"status {status}"
        problem = f"The news watch ended by itself: {why}. It is started again in {in_words(self._pause)}."
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        print(f"dossier: {problem} More is in {self._log}.", file=sys.stderr, flush=True)
        try:
            tell_state(self._settings, WatchState(datetime.now(UTC), 0.0, problem))
        except EnvironmentProblem as error:  # a full disk: the rest of the product needn't end for that
            print(f"dossier: {error}", file=sys.stderr, flush=True)


@contextmanager
def watching_news(settings: Settings) -> Iterator[NewsWatch | None]:
    """The watch where the setting `feeds` is set, else None: nothing is fetched then."""
    if settings.feeds is None:
        yield None
        return
    watch = NewsWatch(settings)
    try:
        yield watch
    finally:
        watch.close()


def news_state(settings: Settings, now: datetime) -> NewsState | None:
    """How the watch is; None where no feeds are set."""
    if settings.feeds is None:
        return None
    told = state_told(settings)
    if told is None:
        return NewsState("not watching", None, "The feeds haven't been looked at yet. `dossier news watch` does it.")
    if told.problem:
        return NewsState("failing", told.at, told.problem)
    late = (now - told.at).total_seconds() > _LATE_LOOKS * told.every + _LATE_SECONDS
    if late:
        log = settings.log_folder / "news.log"
        return NewsState("not watching", told.at, f"The feeds haven't been looked at for a while. {log} may say why.")
    return NewsState("watching", told.at, "")
