"""Where each number of an answer comes from, and which of its sentences nothing bears out."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Where a number comes from.

    cell: a table's cell; passage: a passage's words, heading or column heads; computed: an expression that code
    executed; question: the question itself; constant: a factor such as 100 or 12; untraced: nowhere that is known.
    """

    CELL = "cell"
    PASSAGE = "passage"
    COMPUTED = "computed"
    QUESTION = "question"
    CONSTANT = "constant"
    UNTRACED = "untraced"


@dataclass(frozen=True, slots=True)
class Trace:
    """One number and where it comes from.

    `text` is the number as the answer writes it, `start` and `end` its characters there (an operand that the answer
    doesn't write: -1). `passage` is the number of the passage, `document` and `page` its place; a cell has the label of
    its `row`, the head of its `column` and in a spreadsheet its `place` (`B7`). `found` is the number as it stands
    there, where that differs (`4,213` for `4.2 billion`), `span` its characters in the passage's text where it stands
    in that. A computed number has its `expression`, with the values in it, and the `operands` in their order.
    """

    text: str
    start: int
    end: int
    origin: Origin
    passage: int = 0
    document: str = ""
    page: int = 0
    row: str = ""
    column: str = ""
    place: str = ""
    found: str = ""
    span: tuple[int, int] | None = None
    expression: str = ""
    operands: tuple["Trace", ...] = ()

    @property
    def is_traced(self) -> bool:
        """Whether it is known where the number comes from, down to every operand."""
        return self.origin is not Origin.UNTRACED and all(operand.is_traced for operand in self.operands)


class Fault(StrEnum):
    """Why a sentence isn't borne out.

    uncited: it cites no passage; wrong: it says a number or a name that isn't in what it cites; unsupported: most of
    its words aren't.
    """

    UNCITED = "uncited"
    WRONG = "wrong"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A sentence that nothing bears out: its characters `start` to `end`, and why, in plain words in `reason`."""

    start: int
    end: int
    fault: Fault
    reason: str
