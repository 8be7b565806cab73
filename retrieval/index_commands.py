"""The `dossier index` commands."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dossier.command_group import command_group
from dossier.errors import CorruptIndexError, DossierError, IndexingError, SettingsError
from dossier.packs import index_folder, load_pack
from dossier.progress import ProgressDisplay
from dossier.settings import load_settings
from retrieval import index_output as output
from retrieval import upkeep
from retrieval.build import BuildReport, build
from retrieval.clearing import KEEP
from retrieval.embedding import OnProgress
from retrieval.index_output import print_report
from retrieval.indexing import Choices, build_index, difference_now, load_embedder, plan_of, verify_index
from retrieval.watching import Watching, keep_up

index_commands = command_group(
    "The index of the documents: bring it up to date, look at it, check it, go back.", no_args_is_help=False
)

Docs = Annotated[Path | None, typer.Option("--docs", help="Folder to index instead of the pack's documents.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Rebuild = Annotated[bool, typer.Option("--rebuild", help="Read and embed everything anew.")]
AllowEmpty = Annotated[bool, typer.Option("--allow-empty", help="Accept an empty folder and forget all documents.")]
Retry = Annotated[bool, typer.Option("--retry", help="Read files again that couldn't be read before.")]


@index_commands.callback(invoke_without_command=True)
def index(
    context: typer.Context,
    docs: Docs = None,
    rebuild: Rebuild = False,
    allow_empty: AllowEmpty = False,
    as_json: AsJson = False,
) -> None:
    """Index the documents: read what changed, embed it, forget what was deleted. The same as `dossier index build`.

    The index that answers stays in place until the new one is complete. Example: dossier index --docs ./contracts
    """
    if context.invoked_subcommand is None:
        _build(docs, Choices(rebuild, allow_empty), as_json)
    elif rebuild or allow_empty:
        raise SettingsError(f"put the options behind the command: dossier index {context.invoked_subcommand} --rebuild")
    context.obj = (docs, as_json)


@index_commands.command("build")
def build_command(
    context: typer.Context,
    docs: Docs = None,
    rebuild: Rebuild = False,
    allow_empty: AllowEmpty = False,
    retry: Retry = False,
    as_json: AsJson = False,
) -> None:
    """Bring the index up to date: read what changed, embed it, forget what was deleted.

    The index that answers stays in place until the new one is complete. Example: dossier index build --docs ./contracts
    """
    docs, as_json = _given(context, docs, as_json)
    _build(docs, Choices(rebuild, allow_empty, retry), as_json)


@index_commands.command()
def status(context: typer.Context, docs: Docs = None, as_json: AsJson = False) -> None:
    """Show what answers, how large it is, which files aren't in it and why, and whether a run is at work.

    Example: dossier index status --json
    """
    docs, as_json = _given(context, docs, as_json)
    with _told(as_json):
        found = upkeep.state(_folder(docs))
        output.print_result(found) if as_json else output.print_state(found)


@index_commands.command()
def diff(
    context: typer.Context,
    generations: Annotated[list[str] | None, typer.Argument(help="Two generations to compare (old new).")] = None,
    docs: Docs = None,
    as_json: AsJson = False,
) -> None:
    """Show what a build would change now, without doing it; or what changed from one generation to another.

    Examples: dossier index diff; dossier index diff g000001 g000002
    """
    docs, as_json = _given(context, docs, as_json)
    with _told(as_json):
        if generations and len(generations) != 2:
            raise SettingsError("name two generations, the old and the new one, or none. Try: dossier index diff")
        if generations:
            found = upkeep.difference_between(_folder(docs), generations[0], generations[1])
        else:
            settings = load_settings(documents=docs)
            with _progress(as_json) as show:
                found = difference_now(settings, load_pack(settings), show)
        output.print_result(found) if as_json else output.print_difference(found)


@index_commands.command()
def verify(context: typer.Context, docs: Docs = None, as_json: AsJson = False) -> None:
    """Read the index and the documents byte for byte: digests, counts, word index, and what is out of date.

    Ends with status 3 when the index is damaged. Example: dossier index verify
    """
    docs, as_json = _given(context, docs, as_json)
    with _told(as_json):
        settings = load_settings(documents=docs)
        with _progress(as_json) as show:
            found = verify_index(settings, load_pack(settings), show)
        output.print_result(found) if as_json else output.print_verification(found)
        if found.problems and as_json:
            raise CorruptIndexError("\n".join(found.problems))
    if found.problems:
        raise typer.Exit(CorruptIndexError.exit_status)


@index_commands.command()
def rollback(
    context: typer.Context,
    generation: Annotated[str | None, typer.Argument(help="Generation to go to; else the one before.")] = None,
    docs: Docs = None,
    as_json: AsJson = False,
) -> None:
    """Go back to an older generation at once; it is checked first, and nothing is deleted.

    The next build brings the documents in as they are then. Example: dossier index rollback g000004
    """
    docs, as_json = _given(context, docs, as_json)
    with _told(as_json):
        manifest = upkeep.rollback(_folder(docs), generation)
        if as_json:
            output.print_result(manifest)
        else:
            print(f"{manifest.name} of {manifest.created} answers now: {manifest.documents} documents.")


@index_commands.command()
def gc(
    context: typer.Context,
    keep: Annotated[int, typer.Option(min=1, help="Generations that stay, the current one among them.")] = KEEP,
    docs: Docs = None,
    as_json: AsJson = False,
) -> None:
    """Delete old generations and what broken-off runs left behind; never what answers or is being read.

    Example: dossier index gc --keep 1
    """
    docs, as_json = _given(context, docs, as_json)
    with _told(as_json):
        cleared = upkeep.clear(_folder(docs), keep)
        output.print_result(cleared) if as_json else output.print_cleared(cleared)


@index_commands.command()
def watch(
    context: typer.Context,
    docs: Docs = None,
    settle: Annotated[float, typer.Option(min=0.1, help="Seconds without a change before indexing.")] = 2.0,
    poll: Annotated[bool, typer.Option(help="Look at every file all the time (network folders).")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep the index up to date until Ctrl-C: index now and whenever the documents change.

    Example: dossier index watch --docs ./contracts
    """
    docs, as_json = _given(context, docs, as_json)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopper(stop))
    settings = load_settings(documents=docs)
    pack = load_pack(settings)
    embedder = cache(lambda: load_embedder(settings))  # loaded once, not for every run

    def run() -> BuildReport:
        with _progress(as_json) as show:
            return build(plan_of(settings, pack, Choices()), embedder, show)

    def tell(outcome: BuildReport | DossierError) -> None:
        _tell(outcome, as_json)

    if not as_json:
        print(f"Watching {pack.documents}. Ctrl-C ends it.", flush=True)
    with suppress(_Stopped):
        keep_up(pack.documents, run, tell, Watching(settle, polling=poll), stop)
    if not as_json:
        print("Stopped.", flush=True)


