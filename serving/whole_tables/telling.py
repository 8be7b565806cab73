"""Says what came out over a whole table, and how much of it was read."""

from decimal import ROUND_HALF_UP, Decimal

from serving.whole_tables.heads import stems_of
from serving.whole_tables.querying import SHOWN, Item
from serving.whole_tables.questions import Aggregate
from serving.whole_tables.values import Kind, roots
from serving.whole_tables.writing import OPERANDS, Result, Wording, Writer, plain

_SIGNS = {"<": "under", "<=": "at most", ">": "over", ">=": "at least", "=": "is"}
_IN_TIME = {"<": "before", "<=": "up to", ">": "after", ">=": "from", "=": "is"}
_MADE = {Aggregate.SUM: "sum", Aggregate.AVERAGE: "average", Aggregate.COUNT: "count"}


def word_result(result: Result) -> Wording:
    """A result in words, with its citations, and how many of how many rows were read."""
    writer = Writer(result)
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


def _count(writer: Writer, result: Result) -> None:
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
        if stems_of(head) <= roots(sheet.names):
            writer.computed(rows, how)
            _conditions(writer, result)
            writer.say(", with ").computed(*told).say(f" of {plain(head)}")
        else:
            writer.computed(*told).say(f" of {plain(head)}, in ").computed(rows, how)
            _conditions(writer, result)
    writer.cite()


def _amount(writer: Writer, result: Result) -> None:
    plan, sheet, outcome = result.plan, result.sheet, result.outcome
    head = sheet.columns[plan.measure or 0].head
    made = _MADE[plan.aggregate or Aggregate.SUM]
    writer.say(f"{made.capitalize()} of {plain(head)}")
    _conditions(writer, result)
    how = f"{made} of {head}{_where(result)}: {outcome.used:,} rows"
    rows = outcome.cells if outcome.used <= OPERANDS else ()
    writer.say(": ").computed(_amount_text(outcome.value, result), how, rows)
    writer.say(" (").computed(f"{outcome.used:,} {'row' if outcome.used == 1 else 'rows'}", how)
    empty = outcome.rows - outcome.used
    if empty:
        writer.say("; ").computed(f"{empty:,} without a number left out", f"rows without a number in {head}")
    writer.say(")").cite()


def _items(writer: Writer, result: Result) -> None:
    plan, outcome = result.plan, result.outcome
    _headline(writer, result)
    if plan.group is None and plan.subject is None and plan.number == 1 and outcome.found > 1:
        first = outcome.items[0].row
        writer.say(": ").cell(first, plan.measure or 0).say(", in ")
        writer.computed(f"{outcome.found:,} rows", f"count of the rows with this value{_where(result)}").cite(first)
        return
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


def _headline(writer: Writer, result: Result) -> None:
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


def _item(writer: Writer, result: Result, item: Item) -> None:
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


def _list(writer: Writer, result: Result) -> None:
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


def _read(writer: Writer, result: Result) -> None:
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


def _conditions(writer: Writer, result: Result) -> None:
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
            sign = (_IN_TIME if column.kind is Kind.DATE else _SIGNS)[one.sign]
            parts.append(f"{plain(column.head)} {linked}{sign} {one.values[0]}")
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
