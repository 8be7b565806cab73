"""How many answers may be under way at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anyio import move_on_after, sleep

from serving.api.errors import LaterError

_RETRY_SECONDS = 5
_POLL_SECONDS = 0.05


class Slots:
    """Counts the answers under way. It never waits: who finds no room is told at once."""

    def __init__(self, room: int, changed: Callable[[int], None]) -> None:
        """`room` answers at once; `changed` is told the number under way."""
        self._room = room
        self._changed = changed
        self._taken = self._arriving = 0
        self._silent = 0

    @property
    def room(self) -> int:
        """How many answers may be under way."""
        return self._room

    @property
    def silent(self) -> int:
        """How many answers under way have said nothing yet: they wait for the model server, or search."""
        return self._silent

    @property
    def taken(self) -> int:
        """How many answers are under way."""
        return self._taken

    @contextmanager
    def at_the_door(self) -> Iterator[None]:
        """While it is found out who asks. Raises LaterError when those before will take what slots there are."""
        self._require(self._taken + self._arriving)
        self._arriving += 1
        try:
            yield
        finally:
            self._arriving -= 1

    def take(self) -> "Slot":
        """Take a slot. Raises LaterError when there is none."""
        self._require(self._taken)
        self._count(1, 1)
        return Slot(self._count)

    async def emptied(self, seconds: float) -> None:
        """Wait until no answer is under way any more, at most so long."""
        with move_on_after(seconds):
            while self._taken:
                await sleep(_POLL_SECONDS)

    def _require(self, before: int) -> None:
        if before >= self._room:
            raise LaterError("Too many questions are being answered. Ask again in a few seconds.", _RETRY_SECONDS)

    def _count(self, step: int, silent: int) -> None:
        self._silent += silent
        if step:
            self._taken += step
            self._changed(self._taken)


class Slot:
    """A taken slot. Giving it back twice counts once."""

    def __init__(self, count: Callable[[int, int], None]) -> None:
        self._count = count
        self._held = self._silent = True

    def speak(self) -> None:
        """The answer has said its first words."""
        if self._held and self._silent:
            self._silent = False
            self._count(0, -1)

    def give_back(self) -> None:
        """Let the next question in."""
        if self._held:
            self._held = False
            self._count(-1, -1 if self._silent else 0)
