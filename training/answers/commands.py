"""The commands `dossier evaluate answers` and `dossier evaluate compare`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dossier.errors import DataError, SettingsError
from dossier.packs import load_pack, load_questions
from dossier.progress import ProgressDisplay
from dossier.records import Question
from dossier.settings import load_settings
from dossier.weights import replace_file
from training.answers.asking import Client, ask_all, spread
from training.answers.page import page_of
from training.answers.record import read_product_run, run_of, run_text
from training.answers.text import difference_text, run_summary
from training.gateway import Key, RunningGateway, Url

RECORD, PAGE = "answers.json", "answers.html"
_EXAMPLE = "packs/finance/questions.jsonl"


def answers(
    out: Annotated[Path, typer.Option(help="Folder for the record and the page.")],
    questions: Annotated[Path | None, typer.Option(help="Questions (JSON lines) instead of the pack's own.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Ask only so many, spread over the file; 0: all.")] = 0,
    compare_with: Annotated[
        Path | None, typer.Option("--compare", help="An earlier answers.json, to be compared with.")
    ] = None,
    url: Url = "",
    key: Key = "",
) -> None:
    """Ask a running Dossier questions with known answers over HTTP: how many are right, what is cited, how fast it is.

    Whatever answers there now is measured: the base model, or the promoted adapter.
    Example: dossier evaluate answers --out evaluation/base, then after a promotion: dossier evaluate answers --out
    evaluation/tuned --compare evaluation/base/answers.json
    """
    settings = load_settings()
    file = questions or load_pack(settings).questions
    if file is None or not file.is_file():
        raise SettingsError(f"there is no question file {file or ''}. Name one with --questions; {_EXAMPLE} shows how.")
    asked: Sequence[Question] = load_questions(file)
    if not asked:
        raise SettingsError(f"{file} holds no question. {_EXAMPLE} shows how.")
    asked = spread(asked, limit)
    earlier = read_product_run(compare_with) if compare_with else None
    if (out / RECORD).exists():
        raise DataError(f"{out} holds an evaluation already. Name another folder with --out.")
    gateway = RunningGateway.of(settings, url, key)
    client = Client(gateway)
    with ProgressDisplay() as display:
        said = ask_all(client, asked, display)
    run = run_of(file, gateway.address, client.model, asked, said)
    try:
        out.mkdir(parents=True, exist_ok=True)
        replace_file(out / RECORD, run_text(run))
        replace_file(out / PAGE, page_of(run, earlier))
    except OSError as error:
        raise DataError(f"{out} can't be written: {error.strerror}. Name another with --out.") from error
    print(run_summary(run))
    if earlier is not None:
        print(f"\n{difference_text(earlier, run)}")
    print(f"\nThe page with everything: {out / PAGE}")


def compare(
    before: Annotated[Path, typer.Argument(help="The earlier answers.json.")],
    after: Annotated[Path, typer.Argument(help="The later one.")],
) -> None:
    """Compare two evaluations of the product, question by question, with intervals and the chance of the difference.

    Example: dossier evaluate compare evaluation/base/answers.json evaluation/tuned/answers.json
    """
    print(difference_text(read_product_run(before), read_product_run(after)))
