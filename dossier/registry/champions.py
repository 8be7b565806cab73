"""The one file of the registry that changes: which adapter each pack answers with, and how that came about."""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dossier.errors import RegistryError
from dossier.registry.sealed import read_sealed, sealed_text
from dossier.weights import replace_file

CHAMPIONS = "CHAMPIONS.json"
SHIPPED = "shipped"
"""In a kept line: the adapter that the pack ships, whichever that is in the version installed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change, kept for ever: `what` is promoted, rolled back or retired, `adapter` what it happened to.

    `evaluation` is the digest of the report that it was judged by; `against` what spoke against a promotion that was
    made all the same, and `reason` why it was.
    """

    what: str
    pack: str
    adapter: str
    when: str
    by: str
    evaluation: str = ""
    against: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Champions:
    """What each pack answers with: `lines` as they are kept, the adapters retired, and every change.

    `shipped` gives the digest of the adapter that a pack ships. A pack without a line of its own answers with that.
    """

    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    history: tuple[Change, ...] = ()
    shipped: Mapping[str, str] = field(default_factory=dict)

    def line(self, pack: str) -> tuple[str, ...]:
        """Digests of the adapters that a pack was given and that weren't taken back, the last one in use."""
        kept = (self._digest(pack, one) for one in self.lines.get(pack, (SHIPPED,)))
        return tuple(one for one in kept if one)

    def of(self, pack: str) -> str:
        """Digest of the adapter that a pack answers with; empty: the base model alone."""
        return (self.line(pack) or ("",))[-1]

    def packs_of(self, adapter: str) -> tuple[str, ...]:
        """The packs that answer with this adapter."""
        return tuple(sorted(pack for pack in {*self.lines, *self.shipped} if self.of(pack) == adapter))

    def ship(self, adapter: str) -> tuple[str, ...]:
        """The packs that this adapter ships with."""
        return tuple(sorted(pack for pack, digest in self.shipped.items() if digest == adapter))

    def promotion_of(self, adapter: str, pack: str) -> Change | None:
        """The last promotion of this adapter for this pack."""
        made = [one for one in self.history if (one.what, one.adapter, one.pack) == ("promoted", adapter, pack)]
        return made[-1] if made else None

    def changed(self, change: Change, line: tuple[str, ...]) -> "Champions":
        """With another line of digests for the change's pack."""
        ships = self.shipped.get(change.pack)
        kept = tuple(SHIPPED if one == ships else one for one in line)
        return replace(self, lines={**self.lines, change.pack: kept}, history=(*self.history, change))

    def put_aside(self, change: Change) -> "Champions":
        """With the change's adapter retired, and gone from every line."""
        lines = {
            pack: tuple(one for one in line if self._digest(pack, one) != change.adapter)
            for pack, line in self.lines.items()
        }
        history, retired = (*self.history, change), self.retired | {change.adapter}
        return replace(self, lines=lines, history=history, retired=retired)

    def _digest(self, pack: str, kept: str) -> str:
        return self.shipped.get(pack, "") if kept == SHIPPED else kept


class ChampionsFile:
    """Reads and replaces CHAMPIONS.json. One writer at a time; readers see the old file or the new one, whole."""

    def __init__(self, folder: Path, shipped: Callable[[], Mapping[str, str]] = dict) -> None:
        """Describe the file in a folder. `shipped` tells the digest of what each pack ships, and may raise."""
        self.file, self._shipped = folder / CHAMPIONS, shipped

    def read(self) -> Champions:
        """What it says; nothing is promoted where it isn't there.

        Raises RegistryError where it is damaged, AdapterError where what a pack ships is.
        """
        shipped = self._shipped()
        if not self.file.exists():
            return Champions(shipped=shipped)
        content = read_sealed(self.file)
        try:
            return replace(_champions(content), shipped=shipped)
        except (KeyError, TypeError, AttributeError) as error:
            raise RegistryError(f"{self.file} is of another version of Dossier ({error!r}). Use that one.") from error

    def seen(self) -> bytes:
        """The file's bytes, to notice a change by; empty where there is none."""
        try:
            return self.file.read_bytes()
        except OSError:
            return b""

    def write(self, champions: Champions) -> None:
        """Replace it as a whole. Only inside `held`."""
        content = {
            "lines": {pack: list(line) for pack, line in champions.lines.items()},
            "retired": sorted(champions.retired),
            "history": [{**asdict(one), "against": list(one.against)} for one in champions.history],
        }
        replace_file(self.file, sealed_text(content))

    def forget_name(self, name: str, pseudonym: str) -> int:
        """Put a pseudonym in the place of a person's name in the history; in how many changes. Raises as `read`."""
        if not self.file.exists():
            return 0
        with self.held():
            before = self.read()
            theirs = [one for one in before.history if one.by == name]
            if theirs:
                history = tuple(replace(one, by=pseudonym) if one in theirs else one for one in before.history)
                self.write(replace(before, history=history))
        return len(theirs)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other writers waiting."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.file.parent / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _champions(content: Mapping[str, Any]) -> Champions:
    return Champions(
        lines={pack: tuple(line) for pack, line in content["lines"].items()},
        retired=frozenset(content["retired"]),
        history=tuple(Change(**{**one, "against": tuple(one["against"])}) for one in content["history"]),
    )
