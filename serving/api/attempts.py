"""Slows the guessing of passwords: ten failures for a name within five minutes close it for a while."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from serving.api.errors import LaterError

FAILURES = 10
WINDOW_SECONDS = 300.0
_NAMES = 10_000
"""Names remembered. Names come from outside, so that there must be an end to them."""


class Attempts:
    """Counts attempts to sign in by name, in memory: a restart forgets them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_name: OrderedDict[str, deque[float]] = OrderedDict()

    def begin(self, name: str) -> None:
        """Count an attempt as failed until `succeeded` says otherwise, so that simultaneous ones count too.

        Raises LaterError with the seconds to wait when the name is closed.
        """
        name, now = name.strip().lower(), self._clock()
        times = self._by_name.setdefault(name, deque(maxlen=FAILURES))
        while times and now - times[0] >= WINDOW_SECONDS:
            times.popleft()
        if len(times) >= FAILURES:
            seconds = int(times[0] + WINDOW_SECONDS - now) + 1
            raise LaterError(f"Too many failed attempts for this name. Try again in {seconds} seconds.", seconds)
        times.append(now)
        self._by_name.move_to_end(name)
        if len(self._by_name) > _NAMES:
            self._by_name.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the failures of a name."""
        self._by_name.pop(name.strip().lower(), None)
