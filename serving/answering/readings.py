"""What the chain read for one question, and how it takes lines and words one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dossier.errors import QuestionError
from dossier.records import Line, Table, Turn
from retrieval.lines import RankedLine
from retrieval.search import Found, Searcher
from serving.answering.desks import Taken
from serving.answering.model_client import ServedModel
from serving.calculating import Computed
from serving.whole_tables import WholeTable

LINES_READ = 16
"""Lines whose tables and passages a model is given to read, as far as they fit."""
CLOSE = 0.03
"""Two lines whose scores differ by no more are both read out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that stands alone, what was said before it, and whose rights hold. `was` is how it was asked."""

    question: str
    history: tuple[Turn, ...]
    groups: frozenset[str]
    was: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found for one question: the retrieval result, its best lines, and the tables of each passage's page.

    `model` is the one that answers it, `asked` who asks what, `searcher` the generation; `computed` is what code
    computed from the tables found, `whole` what it found over all rows of one, `taken` what a desk does for it,
    `confidence` the probability that the first line answers.
    """

    asked: Asked
    model: ServedModel
    searcher: Searcher
    found: Found
    lines: list[RankedLine]
    tables: Mapping[int, Sequence[Table]]
    computed: Computed | None = None
    whole: WholeTable | None = None
    taken: Taken | None = None
    confidence: float = 0.0


def check_question(question: str, longest: int) -> None:
    """Raise QuestionError for a question that is empty or too long."""
    if not question.strip():
        raise QuestionError("the question is empty. Write what you want to know.")
    if len(question) > longest:
        raise QuestionError(
            f"the question has {len(question):,} characters; at most {longest:,} are read. Ask something shorter."
        )


def with_close_second(chosen: Line, ranked: Sequence[RankedLine]) -> list[Line]:
    """The chosen line, and the next best one when hardly anything speaks for the first over it."""
    scores = {item.line: item.score for item in ranked}
    others = [item for item in ranked if item.line != chosen and item.line.text != chosen.text]
    close = [item.line for item in others[:1] if abs(scores[chosen] - item.score) <= CLOSE]
    return [chosen, *close]


def pieces_of(text: str) -> list[str]:
    """Text in words, each with the space before it, so that a page can show it as it arrives."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]
