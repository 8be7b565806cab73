"""What is written stays written: files and folders are flushed to the disk before they get their final name."""

import os
import shutil
from pathlib import Path

from dossier.errors import EnvironmentProblem


def flush_all(folder: Path) -> None:
    """Flush every file below a folder, and the folder itself, to the disk. Raises OSError."""
    for path in (*folder.rglob("*"), folder):
        flush(path)


def flush(path: Path) -> None:
    """Flush one file, or a folder's list of names, to the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(file: Path, text: str) -> None:
    """Write a file all or nothing. Raises EnvironmentProblem."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        flush(beside)
        beside.replace(file)
        flush(file.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise EnvironmentProblem(f"{file} can't be written ({error.strerror}). Name another file.") from error


def require_free(folder: Path, needed: int, what: str) -> None:
    """Raise EnvironmentProblem where the disk of a folder has less than so many bytes free."""
    if shutil.disk_usage(folder).free < needed:
        raise EnvironmentProblem(f"{folder} has less than {needed / 2**30:.1f} GiB free. Free some space for {what}.")
