"""The commands `dossier labels tune` and `show`."""

from pathlib import Path
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.settings import load_settings
from retrieval.labelling.head import Facts, LabelTask, write_head
from retrieval.labelling.labeller import Labeller, head_embedder
from training.labels.fitting import FitPlan, fit_head
from training.labels.texts import read_labels

labels_commands = command_group("Heads that label texts (sentiment, intent, topic): train one, look at them.")


@labels_commands.command("tune")
def tune_head(
    file: Annotated[
        Path, typer.Argument(help="Table with the heads text and label, or BANKING77, CLINC150, FinEntity.")
    ],
    task: Annotated[LabelTask, typer.Option(help="What the labels say.")],
    accuracy: Annotated[
        float, typer.Option(help="Share of right answers below which it is unsure.", min=0, max=1)
    ] = 0.9,
    out: Annotated[Path | None, typer.Option(help="Folder for the head; left out: it is used from now on.")] = None,
) -> None:
    """Train a head on texts with labels, and measure it on a fifth of them that it never sees.

    Example: dossier labels tune tickets.csv --task topic
    """
    found = read_labels(file)
    with ProgressDisplay() as display:
        head = fit_head(found, FitPlan(task, accuracy), head_embedder(), display)
    folder = out or load_settings().home / "heads" / task
    write_head(head, folder)
    print("\n".join(facts_lines(head.facts)))
    if found.left_out:
        print(f"Left out: {'; '.join(found.left_out)}.")
    print(f"Written to {folder}.")


@labels_commands.command("show")
def show_heads() -> None:
    """Show the heads that there are, what they were trained on and how they were measured.

    Example: dossier labels show
    """
    settings = load_settings()
    labeller = Labeller(settings, load_pack(settings).heads)
    tasks = labeller.tasks()
    for task in tasks:
        print("\n".join(facts_lines(labeller.head(task).facts)))
    if not tasks:
        print("There are no heads. Train one: dossier labels tune FILE --task intent")


def facts_lines(facts: Facts) -> list[str]:
    """What is known of a head, for people."""
    found = facts.measured
    credit = f" ({facts.attribution})" if facts.attribution else ""
    return [
        f"{facts.task}: {len(facts.labels)} labels, trained on {facts.trained_on:,} texts of {facts.source}, licence "
        f"{facts.licence}{credit}",
        f"  on {found.texts:,} other texts: {found.accuracy:.1%} right ({found.low:.1%} to {found.high:.1%}), the most "
        f"frequent label {found.majority:.1%}; macro F1 {found.macro_f1:.3f}",
        f"  unsure below a probability of {facts.threshold:.2f}: answers {found.answered:.1%}, of these "
        f"{found.accuracy_answered:.1%} right; calibration error {found.calibration:.3f}",
    ]
