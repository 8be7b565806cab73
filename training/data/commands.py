"""The `dossier data` commands."""

import shlex
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.errors import EnvironmentProblem, SettingsError
from dossier.excerpts import BUDGET
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay, in_words
from dossier.reply import TargetFormat
from dossier.settings import load_settings
from retrieval.opening import open_searcher
from training.data.lengths import measure_of
from training.data.prepare import Recipe, prepare
from training.data.prepared import SHEET, read_prepared, refuse_foreign, write_prepared
from training.data.readers import Limited
from training.data.report import summary
from training.data.splitting import Shares
from training.dressing.dress import dress
from training.dressing.dressed import refuse_foreign as refuse_undressed
from training.dressing.dressed import summary as dressed_summary
from training.dressing.dressed import write_dressed
from training.dressing.nearness import IndexNearness
from training.dressing.recipe import DressRecipe

data_commands = command_group("Examples to learn from: prepare a set, look at one.")

LIBRARIES = ("ftfy", "datasketch", "matplotlib")
"""What preparing needs and running doesn't: it comes with the extra `train`."""


@data_commands.command("prepare")
def prepare_data(  # noqa: PLR0913 (options of a command)
    out: Annotated[Path, typer.Option("--out", help="Folder to write; it must not hold another set.")],
    sources: Annotated[list[Path] | None, typer.Argument(help="Files with examples, or a CUAD folder.")] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Also make questions from the tables of your indexed documents.")
    ] = False,
    per_table: Annotated[
        int, typer.Option(help="Also make up to so many questions about each table that is learned from.")
    ] = 0,
    varied: Annotated[int, typer.Option(help="Also make so many copies of what is learned with other figures.")] = 0,
    pack: Annotated[str, typer.Option(help="Pack whose groups and questions count (default: the setting's).")] = "",
    keep_out: Annotated[
        list[Path] | None, typer.Option("--keep-out", help="Questions to be judged by: nothing like them is learned.")
    ] = None,
    window: Annotated[int, typer.Option(help="Most tokens of an example (0: the setting engine_context).")] = 0,
    most: Annotated[int, typer.Option(help="Most examples of one task and kind of answer (0: all).")] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed splits and chooses the same.")] = 7,
    split: Annotated[str, typer.Option(help="Shares of train, dev and test in percent.")] = "80/10/10",
) -> None:
    """Read, clean, check, split and describe examples.

    Sources: TAT-QA, TAT-HQA, ConvFinQA, CUAD, BANKING77, CLINC150, FinEntity, chat messages and Alpaca instructions as
    JSON lines, tables with question and answer columns, questions like a pack's, and what `dossier feedback export`
    wrote. What a file is, is found out.

    Example: dossier data prepare tatqa_dataset_dev.json replies.jsonl --out data/first
    """
    _need_libraries()
    if min(window, most, per_table, varied) < 0:
        raise SettingsError(
            "--window, --most, --per-table and --varied can't be less than 0. Leave them out for the default."
        )
    if not sources and not tables:
        raise SettingsError("there is nothing to prepare. Name files with examples, or use --tables.")
    settings = load_settings(pack=pack) if pack else load_settings()
    recipe = Recipe(window or settings.engine_context, seed, Shares.parse(split), most, tables, per_table, varied)
    refuse_foreign(out)
    started = time.monotonic()
    with ProgressDisplay() as display:
        made = prepare(sources or (), keep_out or (), recipe, settings, load_pack(settings), display)
        prepared, new = write_prepared(made, out, display)
    print(summary(prepared))
    print(f"\n{'Written to' if new else 'The same set is already in'} {out} ({in_words(time.monotonic() - started)}).")
    print(f"Look at it: {out / SHEET}")


@data_commands.command("dress")
def dress_data(  # noqa: PLR0913 (options of a command)
    folder: Annotated[Path, typer.Argument(help="Folder of a prepared set.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write; it must not hold anything else.")],
    form: Annotated[TargetFormat, typer.Option("--format", help="How answers are written.")] = TargetFormat.EVIDENCE,
    distractors: Annotated[int, typer.Option(help="Most near misses beside what answers: 0 to so many, drawn.")] = 2,
    without_gold: Annotated[float, typer.Option(help="Share of items in which nothing answers.")] = 0.15,
    seed: Annotated[int, typer.Option(help="The same seed dresses the same.")] = 1,
    budget: Annotated[int, typer.Option(help="Most tokens of evidence in a prompt.")] = BUDGET,
    window: Annotated[int, typer.Option(help="Most tokens of prompt and reply together.")] = 2048,
    index: Annotated[
        bool, typer.Option("--index", help="Take near misses from your own index instead of the set.")
    ] = False,
    pack: Annotated[str, typer.Option(help="Pack whose index and groups count (default: the setting's).")] = "",
) -> None:
    """Word the examples of a prepared set as prompts with near misses, for `dossier tune run`.

    Example: dossier data dress data/first --out data/first-dressed
    """
    recipe = DressRecipe(form, distractors, without_gold, seed, budget, window, index)
    refuse_undressed(out)
    settings = load_settings(pack=pack) if pack else load_settings()
    chosen = load_pack(settings)
    prepared = read_prepared(folder)
    measure = measure_of(settings, chosen.base_model)
    started = time.monotonic()
    with ProgressDisplay() as display:
        limited = Limited(chosen, settings)
        near = IndexNearness(open_searcher(settings, chosen), limited.holds_document) if index else None
        splits = dress(prepared, recipe, limited, near, measure.tokenizer, display)
        dressed, new = write_dressed(splits, out, prepared, recipe, measure.digest)
    print(dressed_summary(dressed))
    if measure.reason:
        print(f"  Note: {measure.reason}")
    print(f"\n{'Written to' if new else 'The same set is already in'} {out} ({in_words(time.monotonic() - started)}).")
    print(f"Tune on it: dossier tune run {shlex.quote(str(out))} --out RUN_FOLDER")


@data_commands.command("show")
def show_data(folder: Annotated[Path, typer.Argument(help="Folder of a prepared set.")]) -> None:
    """Check a prepared set and print the figures of its sheet.

    Example: dossier data show data/first
    """
    print(summary(read_prepared(folder)))


def _need_libraries() -> None:
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise EnvironmentProblem(
            f"{', '.join(missing)} isn't installed. Install what training needs: python3 deploy/install.py cpu train"
        )
