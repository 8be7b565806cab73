"""Says what came out over a whole table, how much of it was read, and where each number comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from dossier.citations import Citation, marker
from dossier.traces import Origin, Trace
from retrieval.query import stems
from serving.tracing import numbers_said
from serving.whole_tables.heads import stems_of
from serving.whole_tables.plans import Plan
from serving.whole_tables.querying import SHOWN, Item, Outcome
from serving.whole_tables.questions import Aggregate
from serving.whole_tables.sheets import Sheet

_LONGEST = 80
_SIGNS = {"<": "under", "<=": "at most", ">": "over", ">=": "at least", "=": "is"}
_MADE = {Aggregate.SUM: "sum", Aggregate.AVERAGE: "average", Aggregate.COUNT: "count"}
_OPERANDS = 12
"""Cells that a sum names one by one; of more, the words of the expression tell."""


@dataclass(frozen=True, slots=True)
class Result:
    """A plan with the table that it was run over and what came out. `cited` has the passage of a row, by the row."""

    plan: Plan
    sheet: Sheet
    outcome: Outcome
    cited: Mapping[int, int]
    others: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """What the table is called, and its document."""
        document = plain(self.sheet.document)
        kind = "sheet" if self.sheet.source.lower().endswith((".xlsx", ".xlsm")) else "table"
        return f"{kind} “{plain(self.sheet.called)}” in {document}" if self.sheet.called else document


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    trace: Trace


@dataclass(frozen=True, slots=True)
class Wording:
    """An answer's text, and where the numbers of each piece of it come from."""

    text: str
    pieces: tuple[_Piece, ...]

    def traces(self, text: str, citations: Sequence[Citation]) -> tuple[Trace, ...]:
        """The traces of the numbers of a text, which is this one with its citations read."""
        found = []
        for said in numbers_said(text, citations):
            at = said.figure.trace
            piece = next((one for one in self.pieces if one.start <= at.start < one.end), None)
            found.append(replace(piece.trace, text=at.text, start=at.start, end=at.end) if piece else at)
        return tuple(found)


class _Writer:
    """Puts a text together and remembers where its pieces come from."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._text = ""
        self._pieces: list[_Piece] = []
        sheet = result.sheet
        self._first = next(iter(result.cited.values()), 0)
        self._there = Trace("", -1, -1, Origin.PASSAGE, self._first, sheet.document, sheet.pages[0])

    def say(self, text: str, trace: Trace | None = None) -> "_Writer":
        """Words as the document or the code has them; numbers among them are the document's unless told otherwise."""
        self._pieces.append(_Piece(len(self._text), len(self._text) + len(text), trace or self._there))
        self._text += text
        return self

    def asked(self, text: str) -> "_Writer":
        """Words of the question."""
        return self.say(text, Trace("", -1, -1, Origin.QUESTION))

    def computed(self, text: str, expression: str, rows: Sequence[int] = ()) -> "_Writer":
        """What was computed, with the cells of these rows that it was computed from."""
        column = self._result.plan.measure
        cells = [self.trace(row, column) for row in rows] if column is not None and len(rows) <= _OPERANDS else []
        trace = Trace("", -1, -1, Origin.COMPUTED, expression=expression, operands=tuple(cells))
        return self.say(text, trace)

    def cell(self, row: int, column: int) -> "_Writer":
        """A cell as it stands there."""
        return self.say(plain(self._result.sheet.rows[row].cells[column].text), self.trace(row, column))

    def trace(self, row: int, column: int) -> Trace:
        """Where a cell stands."""
        sheet = self._result.sheet
        cell = sheet.rows[row].cells[column]
        label = sheet.rows[row].cells[0].text
        place = replace(self._there, passage=self._result.cited.get(row, self._first), page=sheet.pages[row])
        return replace(
            place, text=cell.text, origin=Origin.CELL, row=label, column=sheet.columns[column].head, place=cell.place
        )

    def cite(self, row: int | None = None) -> "_Writer":
        """The passage of a row (of the first one), where it is among the answer's."""
        number = self._first if row is None else self._result.cited.get(row, 0)
        return self.say(f" {marker(number)}") if number else self

    def done(self) -> Wording:
        """The text as it is now."""
        return Wording(self._text, tuple(self._pieces))


