"""A warm process that forks indexing runs and kills them, so that a kill costs no start of Python.

One JSON object a line on standard input, one answer a line on standard output:
{"run": 7, "delay": 0.05}   change the document, index, SIGKILL after that many seconds
{"run": 7, "step": 12}      SIGKILL just before the twelfth step that writes, renames, flushes or deletes something
{"run": 7}                  let it end; the answer tells its steps
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from retrieval import reading
from retrieval.parsing.isolate import READERS
from tests.retrieval.index_loop import build_once

WRITING = frozenset(
    ["fsync", "rename", "replace", "mkdir", "rmdir", "unlink", "write", "flush", "close", "truncate", "ftruncate"]
    + ["copy_file_range", "flock", "execute", "executemany", "executescript", "commit", "open", "write_index"]
)


class Steps:
    """Counts the places of the code that are about to change the disk, each at its first call."""

    def __init__(self, reached: Callable[[int], None]) -> None:
        self.seen: dict[tuple[str, str, int], None] = {}
        self._reached = reached

    def __call__(self, frame: FrameType, event: str, called: Any) -> None:
        name = getattr(called, "__name__", "")
        if event != "c_call" or name not in WRITING:
            return
        ours: FrameType | None = frame
        while ours and "/retrieval/" not in ours.f_code.co_filename:
            ours = ours.f_back
        if ours is None:
            return
        key = (name, Path(ours.f_code.co_filename).name, ours.f_lineno)
        if key not in self.seen:
            self.seen[key] = None
            self._reached(len(self.seen))


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def child(order: dict[str, Any], answer: int) -> None:
    """One indexing run in the forked process. Documents are read in it, without a process for each of them."""
    reading.read_isolated = lambda path, limits, on_page: READERS[path.suffix](path)
    steps = Steps(lambda number: kill_self() if number == order.get("step") else None)
    if "delay" not in order:
        sys.setprofile(steps)
    build_once(order["run"])
    sys.setprofile(None)
    os.write(answer, json.dumps(list(steps.seen)).encode())


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                child(order, writing)
            finally:
                os._exit(0)
        os.close(writing)
        if "delay" in order:
            time.sleep(order["delay"])
            os.kill(process, signal.SIGKILL)
        with os.fdopen(reading, "rb") as told:
            steps = told.read()
        _, status = os.waitpid(process, 0)
        print(json.dumps({"killed": os.WIFSIGNALED(status), "steps": json.loads(steps or b"[]")}), flush=True)


if __name__ == "__main__":
    main()
