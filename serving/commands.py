"""The commands `dossier ask`, `serve`, `run`, `user` and `key`."""

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from dossier.command_group import command_group
from dossier.errors import SettingsError
from dossier.operator_key import read_operator_key
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.records import Answer, Delta, Step
from dossier.settings import Settings, load_settings
from serving.api import create_app
from serving.assembly import assemble, gateway
from serving.judging import TAKEN_BACK
from serving.operator import open_store_with_operator
from serving.ports import require_free_port
from serving.reading import check_question
from serving.store import Change, FirstAdmin, NewUser, Role, Store, User, open_store
from serving.terminal import doubt_lines, gateway_is_up, print_answer, printable, source_lines, stream_answer

user_commands = command_group("Users: list, add, change.")
key_commands = command_group("API keys for programs.")


def serve() -> None:
    """Run the gateway (HTTP API) with the model server behind it, until stopped.

    The API is OpenAI-compatible under /v1; /docs describes all of it. Index first: dossier index
    """
    settings = load_settings()
    require_free_port(settings.host, settings.port, "port")
    with ProgressDisplay() as display:
        parts = assemble(settings, display)
    store, first, _ = open_store_with_operator(settings)
    if first and first.password:
        print(_first_sign_in(first), flush=True)
    app = create_app(gateway(parts, store))
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", timeout_graceful_shutdown=10)


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


@user_commands.command("list")
def list_users() -> None:
    """List the users with their role and groups."""
    for user in _store().users.all():
        groups = ", ".join(sorted(user.groups)) or "no groups"
        print(f"{user.name:20} {user.role:8} {groups}{'  suspended' if user.suspended else ''}")


@user_commands.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.ANALYST,
    group: Annotated[
        list[str] | None, typer.Option(help="Group whose documents the user may read; repeat for more.")
    ] = None,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)] = "",
) -> None:
    """Add a user; the password is asked for.

    Example: dossier user add mira --role analyst --group hr
    """
    user = _store().users.add(NewUser(name, password, role, frozenset(group or ())))
    print(f"Added {user.name} ({user.role}).")


@user_commands.command("change")
def change_user(
    name: str,
    role: Annotated[Role | None, typer.Option(help="New role.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="All groups of the user; repeat for more.")] = None,
    suspended: Annotated[bool | None, typer.Option("--suspend/--resume", help="Shut out, or let in again.")] = None,
) -> None:
    """Change a user's role, groups or suspension. It holds from their next request on."""
    groups = None if group is None else frozenset(group)
    user = _store().users.change(name, Change(role=role, groups=groups, suspended=suspended))
    print(f"{user.name}: {user.role}, groups {', '.join(sorted(user.groups)) or 'none'}.")


@key_commands.command("create")
def create_key(
    label: Annotated[str, typer.Argument(help="What the key is for.")],
    user: Annotated[str, typer.Option(help="Whose rights the key has.")] = "admin",
) -> None:
    """Make an API key and print it, this once.

    Example: export OPENAI_API_KEY=$(dossier key create notebook)
    """
    store = _store()
    print(store.credentials.issue_key(_user(store, user).id, label).key)


def _store() -> Store:
    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    store, first = open_store(settings)
    if first and first.password:
        print(
            f"First start: sign in as {first.name} with the password {first.password} (shown this once).",
            file=sys.stderr,
        )
    return store


def _first_sign_in(first: FirstAdmin) -> str:
    return f"First start: sign in as {first.name} with the password {first.password} (shown this once)."


def _user(store: Store, name: str) -> User:
    found = [user for user in store.users.all() if user.name == name.strip().lower()]
    if not found:
        raise SettingsError(f"there is no user {name!r}. `dossier user list` shows them.")
    return found[0]