def word_result(result: Result) -> Wording:
    """A result in words, with its citations, and how many of how many rows were read."""
    writer = _Writer(result)
    plan = result.plan
    if plan.group is not None or plan.order:
        _items(writer, result)
    elif plan.aggregate is None:
        _list(writer, result)
    elif plan.aggregate is Aggregate.COUNT:
        _count(writer, result)
    else:
        _amount(writer, result)
    _read(writer, result)
    return writer.done()


def plain(text: str) -> str:
    """A text of a document in one line, shortened, without what would read as a citation."""
    text = " ".join(text.split()).replace("[", "(").replace("]", ")")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"


def _count(writer: _Writer, result: Result) -> None:
    plan, sheet, outcome = result.plan, result.sheet, result.outcome
    how = f"count of the rows{_where(result)}, of {len(sheet.rows):,} rows"
    rows = f"{outcome.rows:,} {'row' if outcome.rows == 1 else 'rows'}"
    if plan.subject is None or outcome.different == outcome.rows:
        writer.computed(rows, how)
        _conditions(writer, result)
    else:
        head = sheet.columns[plan.subject].head
        kinds = "value" if outcome.different == 1 else "values"
        told = (f"{outcome.different:,} different {kinds}", f"count of the different values of {head}{_where(result)}")
        if stems_of(head) <= stems(sheet.names):
            writer.computed(rows, how)
            _conditions(writer, result)
            writer.say(", with ").computed(*told).say(f" of {plain(head)}")
        else:
            writer.computed(*told).say(f" of {plain(head)}, in ").computed(rows, how)
            _conditions(writer, result)
    writer.cite()


def _amount(writer: _Writer, result: Result) -> None:
    plan, sheet, outcome = result.plan, result.sheet, result.outcome
    head = sheet.columns[plan.measure or 0].head
    made = _MADE[plan.aggregate or Aggregate.SUM]
    writer.say(f"{made.capitalize()} of {plain(head)}")
    _conditions(writer, result)
    how = f"{made} of {head}{_where(result)}: {outcome.used:,} rows"
    rows = outcome.cells if outcome.used <= _OPERANDS else ()
    writer.say(": ").computed(_amount_text(outcome.value, result), how, rows)
    writer.say(" (").computed(f"{outcome.used:,} {'row' if outcome.used == 1 else 'rows'}", how)
    empty = outcome.rows - outcome.used
    if empty:
        writer.say("; ").computed(f"{empty:,} without a number left out", f"rows without a number in {head}")
    writer.say(")").cite()


def _items(writer: _Writer, result: Result) -> None:
    plan, outcome = result.plan, result.outcome
    _headline(writer, result)
    if len(outcome.items) == 1:
        writer.say(": ")
        _item(writer, result, outcome.items[0])
    else:
        writer.say(":")
        for item in outcome.items:
            writer.say("\n- ")
            _item(writer, result, item)
    if outcome.found > len(outcome.items):
        more = outcome.found - len(outcome.items)
        writer.say("\nAnd ").computed(f"{more:,} more", f"{outcome.found} found, {SHOWN} shown").say(".")
    elif plan.order and outcome.found > plan.number:
        writer.say("\nThe last of these are equal.")


def _headline(writer: _Writer, result: Result) -> None:
    plan, sheet, outcome = result.plan, result.sheet, result.outcome
    measure = plain(sheet.columns[plan.measure].head) if plan.measure is not None else ""
    made = _MADE.get(plan.aggregate, "") if plan.aggregate else ""
    of = f"{made} of {measure}" if made and measure else made or measure
    if made == "count":
        of = (
            f"number of different {plain(sheet.columns[plan.subject].head)}"
            if plan.subject is not None
            else "number of rows"
        )
    if plan.order is None:
        writer.say(f"{of[:1].upper()}{of[1:]} by {plain(sheet.columns[plan.group or 0].head)}")
    else:
        word = plan.order.value
        number = min(plan.number, outcome.found)
        if number > 1:
            writer.asked(f"The {number} ").say(f"{word} by {of}" if not made else f"with the {word} {of}")
        else:
            writer.say(f"{word.capitalize()} {of}")
    _conditions(writer, result)


