"""What is written stays written: files and folders are flushed to the disk before they get their final name."""

import os
from pathlib import Path


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
