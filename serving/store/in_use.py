"""Who uses a home folder: many share it, and whoever replaces what is in it must have it alone."""

import fcntl
import os
from pathlib import Path

from dossier.errors import EnvironmentProblem
from dossier.swapping import finish

_FILE = ".in-use"
JOURNAL = "restoring.json"
"""Of a restore that was interrupted while it put things in place."""


class InUse:
    """A hold on a home folder until `close`, or until the process ends, however it does."""

    def __init__(self, home: Path, alone: bool = False) -> None:
        """Take it, after completing what an interrupted restore left. Raises EnvironmentProblem."""
        try:
            home.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(home / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EnvironmentProblem(f"The folder {home} can't be written: {error.strerror}. Make it so.") from error
        try:
            if (home / JOURNAL).exists():
                fcntl.flock(self._handle, fcntl.LOCK_EX)
                finish(home / JOURNAL)
            fcntl.flock(self._handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise EnvironmentProblem(_TAKEN if alone else _BEING_RESTORED) from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let others have it; again does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


_TAKEN = "Dossier is running on this home folder, as a gateway or another command. Stop it, then try again."
_BEING_RESTORED = "A restore is at work on this home folder. Start again when it has ended."
