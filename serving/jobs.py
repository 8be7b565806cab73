"""The index job: one subprocess at a time that works on the index while the gateway goes on answering."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from dossier.errors import ConflictError, DossierError, EnvironmentProblem
from serving.engine.tether import tethered

INDEX_COMMAND = (sys.executable, "-m", "dossier", "index", "--json")
_LONGEST_LINE = 64 * 1024 * 1024
"""The report is one line that lists every file."""
_log = logging.getLogger(__name__)


class JobState(StrEnum):
    """Where the index job stands."""

    IDLE = "idle"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobKind(StrEnum):
    """What the job does: the subcommands of `dossier index`."""

    BUILD = "build"
    DIFF = "diff"
    VERIFY = "verify"
    ROLLBACK = "rollback"
    GC = "gc"

    @property
    def changes_answers(self) -> bool:
        """Whether another generation may answer afterwards."""
        return self in (JobKind.BUILD, JobKind.ROLLBACK)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is known about the job. `total` 0 and `seconds_left` None: not known yet.

    `report` is what a finished build says, `result` what the other kinds found or did.
    """

    state: JobState = JobState.IDLE
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    message: str = ""
    report: dict[str, Any] | None = field(default=None)
    kind: JobKind = JobKind.BUILD
    result: dict[str, Any] | None = field(default=None)


class IndexJob:
    """Starts, watches and cancels the indexing subprocess. All methods belong to one event loop."""

    def __init__(
        self,
        on_done: Callable[[], None],
        log_file: Path,
        command: Sequence[str] = INDEX_COMMAND,
        grace_seconds: float = 10,
    ) -> None:
        """Prepare the job.

        `on_done` runs in a thread after a successful run, to open the new generation; `log_file` takes what the
        subprocess writes to its standard error; `grace_seconds` pass between SIGTERM and SIGKILL.
        """
        self._on_done = on_done
        self._log_file = log_file
        self._command = tuple(command)
        self._grace = grace_seconds
        self._status = JobStatus()
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    @property
    def status(self) -> JobStatus:
        """Where the job stands now."""
        return self._status

    async def start(self, kind: JobKind = JobKind.BUILD, arguments: Sequence[str] = ()) -> JobStatus:
        """Start a run with the arguments of its subcommand.

        Raises ConflictError while one is running, EnvironmentProblem if it can't be started.
        """
        if self._status.state is JobState.RUNNING:
            raise ConflictError("An indexing run is under way. Wait for it, or cancel it with DELETE /admin/index.")
        self._status = JobStatus(state=JobState.RUNNING, stage="starting", kind=kind)
        self._ending = None
        try:
            self._process = await self._spawn((kind.value, *arguments))
        except OSError as error:
            self._status = replace(
                self._status, state=JobState.FAILED, stage="", message=f"the run can't be started: {error}"
            )
            raise EnvironmentProblem(f"Indexing can't be started: {error}. Correct this and start it again.") from error
        self._watcher = asyncio.create_task(self._watch(self._process))
        return self._status

    async def cancel(self) -> JobStatus:
        """Ask the running job to end; it gets SIGKILL after the grace time. Raises ConflictError if none runs."""
        if self._status.state is not JobState.RUNNING or self._process is None:
            raise ConflictError("No indexing run is under way. POST /admin/index starts one.")
        if self._ending is None:
            self._status = replace(self._status, message="being cancelled")
            self._ending = asyncio.create_task(self._end(self._process))
        return self._status

    async def stop(self) -> None:
        """End a running job and wait until it has ended, for when the gateway ends."""
        if self._watcher is None or self._watcher.done():
            return
        with suppress(ConflictError):  # it has just finished and only opens its generation
            await self.cancel()
        await self._watcher

    async def _spawn(self, arguments: Sequence[str]) -> asyncio.subprocess.Process:
        command = tethered([*self._command, *arguments])
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=_LONGEST_LINE,
                start_new_session=True,  # its own process group, so that its workers end with it
            )

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        problem = ""
        if process.stdout is None:
            raise RuntimeError("the subprocess was started without a pipe")
        try:
            async for line in process.stdout:
                problem = self._read(line) or problem
        except ValueError:
            problem = f"it wrote a line longer than {_LONGEST_LINE} bytes"
            _signal(process, signal.SIGKILL)
        exit_status = await process.wait()
        _signal(process, signal.SIGKILL)  # whatever is left of its group
        try:
            await self._conclude(exit_status, problem)
        finally:
            if self._status.state is JobState.RUNNING:
                self._fail("The new generation can't be opened because of a fault in Dossier; see the gateway's log.")

    async def _conclude(self, exit_status: int, problem: str) -> None:
        if self._ending is not None:
            await self._ending
            self._fail(f"The run was cancelled.{self._keeps}")
        elif exit_status or problem:
            reason = problem or f"it ended with status {exit_status}"
            self._fail(f"{reason} (details: {self._log_file}).{self._keeps}")
        elif self._status.report is None and self._status.result is None:
            self._fail(f"It ended without a report (details: {self._log_file}). Start it again.")
        elif self._status.kind.changes_answers:
            await self._open_generation()
        else:
            self._status = replace(self._status, state=JobState.DONE, seconds_left=0, message="")

    def _read(self, line: bytes) -> str:
        """Take one line of progress. Returns the error that it tells, or an empty string."""
        try:
            told = json.loads(line, parse_constant=lambda _: None)  # Infinity and NaN aren't JSON
        except ValueError:
            told = None
        if not isinstance(told, dict):
            _log.warning("the index job wrote a line that isn't a JSON object: %.200r", line)
            return ""
        if "error" in told:
            error = told["error"]
            return str(error.get("message", error)) if isinstance(error, dict) else str(error)
        if isinstance(told.get("report"), dict):
            part = "report" if self._status.kind is JobKind.BUILD else "result"
            self._status = replace(self._status, **{part: told["report"]})
        elif "stage" in told:
            self._status = replace(
                self._status,
                stage=str(told["stage"]),
                done=_whole(told.get("done")),
                total=_whole(told.get("total")),
                seconds_left=_seconds(told.get("seconds_left")),
            )
        return ""

    @property
    def _keeps(self) -> str:
        return " The previous generation keeps answering." if self._status.kind.changes_answers else ""

    async def _open_generation(self) -> None:
        try:
            await asyncio.to_thread(self._on_done)
        except DossierError as error:
            self._fail(f"The new generation was written but can't be opened: {error}")
            return
        self._status = replace(self._status, state=JobState.DONE, seconds_left=0, message="")
        _log.info("the index job has finished")

    def _fail(self, message: str) -> None:
        self._status = replace(self._status, state=JobState.FAILED, seconds_left=None, message=message)
        _log.warning("the index job has failed: %s", message)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        _signal(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self._grace)
        except TimeoutError:
            _signal(process, signal.SIGKILL)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # the whole group has ended already
        os.killpg(process.pid, number)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
