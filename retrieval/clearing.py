"""What may be deleted from an index folder: old generations that nobody reads, and what killed runs left behind."""

import fcntl
import os
import shutil
from pathlib import Path

from retrieval import generation

KEEP = 3
"""Generations that stay on disk: the current one and two to go back to."""
_BUILDING, _REMOVING = ".building-", ".removing-"


def forget_old(folder: Path, keep: int = KEEP) -> list[str]:
    """Delete all but the current generation and the newest others, `keep` in all; returns the names of the deleted.

    One that is open in any process stays.
    """
    current = generation.current_name(folder)
    others = [name for name in generation.names(folder) if name != current]
    old = [name for name in others[: max(0, len(others) - keep + 1)] if not _is_open(folder / name / generation.CHUNKS)]
    for name in old:
        gone = folder / f"{_REMOVING}{name}"
        (folder / name).rename(gone)  # in one step, so that a killed run leaves no half of a generation
        shutil.rmtree(gone)
    return old


def building_folder(folder: Path) -> Path:
    """Make the folder that this process builds a generation in."""
    building = folder / f"{_BUILDING}{os.getpid()}"
    building.mkdir()
    return building


def leftovers(folder: Path) -> list[Path]:
    """What runs that were killed have left behind. Only who holds the index folder's lock may delete it."""
    kinds = (f"{_BUILDING}*", f"{_REMOVING}*", ".*.new")
    return sorted(path for kind in kinds for path in folder.glob(kind))


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder and below it."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def hold_open(file: Path) -> int:
    """Mark a generation's chunk store as being read, until the returned descriptor is closed (or the process ends).

    Raises OSError.
    """
    handle = os.open(file, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def _is_open(file: Path) -> bool:
    if not file.is_file():
        return False
    handle = os.open(file, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
