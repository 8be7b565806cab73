"""Folders that are there whole or not at all: built aside, flushed, renamed."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

from dossier.durable import flush, flush_all
from dossier.errors import DataError

T = TypeVar("T")


def build_folder(folder: Path, sign: str, write: Callable[[Path], T]) -> tuple[T, bool]:
    """Write a folder; returns what `write` returns, which is given where to write, and whether the folder is new.

    One that holds the file `sign` already stays as it is. Raises DataError when it can't be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        building = folder.parent / f".{folder.name}-{os.getpid()}"
        building.mkdir()
    except OSError as error:
        raise DataError(f"{folder} can't be made: {error.strerror}. Name another.") from error
    try:
        made = write(building)
        if (folder / sign).is_file():
            return made, False
        flush_all(building)
        building.rename(folder)
        flush(folder.parent)
    except OSError as error:
        raise DataError(f"{folder} can't be written: {error.strerror}. Free some space or name another.") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return made, True


def clear_leftovers(folder: Path) -> None:
    """Remove what runs that were killed left behind; what a living one is building stays."""
    pattern = re.compile(re.escape(f".{folder.name}-") + r"(\d+)")
    for entry in folder.parent.iterdir():
        match = pattern.fullmatch(entry.name)
        if match and (int(match[1]) == os.getpid() or not psutil.pid_exists(int(match[1]))):
            shutil.rmtree(entry)
