"""What was fetched, kept for a while; and that it couldn't be fetched, for a moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from dossier.errors import EnvironmentProblem

T = TypeVar("T")
KEPT_SECONDS = 3600.0
_FAILED_SECONDS = 5.0
"""Those who waited for a fetch that failed hear so at once, instead of trying one after the other."""


class Remembered(Generic[T]):
    """One thing that is fetched again when it is too old, by one of those who want it."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._alone = asyncio.Lock()
        self._value: T | None = None
        self._until = 0.0
        self._failed: tuple[float, str] = (0.0, "")

    async def value(self) -> T:
        """The thing. Raises EnvironmentProblem where it can't be fetched, or couldn't just now."""
        async with self._alone:
            if self._value is not None and self._clock() < self._until:
                return self._value
            return await self._fetched()

    async def renewed(self, seen: T) -> T:
        """The thing, fetched anew unless somebody has done so since `seen`."""
        async with self._alone:
            if self._value is not None and self._value is not seen:
                return self._value
            return await self._fetched()

    async def _fetched(self) -> T:
        until, why = self._failed
        if self._clock() < until:
            raise EnvironmentProblem(why)
        try:
            self._value = await self._fetch()
        except EnvironmentProblem as error:
            self._failed = (self._clock() + _FAILED_SECONDS, str(error))
            raise
        self._until = self._clock() + KEPT_SECONDS
        return self._value
