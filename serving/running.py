"""`dossier run`: everything on one machine, from nothing to an answered question, until Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from dossier.errors import EngineError, IndexMissingError
from dossier.packs import Pack, index_folder
from dossier.progress import ProgressDisplay, by_clock
from dossier.registry import Registry
from dossier.settings import Settings
from retrieval.generation import current_name
from retrieval.indexing import require_documents
from retrieval.sample import sample_question
from serving.children import last_lines
from serving.children import started as started_child
from serving.engine.ports import require_free_port
from serving.models.starting import model_start
from serving.news.watching import NewsWatch, watching_news
from serving.oidc.opening import require_usable_provider
from serving.people.operator import open_store_with_operator
from serving.store import FirstAdmin
from serving.terminal import print_answer, stream_answer

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
    require_usable_provider(settings)
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
        streamlit = started.enter_context(started_child(page.command, page.environment, log))
        _ask_opening_question(settings, pack, key)
        news = started.enter_context(watching_news(settings))  # not before: it indexes, too
        _print_addresses(settings, first)
        _stay(gateway, streamlit, news, settings)


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
    return started_child(command, dict(os.environ), settings.log_folder / "gateway.log")


def wait_until_ready(settings: Settings, gateway: subprocess.Popen[bytes]) -> None:
    """Wait until the gateway and the model server answer, showing how long it still takes. Raises EngineError."""
    with ProgressDisplay() as display:
        started = datetime.now(UTC)
        while True:
            if gateway.poll() is not None:
                log = settings.log_folder / "gateway.log"
                raise EngineError(f"the gateway ended while starting:\n{last_lines(log)}\nMore is in {log}.")
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


def _stay(
    gateway: subprocess.Popen[bytes], page: subprocess.Popen[bytes], news: NewsWatch | None, settings: Settings
) -> None:
    try:
        while True:
            for process, name in ((gateway, "gateway"), (page, "page")):
                if process.poll() is not None:
                    log = settings.log_folder / f"{name}.log"
                    raise EngineError(f"the {name} ended by itself:\n{last_lines(log)}\nMore is in {log}.")
            if news is not None:
                news.look()
            time.sleep(0.5)
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
