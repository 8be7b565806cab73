"""How a sign-in gets into the browser's cookie without passing through the page or its address.

The script that signed somebody in makes a ticket: a random word, good once and for a minute. The browser hands the
ticket to the page's server, which answers with the sign-in's token in an HttpOnly cookie. Scripts in the browser see
the ticket only, and a reload brings the cookie back with the new connection.
"""

import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Generic, Self, TypeVar

from frontend.gateway.records import SignIn

T = TypeVar("T")
SECONDS: Final = 60
"""How long a ticket is good."""
_SHORTEST: Final = 60
MOST: Final = 10_000
"""Tickets that are open at once; who goes beyond makes the oldest useless."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What a ticket stands for: the token, and for how many seconds from now the cookie is to be kept."""

    token: str = field(repr=False)
    seconds: int

    @classmethod
    def of(cls, sign_in: SignIn, hours: float) -> Self:
        """For a sign-in, until it ends; where that isn't said, for so many hours."""
        end = sign_in.expires_at
        left = (end - datetime.now(UTC)).total_seconds() if end else hours * 3600
        return cls(sign_in.token, max(_SHORTEST, int(left)))


class Tickets(Generic[T]):
    """The tickets that haven't been used yet. Script threads issue and the server redeems, or the other way round."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[float, T]] = {}

    def issue(self, meant: T) -> str:
        """Make a ticket for something."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old()
            self._open[ticket] = (time.monotonic() + SECONDS, meant)
        return ticket

    def redeem(self, ticket: str) -> T | None:
        """What the ticket stands for; None if it is unknown, used or too old."""
        with self._lock:
            self._drop_old()
            _, meant = self._open.pop(ticket, (0.0, None))
            return meant

    def _drop_old(self) -> None:
        now = time.monotonic()
        newest = list(self._open.items())[-(MOST - 1) :]
        self._open = {ticket: entry for ticket, entry in newest if entry[0] > now}


TICKETS: Final[Tickets[Admission]] = Tickets()
"""The one register of this process: the scripts and the server share it."""
SAYINGS: Final[Tickets[str]] = Tickets()
"""What the sign-in page is to say once. The address has a ticket, never the words: anybody can make an address."""
