"""The work of benchmarks/retrieval_ablation.py: index, ask every system, print a table per set."""

import argparse
import json
import os
import statistics
import time
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from benchmarks.retrieval_cache import VectorCache
from benchmarks.retrieval_rivals import rival_systems
from benchmarks.retrieval_sets import SETS, Corpus, Wanted, open_corpus
from benchmarks.retrieval_systems import Options, index_corpus, product_systems
from dossier.progress import ProgressDisplay
from retrieval.evaluation.asking import Ask, ask_all
from retrieval.evaluation.cases import Hit, Level
from retrieval.evaluation.measures import FOUND, MRR, NDCG
from retrieval.evaluation.report import Report, as_json, report_of

LEVELS = {"filings": Level.PAGE, "cuad": Level.PASSAGE}
"""The level of nDCG and MRR; documents for the other sets, whose documents are about a page long."""


@dataclass(frozen=True, slots=True)
class Row:
    """One system on one set."""

    system: str
    report: Report
    median_ms: float


def main(description: str) -> None:
    """Index, ask every system, print a table per set."""
    given = _arguments(description)
    cache = VectorCache(given.work / "vectors.sqlite")
    options = Options(given.tuned, given.rerank)
    wanted = Wanted(given.half, given.limit, given.documents, given.specific)
    for name in given.sets:
        corpus = open_corpus(name, given.data, given.work, wanted)
        indexed = index_corpus(corpus, given.work)
        rows = []
        systems = product_systems(indexed, cache, given.work, options)
        for system, ask in chain(systems, rival_systems(corpus, indexed.embedder, cache)):
            rows.append(_measure(system, ask, corpus))
            _keep(given.work / "results" / f"{name}-{given.half}", rows[-1])
        print(_markdown(corpus, rows, given.half), flush=True)


def _measure(system: str, ask: Ask, corpus: Corpus) -> Row:
    """Ask one system all questions, after a few to warm up."""
    seconds: list[float] = []

    def timed(question: str) -> list[Hit]:
        began = time.perf_counter()
        hits = list(ask(question))
        seconds.append(time.perf_counter() - began)
        return hits

    for case in corpus.cases[:3]:
        ask(case.question)
    with ProgressDisplay() as display:
        outcomes = ask_all(timed, corpus.cases, display)
    return Row(system, report_of(system, outcomes), statistics.median(seconds) * 1000)


def _markdown(corpus: Corpus, rows: list[Row], half: str) -> str:
    level = LEVELS.get(corpus.name, Level.DOCUMENT)
    files = len(corpus.names)
    lines = [
        f"\n### {corpus.name}: {len(corpus.cases)} {half} questions, {files} documents (nDCG@10 and MRR by {level})\n",
        "| system | nDCG@10 | 95% interval | MRR | page at 1 / 5 / 10 | document at 1 / 5 / 10 | ms a question |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures = row.report.figures
        ndcg = figures[level][NDCG]
        cells = [
            row.system,
            f"{ndcg.value * 100:.1f}",
            f"{ndcg.low * 100:.1f} to {ndcg.high * 100:.1f}",
            f"{figures[level][MRR].value:.3f}",
            _shares(row.report, Level.PAGE),
            _shares(row.report, Level.DOCUMENT),
            f"{row.median_ms:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _shares(report: Report, level: Level) -> str:
    if level not in report.figures:
        return ""
    return " / ".join(f"{report.figures[level][FOUND[k]].value * 100:.0f}" for k in (1, 5, 10))


def _keep(folder: Path, row: Row) -> None:
    """Keep a system's figures and each question's, in the form that `dossier evaluate retrieval --compare` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {**as_json(row.report), "median_ms": row.median_ms}
    name = "".join(c if c.isalnum() else "-" for c in row.system.lower())
    (folder / f"{name}.json").write_text(json.dumps(kept), encoding="utf-8")


def _arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(os.environ.get("DOSSIER_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--data", type=Path, default=default, help="folder with filings/, handbook/, tatqa/, ...")
    parser.add_argument("--work", type=Path, default=Path(".dossier") / "ablation", help="where indexes are kept")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--half", choices=("dev", "held-out"), default="held-out")
    parser.add_argument("--specific", action="store_true", help="only questions that say what they are about")
    parser.add_argument("--limit", type=int, default=200, help="most questions of a large set; 0: all")
    parser.add_argument("--documents", type=int, default=0, help="most documents of a large set; 0: all")
    parser.add_argument("--tuned", type=Path, help="folder of a tuned embedder")
    parser.add_argument("--rerank", type=Path, help="folder of a cross-encoder")
    return parser.parse_args()
