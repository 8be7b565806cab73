"""The last hour of the gateway, in memory: a sample every 15 seconds, and none that is older."""

import shutil
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import psutil

EVERY_SECONDS: Final = 15
KEPT: Final = 3600 // EVERY_SECONDS
"""Samples that are kept: one hour's."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of something there is, in bytes."""

    used: int
    total: int


@dataclass(frozen=True, slots=True)
class Sample:
    """How it was at a moment. `disk` and `memory` None: the machine doesn't tell.

    `running` are answers under way, `silent` those of them without words yet; `first_seconds` are the times to the
    first words of the answers that began to speak since the sample before.
    """

    at: datetime
    engine: bool
    index: bool
    store: bool
    running: int
    silent: int
    first_seconds: tuple[float, ...]
    disk: Room | None
    memory: Room | None


class HealthHistory:
    """Keeps the samples of an hour and forgets older ones."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=KEPT)

    def add(self, sample: Sample) -> None:
        """Keep a sample."""
        self._samples.append(sample)

    @property
    def samples(self) -> Sequence[Sample]:
        """The samples, oldest first."""
        return tuple(self._samples)


def disk_of(folder: Path) -> Room | None:
    """The disk that a folder is on, or will be; None where it can't be read."""
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    try:
        found = shutil.disk_usage(there)
    except OSError:
        return None
    return Room(found.total - found.free, found.total)


def memory_of_machine() -> Room | None:
    """The machine's memory; None where the system doesn't tell. In a container it is the whole machine's."""
    try:
        found = psutil.virtual_memory()
    except (OSError, psutil.Error):
        return None
    return Room(int(found.total - found.available), int(found.total))