class _Stopped(BaseException):
    """A signal asks `watch` to end; it passes through everything, so that a run under way clears up."""


def _stopper(stop: threading.Event) -> Callable[[int, object], None]:
    def on_signal(number: int, frame: object) -> None:
        stop.set()
        raise _Stopped

    return on_signal


def _tell(outcome: BuildReport | DossierError, as_json: bool) -> None:
    if isinstance(outcome, DossierError):
        _print_error(outcome) if as_json else print(f"dossier: {outcome}", file=sys.stderr, flush=True)
    elif as_json:
        output.print_result(outcome)
    elif outcome.changed:
        print_report(outcome)


def _build(docs: Path | None, choices: Choices, as_json: bool) -> None:
    signal.signal(signal.SIGTERM, _stop)
    with _told(as_json):
        settings = load_settings(documents=docs)
        with _progress(as_json) as show:
            report = build_index(settings, load_pack(settings), show, **asdict(choices))
        output.print_result(report) if as_json else print_report(report)


def _given(context: typer.Context, docs: Path | None, as_json: bool) -> tuple[Path | None, bool]:
    """Options may stand before the subcommand as well."""
    outer_docs, outer_json = context.obj
    return docs or outer_docs, as_json or outer_json


def _folder(docs: Path | None) -> Path:
    settings = load_settings(documents=docs)
    return index_folder(settings, load_pack(settings).documents)


@contextmanager
def _progress(as_json: bool) -> Iterator[OnProgress]:
    if as_json:
        yield output.print_progress
        return
    with ProgressDisplay() as display:
        yield display


@contextmanager
def _told(as_json: bool) -> Iterator[None]:
    """For programs an error is a line of JSON, `{"error": {"code", "message"}}`, and the exit status as always."""
    try:
        yield
    except DossierError as error:
        if not as_json:
            raise
        _print_error(error)
        raise typer.Exit(error.exit_status) from error


def _print_error(error: DossierError) -> None:
    output.print_line({"error": {"code": error.code, "message": str(error)}})


def _stop(number: int, frame: object) -> NoReturn:
    """Leave by an exception on SIGTERM, so that the folder being built is removed."""
    print("Stopped. The previous index stays.", file=sys.stderr)
    raise SystemExit(IndexingError.exit_status)
