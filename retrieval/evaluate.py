"""Asks an index questions with known answers: a pack's own, or a BEIR folder's."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dossier.packs import load_pack
from dossier.records import FileState, Passage, Progress, Question
from dossier.settings import Settings
from retrieval.build import BuildReport
from retrieval.evaluation.asking import Ask, ask_all, hit_of
from retrieval.evaluation.beir import Beir, write_documents
from retrieval.evaluation.cases import Hit, case_of
from retrieval.evaluation.measures import Figure, wilson
from retrieval.evaluation.report import Report, report_of
from retrieval.indexing import build_index
from retrieval.lines import rank_lines
from retrieval.opening import open_searcher
from retrieval.search import DEPTH, Searcher

EVERYONE: frozenset[str] = frozenset()
_LINES = 6
_SAME_WORDS = 7

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class ReadingFigures:
    """What becomes of the passages, as shares with 95% intervals.

    `line_first`: the best line holds the evidence, `line_shown`: one of the six shown does; `refused`: unanswerable
    questions told apart, `refused_wrongly`: answerable ones taken for unanswerable.
    """

    unanswerable: int
    line_first: Figure
    line_shown: Figure
    refused: Figure
    refused_wrongly: Figure


def evaluate_questions(
    searcher: Searcher, name: str, questions: Sequence[Question], on_progress: OnProgress | None = None
) -> Report:
    """Ask the answerable questions as everyone and compare what is found with their evidence."""
    cases = [case_of(question) for question in questions if question.evidence]
    return report_of(name, ask_all(asker(searcher), cases, on_progress))


def evaluate_beir(settings: Settings, folder: Path, beir: Beir, on_progress: OnProgress) -> tuple[Report, BuildReport]:
    """Index a BEIR folder's documents, each as a file, and ask its questions.

    The files and their index are kept in a home of their own inside the settings' home, so that another run embeds only
    what changed. Raises IndexingError, WeightsError.
    """
    place = f"{folder.resolve().name}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"
    home = settings.home / "evaluation" / place
    names = write_documents(beir, home / "documents")
    own = settings.model_copy(update={"home": home, "documents": home / "documents"})
    pack = load_pack(own)
    built = build_index(own, pack, on_progress)
    searcher = open_searcher(own, pack)
    try:
        outcomes = ask_all(asker(searcher, names), beir.cases, on_progress)
    finally:
        searcher.close()
    return report_of(f"{folder.name} {beir.split}", outcomes), built


def asker(searcher: Searcher, names: dict[str, str] | None = None) -> Ask:
    """The product's search as something to be asked. `names`: file name to what the questions call the document."""

    def ask(question: str) -> list[Hit]:
        return [hit_of(passage, names) for passage in searcher.search(question, EVERYONE, DEPTH).passages]

    return ask


def unread(report: BuildReport) -> list[str]:
    """What couldn't be indexed, with reasons: questions about it can't be found."""
    left_out = (FileState.FAILED, FileState.SKIPPED)
    return [f"{file.source}: {file.reason}" for file in report.files if file.state in left_out]


def read_lines(
    searcher: Searcher, questions: Sequence[Question], settings: Settings, on_progress: OnProgress
) -> ReadingFigures:
    """Choose lines and decide on refusing, as the answer chain does, for all questions."""
    first: list[bool] = []
    shown: list[bool] = []
    wrongly: list[bool] = []
    rightly: list[bool] = []
    started = datetime.now(UTC)
    for done, question in enumerate(questions, start=1):
        found = searcher.search(question.question, EVERYONE, settings.passages)
        refused = found.signals.probability < settings.relevance
        (wrongly if question.evidence else rightly).append(refused)
        if question.evidence:
            lines = rank_lines(found.query, found.passages, found.rarity, searcher.embedder, _LINES)
            hits = [holds(question, found.passages[item.line.passage - 1], item.line.text) for item in lines]
            first.append(bool(hits and hits[0]))
            shown.append(any(hits))
        on_progress(Progress("Choosing lines", done, len(questions), started))
    return ReadingFigures(len(rightly), *(_share(hits) for hits in (first, shown, rightly, wrongly)))


def reading_table(figures: ReadingFigures) -> str:
    """The reading figures for people."""
    rows = [
        ("evidence is the best line", figures.line_first),
        ("evidence among the six shown", figures.line_shown),
        ("answerable refused", figures.refused_wrongly),
    ]
    if figures.unanswerable:
        rows.append((f"unanswerable refused (of {figures.unanswerable})", figures.refused))
    return "\n".join(
        f"{name:36}{figure.value:>7.1%}  ({figure.low * 100:.0f} to {figure.high * 100:.0f})" for name, figure in rows
    )


def holds(question: Question, passage: Passage, line: str) -> bool:
    """Whether a line says (part of) what some evidence on that page says."""
    said, runs = _plain(line), _runs(line)
    return any(
        passage.document == item.document
        and passage.chunk.page == item.page
        and (_plain(item.text) in said or (len(said) >= 12 and said in _plain(item.text)) or runs & _runs(item.text))
        for item in question.evidence
    )


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _runs(text: str) -> set[tuple[str, ...]]:
    """Every run of so many words that two texts which share one say the same there."""
    words = _plain(text).split()
    return {tuple(words[i : i + _SAME_WORDS]) for i in range(len(words) - _SAME_WORDS + 1)}


def _share(hits: Sequence[bool]) -> Figure:
    return Figure(sum(hits) / (len(hits) or 1), *wilson(sum(hits), len(hits)))
