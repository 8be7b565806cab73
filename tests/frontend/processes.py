"""The processes that the tests start: the scripted gateway and the page."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from dossier.settings import Settings
from frontend.launch import command, environment

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Process:
    """One process that is up when `start` returns and gone when `kill` does."""

    def __init__(self, arguments: list[str], health: str, log: Path, variables: dict[str, str] | None = None) -> None:
        self._arguments = arguments
        self._health = health
        self._variables = variables
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> Self:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._arguments, cwd=ROOT, env=self._variables, stdout=log, stderr=log)
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if httpx.get(self._health, trust_env=False).is_success:
                    return self
            except httpx.HTTPError:
                time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"{self._arguments} didn't start: {self.log.read_text('utf-8')[-2000:]}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()


class GatewayProcess(Process):
    """The scripted gateway."""

    def __init__(self, port: int, folder: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        arguments = [sys.executable, "-m", "tests.frontend.scripted_gateway", str(port), str(folder / "state.json")]
        super().__init__(arguments, f"{self.address}/health", folder / "gateway.log", dict(os.environ))

    def script(self, **changes: Any) -> None:
        httpx.post(f"{self.address}/script", json=changes, trust_env=False).raise_for_status()

    def scripted(self) -> dict[str, Any]:
        return dict(httpx.get(f"{self.address}/script", trust_env=False).raise_for_status().json())


class PageProcess(Process):
    """The page, started as Dossier starts it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.address = f"http://127.0.0.1:{settings.page_port}"
        variables = {**environment(settings), "HOME": str(folder)}
        super().__init__(command(settings), f"{self.address}/_stcore/health", folder / "page.log", variables)
