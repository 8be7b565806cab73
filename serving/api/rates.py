"""How many requests a minute one user may make, whatever their keys and sign-ins: a token bucket for each."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from serving.api.errors import LaterError

_MINUTE = 60.0
_CLEAR_EVERY = 1000
"""Requests between two looks for buckets that are full again, which needn't be remembered."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """Lets each user make a minute's requests at once, and then as many as come back evenly. 0 a minute: no limit."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(per_minute), clock
        self._buckets: dict[int, _Bucket] = {}
        self._taken = 0

    def take(self, user_id: int) -> None:
        """Count a request. Raises LaterError with the seconds until the next one is possible."""
        if not self._most:
            return
        self._clear_now_and_then()
        now = self._clock()
        bucket = self._buckets.setdefault(user_id, _Bucket(self._most, now))
        bucket.left, bucket.at = self._refilled(bucket, now), now
        if bucket.left < 1:
            seconds = math.ceil((1 - bucket.left) * _MINUTE / self._most)
            raise LaterError(
                f"You made more than {self._most:.0f} requests within a minute. Wait {seconds} seconds, or ask an "
                "admin to raise requests_per_minute.",
                seconds,
            )
        bucket.left -= 1

    def _refilled(self, bucket: _Bucket, now: float) -> float:
        return min(self._most, bucket.left + (now - bucket.at) * self._most / _MINUTE)

    def _clear_now_and_then(self) -> None:
        self._taken += 1
        if self._taken % _CLEAR_EVERY == 0:
            now = self._clock()
            kept = {user: one for user, one in self._buckets.items() if self._refilled(one, now) < self._most}
            self._buckets = kept
