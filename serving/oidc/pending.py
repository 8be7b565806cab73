"""Sign-ins that were begun and whose people haven't come back from the identity provider yet."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest

from dossier.errors import BusyError, SignInError

SECONDS = 600
"""How long somebody may take at the provider."""
MOST = 5000
MOST_FROM_ONE_PLACE = 500
"""From one address: an office behind one comes at nine o'clock; who begins more doesn't mean to sign in."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a sign-in began with. `state` goes to the provider and back, `browser` stays in the browser's cookie.

    `nonce` comes back inside the ID token; `verifier` proves to the provider who began (PKCE, RFC 7636).
    """

    state: str = field(repr=False)
    browser: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Waiting:
    begun: Begun
    place: str
    until: float


class PendingSignIns:
    """They are kept in memory: a restart of the gateway forgets them, and people begin again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}

    def begin(self, place: str) -> Begun:
        """Make a sign-in for somebody at an address. Raises BusyError where too many have begun from there."""
        now = self._clock()
        self._waiting = {key: one for key, one in self._waiting.items() if one.until > now}
        if sum(one.place == place for one in self._waiting.values()) >= MOST_FROM_ONE_PLACE:
            raise BusyError("Too many sign-ins were begun from this address. Try again in ten minutes.")
        if len(self._waiting) >= MOST:
            self._waiting.pop(next(iter(self._waiting)))  # the oldest; its person begins again
        begun = Begun(*(secrets.token_urlsafe(32) for _ in range(4)))
        self._waiting[_digest(begun.state)] = _Waiting(begun, place, now + SECONDS)
        return begun

    def take(self, state: str, browser: str) -> Begun:
        """The sign-in of that state, which is then used up. Raises SignInError, also for another browser."""
        found = self._waiting.pop(_digest(state), None)
        if (
            found is None
            or found.until <= self._clock()
            or not compare_digest(_digest(browser), _digest(found.begun.browser))
        ):
            raise SignInError(
                "This sign-in was begun too long ago or in another browser, or it was used already. Sign in again."
            )
        return found.begun


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
