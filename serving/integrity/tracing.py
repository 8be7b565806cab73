"""Traces each number of an answer to a cell, a passage's words, an executed expression or the question."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dossier.amounts import numbers_in, scales_in
from dossier.citations import Citation
from dossier.excerpts import Excerpt
from dossier.grounding import Verified, numbers_asked
from dossier.places import Operand
from dossier.records import Line, Passage, Table
from dossier.traces import Origin, Trace
from retrieval.query import stems
from serving.answering.reply_wording import computed_digits, is_computed
from serving.integrity.figures import Figure, figure_in, figures_of
from serving.integrity.sentences import sentences_of

_MARKER = re.compile(r"\[\d+\]")
_BEHIND = 8
_LIST_NUMBER = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer rests on: the passages, their numbers by the passage's own, and the question as asked.

    `lines` are those that code read the answer from; none where a model worded it.
    """

    passages: Sequence[Passage]
    figures: Mapping[int, tuple[Figure, ...]]
    asked: str = ""
    lines: Sequence[Line] = ()

    @classmethod
    def of(
        cls,
        passages: Sequence[Passage],
        tables: Mapping[int, Sequence[Table]],
        asked: str = "",
        lines: Sequence[Line] = (),
    ) -> "Basis":
        """Read the numbers of the passages and of the tables on each one's page (by the passage's number)."""
        figures = {
            number: tuple(figures_of(number, passage, tables.get(number, ())))
            for number, passage in enumerate(passages, start=1)
        }
        return cls(passages, figures, asked, lines)


@dataclass(frozen=True, slots=True)
class Said:
    """A number of an answer with the sentence that it stands in, what that cites, and the number with what follows."""

    figure: Figure
    sentence: str
    cites: tuple[int, ...]
    behind: str = ""


def numbers_said(text: str, citations: Sequence[Citation]) -> Iterator[Said]:
    """The numbers of an answer, in order; its markers, list numbers and names such as `Q1` aren't numbers."""
    blank = _LIST_NUMBER.sub(lambda match: " " * len(match[0]), _MARKER.sub(lambda match: " " * len(match[0]), text))
    for sentence in sentences_of(text, citations):
        said = blank[sentence.start : sentence.end]
        told = frozenset(scale for scale in scales_in(said) if scale)
        for number in numbers_in(said):
            if not said[max(number.start - 1, 0) : number.start].isalpha():
                behind = said[number.start : number.start + _BEHIND].rstrip(" ):,.;")
                yield Said(figure_in(number, said, told, sentence.start), said, sentence.cites, behind)


def trace_numbers(text: str, citations: Sequence[Citation], basis: Basis) -> tuple[Trace, ...]:
    """Where each number of an answer comes from, in the order of its text. What a sentence cites comes first."""
    return tuple(_traced(said, basis) for said in numbers_said(text, citations))


def trace_reply(
    text: str, citations: Sequence[Citation], basis: Basis, found: Verified, excerpts: Sequence[Excerpt]
) -> tuple[Trace, ...]:
    """The same for an answer that was worded from a checked reply: what was computed has its expression."""
    operands = tuple(_operand(operand, excerpts, basis) for operand in found.operands)
    factors = _factors(found, operands)
    known = {trace.text.replace(",", ""): trace for trace in (*factors, *operands)}
    traces: list[Trace] = []
    computed = computed_digits(found).lstrip("-") if is_computed(found) else ""
    for said in numbers_said(text, citations):
        at = said.figure.trace
        if computed and said.figure.digits == computed:
            computed = ""
            expression = found.written or f"count({', '.join(found.texts)})"
            parts = (*operands, *factors)
            traces.append(replace(at, origin=Origin.COMPUTED, expression=expression, operands=parts))
        elif is_computed(found) and (same := known.get(said.figure.digits.replace(",", ""))):
            traces.append(replace(same, text=at.text, start=at.start, end=at.end))
        else:
            traces.append(_traced(said, basis, operands))
    return tuple(traces)


