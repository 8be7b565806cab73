"""Keeps an index up to date: waits until the documents change, lets them settle, and indexes."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from watchfiles import watch

from dossier.errors import DossierError
from retrieval.build import BuildReport

_RETRY_SECONDS = 60.0
"""Pause before a run that failed is tried again without any change (another run was at work, the disk was full)."""


@dataclass(frozen=True, slots=True)
class Watching:
    """How to watch.

    `settle_seconds` without another change must pass before a run; `look_seconds` after the last run the documents are
    looked at also without a sign of change (network folders give none); `polling` looks at every file all the time.
    """

    settle_seconds: float = 2.0
    look_seconds: float = 600.0
    polling: bool = False


def keep_up(
    documents: Path,
    index: Callable[[], BuildReport],
    tell: Callable[[BuildReport | DossierError], None],
    how: Watching,
    stop: threading.Event,
) -> None:
    """Index now and whenever the documents change, until `stop` is set. A run that fails is told and tried again."""
    while not stop.is_set():
        failed = _run(index, tell)
        _wait(documents, how, _RETRY_SECONDS if failed else how.look_seconds, stop)


def _run(index: Callable[[], BuildReport], tell: Callable[[BuildReport | DossierError], None]) -> bool:
    try:
        tell(index())
    except DossierError as error:
        tell(error)
        return True
    return False


def _wait(documents: Path, how: Watching, longest: float, stop: threading.Event) -> None:
    """Return when something changed and has settled, after `longest` seconds, or when `stop` is set."""
    end = time.monotonic() + longest
    while not documents.is_dir():  # unmounted, or being replaced
        if stop.wait(min(1.0, max(0.0, end - time.monotonic()))) or time.monotonic() >= end:
            return
    for changed in _signs(documents, how, stop):
        if changed or time.monotonic() >= end:
            return


def _signs(documents: Path, how: Watching, stop: threading.Event) -> Iterator[bool]:
    """True when something changed, False now and then."""
    settle = int(how.settle_seconds * 1000)
    for changes in watch(
        documents,
        debounce=max(settle * 15, 1),  # a folder that never comes to rest is indexed all the same
        step=max(settle, 1),
        stop_event=stop,
        rust_timeout=500,
        yield_on_timeout=True,
        force_polling=how.polling or None,
        raise_interrupt=True,
        ignore_permission_denied=True,
        watch_filter=_is_document,
    ):
        yield bool(changes)


def _is_document(change: object, path: str) -> bool:
    return not Path(path).name.startswith(".")
