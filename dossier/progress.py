"""Progress of long work: time left, and how the terminal shows it."""

import sys
import time
from datetime import UTC, datetime
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from dossier.records import Progress

_PAUSE = 5.0
"""Seconds between two lines where there is no terminal to redraw."""


def seconds_left(progress: Progress, now: datetime | None = None) -> float | None:
    """Seconds that the rest will take at the pace so far; None while that can't be told."""
    if not progress.done or not progress.total:
        return None
    elapsed = ((now or datetime.now(UTC)) - progress.started).total_seconds()
    return elapsed / progress.done * max(progress.total - progress.done, 0)


def in_words(seconds: float) -> str:
    """A duration for people: `40 s`, `3 min`, `1 h 20 min`."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def by_clock(stage: str, usual: float, started: datetime) -> Progress:
    """Progress in seconds of work that tells nothing of itself; `usual` is how many it takes as a rule."""
    elapsed = (datetime.now(UTC) - started).total_seconds()
    if elapsed < usual:
        return Progress(f"{stage} (seconds)", round(elapsed), max(round(usual), round(elapsed) + 1), started)
    return Progress(f"{stage} (seconds)", round(elapsed), 0, started, "longer than usual")


class ProgressDisplay:
    """Shows progress on standard error: bars in a terminal, a line now and then elsewhere. Use as a context manager."""

    def __init__(self) -> None:
        """Find out whether there is a terminal."""
        console = Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self._terminal = console.is_terminal
        self._tasks: dict[str, TaskID] = {}
        self._last = 0.0

    def __enter__(self) -> "ProgressDisplay":
        """Begin to draw."""
        if self._terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        if self._terminal:
            self._bars.stop()

    def __call__(self, progress: Progress) -> None:
        """Show how far the work has come."""
        if self._terminal:
            task = self._tasks.get(progress.stage)
            if task is None:
                task = self._tasks[progress.stage] = self._bars.add_task(progress.stage, total=None, note="")
            self._bars.update(task, completed=progress.done, total=progress.total or None, note=progress.note)
            return
        finished = progress.total and progress.done >= progress.total
        if finished or time.monotonic() - self._last >= _PAUSE:
            self._last = time.monotonic()
            left = seconds_left(progress)
            rest = f", {in_words(left)} left" if left else ""
            total = f" of {progress.total}" if progress.total else ""
            note = f" ({progress.note})" if progress.note else ""
            print(f"{progress.stage}: {progress.done}{total}{rest}{note}", file=sys.stderr, flush=True)
