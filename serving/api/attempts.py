"""Slows the guessing of passwords: too many failures within five minutes close a name, or an address, for a while."""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from serving.api.errors import LaterError

FAILURES = 10
"""For one name."""
ADDRESS_FAILURES = 50
"""From one address, for whatever names: an office behind one address types wrong passwords too."""
WINDOW_SECONDS = 300.0
_REMEMBERED = 10_000
"""Names and addresses remembered. They come from outside, so that there must be an end to them."""
_IPV6_SITE = 64


class Attempts:
    """Counts attempts to sign in by name and by address, in memory: a restart forgets them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_name: OrderedDict[str, deque[float]] = OrderedDict()
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def begin(self, name: str, address: str = "") -> None:
        """Count an attempt as failed until `succeeded` says otherwise, so that simultaneous ones count too.

        Raises LaterError with the seconds to wait when the name or the address is closed.
        """
        name, place = name.strip().lower(), place_of(address)
        self._require_open(self._by_name.get(name), FAILURES, "for this name")
        self.require_open(address)
        _count(self._by_name, name, self._clock())
        if place:
            _count(self._by_address, place, self._clock())

    def begin_nameless(self, address: str) -> None:
        """Count an attempt by its address alone: who somebody is, an identity provider tells at the end."""
        place = place_of(address)
        self.require_open(address)
        if place:
            _count(self._by_address, place, self._clock())

    def require_open(self, address: str) -> None:
        """Raise LaterError with the seconds to wait when the address is closed."""
        self._require_open(self._by_address.get(place_of(address)), ADDRESS_FAILURES, "from this address")

    def succeeded_nameless(self, address: str) -> None:
        """Forget that one attempt of the address."""
        if times := self._by_address.get(place_of(address)):
            times.pop()

    def succeeded(self, name: str, address: str = "") -> None:
        """Forget the failures of a name, and of the address this one attempt: others' names stay counted."""
        self._by_name.pop(name.strip().lower(), None)
        self.succeeded_nameless(address)

    def _require_open(self, times: deque[float] | None, most: int, what: str) -> None:
        now = self._clock()
        while times and now - times[0] >= WINDOW_SECONDS:
            times.popleft()
        if times and len(times) >= most:
            seconds = int(times[0] + WINDOW_SECONDS - now) + 1
            raise LaterError(f"Too many failed attempts {what}. Try again in {seconds} seconds.", seconds)


def place_of(address: str) -> str:
    """What an address is counted as: of IPv6 the site, which has endlessly many; nothing for this machine's own.

    From this machine come the page and the proxies of people who are elsewhere: closing it would shut out everybody.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return "" if found.is_loopback else str(ipaddress.ip_network((found, _IPV6_SITE), strict=False))
        found = found.ipv4_mapped
    return "" if found.is_loopback else str(found)


def _count(table: OrderedDict[str, deque[float]], key: str, now: float) -> None:
    table.setdefault(key, deque(maxlen=ADDRESS_FAILURES)).append(now)
    table.move_to_end(key)
    if len(table) > _REMEMBERED:
        table.popitem(last=False)
