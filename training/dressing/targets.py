"""The reply that an example's answer is, on given excerpts and in a given format, verified."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dossier.amounts import amount_in, numbers_in
from dossier.excerpts import Excerpt
from dossier.grounding import Verified, verify_reply
from dossier.places import Operand
from dossier.reply import Cell, CopiedRow, Reply, ReplyKind, TargetFormat, parse_reply, write_reply
from training.data.example import AnswerKind, Example
from training.dressing.writing import UnwritableError, Writer, asked_text, gives_answer, squeezed


@dataclass(frozen=True, slots=True)
class Target:
    """A reply with what it was found to come to, and how it is written.

    `rows` are excerpt and row (heads are row 0, -1: a text) of each value and quotation, and of what can be copied.
    """

    reply: Reply
    found: Verified
    text: str
    rows: frozenset[tuple[int, int]]


def make_target(
    example: Example, excerpts: Sequence[Excerpt], gold: Iterable[int], form: TargetFormat = TargetFormat.EVIDENCE
) -> Target:
    """Write an example's answer. `gold` are the numbers of the excerpts (from 1) that come from its own context.

    What was written is read and verified again and must give the example's answer. Raises UnwritableError.
    """
    grounded = Writer(example, excerpts, tuple(gold)).reply()
    reply = grounded[0]
    if form is TargetFormat.TEXT:
        reply = _as_text(example, reply)
    elif form is TargetFormat.CELLS:
        reply = _as_cells(grounded[0], grounded[1], excerpts)
    text = write_reply(reply, form)
    found = verify_reply(parse_reply(text), excerpts, asked_text(example))
    if not found.grounded and form is not TargetFormat.TEXT:
        raise UnwritableError(found.reason)
    if reply.kind is not ReplyKind.NONE and not gives_answer(found, example):
        raise UnwritableError("what was written doesn't give the answer")
    return Target(reply, found, text, _rows(grounded, excerpts))


def _rows(grounded: tuple[Reply, tuple[Operand, ...]], excerpts: Sequence[Excerpt]) -> frozenset[tuple[int, int]]:
    reply, places = grounded
    found = {(place.source, place.row) for place in places if place.source}
    for item in reply.copied:
        if isinstance(item, CopiedRow):
            values = {value for _, value in item.cells}
            rows = enumerate(excerpts[item.source - 1].rows)
            found |= {(item.source, at) for at, row in rows if row[0] == item.label and values <= set(row)}
    return frozenset(found)


def _as_text(example: Example, reply: Reply) -> Reply:
    """The plain answer with its excerpts."""
    answer = example.answer
    if reply.kind is ReplyKind.EXPRESSION and answer.kind is AnswerKind.LABEL:
        return Reply(ReplyKind.QUOTES, reply.sources, answer.texts)
    if reply.kind in (ReplyKind.EXPRESSION, ReplyKind.COUNT):
        value = amount_in(answer.texts[0])
        return Reply(ReplyKind.EXPRESSION, reply.sources, (), f"{value:f}", reply.scale)
    if reply.kind is ReplyKind.QUOTES:
        return replace(reply, parts=tuple(" ".join(text.split()) for text in answer.texts), copied=())
    return reply


def _as_cells(reply: Reply, places: Sequence[Operand], excerpts: Sequence[Excerpt]) -> Reply:
    """References in place of what stands in a table; values of texts, and parts of a cell's words, stay."""
    many = len(reply.sources) > 1
    if reply.kind is ReplyKind.EXPRESSION:
        return replace(reply, expression=_over_cells(reply.expression, places, many, excerpts), copied=())
    if reply.kind in (ReplyKind.QUOTES, ReplyKind.COUNT):
        whole = [place.row >= 0 and _is_whole(place, excerpts) for place in places]
        named = zip(reply.parts, places, whole, strict=True)
        return replace(
            reply, parts=tuple(_cell_of(at, many) if all_of_it else part for part, at, all_of_it in named), copied=()
        )
    return reply


def _over_cells(expression: str, places: Sequence[Operand], many: bool, excerpts: Sequence[Excerpt]) -> str:
    """An expression over values with references in their place; a cell brings its sign with it."""
    left = [place for place in places if place.row >= 0 and place.source]
    written = ""
    at = 0
    for number in numbers_in(expression):
        place = next((one for one in left if one.text == number.digits), None)
        if place is None:
            continue
        left.remove(place)
        before = expression[at : number.start]
        cell = excerpts[place.source - 1].rows[place.row][place.column]
        if next(numbers_in(cell)).value < 0:
            signed = re.fullmatch(r"(|.*[-+*/(<>])\s*[-−–]\s*", written + before, re.DOTALL)
            before = before[: max(map(before.rfind, "-−–"))] if signed else f"{before}-"
        written += f"{before}{_cell_of(place, many)}"
        at = number.start + len(number.digits)
    return written + expression[at:]


def _is_whole(place: Operand, excerpts: Sequence[Excerpt]) -> bool:
    return squeezed(place.text) == squeezed(excerpts[place.source - 1].rows[place.row][place.column])


def _cell_of(place: Operand, many: bool) -> Cell:
    return Cell(place.row + 1, place.column + 1, place.source if many else 0)
