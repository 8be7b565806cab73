"""The command `dossier classify`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.settings import load_settings
from retrieval.labelling.head import LabelTask
from retrieval.labelling.labeller import Labeller
from retrieval.labelling.table import TableJob, label_table


def classify(
    file: Annotated[Path, typer.Argument(help="CSV with a column of texts.")],
    column: Annotated[str, typer.Option(help="Its head.")],
    out: Annotated[Path, typer.Option(help="CSV to write: all columns, the label and its probability.")],
    task: Annotated[LabelTask, typer.Option(help="What the labels say.")] = LabelTask.SENTIMENT,
) -> None:
    """Label the texts of a CSV file: sentiment, intent or topic, with how sure it is. A stopped run goes on.

    Example: dossier classify messages.csv --column text --task intent --out labelled.csv
    """
    settings = load_settings()
    labeller = Labeller(settings, load_pack(settings).heads)
    with ProgressDisplay() as display:
        found = label_table(TableJob(file, column, task, out), labeller, display)
    went_on = f" ({found.resumed:,} of them by an earlier run)" if found.resumed else ""
    print(f"{found.rows:,} rows labelled{went_on}, {found.unsure:,} of them unsure: {out}", file=sys.stderr)
