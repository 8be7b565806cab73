"""Plans a question's arithmetic, finds its cells, and writes the expression as a tuned model would reply it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dossier.amounts import Scale, amount_in, tells_loss
from dossier.excerpts import Excerpt
from dossier.grounding import scale_of
from dossier.places import operand_at
from dossier.reply import Cell, Reply, ReplyKind
from retrieval.query import Query, stem, stems, with_whole_years
from serving.calculating.agreeing import Found, agreed
from serving.calculating.directions import in_words
from serving.calculating.looking_up import looked_up
from serving.calculating.pairing import two_rows
from serving.calculating.plans import Operation, Plan
from serving.calculating.rows import (
    FORMULA_WORDS,
    PART_OF_YEAR,
    Asked,
    Match,
    column_of,
    matches,
    telling,
    variants,
    years_of,
)

_RATIOS = (Operation.GROWTH, Operation.SHARE)
_MORE_WORDS = 2
_PERCENT = re.compile(r"\bpercent|%|\brates?\b|\bmargin\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_STATED_CHANGE = re.compile(r"\(?decrease\)|\bgrowth\b|\bpercent(?:age)? change\b|\bchange\b|%", re.IGNORECASE)
"""A table of changes: what grew there has grown already."""


@dataclass(frozen=True, slots=True)
class Calculation:
    """An expression over cells of the excerpts, in the form in which models reply; `score` from 0 to about 1.

    `said` is what the difference says in words: who is higher by it, or that something rose or fell.
    """

    reply: Reply
    score: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the tables: the pack's formulas by their names, and what documents call a term.

    `names` are words of the names of the companies that the tables are about, `current` the documents that are about
    the quarter that is asked for, `meant` those of whom the question names.
    """

    formulas: Mapping[str, str]
    synonyms: Mapping[str, str]
    names: frozenset[str] = frozenset()
    current: frozenset[str] = frozenset()
    meant: frozenset[str] = frozenset()


def calculate(query: Query, plan: Plan, excerpts: Sequence[Excerpt], known: Known) -> Calculation | None:
    """What a plan of a question comes to, over cells of the tables found; None where they don't have what it names.

    `excerpts` are whole tables, likely ones first.
    """
    called = frozenset(map(stem, known.names))
    asked = Asked(next(iter(plan.years), ""), bool(query.quarters or PART_OF_YEAR.search(query.asked)), known.current)
    if plan.named and _says_more(plan, query, called):
        return None
    if plan.named and (stated := _stated(plan, asked, excerpts)):
        return stated
    wanted = [variants(operand, known.synonyms, called) for operand in plan.operands]
    if not all(wanted):
        return None
    if plan.operation is Operation.COMPARE and wanted[0] == wanted[1]:
        return None
    rows = [matches(one, excerpts) for one in wanted]
    if plan.operation is Operation.LOOKUP:
        if not plan.years and not called & stems(query.asked):
            return None  # `What are trade receivables?` may ask what they are
        asked = replace(asked, shares=_PERCENT.search(query.asked) is not None)
        meant = [one for one in rows[0] if excerpts[one.excerpt - 1].document in known.meant]
        cell = looked_up(meant, plan.operands[0], asked, excerpts)
        found = Found((cell[0],), cell[1]) if cell else None
    elif len(rows) == 1:
        found = _one_row(plan, rows[0], asked, excerpts)
    else:
        found = two_rows(plan, rows, asked, excerpts)
    if found is None:
        return None
    ordered, said = in_words(plan, found.cells, excerpts)
    return Calculation(_written(plan, ordered, excerpts), found.score, said)


def _says_more(plan: Plan, query: Query, called: frozenset[str]) -> bool:
    """Whether a question about a formula says of what: a formula is the whole company's, not a part's."""
    names = called | {stem(name) for name in query.names}
    own = telling(" ".join((plan.named, *plan.operands)))
    return bool(telling(with_whole_years(query.asked)) - own - names - FORMULA_WORDS)


def _stated(plan: Plan, asked: Asked, excerpts: Sequence[Excerpt]) -> Calculation | None:
    """The cell of a row that has a formula's name: what the documents state needs no computing."""
    name = re.compile(rf"\b{re.escape(plan.named)}\b", re.IGNORECASE)
    longest = len(plan.named.split()) + _MORE_WORDS
    for number, excerpt in enumerate(excerpts, start=1):
        for row, cells in enumerate(excerpt.rows[1:], start=1):
            if not name.search(cells[0]) or len(cells[0].split()) > longest:
                continue
            column = column_of(excerpt, row, replace(asked, shares=True))
            if column is None or ("%" not in cells[column]) is (plan.operation is Operation.SHARE):
                continue
            cell = Cell(row + 1, column + 1, number)
            scale = Scale.PERCENT if "%" in cells[column] else _amount_scale(cell, excerpts)
            return Calculation(Reply(ReplyKind.EXPRESSION, (number,), expression=str(cell), scale=scale), 1.0)
    return None


