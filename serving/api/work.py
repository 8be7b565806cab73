"""Blocking work in threads, so that the event loop, and with it `/health`, never waits."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from dossier.errors import BusyError

P = ParamSpec("P")
R = TypeVar("R")
_MOST_WAITING = 8


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run work in one of up to 40 threads and wait for its result."""
    return await to_thread.run_sync(partial(work, *args, **kwargs))


async def in_limited_thread(limiter: CapacityLimiter, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run work in a thread, only as many at once as `limiter` allows: for work that is heavy by intention."""
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=limiter)


async def in_short_queue(limiter: CapacityLimiter, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """As in_limited_thread, for work of seconds. Raises BusyError where too many wait already."""
    if limiter.statistics().tasks_waiting >= _MOST_WAITING:
        raise BusyError("Too many long computations are waiting. Try again in a minute.")
    return await in_limited_thread(limiter, work, *args, **kwargs)
