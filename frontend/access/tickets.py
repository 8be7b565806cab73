"""How a sign-in gets into the browser's cookie without passing through the page or its address.

The script that signed somebody in makes a ticket: a random word, good once and for a minute. The browser hands the
ticket to the page's server, which answers with the sign-in's token in an HttpOnly cookie. Scripts in the browser see
the ticket only, and a reload brings the cookie back with the new connection.
"""

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Final

SECONDS: Final = 60
"""How long a ticket is good."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What a ticket stands for: the token, and for how many seconds from now the cookie is to be kept."""

    token: str = field(repr=False)
    seconds: int


class Tickets:
    """The tickets that haven't been used yet. Script threads issue, the server redeems."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[float, Admission]] = {}

    def issue(self, admission: Admission) -> str:
        """Make a ticket."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old()
            self._open[ticket] = (time.monotonic() + SECONDS, admission)
        return ticket

    def redeem(self, ticket: str) -> Admission | None:
        """What the ticket stands for; None if it is unknown, used or too old."""
        with self._lock:
            self._drop_old()
            _, admission = self._open.pop(ticket, (0.0, None))
            return admission

    def _drop_old(self) -> None:
        now = time.monotonic()
        self._open = {ticket: entry for ticket, entry in self._open.items() if entry[0] > now}


TICKETS: Final = Tickets()
"""The one register of this process: the scripts and the server share it."""


def cookie_name(page_port: int) -> str:
    """Name of the cookie. Cookies don't tell ports apart, so two Dossiers on one machine need two names."""
    return f"dossier_session_{page_port}"