def _one_row(plan: Plan, rows: Sequence[Match], asked: Asked, excerpts: Sequence[Excerpt]) -> Found | None:
    """The row that fits best of those that have all the years; a single year is compared with the one before it."""
    asked = replace(asked, shares=plan.operation in (Operation.CHANGE, Operation.AVERAGE))
    alike: list[Found] = []
    for match in rows:
        if alike and round(match.score, 2) < round(alike[0].score, 2):
            break
        excerpt = excerpts[match.excerpt - 1]
        if _has_double(match, rows, excerpt) or (
            plan.operation is Operation.GROWTH and _states_changes(match, excerpt)
        ):
            continue
        years = sorted(plan.years) or sorted(years_of(excerpt)[:2])
        if len(years) == 1:
            years = [str(int(years[0]) - 1), years[0]]
        columns = [column_of(excerpt, match.row, replace(asked, year=year)) for year in years]
        known = [column for column in columns if column is not None]
        if len(known) == len(columns) >= 2:
            alike.append(Found(tuple(Cell(match.row + 1, at + 1, match.excerpt) for at in known), match.score))
    return agreed(alike, excerpts)


def _states_changes(match: Match, excerpt: Excerpt) -> bool:
    """Whether all columns of a row that have a year are changes, or percentages, already."""
    heads = [head for head in excerpt.rows[0][1:] if _YEAR.search(head)]
    return bool(_STATED_CHANGE.search(f"{excerpt.heading} {excerpt.rows[0][0]}")) or all(
        _STATED_CHANGE.search(head) for head in heads
    )


def _has_double(match: Match, rows: Sequence[Match], excerpt: Excerpt) -> bool:
    """Whether another row of the table fits as well and has other amounts: which of them is meant can't be told."""
    own = excerpt.rows[match.row][1:]
    alike = [one for one in rows if one.excerpt == match.excerpt and round(one.score, 2) == round(match.score, 2)]
    return any(excerpt.rows[one.row][1:] != own for one in alike)


def _written(plan: Plan, cells: tuple[Cell, ...], excerpts: Sequence[Excerpt]) -> Reply:
    """The expression; amounts that statements show in brackets because they go out count by their size."""
    signed = plan.operation in (Operation.GROWTH, Operation.CHANGE, Operation.SUM, Operation.AVERAGE)
    lost = plan.operation is Operation.LOOKUP and _may_be_less_than_nothing(cells[0], excerpts)
    names = [str(cell) if signed or lost else _size(cell, excerpts) for cell in cells]
    first, last = names[0], names[-1]
    expression = {
        Operation.GROWTH: f"({last} - {first}) / {_size(cells[0], excerpts)}",
        Operation.CHANGE: f"{last} - {first}",
        Operation.SUM: " + ".join(names),
        Operation.AVERAGE: f"({' + '.join(names)}) / {len(names)}",
        Operation.SHARE: f"{first} / {last}",
        Operation.RATIO: f"{first} / {last}",
        Operation.LESS: f"{first} - {last}",
        Operation.COMPARE: f"{first} - {last}",
        Operation.LOOKUP: first,
    }[plan.operation]
    sources = tuple(dict.fromkeys(cell.source for cell in cells))
    return Reply(ReplyKind.EXPRESSION, sources, expression=expression, scale=_scale(plan, cells[0], excerpts))


def _may_be_less_than_nothing(cell: Cell, excerpts: Sequence[Excerpt]) -> bool:
    """Whether brackets mean a loss: what goes out stands in them in every column."""
    label, *others = excerpts[cell.source - 1].rows[cell.row - 1]
    amounts = [amount for amount in (amount_in(text) for text in others if "%" not in text) if amount]
    return tells_loss(label) or not all(amount < 0 for amount in amounts)


def _size(cell: Cell, excerpts: Sequence[Excerpt]) -> str:
    text = excerpts[cell.source - 1].rows[cell.row - 1][cell.column - 1]
    return f"(-{cell})" if (amount_in(text) or 0) < 0 else str(cell)


def _scale(plan: Plan, cell: Cell, excerpts: Sequence[Excerpt]) -> Scale:
    if plan.operation in _RATIOS:
        return Scale.PERCENT
    return Scale.ONES if plan.operation is Operation.RATIO else _amount_scale(cell, excerpts)


def _amount_scale(cell: Cell, excerpts: Sequence[Excerpt]) -> Scale:
    excerpt = excerpts[cell.source - 1]
    return scale_of(operand_at("", cell.source, excerpt, cell.row - 1, cell.column - 1), excerpt)
