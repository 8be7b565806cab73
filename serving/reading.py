"""A question, what was found for it, and how its answer is handed out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dossier.errors import QuestionError
from dossier.records import Table, Turn
from retrieval.lines import RankedLine
from retrieval.search import Found
from serving.calculating import Computed
from serving.model_client import ServedModel
from serving.whole_tables import WholeTable


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

    `model` is the one that answers it, `asked` who asks what; `computed` is what code computed from the tables found,
    `whole` what it found over all rows of one; `confidence` is the probability that the first line answers.
    """

    asked: Asked
    model: ServedModel
    found: Found
    lines: list[RankedLine]
    tables: Mapping[int, Sequence[Table]]
    computed: Computed | None = None
    whole: WholeTable | None = None
    confidence: float = 0.0


def check_question(question: str, longest: int) -> None:
    """Raise QuestionError for a question that is empty or too long."""
    if not question.strip():
        raise QuestionError("the question is empty. Write what you want to know.")
    if len(question) > longest:
        raise QuestionError(
            f"the question has {len(question):,} characters; at most {longest:,} are read. Ask something shorter."
        )


def pieces(text: str) -> list[str]:
    """Text in words, each with the space before it, so that a page can show it as it arrives."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]