def _item(writer: _Writer, result: Result, item: Item) -> None:
    plan = result.plan
    if plan.group is not None:
        writer.cell(item.row, plan.group).say(": ")
        value = item.value if isinstance(item.value, Decimal) else None
        made = _MADE[plan.aggregate or Aggregate.COUNT]
        how = f"{made} over {item.rows:,} rows of the group{_where(result)}"
        if plan.aggregate is Aggregate.COUNT:
            writer.computed(f"{value or 0:,.0f}", how)
        else:
            writer.computed(_amount_text(value, result), how)
            writer.say(" (").computed(f"{item.rows:,} {'row' if item.rows == 1 else 'rows'}", how).say(")")
    else:
        label = plan.subject if plan.subject is not None else 0
        measure = plan.measure or 0
        if label != measure:
            writer.cell(item.row, label).say(": ")
        writer.cell(item.row, measure)
        if unit := result.sheet.unit:
            writer.say(f" ({plain(unit)})")
    writer.cite(item.row)


def _list(writer: _Writer, result: Result) -> None:
    plan, outcome = result.plan, result.outcome
    column = plan.subject or 0
    head = plain(result.sheet.columns[column].head)
    kinds = "value" if outcome.found == 1 else "different values"
    writer.computed(f"{outcome.found:,} {kinds}", f"count of the different values of {head}{_where(result)}")
    writer.say(f" of {head}")
    _conditions(writer, result)
    writer.say(": ")
    for number, item in enumerate(outcome.items):
        writer.say("; " if number else "").cell(item.row, column)
    if outcome.found > len(outcome.items):
        more = outcome.found - len(outcome.items)
        writer.say("; and ").computed(f"{more:,} more", f"{outcome.found} found, {SHOWN} shown")
    writer.cite()


def _read(writer: _Writer, result: Result) -> None:
    """How much was read: what tells a count over a table from a look at its first rows."""
    sheet = result.sheet
    how = f"rows of {result.place}"
    writer.say("\nRead ").computed(f"{len(sheet.rows):,} of {sheet.total:,} rows", how)
    writer.say(f" of {result.place}")
    if sheet.aside:
        kinds = "row of totals or notes" if sheet.aside == 1 else "rows of totals or notes"
        writer.say("; ").computed(f"{sheet.aside:,} {kinds} left out", how)
    if sheet.cut:
        writer.say("; the file was too large to be read whole")
    used = [at for at in (result.plan.measure,) if at is not None]
    for at in used:
        if unread := sheet.columns[at].unread:
            head = sheet.columns[at].head
            writer.say("; in ").say(plain(head)).say(" ")
            writer.computed(f"{unread:,} {'cell' if unread == 1 else 'cells'}", f"cells of {head} that can't be read")
            writer.say(" couldn't be read and counted as empty")
    writer.cite().say(".")
    if result.others:
        writer.say(f"\nThe same columns are in {'; '.join(result.others)}: name the one that you mean.")


def _conditions(writer: _Writer, result: Result) -> None:
    writer.asked(_where(result))


def _where(result: Result) -> str:
    """The conditions in words, with a space in front; empty where there are none."""
    sheet, parts = result.sheet, []
    for one in result.plan.filters:
        column = sheet.columns[one.column]
        if one.sign == "in":
            texts = [plain(sheet.rows[column.values.index(key)].cells[one.column].text) for key in one.values]
            parts.append(f"{plain(column.head)} is {' or '.join(texts)}")
        else:
            linked = "" if one.sign == "=" else "is "
            parts.append(f"{plain(column.head)} {linked}{_SIGNS[one.sign]} {one.values[0]}")
    return f" where {' and '.join(parts)}" if parts else ""


def _amount_text(value: Decimal | None, result: Result) -> str:
    """An amount with as many decimals as the column has, its currency or `%`, and what the table counts in."""
    column = result.sheet.columns[result.plan.measure or 0]
    decimals = max((-int(one.as_tuple().exponent) for one in column.values if isinstance(one, Decimal)), default=0)
    average = result.plan.aggregate is Aggregate.AVERAGE
    places = min(max(decimals, 2 if average else 0), 6)
    rounded = (value or Decimal()).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{rounded:,f}"
    if average and not decimals:
        text = text.rstrip("0").rstrip(".")
    unit = next(iter(column.units), "")
    if unit == "%":
        return f"{text}%"
    if unit:
        text = f"{text} {unit}" if unit.isalpha() else f"{'-' * text.startswith('-')}{unit}{text.lstrip('-')}"
    return f"{text} ({plain(result.sheet.unit)})" if result.sheet.unit else text
