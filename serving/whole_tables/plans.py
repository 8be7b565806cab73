"""What a question computes over the rows of one table; nothing where a word of it fits neither table nor operation."""

from dataclasses import dataclass, replace

from serving.whole_tables.filters import Filter, filters_of
from serving.whole_tables.heads import Words, adds_up, is_code, named, one_of, starting_at, stems_of
from serving.whole_tables.questions import Aggregate, Order, Wish
from serving.whole_tables.sheets import Sheet
from serving.whole_tables.values import Kind, root, roots

_SEVERAL = 5
"""Rows that are told where the question asks for the largest ones without saying how many."""
_FILLER = frozenset(
    root(word)
    for word in """a an the of in on at is are was were be been do does did have has had with where which what who whose
    how for from to by and or all any that there it its we our us you i me my please tell give show find total overall
    over across among within listed shown located based come whole entire altogether value values = out during each per
    currently column""".split()  # noqa: SIM905 (a paragraph reads better)
)
_ROWS = frozenset(
    root(word)
    for word in """row rows entry entries record records line lines item items table sheet file spreadsheet list data
    """.split()  # noqa: SIM905 (a paragraph reads better)
)
"""Words that every table's rows may be called by, and the table itself."""
_DAYS = frozenset(map(root, ("day", "days", "trading", "session", "sessions")))
"""What the rows of a table with a day for each may be called."""
_PRICE = frozenset(map(root, ("price", "cost", "fee")))


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation over the columns of a sheet, by their numbers from 0.

    `measure` is what is added up or compared, `subject` what is counted, listed or told of each row, `group` what the
    rows are put together by. Without an aggregate and an order the subject's values are listed. `number` is how many
    are told; `fit` how many words of the question are names of the table.
    """

    aggregate: Aggregate | None
    order: Order | None
    filters: tuple[Filter, ...]
    measure: int | None = None
    subject: int | None = None
    group: int | None = None
    number: int = 0
    fit: int = 0


class _Unclear(Exception):
    """A word that isn't understood for certain."""


def plan_of(wish: Wish, sheet: Sheet) -> Plan | None:
    """The plan of a question over a table; None where the table isn't what it asks about, or that isn't certain."""
    words = Words(wish.words)
    try:
        group = _group(words, sheet, wish)
        filters = filters_of(words, sheet)
        if filters is None:
            return None
        plan = _planned(wish, words, sheet, Plan(wish.aggregate, wish.order, tuple(filters), group=group))
    except _Unclear:
        return None
    return replace(plan, fit=len(roots(sheet.names) & frozenset(words.stems) - _FILLER - _ROWS))


def _planned(wish: Wish, words: Words, sheet: Sheet, plan: Plan) -> Plan:
    if wish.order:
        plan = _ordered(wish, words, sheet, plan)
    elif wish.aggregate is Aggregate.COUNT:
        plan = _counted(wish, words, sheet, plan)
    elif wish.aggregate:
        plan = _added(wish, words, sheet, plan)
    else:
        plan = _listed(wish, words, sheet, plan)
    _require_explained(words, sheet, plan)
    return plan


def _of(sheet: Sheet, *kinds: Kind) -> list[int]:
    return [at for at, column in enumerate(sheet.columns) if column.kind in kinds and column.head]


def _numbers(sheet: Sheet) -> list[int]:
    return [at for at in _of(sheet, Kind.NUMBER) if not is_code(sheet.columns[at])]


def _texts(sheet: Sheet) -> list[int]:
    """Columns that name things: words, and numbers that are codes."""
    return [at for at in _of(sheet, Kind.TEXT, Kind.NUMBER) if at not in _numbers(sheet)]


def _group(words: Words, sheet: Sheet, wish: Wish) -> int | None:
    """The column behind `per`, `by` or `for each`."""
    for at, word in enumerate(words.low):
        if word not in ("per", "by", "each") or (wish.order and word == "by"):
            continue
        found = starting_at(words, at + 1, sheet, [*_texts(sheet), *_years(sheet)])
        if found is None:
            raise _Unclear
        words.close(at, found[1])
        return found[0]
    return None


def _years(sheet: Sheet) -> list[int]:
    return [at for at in _numbers(sheet) if root("year") in stems_of(sheet.columns[at].head)]


def _counted(wish: Wish, words: Words, sheet: Sheet, plan: Plan) -> Plan:
    subject = one_of(named(words, sheet, _texts(sheet)), sheet)
    measure = named(words, sheet, _numbers(sheet))
    if subject is None and len(measure) == 1 and adds_up(sheet.columns[measure[0]]) and not wish.distinct:
        # "how many units were sold in Germany" adds up a column of that name
        whole = stems_of(sheet.columns[measure[0]].head) <= frozenset(words.stems)
        if not whole or _names_rows(words, sheet):
            raise _Unclear
        return replace(plan, aggregate=Aggregate.SUM, measure=measure[0])
    called = _names_rows(words, sheet)
    if subject is None and (wish.distinct or not called):
        raise _Unclear
    if not sheet.is_sheet and not plan.filters and subject is None:
        raise _Unclear
    return replace(plan, subject=subject)


def _names_rows(words: Words, sheet: Sheet) -> bool:
    """Whether a word left is what the table's rows may be called: a word of its name, or `rows`."""
    left = {words.stems[at] for at in words.left()} - _FILLER
    return bool(left & (roots(sheet.names) | _rows_of(sheet)))


