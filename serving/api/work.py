"""Blocking work in threads, so that the event loop, and with it `/health`, never waits."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run work in one of up to 40 threads and wait for its result."""
    return await to_thread.run_sync(partial(work, *args, **kwargs))


async def in_limited_thread(limiter: CapacityLimiter, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run work in a thread, only as many at once as `limiter` allows: for work that is heavy by intention."""
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=limiter)
