"""The commands `dossier ask` and `serve`."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dossier.operator_key import read_operator_key
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.records import Answer, Delta, Step
from dossier.settings import Settings, load_settings
from serving.answering.readings import check_question
from serving.api import create_app
from serving.api.listening import listen
from serving.assembly import assemble, gateway
from serving.engine.ports import require_free_port
from serving.integrity.judging import TAKEN_BACK
from serving.oidc.opening import require_usable_provider
from serving.people.operator import open_store_with_operator
from serving.store import FirstAdmin
from serving.terminal import doubt_lines, gateway_is_up, print_answer, printable, source_lines, stream_answer


def serve() -> None:
    """Run the gateway (HTTP API) with the model server behind it, until stopped.

    The API is OpenAI-compatible under /v1; /docs describes all of it. Index first: dossier index
    """
    settings = load_settings()
    require_free_port(settings.host, settings.port, "port")
    require_usable_provider(settings)
    with ProgressDisplay() as display:
        parts = assemble(settings, display)
    store, first, _ = open_store_with_operator(settings)
    if first and first.password:
        print(_first_sign_in(first), flush=True)
    app = create_app(gateway(parts, store))
    listen(app, settings)


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    docs: Annotated[Path | None, typer.Option(help="Folder whose index is asked.")] = None,
) -> None:
    """Ask the documents one question and print the answer with its sources.

    Uses the running gateway when there is one, else starts the model server for this one question.
    Example: dossier ask "What was net income in fiscal 2025?"
    """
    settings = load_settings(documents=docs)
    check_question(question, settings.question_characters)
    pack = load_pack(settings)
    if docs is None and gateway_is_up(settings.api_url):
        print_answer(stream_answer(settings.api_url, read_operator_key(settings), pack.model_name, question))
    else:
        asyncio.run(_ask_alone(settings, question))


async def _ask_alone(settings: Settings, question: str) -> None:
    require_free_port("127.0.0.1", settings.engine_port, "engine_port")
    with ProgressDisplay() as display:
        parts = assemble(settings, display)
        parts.index.searcher()
        await parts.engine.start()
        try:
            await parts.engine.wait_ready(display)
        except BaseException:
            await parts.engine.stop()
            raise
    try:
        async for event in parts.chain.answer(question, (), frozenset()):
            _print_event(event)
    finally:
        await parts.engine.stop()


def _print_event(event: Step | Delta | Answer) -> None:
    if isinstance(event, Delta):
        print(printable(event.text), end="", flush=True)
    elif isinstance(event, Answer):
        print(f"\n\n{TAKEN_BACK} {event.text}" if event.withdrawn else "")
        sources = [
            {
                "number": number,
                "document": passage.document,
                "page": passage.chunk.page,
                "section": list(passage.chunk.section),
                "cited": number in event.cited,
            }
            for number, passage in enumerate(event.passages, start=1)
        ]
        doubts = [] if event.withdrawn else doubt_lines(event.text, list(map(asdict, event.unsupported)))
        print("\n".join([*doubts, *source_lines(sources), *([event.note] if event.note else [])]))


def _first_sign_in(first: FirstAdmin) -> str:
    return f"First start: sign in as {first.name} with the password {first.password} (shown this once)."
