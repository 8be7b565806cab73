"""Runs a command that ends when the process that started it ends, even if that one is killed.

`python -m serving.engine.tether PARENT COMMAND ...` asks Linux for a signal at the parent's death and then becomes the
command. Elsewhere it only becomes the command.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def tethered(command: Sequence[str]) -> list[str]:
    """The command line that runs `command` tied to this process."""
    return [sys.executable, "-m", "serving.engine.tether", str(os.getpid()), *command]


def _become(parent: int, command: Sequence[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the request was in place
            sys.exit(0)
    os.execvp(command[0], list(command))  # noqa: S606 (becoming the given command is the purpose)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
