"""`dossier run`: everything on one machine, from nothing to an answered question, until Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from dossier.errors import EngineError, IndexMissingError
from dossier.packs import Pack, index_folder
from dossier.progress import ProgressDisplay, by_clock
from dossier.registry import Registry
from dossier.settings import Settings
from retrieval.generation import current_name
from retrieval.indexing import require_documents
from retrieval.sample import sample_question
from serving.engine.ports import require_free_port
from serving.engine.tether import tethered
from serving.models.starting import model_start
from serving.people.operator import open_store_with_operator
from serving.store import FirstAdmin
from serving.terminal import print_answer, stream_answer

_STOP_SECONDS = 30
_USUAL_START = 50.0


@dataclass(frozen=True, slots=True)
class Page:
    """How to start the chat page: a command line and its environment (the frontend gives them)."""

    command: Sequence[str]
    environment: dict[str, str]


def run(settings: Settings, pack: Pack, page: Page) -> None:
    """Prepare, index, start, ask, print the addresses, and stay until interrupted. Ends every process it started."""
    for port, name in ((settings.port, "port"), (settings.page_port, "page_port")):
        require_free_port(settings.host, port, name)
    require_free_port("127.0.0.1", settings.engine_port, "engine_port")
    require_documents(settings, pack)  # preparing the model takes a while: what would stop the start is told before
    with ProgressDisplay() as display:
        model_start(settings, pack, Registry.of(settings), display)
    store, first, key = open_store_with_operator(settings)
    store.close()
    settings.log_folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as started:
        # where there is an index already, it is brought up to date while the model server starts
        gateway = started.enter_context(_gateway(settings)) if _has_index(settings, pack) else None
        _bring_index_up_to_date()
        gateway = gateway or started.enter_context(_gateway(settings))
        wait_until_ready(settings, gateway)
        log = settings.log_folder / "page.log"
        streamlit = started.enter_context(_started(page.command, page.environment, log))
        _ask_opening_question(settings, pack, key)
        _print_addresses(settings, first)
        _stay(gateway, streamlit, settings)


def _has_index(settings: Settings, pack: Pack) -> bool:
    try:
        return bool(current_name(index_folder(settings, pack.documents)))
    except IndexMissingError:
        return False


def _bring_index_up_to_date() -> None:
    # a process of its own gives the embedder's memory back when the index is done
    status = subprocess.run([sys.executable, "-m", "dossier", "index"], check=False).returncode
    if status:
        raise SystemExit(status)


def _gateway(settings: Settings) -> AbstractContextManager[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "dossier", "serve"]
    return _started(command, dict(os.environ), settings.log_folder / "gateway.log")


def wait_until_ready(settings: Settings, gateway: subprocess.Popen[bytes]) -> None:
    """Wait until the gateway and the model server answer, showing how long it still takes. Raises EngineError."""
    with ProgressDisplay() as display:
        started = datetime.now(UTC)
        while True:
            if gateway.poll() is not None:
                log = settings.log_folder / "gateway.log"
                raise EngineError(f"the gateway ended while starting:\n{_last_lines(log)}\nMore is in {log}.")
            state = _readiness(settings.api_url)
            if state.get("ready"):
                return
            engine = state.get("engine", {})
            if engine.get("state") == "failed":
                raise EngineError(engine.get("message", "the model server failed to start."))
            elapsed = (datetime.now(UTC) - started).total_seconds()
            left = engine.get("seconds_left", _USUAL_START - elapsed)  # not known before the gateway answers
            display(by_clock("Starting the model server", elapsed + float(left or 0), started))
            time.sleep(0.5)


def _readiness(url: str) -> dict[str, dict[str, str]]:
    try:
        reply = httpx.get(f"{url}/ready", timeout=5, trust_env=False)
        found = reply.json()
        return found if isinstance(found, dict) else {}
    except (httpx.HTTPError, ValueError):
        return {}


def _ask_opening_question(settings: Settings, pack: Pack, key: str) -> None:
    question = pack.opening_question or sample_question(index_folder(settings, pack.documents))
    print(f"\nQuestion: {question}\nAnswer:   ", end="", flush=True)
    print_answer(stream_answer(settings.api_url, key, pack.model_name, question))


def _print_addresses(settings: Settings, first: FirstAdmin | None) -> None:
    host = settings.api_url.rsplit(":", 1)[0]
    print(f"\nPage      {host}:{settings.page_port}")
    print(f"API       {settings.api_url}/v1    (OpenAI-compatible; make a key: dossier key create mine)")
    print(f"API docs  {settings.api_url}/docs")
    if first and first.password:
        print(f"\nSign in as {first.name} with the password {first.password}")
        print("It is shown this once. Change it on the page under Account.")
    print("\nCtrl-C ends everything.", flush=True)


def _stay(gateway: subprocess.Popen[bytes], page: subprocess.Popen[bytes], settings: Settings) -> None:
    try:
        while True:
            for process, name in ((gateway, "gateway"), (page, "page")):
                if process.poll() is not None:
                    log = settings.log_folder / f"{name}.log"
                    raise EngineError(f"the {name} ended by itself:\n{_last_lines(log)}\nMore is in {log}.")
            time.sleep(0.5)
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)


@contextmanager
def _started(command: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child process in its own group, logging to a file; ended on the way out and when this process is killed."""
    with log.open("ab") as stream:
        process = subprocess.Popen(
            tethered(command),
            env=environment,
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a child: politely, then for good. A second Ctrl-C doesn't leave it behind."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    finally:
        signal.signal(signal.SIGINT, previous)


def _last_lines(log: Path, count: int = 5) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return "\n".join(f"  {line}" for line in lines[-count:])


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
