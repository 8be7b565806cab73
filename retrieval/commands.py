"""The `dossier evaluate retrieval` command."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dossier.errors import SettingsError
from dossier.packs import index_folder, load_pack, load_questions
from dossier.settings import load_settings
from retrieval.evaluate import evaluate, table
from retrieval.indexing import load_embedder
from retrieval.search import Searcher

evaluate_commands = typer.Typer(help="Measure quality on questions with known answers.", no_args_is_help=True)


@evaluate_commands.command()
def retrieval(
    questions: Annotated[Path | None, typer.Option(help="Questions (JSON lines) instead of the pack's own.")] = None,
    docs: Annotated[Path | None, typer.Option(help="Folder whose index is asked.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Find out how often the right page is among the first passages, and how well relevance tells.

    Needs an index (`dossier index`). Example: dossier evaluate retrieval --questions mine.jsonl --docs ./contracts
    """
    settings = load_settings(documents=docs)
    pack = load_pack(settings)
    file = questions or pack.questions
    if file is None or not file.is_file():
        raise SettingsError(f"there is no question file {file or ''}. Name one with --questions.")
    searcher = Searcher(index_folder(settings, pack.documents), load_embedder(settings), pack.synonyms)
    result = evaluate(searcher, load_questions(file), settings.relevance)
    print(json.dumps(asdict(result), indent=1) if as_json else table(result))
