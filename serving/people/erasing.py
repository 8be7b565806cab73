"""Erases one person from everything that Dossier keeps: the store, the registry's history and the logs."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dossier.errors import EnvironmentProblem
from dossier.registry import Registry
from dossier.settings import Settings
from serving.store import Erased, Store


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """What was removed from the store, and how often names and ids were made unreadable in logs and registry."""

    store: Erased
    masked: int
    registry: int


def erase_person(store: Store, settings: Settings, name: str) -> ErasedPerson:
    """Erase a user. Raises NotFoundError, ConflictError for the last active admin, RegistryError, EnvironmentProblem.

    The store comes first and is all or nothing. What was exported, backed up or learned from isn't reached.
    """
    erased = store.erasure.erase(name)
    masked = mask_in_logs(settings.log_folder, erased.name, erased.ids)
    changed = Registry.of(settings).champions.forget_name(erased.name, erased.pseudonym)
    return ErasedPerson(erased, masked, changed)


def mask_in_logs(folder: Path, name: str, ids: Iterable[str]) -> int:
    """Write stars over a name and ids in every file of the log folder; how many places there were.

    In place and equally long, so that processes which go on appending to these files lose nothing.
    """
    words = "|".join(re.escape(word) for word in sorted({name, *ids}, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)".encode(), re.IGNORECASE)
    files = sorted(file for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else []
    return sum(_mask(file, pattern) for file in files)


def _mask(file: Path, pattern: re.Pattern[bytes]) -> int:
    masked = position = 0
    try:
        with file.open("rb") as reading:
            handle = os.open(file, os.O_RDWR)
            try:
                for line in reading:
                    for found in pattern.finditer(line):
                        os.pwrite(handle, b"*" * len(found[0]), position + found.start())
                        masked += 1
                    position += len(line)
                os.fsync(handle)
            finally:
                os.close(handle)
    except OSError as error:
        raise EnvironmentProblem(
            f"{file} can't be changed: {error.strerror}. The person is erased from the store; look through this log "
            "for the name yourself, or remove it."
        ) from error
    return masked
