"""Files on their way to the gateway, apart from the script runs that show them: what is sent, and what became of it."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final, Protocol

from dossier.errors import BusyError, DossierError, SignInError
from dossier.gateway_errors import GatewayUnreachableError
from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json

_PLACE: Final = "/admin/documents/file"
_PAUSES: Final = (1, 2, 5, 10, 20, 40)
"""Seconds to wait where the gateway has too much to do: more than a minute, after which its count begins anew."""
_HIDDEN: Final = "It is hidden (its name, or a folder's, begins with a dot)."
_STOPPED: Final = "You stopped before it was sent."
_FAULT: Final = "The page met a fault of its own. Bring the file again."


class Fate(StrEnum):
    """What became of a file."""

    ADDED = "added"
    LEFT_OUT = "left out"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a file, and why, or what reading it leaves out."""

    name: str
    fate: Fate
    note: str = ""


class Content(Protocol):
    """A file that somebody brought. `name` is its path within what was chosen."""

    name: str
    size: int

    def getvalue(self) -> bytes:
        """Its bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Kinds:
    """What can be added: endings that are read, what to do with others, the largest size; `problem`: why nothing."""

    read: frozenset[str]
    not_read: Mapping[str, str]
    largest: int
    problem: str

    @classmethod
    def read_from(cls, gateway: Connection) -> "Kinds":
        """From `GET /admin/documents/kinds`."""
        data: Json = gateway.call("GET", "/admin/documents/kinds")
        told = {str(ending): str(what) for ending, what in data["not_read"].items()}
        return cls(frozenset(map(str, data["read"])), told, int(data["largest"]), str(data["problem"]))

    def against(self, name: str, size: int) -> str:
        """Why a file isn't sent; empty: it is."""
        path = PurePosixPath(name)
        ending = path.suffix.lower()
        if any(part.startswith(".") for part in path.parts):
            return _HIDDEN
        if ending in self.not_read:
            said = self.not_read[ending]
            return said[:1].upper() + said[1:]
        if ending not in self.read:
            return f"Files of this kind ({ending or 'without an ending'}) aren't read."
        if size > self.largest:
            return f"It is larger than {self.largest >> 20} MiB. Put it into the documents folder by hand."
        return ""


def sorted_out(files: Sequence[Content], folder: str, kinds: Kinds) -> tuple[list[tuple[str, Content]], list[Brought]]:
    """The files to send with their paths in the documents folder, and those that aren't, with the reasons."""
    wanted, left_out = [], []
    top = folder.strip().strip("/")
    for file in files:
        name = f"{top}/{file.name}".lstrip("/")
        if reason := kinds.against(name, file.size):
            left_out.append(Brought(name, Fate.LEFT_OUT, reason))
        else:
            wanted.append((name, file))
    return wanted, left_out


@dataclass(frozen=True, slots=True)
class Sent:
    """How far the sending has come. `now` is the file that is on its way, `started` the time of `time.monotonic`."""

    total: int
    started: float
    done: tuple[Brought, ...] = ()
    now: str = ""
    ended: bool = False

    @property
    def seconds_left(self) -> float | None:
        """As long as it took for each file so far; None: not known yet."""
        if not self.done:
            return None
        return (time.monotonic() - self.started) / len(self.done) * (self.total - len(self.done))


@dataclass
class Sending:
    """Files that are sent by a thread, one at a time, until all are or somebody stops it. Script runs look at it."""

    gateway: Connection
    files: list[tuple[str, Content]]
    replacing: bool
    left_out: Sequence[Brought] = ()
    _now: Sent = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Nothing is sent before `start`."""
        self._now = Sent(len(self.files), time.monotonic())

    @property
    def now(self) -> Sent:
        """How far it has come."""
        return self._now

    def start(self) -> None:
        """Begin to send."""
        threading.Thread(target=self._run, name="sending", daemon=True).start()

    def stop(self) -> None:
        """Send no further file."""
        self._stop.set()

    def _run(self) -> None:
        done: list[Brought] = []
        against = ""  # what keeps this file and all after it from being sent
        try:
            while self.files:
                name, file = self.files.pop(0)  # its bytes go when it is sent
                against = against or (_STOPPED if self._stop.is_set() else "")
                self._now = replace(self._now, now="" if against else name)
                if not against:
                    try:
                        done.append(self._send(name, file))
                    except (SignInError, GatewayUnreachableError, BusyError) as error:
                        against = str(error)
                if against:
                    done.append(Brought(name, Fate.NOT_SENT, against))
                self._now = replace(self._now, done=tuple(done))
        finally:  # a fault of the page itself must not leave people waiting
            rest = [Brought(name, Fate.NOT_SENT, _FAULT) for name, _ in self.files]
            self.files.clear()
            self._now = replace(self._now, done=(*done, *rest), now="", ended=True)

    def _send(self, name: str, file: Content) -> Brought:
        for pause in _PAUSES:
            try:
                return self._try(name, file)
            except BusyError:
                if self._stop.wait(pause):
                    raise
        return self._try(name, file)

    def _try(self, name: str, file: Content) -> Brought:
        asked = {"name": name, "replace": "true" if self.replacing else "false"}
        try:
            told = self.gateway.send(_PLACE, asked, file.getvalue())
        except (SignInError, GatewayUnreachableError, BusyError):
            raise
        except DossierError as error:
            return Brought(name, Fate.LEFT_OUT, str(error))
        note = str(told["reason"] or told["warning"])
        return Brought(str(told["source"]), Fate.ADDED if told["stored"] else Fate.LEFT_OUT, note)
