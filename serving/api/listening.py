"""Runs the application at its address until it is stopped."""

import gc
import sys

import uvicorn
from fastapi import FastAPI

from dossier.settings import Settings

_DRAINING_SECONDS = 10
_SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter while another wants it. With Python's 5 ms the event loop, which takes a
question in with some ten turns, waits behind the threads that search at each of them."""


def listen(app: FastAPI, settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C; answers under way have ten seconds to end."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    # what has been imported stays: looking through all of it for garbage stops every thread for a third of a second
    gc.collect()
    gc.freeze()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=_DRAINING_SECONDS,
    )