def _rows_of(sheet: Sheet) -> frozenset[str]:
    """Words that the rows may be called by, whatever the table's name is."""
    dates = [column.values for column in sheet.columns if column.kind is Kind.DATE]
    a_day_each = len(dates) == 1 and None not in dates[0] and len(set(dates[0])) == len(dates[0])
    return _ROWS | _DAYS if a_day_each else _ROWS


def _added(wish: Wish, words: Words, sheet: Sheet, plan: Plan) -> Plan:
    measures = named(words, sheet, _numbers(sheet))
    if len(measures) != 1:
        raise _Unclear
    column = sheet.columns[measures[0]]
    mixed = len(column.units) > 1
    if mixed or (wish.aggregate is Aggregate.SUM and "%" in column.units):
        raise _Unclear
    if not wish.clear and not (sheet.is_sheet and adds_up(column)):
        raise _Unclear
    noun = named(words, sheet, _texts(sheet))
    return replace(plan, measure=measures[0], subject=one_of(noun, sheet))


def _ordered(wish: Wish, words: Words, sheet: Sheet, plan: Plan) -> Plan:
    number = wish.number or (_SEVERAL if _is_plural(wish) else 1)
    plan = replace(plan, number=number)
    measure = _measure(wish, words, sheet)
    if plan.group is not None:
        raise _Unclear
    if measure is None:
        return _most(wish, words, sheet, plan)
    column = sheet.columns[measure]
    if len(column.units) > 1:
        raise _Unclear
    subject = one_of(named(words, sheet, [at for at in _texts(sheet) if at != measure]), sheet)
    aggregate = wish.aggregate
    if subject is not None and aggregate is None and adds_up(column) and _repeats(sheet, subject):
        aggregate = Aggregate.SUM
    if aggregate is not None:
        if subject is None or (aggregate is Aggregate.SUM and not adds_up(column)):
            raise _Unclear
        return replace(plan, aggregate=aggregate, measure=measure, group=subject)
    return replace(plan, measure=measure, subject=subject)


def _measure(wish: Wish, words: Words, sheet: Sheet) -> int | None:
    """The column by which rows are ordered; None where `most` counts rows."""
    columns = _of(sheet, Kind.DATE) if wish.hint == "date" else _numbers(sheet)
    found = named(words, sheet, columns)
    if not found and wish.hint == "date":
        found = columns
    elif not found and wish.hint == "price":
        found = [at for at in columns if stems_of(sheet.columns[at].head) & _PRICE]
    if len(found) == 1:
        return found[0]
    if found or wish.hint != "most":
        raise _Unclear
    return None


def _most(wish: Wish, words: Words, sheet: Sheet, plan: Plan) -> Plan:
    """`Which country has the most suppliers`: rows are counted for each value of the column named first."""
    texts = _texts(sheet)
    first = next(
        (at for at in words.left() if any(words.stems[at] in stems_of(sheet.columns[one].head) for one in texts)), None
    )
    found = starting_at(words, first, sheet, texts) if first is not None else None
    if found is None or wish.aggregate is not None:
        raise _Unclear
    words.close(first or 0, found[1])
    rest = named(words, sheet, [at for at in texts if at != found[0]])
    if not rest and not _names_rows(words, sheet):
        raise _Unclear
    return replace(plan, aggregate=Aggregate.COUNT, group=found[0], subject=one_of(rest, sheet))


def _listed(wish: Wish, words: Words, sheet: Sheet, plan: Plan) -> Plan:
    subject = one_of(named(words, sheet, _texts(sheet)), sheet)
    if subject is None and not wish.distinct and _names_rows(words, sheet) and plan.filters:
        subject = next(iter(_texts(sheet)), None)
    if subject is None or plan.group is not None:
        raise _Unclear
    if not wish.clear and not (plan.filters and sheet.is_sheet):
        raise _Unclear
    return replace(plan, subject=subject)


def _repeats(sheet: Sheet, column: int) -> bool:
    values = [value for value in sheet.columns[column].values if value is not None]
    return len(set(values)) < len(values)


def _is_plural(wish: Wish) -> bool:
    low = [word.lower() for word in wish.words[:4]]
    return bool(low) and low[0] in ("which", "what") and ("have" in low or "were" in low or "are" in low)


def _require_explained(words: Words, sheet: Sheet, plan: Plan) -> None:
    """Raise _Unclear for a word that is neither of a column in use, nor a name of the table, nor an empty one."""
    used = [at for at in (plan.measure, plan.subject, plan.group) if at is not None]
    known = frozenset[str]().union(*(stems_of(sheet.columns[at].head) for at in used))
    names = roots(sheet.names)
    if plan.aggregate is Aggregate.COUNT:
        # a column that is named and not in use would be a condition that wasn't read
        names -= frozenset[str]().union(*(stems_of(one.head) for at, one in enumerate(sheet.columns) if at not in used))
    # a file's name is one word of the question: `prices.csv`
    files = [at for at in words.left() if "." in words.all[at] and roots(words.all[at]) <= roots(sheet.names)]
    left = {words.stems[at] for at in words.left() if at not in files} - _FILLER - _rows_of(sheet)
    if left - known - names:
        raise _Unclear
    if not (used or plan.filters or files or left & names):
        raise _Unclear
