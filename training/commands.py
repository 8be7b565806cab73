"""The `dossier embedder` and `dossier reranker` commands."""

from pathlib import Path
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.errors import SettingsError
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.settings import load_settings
from dossier.weights import forget_promoted_embedder
from retrieval.indexing import load_embedder
from training.embedder_report import counts_table, write_report
from training.embedder_train import Recipe
from training.embedder_tune import General, tune
from training.pairs_gather import Source, gather
from training.reranker_train import RerankRecipe
from training.reranker_tune import tune_reranker

embedder_commands = command_group("Fine-tune the embedder on your own documents.")
reranker_commands = command_group("Train a reranker on your own documents.")
Pairs = Annotated[
    list[Path] | None, typer.Option("--pairs", help="Questions with evidence: TAT-QA, ConvFinQA, CUAD or JSON lines.")
]
Docs = Annotated[Path | None, typer.Option(help="Folder of documents to learn from, besides what the sets bring.")]


@embedder_commands.command("tune")
def tune_embedder(  # noqa: PLR0913 (options of a command)
    pairs: Pairs = None,
    docs: Docs = None,
    general: Annotated[Path | None, typer.Option(help="Questions that mustn't suffer (default: the pack's).")] = None,
    general_docs: Annotated[Path | None, typer.Option(help="The documents that those are about.")] = None,
    most: Annotated[int, typer.Option(help="Most questions and most pairs from documents (0: all).")] = 0,
    epochs: Annotated[float, typer.Option(help="How often everything is seen.")] = 2.0,
    batch: Annotated[int, typer.Option(help="Questions that are compared with each other.")] = 48,
    tokens: Annotated[int, typer.Option(help="Most tokens of a passage while training.")] = 256,
    seed: Annotated[int, typer.Option(help="The same seed trains the same.")] = 7,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the pairs.")] = False,
) -> None:
    """Train on questions and documents; replace the embedder only when it is better on documents not trained on.

    Example: dossier embedder tune --pairs tatqa_dataset_dev.json --docs ./filings
    """
    settings = load_settings()
    pack = load_pack(settings)
    source = Source(tuple(pairs or ()), docs, most=most, seed=seed)
    recipe = Recipe(seed=seed, epochs=epochs, batch=batch, tokens=tokens, device=settings.device)
    kept = _general(general, general_docs, pack.questions, pack.documents)
    with ProgressDisplay() as display:
        if dry_run:
            parts = gather(source, settings, pack, load_embedder(settings), display)
            print(counts_table({part.name: part.counts for part in parts}))
            return
        report = tune(source, recipe, settings, pack, kept, display)
    file = write_report(report, settings.home / "tuning" / "embedder")
    print(file.read_text(encoding="utf-8"))
    if report.installed:
        print("Run `dossier index` now: the documents are embedded anew, the old index answers until then.")


@embedder_commands.command("reset")
def reset_embedder() -> None:
    """Go back to the embedder that Dossier came with. Run `dossier index` afterwards."""
    known = forget_promoted_embedder(load_settings())
    print("The tuned embedder isn't used any more." if known else "No tuned embedder was in use.")


@reranker_commands.command("tune")
def tune_the_reranker(
    pairs: Pairs = None,
    docs: Docs = None,
    most: Annotated[int, typer.Option(help="Most questions (0: all).")] = 0,
    epochs: Annotated[float, typer.Option(help="How often everything is seen.")] = 2.0,
    seed: Annotated[int, typer.Option(help="The same seed trains the same.")] = 7,
) -> None:
    """Train a cross-encoder on questions and near-misses; keep it only when it puts right passages higher.

    Example: dossier reranker tune --pairs tatqa_dataset_dev.json
    """
    settings = load_settings()
    source = Source(tuple(pairs or ()), docs, most=most, seed=seed)
    recipe = RerankRecipe(seed=seed, epochs=epochs, device=settings.device)
    with ProgressDisplay() as display:
        report = tune_reranker(source, recipe, settings, load_pack(settings), display)
    print(report.verdict)
    if report.folder:
        print(f'Use it by the setting: reranker = "{report.folder}"')


def _general(questions: Path | None, docs: Path | None, own: Path | None, own_docs: Path) -> General | None:
    if (questions is None) != (docs is None):
        raise SettingsError("--general and --general-docs belong together. Give both or neither.")
    if questions and docs:
        return General(questions, docs)
    return General(own, own_docs) if own else None
