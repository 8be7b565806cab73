"""The model server as a supervised process: started, watched, restarted, drained."""

import asyncio
import contextlib
import json
import os
import random
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from dossier.errors import EngineError
from dossier.progress import by_clock, in_words
from dossier.records import Progress
from dossier.settings import Settings
from serving.engine.command import DRAIN_SECONDS, Launch, vllm_launch
from serving.engine.log import reason_in
from serving.engine.ports import require_free_port
from serving.engine.probe import Probe, processor_seconds
from serving.engine.tether import tethered

_USUAL_START = 50.0
_QUICK_DEATH_SECONDS = 60.0
_QUICK_DEATHS = 3
_LONGEST_PAUSE = 60.0
_POLL = 0.5
_WORKING = 0.05
"""Share of one core that a server uses which is at work, also on a busy machine; an idle one uses next to nothing."""
_LONGEST_SILENCE = 90.0

MakeLaunch = Callable[[Settings, Path, str, str], Launch]


class EngineState(StrEnum):
    """What the model server is doing."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    FAILED = "failed"


class Engine:
    """Keeps one model server running on loopback. All methods are for one event loop."""

    def __init__(self, settings: Settings, model: Path, name: str, launch: MakeLaunch = vllm_launch) -> None:
        """Describe the server for a verified model folder; nothing runs before `start`."""
        self._settings, self._model, self._launch = settings, model, launch
        self.model_name, self.api_key = name, secrets.token_urlsafe(32)
        self.state = EngineState.STOPPED
        self._problem = ""
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        self._deaths = 0
        self._before_ready: Callable[[], Awaitable[None]] | None = None

    def before_ready(self, what: Callable[[], Awaitable[None]]) -> None:
        """Do something at each start when the server answers, before questions are let in."""
        self._before_ready = what

    @property
    def url(self) -> str:
        """Base address of its OpenAI-compatible API."""
        return self._settings.engine_url

    @property
    def pid(self) -> int | None:
        """Process id of the server, None when there is none."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def log(self) -> Path:
        """Where the server writes its log."""
        return self._settings.log_folder / "engine.log"

    @property
    def seconds_left(self) -> float | None:
        """How long the start will still take, judged by the last one; None when it isn't starting or takes longer."""
        if self.state not in (EngineState.STARTING, EngineState.RESTARTING):
            return None
        left = self._usual_start() - (time.monotonic() - self._began)
        return left if left >= 1 else None

    @property
    def message(self) -> str:
        """The state in plain words."""
        match self.state:
            case EngineState.READY:
                return ""
            case EngineState.STARTING:
                return f"The model server is starting; {self._rest()}."
            case EngineState.RESTARTING:
                return f"The model server {self._problem} and is being restarted; {self._rest()}."
            case EngineState.FAILED:
                return f"The model server can't start: {self._problem} Its log is {self.log}."
        return "The model server isn't running."

    async def start(self) -> None:
        """Begin to start the server and to watch over it; returns at once. Raises EnvironmentProblem, EngineError."""
        if self._task and not self._task.done():
            return
        require_free_port("127.0.0.1", self._settings.engine_port, "engine_port")
        self._settings.log_folder.mkdir(parents=True, exist_ok=True)
        self._deaths, self._problem = 0, ""
        self.state, self._began = EngineState.STARTING, time.monotonic()
        self._task = asyncio.create_task(self._supervise())

    async def wait_ready(self, on_progress: Callable[[Progress], None]) -> None:
        """Wait until the server answers, reporting progress. Raises EngineError when it can't start."""
        started = datetime.now(UTC)
        while self.state is not EngineState.READY:
            if self.state in (EngineState.FAILED, EngineState.STOPPED):
                raise EngineError(self.message)
            on_progress(by_clock("Starting the model server", self._usual_start(), started))
            await asyncio.sleep(_POLL)

    async def stop(self) -> None:
        """Let running answers finish for a few seconds, then end the server for good."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._end(signal.SIGTERM)
        self.state = EngineState.STOPPED

    async def _supervise(self) -> None:
        """Run the server again and again, with growing pauses while it dies quickly."""
        while True:
            self._began = time.monotonic()
            lived = await self._run_once()
            await self._end(signal.SIGKILL)
            self._deaths = 1 if lived > _QUICK_DEATH_SECONDS else self._deaths + 1
            self.state = EngineState.RESTARTING if self._deaths < _QUICK_DEATHS else EngineState.FAILED
            self._began = time.monotonic()
            pause = min(_LONGEST_PAUSE, 2.0 ** (self._deaths - 1))
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 (spreads restarts, no secret)

    async def _run_once(self) -> float:
        """Start the server and watch it until it is dead or hung. Returns for how many seconds it was ready."""
        try:
            await self._spawn()
        except (OSError, EngineError) as error:
            self._problem = f"{error}"
            return 0.0
        probe = Probe(self.url, self.model_name, self.api_key, self._settings.engine_probe_seconds)
        if not await self._became_ready(probe):
            return 0.0
        if self._before_ready:
            await self._before_ready()
        ready = time.monotonic()
        self._remember_start(ready - self._began)
        self.state, self._problem = EngineState.READY, ""
        self._problem = await self._watch(probe)
        return time.monotonic() - ready

    async def _spawn(self) -> None:
        launch = self._launch(self._settings, self._model, self.model_name, self.api_key)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as stream:
            self._process = await asyncio.create_subprocess_exec(
                *tethered(launch.command),
                env=launch.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )

    async def _became_ready(self, probe: Probe) -> bool:
        deadline = self._began + self._settings.engine_start_seconds
        while time.monotonic() < deadline:
            if self._dead():
                self._problem = reason_in(self.log)
                return False
            if await probe.answers():
                return True
            await asyncio.sleep(_POLL)
        self._problem = f"it wasn't ready after {self._settings.engine_start_seconds:g} seconds."
        return False

    async def _watch(self, probe: Probe) -> str:
        """Probe until the server is dead or hung; returns which."""
        last = await probe.tokens()
        silent_since = 0.0
        while True:
            if await self._died_within(self._settings.engine_probe_seconds):
                return "ended unexpectedly"
            began, used = time.monotonic(), processor_seconds(self.pid)
            if await probe.answers():
                silent_since = 0.0
                continue
            # busy is not hung: while tokens flow, a slow probe only stood in the queue
            now = await probe.tokens()
            if self._dead() or (now is not None and now != last):
                last, silent_since = now, 0.0
                continue
            # neither is one that computes (a long prompt on a slow processor), but not for ever
            silent_since = silent_since or began
            works = processor_seconds(self.pid) - used >= _WORKING * (time.monotonic() - began)
            if not works or time.monotonic() - silent_since > _LONGEST_SILENCE:
                return "stopped answering"

    async def _died_within(self, seconds: float) -> bool:
        """Wait, but no longer than the process lives."""
        if self._process is None:
            return True
        try:
            await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _dead(self) -> bool:
        return self._process is None or self._process.returncode is not None

    async def _end(self, how: signal.Signals) -> None:
        """End the server with everything that it started."""
        process = self._process
        if process is None:
            return
        if process.returncode is None and how is signal.SIGTERM:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), DRAIN_SECONDS + 5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its workers are in its group, also when it died before them
        await process.wait()
        self._process = None

    @property
    def _start_file(self) -> Path:
        return self._settings.home / "engine-start.json"

    def _rest(self) -> str:
        left = self.seconds_left
        return "it takes longer than usual" if left is None else f"about {in_words(left)} left"

    def _usual_start(self) -> float:
        try:
            return float(json.loads(self._start_file.read_text(encoding="utf-8"))["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return _USUAL_START

    def _remember_start(self, seconds: float) -> None:
        self._start_file.write_text(json.dumps({"seconds": round(seconds, 1)}), encoding="utf-8")
