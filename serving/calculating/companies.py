"""Sets one row of two companies against each other: each looked up in its own documents, the difference computed."""

from dataclasses import dataclass, replace
from decimal import Decimal

from dossier.amounts import POWERS
from dossier.excerpts import Excerpt
from dossier.grounding import verify_reply
from dossier.packs import Pack
from dossier.places import Operand
from dossier.records import Passage
from dossier.reply import CELL, Cell, Reply, ReplyKind
from retrieval.search import Searcher
from serving.calculating.comparisons import Companies
from serving.calculating.directions import higher
from serving.calculating.lookup import Computed, Tables, compute_plan
from serving.calculating.plans import Operation, Plan

_SHOWN = 3
"""Passages of each company that an answer keeps beside those that it cites."""


@dataclass(frozen=True, slots=True)
class _Term:
    """One side of a difference: its value, how it is written, and its excerpt."""

    value: Decimal
    written: str
    source: int


@dataclass(frozen=True, slots=True)
class _Joined:
    """What was found for both companies, numbered anew: excerpts of the second come behind those of the first."""

    excerpts: tuple[Excerpt, ...]
    passages: tuple[Passage, ...]
    tables: Tables


def compare_companies(
    compared: Companies, searcher: Searcher, limit: int, groups: frozenset[str], pack: Pack
) -> Computed | None:
    """Look the row up for each company and compute the difference; None where one's documents lack it.

    `limit` is how many passages are searched for each.
    """
    sides = [
        _look_up(_plan(compared.measure, year), name, searcher, limit, groups, pack)
        for name, year in zip(compared.names, compared.years, strict=True)
    ]
    first, second = sides
    if first is None or second is None or not (first.looked_up and second.looked_up):
        return None
    return _difference(compared, first, second)


def _plan(measure: str, year: str) -> Plan:
    return Plan(Operation.LOOKUP, (measure,), (year,) if year else ())


def _look_up(
    plan: Plan, name: str, searcher: Searcher, limit: int, groups: frozenset[str], pack: Pack
) -> Computed | None:
    when = "".join(f" in {year}" for year in plan.years)
    found = searcher.search(f"What was {name}'s {plan.operands[0]}{when}?", groups, limit)
    tables = searcher.tables_of_pages(found.passages, groups)
    return compute_plan(plan, searcher, found, tables, groups, pack)


def _difference(compared: Companies, first: Computed, second: Computed) -> Computed | None:
    """The larger less the smaller, in the larger of their scales; None where they may count in different things."""
    scales = {first.found.scale, second.found.scale}
    if len(scales) > 1 and not all(POWERS.get(scale) for scale in scales):
        return None  # a table that doesn't say `in millions` may mean it all the same
    if len(_currency(first) | _currency(second)) > 1:
        return None
    power = max(POWERS.get(side.found.scale, 0) for side in (first, second))
    scale = next(side.found.scale for side in (first, second) if POWERS.get(side.found.scale, 0) == power)
    shift = len(first.excerpts)
    terms = [_term(first, 0, power), _term(second, shift, power)]
    left, right = sorted(terms, key=lambda term: -term.value)
    joined = _joined(first, second)
    expression = f"{left.written} - {right.written}"
    reply = Reply(ReplyKind.EXPRESSION, (left.source, right.source), expression=expression, scale=scale)
    verified = verify_reply(reply, joined.excerpts, "")
    if not verified.grounded:
        return None
    names = (_whole_name(compared.names[0], first), _whole_name(compared.names[1], second))
    said = higher(names, (terms[0].value, terms[1].value), compared.smaller)
    operands = tuple(_named(operand, names, shift) for operand in verified.operands)
    verified = replace(verified, texts=(said,), operands=operands)
    return Computed(verified, joined.excerpts, joined.passages, joined.tables, first.sure and second.sure)


def _currency(side: Computed) -> frozenset[str]:
    """The currency of a cell that was looked up, as it stands there; none where it has no sign."""
    cell = side.found.operands[0]
    text = side.excerpts[cell.source - 1].rows[cell.row][cell.column]
    return frozenset(text) & frozenset("$€£¥")


def _term(side: Computed, shift: int, power: int) -> _Term:
    """A looked up cell as part of a difference that counts in ten to the `power`."""
    less = 10 ** (power - POWERS.get(side.found.scale, 0))
    expression = side.found.reply.expression if side.found.reply else ""
    written = CELL.sub(lambda cell: str(Cell(int(cell[2]), int(cell[3]), int(cell[1] or 0) + shift)), expression)
    value, source = (side.found.value or Decimal()) / less, side.found.operands[0].source + shift
    return _Term(value, f"{written} / {less}" if less > 1 else written, source)


def _whole_name(name: str, side: Computed) -> str:
    """A name with the `'s` that belongs to it: McDonald's."""
    own = " ".join(passage.chunk.metadata.company for passage in side.passages).lower()
    return next((f"{name}{end}" for end in ("'s", "’s") if f"{name}{end}".lower() in own), name)


def _named(operand: Operand, names: tuple[str, str], shift: int) -> Operand:
    """An operand with its company before its row: both rows have one name."""
    if not operand.source:
        return operand
    return replace(operand, label=f"{names[operand.source > shift]}, {operand.label}")


def _joined(first: Computed, second: Computed) -> _Joined:
    passages: list[Passage] = []
    tables = {}
    excerpts: list[Excerpt] = []
    for side in (first, second):
        cited = {side.excerpts[operand.source - 1].passage for operand in side.found.operands if operand.source}
        numbers: dict[int, int] = {}
        for number, passage in enumerate(side.passages, start=1):
            if number <= _SHOWN or number in cited:
                at = _place(passage, passages)
                numbers[number] = at
                tables[at] = side.tables.get(number, ())
        excerpts += [replace(one, passage=numbers.get(one.passage, 0)) for one in side.excerpts]
    return _Joined(tuple(excerpts), tuple(passages), tables)


def _place(passage: Passage, passages: list[Passage]) -> int:
    """The number of a passage among those kept, which it joins where it isn't there yet."""
    known = [one.chunk_id for one in passages]
    if passage.chunk_id not in known:
        passages.append(passage)
        return len(passages)
    return known.index(passage.chunk_id) + 1
