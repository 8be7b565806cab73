"""Runs a tuning in a process of its own that dies by SIGKILL where it is told to."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from dossier.records import Progress
from training.tuning.session import Watch
from training.tuning.tune import Task, tune_model

RECIPE = {
    "rank": 4, "rate": 1e-2, "epochs": 5, "batch_tokens": 300, "accumulate": 2, "dropout": 0.2, "save_every": 2,
    "dev_every": 2, "patience": 0, "precision": "float32", "longest": 512,
}  # fmt: skip
STEPS = "Tuning (steps)"
_LOADED = ["torch", "peft", "transformers.models.llama.modeling_llama", "training.tuning.tune", "matplotlib.figure"]


class Runs:
    """Runs in processes of their own, forked from one that has loaded what they need."""

    def __init__(self, starter: ProcessPoolExecutor) -> None:
        self._starter = starter

    def run(self, task: Task, kill_at_step: int = 0, kill_at_call: int = 0) -> int:
        """Tune or go on; returns the exit code (-9: killed).

        `kill_at_call`: at the n-th call that opens, moves or removes something in the run's folder, so that it falls
        between and inside writes of checkpoints.
        """
        return self._starter.submit(_run, task, kill_at_step, kill_at_call).result()

    def calls(self, task: Task) -> int:
        """How many such calls a whole run makes."""
        return self._starter.submit(_calls, task).result()


@contextmanager
def started() -> Iterator[Runs]:
    """A process has one fork server, and this one's was started by an earlier test, with nothing of this loaded.

    So another process is asked to start the runs.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as starter:
        yield Runs(starter)


def _run(task: Task, kill_at_step: int, kill_at_call: int) -> int:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)  # imported once; nothing is computed there, so that its children may
    process = context.Process(target=_tune, args=(task, kill_at_step, kill_at_call))
    process.start()
    process.join()
    return int(process.exitcode or 0)


def _calls(task: Task) -> int:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    told = context.SimpleQueue()
    process = context.Process(target=_count, args=(task, told))
    process.start()
    number = int(told.get())
    process.join()
    return number


def _tune(task: Task, kill_at_step: int, kill_at_call: int) -> None:
    _one_thread()

    def on_progress(progress: Progress) -> None:
        if progress.stage == STEPS and progress.done == kill_at_step:
            os.kill(os.getpid(), signal.SIGKILL)

    seen = _watched(task.out, lambda count: count == kill_at_call and os.kill(os.getpid(), signal.SIGKILL))
    tune_model(task, RECIPE, True, Watch(on_progress))
    assert seen


def _count(task: Task, told: "multiprocessing.SimpleQueue[int]") -> None:
    _one_thread()
    seen = _watched(task.out, lambda count: None)
    tune_model(task, RECIPE, True, Watch(lambda progress: None))
    told.put(len(seen))


def _one_thread() -> None:
    """Two threads wait for each other at every small product; the test that stops a run in its own process has them."""
    import torch

    torch.set_num_threads(1)


def _watched(folder: Path, on_call: Callable[[int], object]) -> list[str]:
    seen: list[str] = []

    def hook(event: str, given: tuple[object, ...]) -> None:
        if event in ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir") and str(folder) in str(given[0]):
            seen.append(event)
            on_call(len(seen))

    sys.addaudithook(hook)
    return seen
