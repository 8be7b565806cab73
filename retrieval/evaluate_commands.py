"""The `dossier evaluate retrieval` command."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.errors import SettingsError
from dossier.packs import load_pack, load_questions
from dossier.progress import ProgressDisplay
from dossier.settings import Settings, load_settings
from retrieval.evaluate import (
    OnProgress,
    ReadingFigures,
    evaluate_beir,
    evaluate_questions,
    read_lines,
    reading_table,
    unread,
)
from retrieval.evaluation.beir import read_beir
from retrieval.evaluation.comparing import compare, comparison_table, read_earlier
from retrieval.evaluation.report import Report, as_json, table, write_per_question
from retrieval.opening import open_searcher

evaluate_commands = command_group("Measure quality on questions with known answers.")
_SHOWN = 10
"""Unread files that are named."""
_EXAMPLE = "packs/finance/questions.jsonl"


@evaluate_commands.callback()
def _group() -> None:
    """Measure quality on questions with known answers."""


@evaluate_commands.command()
def retrieval(  # noqa: PLR0913 (each is an option of the command)
    questions: Annotated[Path | None, typer.Option(help="Questions (JSON lines) instead of the pack's own.")] = None,
    docs: Annotated[Path | None, typer.Option(help="Folder whose index is asked.")] = None,
    beir: Annotated[Path | None, typer.Option(help="A BEIR folder: its documents are indexed and asked.")] = None,
    split: Annotated[str | None, typer.Option(help="Which file of the BEIR folder's qrels (default: test).")] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print the figures as JSON; keep it for --compare.")] = False,
    per_question: Annotated[Path | None, typer.Option(help="Write ranks and passages found to this file.")] = None,
    compare_with: Annotated[Path | None, typer.Option("--compare", help="An earlier run's JSON.")] = None,
) -> None:
    """Find out how often the right document, page and passage are found, with 95% intervals.

    Needs an index (`dossier index`), except for a BEIR folder. Example: dossier evaluate retrieval --questions
    mine.jsonl --docs ./contracts --json > before.json, and after a change: dossier evaluate retrieval --questions
    mine.jsonl --docs ./contracts --compare before.json
    """
    if beir is not None and (questions is not None or docs is not None):
        raise SettingsError("--beir brings its own documents and questions. Leave --questions and --docs out.")
    if split is not None and beir is None:
        raise SettingsError("--split chooses among a BEIR folder's qrels. Name the folder with --beir.")
    earlier = read_earlier(compare_with) if compare_with else None
    reading: ReadingFigures | None = None
    with ProgressDisplay() as display:
        if beir is not None:
            report = _ask_beir(beir, split, display)
        else:
            report, reading = _ask_own(load_settings(documents=docs), questions, display)
    if per_question is not None:
        write_per_question(report, per_question)
    comparison = compare(report, earlier, str(compare_with)) if earlier is not None else None
    if as_json_:
        parts = {"reading": reading, "comparison": comparison}
        more = {name: asdict(part) for name, part in parts.items() if part is not None}
        print(json.dumps({**as_json(report), **more}, indent=1))
        return
    print(table(report))
    if reading is not None:
        print(reading_table(reading))
    if comparison is not None:
        print(f"\n{comparison_table(comparison)}")


def _ask_own(settings: Settings, file: Path | None, on_progress: OnProgress) -> tuple[Report, ReadingFigures]:
    pack = load_pack(settings)
    file = file or pack.questions
    if file is None or not file.is_file():
        raise SettingsError(f"there is no question file {file or ''}. Name one with --questions.")
    questions = load_questions(file)
    if not any(question.evidence for question in questions):
        raise SettingsError(f"{file} has no question with evidence. Say where answers stand; {_EXAMPLE} shows how.")
    searcher = open_searcher(settings, pack)
    try:
        report = evaluate_questions(searcher, file.stem, questions, on_progress)
        return report, read_lines(searcher, questions, settings, on_progress)
    finally:
        searcher.close()


def _ask_beir(folder: Path, split: str | None, on_progress: OnProgress) -> Report:
    report, built = evaluate_beir(load_settings(), folder, read_beir(folder, split), on_progress)
    missing = unread(built)
    if missing:
        print(f"{len(missing)} documents aren't in the index; what they answer can't be found:", file=sys.stderr)
        print("\n".join(f"  {line}" for line in missing[:_SHOWN]), file=sys.stderr)
    return report
