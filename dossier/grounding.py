"""Checks what a tuned model replied against the excerpts that it read, and computes it.

Nothing of a reply is believed: excerpts must be there, copied rows and quotations must stand in them, each number of an
expression must be a number of the cited excerpts, of the rows copied, or of the question.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from dossier.amounts import POWERS, Number, Scale, is_per_unit, names_other_unit, names_percent, numbers_in, scales_in
from dossier.excerpts import Excerpt
from dossier.expressions import Computed, ExpressionError, compute
from dossier.places import Operand, bare, numbers_of, operand_at, places_of_words
from dossier.reply import CELL, Cell, CopiedRow, CopiedText, Reply, ReplyKind

_FACTORS = frozenset(map(Decimal, (2, 4, 12, 100, 360, 365, 1000, 1_000_000)))
_DIVISORS = _FACTORS | frozenset(map(Decimal, range(1, 13)))
"""What amounts may be multiplied with or divided by without standing anywhere: percentages, periods, averages."""
_ADDED = frozenset(map(Decimal, (1, 100)))
_EXCEPT = re.compile(r"\bexcept\b", re.IGNORECASE)
_SINGLE = re.compile(r"\(?\s*[-−–]?\s*\(?\s*[\d.,]+\s*\)?\s*%?\s*\)?")


@dataclass(frozen=True, slots=True)
class Verified:
    """A reply with what it comes to. `reason` says why it isn't grounded; empty: it is.

    `value` counts in `scale`; `texts` are the words of the answer, as the excerpts have them where they stand there.
    `written` is the arithmetic with the values in it.
    """

    reply: Reply | None
    reason: str = ""
    value: Decimal | None = None
    scale: Scale = Scale.ONES
    texts: tuple[str, ...] = ()
    operands: tuple[Operand, ...] = ()
    written: str = ""

    @property
    def grounded(self) -> bool:
        """Whether everything that it says stands in the excerpts."""
        return not self.reason


class _Ungrounded(Exception):
    """What was found wrong."""


def verify_reply(reply: Reply, excerpts: Sequence[Excerpt], asked: str = "", labels: Collection[str] = ()) -> Verified:
    """Verify and compute a reply. `asked` is the question with its history, whose numbers may be computed with.

    `labels` are those that a label may be. A value is computed also where something isn't grounded, as far as that can
    be done.
    """
    try:
        _require(excerpts, (*reply.sources, *(item.source for item in reply.copied)))
        copied = [place for item in reply.copied for place in _require_copied(item, excerpts[item.source - 1])]
        if reply.kind is ReplyKind.EXPRESSION:
            return _expression(reply, excerpts, copied, asked)
        if reply.kind in (ReplyKind.QUOTES, ReplyKind.COUNT):
            return _quotes(reply, excerpts)
    except _Ungrounded as problem:
        return Verified(reply, str(problem))
    texts = tuple(str(part) for part in reply.parts)
    unknown = [text for text in texts if text not in labels]
    reason = f"{unknown[0][:60]!r} is none of the labels." if unknown else ""
    return Verified(reply, reason, texts=texts, operands=tuple(copied))


def is_constant(expression: str, number: Number) -> bool:
    """Whether a number of an expression may stand nowhere: a factor or divisor such as 100, 12 or 3, or `1 +`."""
    before = expression[: number.start].rstrip()[-1:]
    if not number.value:  # a cell that shows a dash
        return before != "/"
    return number.size in {"*": _FACTORS, "/": _DIVISORS}.get(before, _ADDED)


def numbers_asked(text: str) -> Iterator[Number]:
    """The numbers of a question, also in thousands and millions: `$50,000` is 50 in a table in thousands."""
    for number in numbers_in(text):
        yield number
        for power in (-3, -6, 3, 6):
            yield replace(number, value=number.value.scaleb(power))


def _require(excerpts: Sequence[Excerpt], sources: Sequence[int]) -> None:
    wrong = [source for source in sources if not 1 <= source <= len(excerpts)]
    if wrong:
        raise _Ungrounded(f"there is no excerpt [{wrong[0]}].")


def places_of_copied(item: CopiedRow | CopiedText, excerpt: Excerpt) -> list[Operand]:
    """The cells that a copied row names, or where copied words stand; nothing, where the excerpt has them nowhere."""
    if isinstance(item, CopiedText):
        return list(islice(places_of_words(item.text, item.source, excerpt), 1))
    for row, cells in enumerate(excerpt.rows):
        if bare(cells[0]) == bare(item.label):
            columns = [_column(head, value, excerpt, row) for head, value in item.cells]
            if all(column >= 0 for column in columns):
                label = [operand_at(cells[0], item.source, excerpt, row, 0)]
                return [operand_at(cells[at], item.source, excerpt, row, at) for at in columns] or label
    return []


def _require_copied(item: CopiedRow | CopiedText, excerpt: Excerpt) -> list[Operand]:
    """The same. Raises _Ungrounded where the excerpt has no such row or words."""
    if found := places_of_copied(item, excerpt):
        return found
    if isinstance(item, CopiedText):
        raise _Ungrounded(f"{item.text[:60]!r} doesn't stand in excerpt [{item.source}].")
    said = " | ".join((item.label, *(value for _, value in item.cells)))
    raise _Ungrounded(f"the row {said[:60]!r} doesn't stand so in excerpt [{item.source}].")


def _column(head: str, value: str, excerpt: Excerpt, row: int) -> int:
    """The column of a value under a head; -1: none. A head may be shortened where that leaves one column."""
    heads = excerpt.rows[0] if row else [""] * len(excerpt.rows[0])
    pairs = enumerate(zip(heads, excerpt.rows[row], strict=True))
    same = [(at, bare(above)) for at, (above, cell) in pairs if at and bare(cell) == bare(value)]
    whole = [at for at, above in same if above == bare(head)]
    short = [at for at, above in same if bare(head) in above or (above and above in bare(head))]
    return whole[0] if whole else short[0] if len(short) == 1 else -1


def _quotes(reply: Reply, excerpts: Sequence[Excerpt]) -> Verified:
    found: list[Operand] = []
    for part in reply.parts:
        if isinstance(part, Cell):
            found.append(_cell(part, reply, excerpts))
            continue
        places = (place for source in reply.sources for place in places_of_words(part, source, excerpts[source - 1]))
        place = next(places, None)
        if place is None:
            cited = ", ".join(f"[{source}]" for source in reply.sources)
            texts = tuple(map(str, reply.parts))
            return Verified(reply, f"{part[:60]!r} doesn't stand in excerpt {cited}.", texts=texts)
        found.append(place)
    texts = tuple(operand.text for operand in found)
    if reply.kind is ReplyKind.COUNT and len(set(found)) < len(found):
        return Verified(reply, "the same thing is counted twice.", Decimal(len(found)), Scale.ONES, texts)
    value = Decimal(len(found)) if reply.kind is ReplyKind.COUNT else None
    return Verified(reply, value=value, scale=reply.scale, texts=texts, operands=tuple(found))


def _cell(cell: Cell, reply: Reply, excerpts: Sequence[Excerpt]) -> Operand:
    source = cell.source or reply.sources[0]
    _require(excerpts, (source,))
    excerpt = excerpts[source - 1]
    if not (1 <= cell.row <= len(excerpt.rows) and 1 <= cell.column <= len(excerpt.rows[0])):
        raise _Ungrounded(f"there is no cell {cell} in excerpt [{source}].")
    row, column = cell.row - 1, cell.column - 1
    return operand_at(excerpt.rows[row][column], source, excerpt, row, column)


def _expression(reply: Reply, excerpts: Sequence[Excerpt], copied: Sequence[Operand], asked: str) -> Verified:
    written, operands = _resolved(reply, excerpts)
    values, reason = _traced(CELL.sub("x", reply.expression), reply.sources, excerpts, copied, asked)
    operands += values
    try:
        computed = compute(written)
    except ExpressionError as error:
        raise _Ungrounded(f"{written[:60]!r} can't be computed: {error}") from error
    found = Verified(reply, reason, operands=tuple(operands), written=computed.written)
    if computed.truth:
        return replace(found, texts=("yes" if computed.value else "no",))
    is_read = bool(_SINGLE.fullmatch(written))
    as_it_is = is_read and "%" not in written  # `27 percent` is read, not a ratio
    value = computed.value if as_it_is and reply.scale is Scale.PERCENT else _scaled(computed, reply.scale)
    places = [operand for operand in operands if operand.source]
    if not reason and places and is_read:
        reason = scale_problem(reply.scale, places[0], excerpts)
    elif not reason and places and not computed.units:
        reason = _other_scale(reply.scale, places, excerpts)
    return replace(found, value=value, scale=reply.scale, reason=reason)


def _resolved(reply: Reply, excerpts: Sequence[Excerpt]) -> tuple[str, list[Operand]]:
    """The expression with the values of its cells in it, and these cells; an expression over values stays as it is."""
    operands: list[Operand] = []

    def value_of(match: re.Match[str]) -> str:
        operand = _cell(Cell(int(match[2]), int(match[3]), int(match[1] or 0)), reply, excerpts)
        number = next(numbers_in(operand.text), None)
        if number is None:
            raise _Ungrounded(f"the cell {match[0]} holds no number but {operand.text[:40]!r}.")
        operands.append(replace(operand, text=number.digits))
        return f"({number.value})" if number.value < 0 else number.digits

    return CELL.sub(value_of, reply.expression), operands


def _traced(
    written: str, sources: Sequence[int], excerpts: Sequence[Excerpt], copied: Sequence[Operand], asked: str
) -> tuple[list[Operand], str]:
    """Where each number of an expression stands, and what is wrong where one stands nowhere."""
    known = [(number, replace(place, text=number.digits)) for place in copied for number in numbers_in(place.text)]
    known += [pair for source in sources for pair in numbers_of(source, excerpts[source - 1])]
    known += [(number, Operand(number.digits, 0)) for number in numbers_asked(asked)]
    operands: list[Operand] = []
    for number in numbers_in(written):
        found = next((place for there, place in known if there.size == number.size), None)
        if found is not None:
            operands.append(found)
        elif not is_constant(written, number):
            return operands, f"{number.digits} stands in none of the excerpts that are cited."
    return operands, ""


def _scaled(computed: Computed, scale: Scale) -> Decimal:
    if scale is Scale.PERCENT:
        return computed.value * 100
    return computed.value.scaleb(-POWERS.get(scale, 0)) if computed.units else computed.value


def stated_scales(operand: Operand, excerpt: Excerpt) -> tuple[frozenset[Scale], bool]:
    """The scales that a value's own excerpt states for it, and whether it may count in ones all the same.

    It may where label or head say that it is something else (per share, a number of something, percent), or where the
    table makes exceptions.
    """
    if operand.row < 0:
        near = excerpt.text[operand.start : operand.start + len(operand.text) + 12] if operand.start >= 0 else ""
        return scales_in(near), True
    near = _near(operand, excerpt)
    told = " ".join((excerpt.header, *excerpt.rows[0]))
    return scales_in(near) or scales_in(told), bool("except" in told.lower() or names_other_unit(near))


def scale_of(operand: Operand, excerpt: Excerpt) -> Scale:
    """What a value read from a table counts in, as the table says; ones for what is counted one by one."""
    stated, exempt = stated_scales(operand, excerpt)
    if len(stated) > 1:  # `in millions, except number of shares, which are reflected in thousands`
        stated = scales_in(_EXCEPT.split(" ".join((excerpt.header, *excerpt.rows[0])))[0])
    return next(iter(stated)) if len(stated) == 1 and not (exempt and is_per_unit(operand.label)) else Scale.ONES


def scale_problem(scale: Scale, operand: Operand, excerpts: Sequence[Excerpt]) -> str:
    """Why a value that was read can't count in `scale`; empty when it can.

    What its own excerpt states counts; where that states nothing, what the others state.
    """
    excerpt = excerpts[operand.source - 1]
    if scale is Scale.PERCENT:
        told = f"{_near(operand, excerpt)} {excerpt.header} {' '.join(excerpt.rows[0])}" if operand.row >= 0 else "%"
        return "" if names_percent(told) else f"{operand.text} isn't a percentage there."
    stated, exempt = stated_scales(operand, excerpt)
    if scale is Scale.ONES:
        return "" if exempt or not stated else f"{operand.text} counts in {_listed(stated)}s there, not in ones."
    stated = stated or frozenset(found for one in excerpts for found in scales_in(f"{one.header} {one.body}"))
    return "" if scale in stated else f"{operand.text} doesn't count in {scale}s there."


def _other_scale(scale: Scale, places: Sequence[Operand], excerpts: Sequence[Excerpt]) -> str:
    """Why a computed value can't count in thousands, millions or billions: its operands state others, and not this."""
    stated = frozenset(found for place in places for found in stated_scales(place, excerpts[place.source - 1])[0])
    wrong = scale in POWERS and stated and scale not in stated
    return f"the values count in {_listed(stated)}s, not in {scale}s." if wrong else ""


def _near(operand: Operand, excerpt: Excerpt) -> str:
    return " ".join((excerpt.rows[operand.row][operand.column], operand.label, operand.head))


def _listed(scales: frozenset[Scale]) -> str:
    return " or ".join(sorted(scales))
