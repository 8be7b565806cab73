"""Replaces several files and folders as one: a kill leaves all of the old, or a journal by which all becomes new."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from dossier.durable import flush, flush_all
from dossier.errors import EnvironmentProblem
from dossier.weights import replace_file

Move = tuple[Path, Path]
"""From where to where; a folder is moved only to where nothing is yet."""


def swap(journal: Path, staged: Path, moves: Sequence[Move], removed: Sequence[Path] = ()) -> None:
    """Do all moves and removals, then delete the folder `staged`, in which the sources are (or beside their targets).

    The sources are flushed first. Until the journal is in place nothing has changed; from then on `finish` completes
    what a kill interrupted. Nobody may use the files meanwhile. Raises EnvironmentProblem.
    """
    try:
        for source, target in moves:
            flush_all(source) if source.is_dir() else flush(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.stat().st_dev != target.parent.stat().st_dev:
                raise EnvironmentProblem(f"{source} and {target.parent} are on different disks. Put them on one.")
        told = {
            "staged": str(staged.resolve()),
            "moves": [[str(source.resolve()), str(target.absolute())] for source, target in moves],
            "removed": [str(path.absolute()) for path in removed],
        }
        replace_file(journal, json.dumps(told, indent=1))
        flush(journal.parent)
    except OSError as error:
        raise EnvironmentProblem(
            f"{error.filename or journal} can't be written: {error.strerror}. Nothing has changed; try again."
        ) from error
    finish(journal)


def finish(journal: Path) -> bool:
    """Complete a swap that was interrupted; whether there was one. Again does nothing. Raises EnvironmentProblem."""
    if not journal.is_file():
        return False
    try:
        told = json.loads(journal.read_text(encoding="utf-8"))
        for path in map(Path, told["removed"]):
            path.unlink(missing_ok=True)
        for source, target in ((Path(one), Path(other)) for one, other in told["moves"]):
            if source.exists():
                source.replace(target)
                flush(target.parent)
        shutil.rmtree(told["staged"], ignore_errors=True)
        journal.unlink()
        flush(journal.parent)
    except (OSError, ValueError, KeyError) as error:
        raise EnvironmentProblem(
            f"what {journal} lists couldn't all be put in place ({error}). Correct this and start again."
        ) from error
    return True
