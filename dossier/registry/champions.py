"""The one file of the registry that changes: which adapter each pack answers with, and how that came about."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dossier.errors import RegistryError
from dossier.registry.sealed import read_sealed, sealed_text
from dossier.weights import replace_file

CHAMPIONS = "CHAMPIONS.json"


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
    """The adapters that were promoted for each pack and not taken back, the last one in use; and those retired."""

    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    history: tuple[Change, ...] = ()

    def of(self, pack: str) -> str:
        """Digest of the adapter that a pack answers with; empty: the base model alone."""
        line = self.lines.get(pack, ())
        return line[-1] if line else ""

    def packs_of(self, adapter: str) -> tuple[str, ...]:
        """The packs that answer with this adapter."""
        return tuple(sorted(pack for pack in self.lines if self.of(pack) == adapter))

    def promotion_of(self, adapter: str, pack: str) -> Change | None:
        """The last promotion of this adapter for this pack."""
        made = [one for one in self.history if (one.what, one.adapter, one.pack) == ("promoted", adapter, pack)]
        return made[-1] if made else None

    def changed(self, change: Change, line: tuple[str, ...]) -> "Champions":
        """With another line of champions for the change's pack."""
        return replace(self, lines={**self.lines, change.pack: line}, history=(*self.history, change))


class ChampionsFile:
    """Reads and replaces CHAMPIONS.json. One writer at a time; readers see the old file or the new one, whole."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / CHAMPIONS

    def read(self) -> Champions:
        """What it says; nothing is promoted where it isn't there. Raises RegistryError where it is damaged."""
        if not self.file.exists():
            return Champions()
        content = read_sealed(self.file)
        try:
            return _champions(content)
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
