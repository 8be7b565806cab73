"""The `dossier index` command."""

import json
import signal
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dossier.errors import DossierError, IndexingError
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay, seconds_left
from dossier.records import FileState, Progress
from dossier.settings import load_settings
from retrieval.build import BuildReport
from retrieval.indexing import build_index


def index(
    docs: Annotated[Path | None, typer.Option(help="Folder to index instead of the pack's documents.")] = None,
    rebuild: Annotated[bool, typer.Option(help="Read and embed everything anew.")] = False,
    allow_empty: Annotated[bool, typer.Option(help="Accept an empty folder and forget all documents.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print progress and the report as JSON lines.")] = False,
) -> None:
    """Index the documents: read what changed, embed it, forget what was deleted.

    The index that answers stays in place until the new one is complete. Example: dossier index --docs ./contracts
    """
    signal.signal(signal.SIGTERM, _stop)
    if as_json:
        _index_as_json(docs, rebuild, allow_empty)
        return
    settings = load_settings(documents=docs)
    with ProgressDisplay() as display:
        report = build_index(settings, load_pack(settings), display, rebuild, allow_empty)
    print_report(report)


def print_report(report: BuildReport) -> None:
    """Say how an indexing run ended, with the reason of every file that isn't in the index."""
    states = Counter(file.state for file in report.files)
    if report.changed:
        print(f"Indexed {report.documents} documents, {report.chunks} passages ({report.embedded} embedded now).")
    else:
        print(f"Nothing changed: {report.documents} documents, {report.chunks} passages.")
    for state in (FileState.FAILED, FileState.SKIPPED):
        if states[state]:
            print(f"{states[state]} {'file' if states[state] == 1 else 'files'} {state}:")
            for file in report.files:
                if file.state is state:
                    print(f"  {file.source}: {file.reason}")


def _index_as_json(docs: Path | None, rebuild: bool, allow_empty: bool) -> None:
    """JSON lines for a program that watches: progress, then the report or the error."""
    try:
        settings = load_settings(documents=docs)
        report = build_index(settings, load_pack(settings), _print_progress, rebuild, allow_empty)
    except DossierError as error:
        _print_line({"error": {"code": error.code, "message": str(error)}})
        raise typer.Exit(error.exit_status) from error
    _print_line({"report": asdict(report)})


def _print_progress(progress: Progress) -> None:
    left = seconds_left(progress)
    _print_line({"stage": progress.stage, "done": progress.done, "total": progress.total, "seconds_left": left})


def _print_line(record: dict[str, object]) -> None:
    print(json.dumps(record), flush=True)


def _stop(number: int, frame: object) -> None:
    """Leave by an exception on SIGTERM, so that the folder being built is removed."""
    print("Stopped. The previous index stays.", file=sys.stderr)
    raise SystemExit(IndexingError.exit_status)
