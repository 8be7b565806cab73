"""The question sets that benchmarks ask: the finance pack's, and those over documents that are not in the repository.

python -m benchmarks.relevance [--filings FOLDER] [--handbook FOLDER]
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dossier.packs import index_folder, load_pack, load_questions
from dossier.records import Question
from dossier.settings import load_settings
from retrieval.indexing import build_index, load_embedder
from retrieval.opening import load_reranker
from retrieval.search import Searcher
from serving.index_view import IndexView

_LATER = {"plain": "plainly asked", "fresh": "asked once the rules stood"}
_OWN = Path(__file__).resolve().parent / "questions"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """An index and questions over it; `dev` may be fitted on, `held_out` is for reporting."""

    name: str
    index: IndexView
    dev: tuple[Question, ...]
    held_out: tuple[Question, ...]

    @property
    def searcher(self) -> Searcher:
        """The index's open generation."""
        return self.index.searcher()


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A command line that says where the sets' documents are; a benchmark adds what it takes beside them."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filings", type=Path, help="folder of the filings that benchmarks/questions names")
    parser.add_argument("--handbook", type=Path, help="folder of the handbook's Markdown pages")
    return parser


def question_sets(given: argparse.Namespace | None = None, more: bool = False) -> Iterator[QuestionSet]:
    """Index the sets whose documents are there, in a scratch folder, and yield them. Says what it leaves out.

    `given` is what `parser_of` read, where a benchmark has read it. With `more` the development half holds the further
    questions for calibration too.
    """
    given = given or parser_of(None).parse_args()
    yield _make("finance pack", None, None)
    for name, folder in (("filings", given.filings), ("handbook", given.handbook)):
        if folder is None:
            print(f"left out: {name} (no --{name} folder given)")
        else:
            found = _make(name, folder, _OWN / f"{name}.jsonl")
            further = load_questions(_OWN / f"{name}-more.jsonl") if more else ()
            yield replace(found, dev=(*found.dev, *further))
            for kind, title in _LATER.items() if more else ():
                if (later := _OWN / f"{name}-{kind}.jsonl").is_file():
                    asked = tuple(load_questions(later))
                    dev, held_out = ((), asked) if kind == "fresh" else (asked, ())
                    yield QuestionSet(f"{name}, {title}", found.index, dev, held_out)


def _make(name: str, documents: Path | None, file: Path | None) -> QuestionSet:
    settings = load_settings(home=Path(tempfile.gettempdir()) / "dossier-benchmarks", documents=documents)
    pack = load_pack(settings)
    build_index(settings, pack)
    questions = file or pack.questions
    if questions is None:
        raise SystemExit(f"{name} has no questions")
    folder = index_folder(settings, pack.documents)
    index = IndexView(folder, load_embedder(settings), pack.synonyms, load_reranker(settings))
    dev: list[Question] = []
    held_out: list[Question] = []
    raw = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    for number, (question, fields) in enumerate(zip(load_questions(questions), raw, strict=True)):
        split = fields.get("split") or ("dev" if number % 2 else "held-out")
        (dev if split == "dev" else held_out).append(question)
    return QuestionSet(name, index, tuple(dev), tuple(held_out))