def find(said: Said, figures: Sequence[Figure], basis: Basis, near: Sequence[Trace] = ()) -> Figure | None:
    """The best of the figures that a number of an answer may be.

    Better is what code read or stands in the row of one of the traces `near`, then the same digits, then a place whose
    words the sentence has. Where code read the answer, a scale that is told apart from the number does no harm.
    """
    by_code = bool(basis.lines or near)
    words = stems(said.sentence)
    best: tuple[tuple[float, ...], Figure] | None = None
    for figure in figures:
        same = figure.size == said.figure.size
        if not (figure.is_said_by(said.figure) or (by_code and same)):
            continue
        own = stems(figure.words)
        shared = len(own & words) / max(1, len(own))
        read = by_code and (_was_read(figure, basis) or _is_near(figure, near))
        # `June 30, 2022` is a head of its own beside `June 30, 2023`
        alike = said.behind in figure.words
        rank = (read, same, figure.inside, alike, figure.trace.origin is Origin.CELL and shared > 0, shared)
        if best is None or rank > best[0]:
            best = (rank, figure)
    return best[1] if best else None


def _traced(said: Said, basis: Basis, near: Sequence[Trace] = ()) -> Trace:
    at = said.figure.trace
    order = (*said.cites, *(number for number in basis.figures if number not in said.cites))
    for group in (order[: len(said.cites)], order[len(said.cites) :]):
        figures = [figure for number in group for figure in basis.figures.get(number, ())]
        if figure := find(said, figures, basis, near):
            found = "" if figure.digits == at.text else figure.digits
            return replace(figure.trace, text=at.text, start=at.start, end=at.end, found=found)
    if any(number.size == said.figure.size for number in numbers_asked(basis.asked)):
        return replace(at, origin=Origin.QUESTION)
    return at


def _operand(operand: Operand, excerpts: Sequence[Excerpt], basis: Basis) -> Trace:
    """An operand of an expression, or something counted, as it stands in the documents."""
    at = Trace(operand.text, -1, -1, Origin.UNTRACED)
    if not operand.source:
        return replace(at, origin=Origin.QUESTION)
    excerpt = excerpts[operand.source - 1]
    head = operand.head if operand.row else ""
    place = replace(at, passage=excerpt.passage, document=excerpt.document, page=excerpt.page)
    if operand.row < 0:
        return replace(place, origin=Origin.PASSAGE, span=_span(operand, basis.passages[excerpt.passage - 1]))
    place = replace(place, origin=Origin.CELL, row=operand.label, column=head)
    start = excerpt.spans[operand.row - 1][0] if 0 < operand.row <= len(excerpt.spans) else -1
    for figure in basis.figures.get(excerpt.passage, ()):
        trace = figure.trace
        of_row = trace.origin is Origin.CELL and figure.start == start and trace.row
        if of_row and figure.digits == operand.text and head in trace.column:
            return replace(trace, text=operand.text, found="")
    return place


def _span(operand: Operand, passage: Passage) -> tuple[int, int] | None:
    at = passage.chunk.text.find(operand.text)
    return (at, at + len(operand.text)) if at >= 0 else None


def _factors(found: Verified, operands: Sequence[Trace]) -> tuple[Trace, ...]:
    """The numbers of an expression that stand nowhere: 100, 12."""
    known = {trace.text.replace(",", "") for trace in operands}
    said = dict.fromkeys(number.digits for number in numbers_in(found.written))
    return tuple(Trace(one, -1, -1, Origin.CONSTANT) for one in said if one.replace(",", "") not in known)


def _was_read(figure: Figure, basis: Basis) -> bool:
    for line in basis.lines:
        start = basis.passages[line.passage - 1].chunk.start + line.start
        if line.passage == figure.trace.passage and figure.start <= start < figure.end:
            return True
    return False


def _is_near(figure: Figure, near: Sequence[Trace]) -> bool:
    """Whether a figure is a head or a label of one of these cells."""
    own = figure.trace
    return any(
        (own.passage, own.page) == (one.passage, one.page)
        and (own.row == one.row if own.row else bool(one.column) and one.column in own.column)
        for one in near
        if one.origin is Origin.CELL
    )
