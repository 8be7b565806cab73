"""The work of benchmarks/answers.py: ask both systems, print the table and the difference."""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.langchain_pieces import pieces_of
from benchmarks.plain_langchain import PlainChain
from benchmarks.running_product import Product, running_product
from dossier.errors import DossierError
from dossier.packs import load_questions
from dossier.progress import ProgressDisplay
from dossier.records import Question
from retrieval.indexing import load_embedder
from training.answers.asking import Client, ask_all, spread
from training.answers.figures import REFUSED, RIGHT, WRONG, clusters_of, figures_of, times_of
from training.answers.record import ProductRun, run_of, run_text
from training.answers.text import difference_text
from training.evaluation.wording import percent

_TEXT = frozenset({".pdf", ".md", ".csv", ".txt", ".html"})
DOSSIER, PLAIN = "Dossier", "plain LangChain"


def runs_of(product: Product, file: Path, limit: int) -> Iterator[tuple[str, ProductRun]]:
    """Ask both everything; name and record of each."""
    asked = spread(load_questions(file), limit)
    client = Client(product.gateway)
    with ProgressDisplay() as display:
        said = ask_all(client, asked, display)
    yield DOSSIER, run_of(file, product.gateway.address, client.model, asked, said)
    yield PLAIN, _plain_run(product, file, asked)


def _plain_run(product: Product, file: Path, asked: Sequence[Question]) -> ProductRun:
    folder = product.pack.documents
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in _TEXT]
    names = {path.relative_to(folder).as_posix(): path.name for path in files}
    pieces = list(pieces_of(folder, names))
    print(f"plain LangChain: {len(pieces):,} pieces of {len(files):,} files", flush=True)
    chain = PlainChain(pieces, load_embedder(product.settings), product.served)
    with ProgressDisplay() as display:
        said = ask_all(chain, asked, display)
    return run_of(file, product.served.url, product.served.model_name, asked, said)


def table_of(runs: dict[str, ProductRun]) -> str:
    """Right, wrong and refused of each system by kind of question, with 95% intervals, as Markdown."""
    found = {name: (figures_of(run), times_of(run)) for name, run in runs.items()}
    heads = ("questions", "of whom", "right", "wrong", "refused", "first words, end (s, median)")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for kind in figures_of(next(iter(runs.values()))):
        for name, (figures, times) in found.items():
            one = figures[kind]
            shares = " | ".join(percent(one[measure].figure) for measure in (RIGHT, WRONG, REFUSED))
            waits = ", ".join(f"{wait.median:.1f}" for wait in times[kind].values())
            lines.append(f"| {kind} ({one[RIGHT].questions}) | {name} | {shares} | {waits} |")
    return "\n".join(lines)


def main(description: str | None) -> None:
    """Run the product, ask both, print the table and the difference."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, help="questions (JSON lines) instead of the pack's own")
    parser.add_argument("--docs", type=Path, help="the documents that they are about")
    parser.add_argument("--limit", type=int, default=0, help="ask only so many, spread over the file; 0: all")
    parser.add_argument("--out", type=Path, help="folder for the records")
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "dossier-benchmarks-answers")
    given = parser.parse_args()
    try:
        with running_product(given.home, given.docs, adapters="on") as product:
            file = given.questions or product.pack.questions
            if file is None:
                raise SystemExit("these documents have no questions of their own. Name a file with --questions.")
            runs = {}
            for name, run in runs_of(product, file, given.limit):
                runs[name] = run
                if given.out:
                    _keep(run, given.out / name.replace(" ", "-").lower())
    except DossierError as error:
        raise SystemExit(str(error)) from error
    print(f"\n{table_of(runs)}\n\n95% intervals over {clusters_of(runs[DOSSIER].answers)[1]}")
    for name, run in runs.items():
        failed = f"; {len(run.failed)} without an answer, the first: {run.failed[0].problem}" if run.failed else ""
        print(f"{name}: answered by {', '.join(run.answered_by) or 'nobody'}{failed}")
    print(f"\nfrom plain LangChain to Dossier\n{difference_text(runs[PLAIN], runs[DOSSIER])}")


def _keep(run: ProductRun, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answers.json").write_text(run_text(run), encoding="utf-8")
