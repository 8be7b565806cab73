"""Questions about a table whose answers are right by construction: computed from its own cells."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dossier.amounts import Scale
from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Document, Table
from training.data.duplicates import plain
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.data.table_figures import FigureRow, figure_rows

MOST = 16
"""Questions of one table: more would say the same in other words."""
_WORDINGS = {
    "look-up": ("What {was} {it} {in_p}?", "How much {was} {it} {in_p}?", "{It} {in_p}?", "Give {it} {in_p}."),
    "change": ("By how much did {it} change from {a} to {b}?", "What was the change in {it} between {a} and {b}?"),
    "percentage change": (
        "By what percentage did {it} change from {a} to {b}?",
        "What was the percentage change in {it} between {a} and {b}?",
        "How many percent did {it} grow or shrink from {a} to {b}?",
    ),
    "sum": ("What {was} {it} over {all} together?", "What do {it} of {all} add up to?"),
    "average": ("What {was} {it} on average over {all}?", "What was the average of {it} for {all}?"),
    "ratio": ("What was the ratio of {it} to {other} {in_p}?", "How large {was} {it} relative to {other} {in_p}?"),
    "comparison": ("{Was} {it} higher in {b} than in {a}?", "Did {it} rise from {a} to {b}?"),
    "which year": ("In which year {was} {it} the highest?", "Which year saw {it} at the highest?"),
}
_FLOW = re.compile(
    r"revenue|sales|income|profit|earnings|expense|cost|expenditure|dividend|payment|purchase|proceeds|depreciation"
    r"|amortization|cash (?:used|provided)|tax provision",
    re.IGNORECASE,
)
_BALANCE = re.compile(
    r"\b(?:end|beginning) of|balance|accrued|prepaid|payable|receivable|deferred|retained|per ", re.IGNORECASE
)
"""What is added up over years must be an amount of a time, not of a day."""
_HEAD_NOUN = re.compile(
    r"[\w&’' -]+?(?=\s+(?:of|for|from|in|before|by|to|per|used|provided|on|at|under|with)\b|[,(:]|$)"
)
Maker = Callable[[FigureRow, Sequence[FigureRow]], "_Made | None"]


@dataclass(frozen=True, slots=True)
class _Made:
    """A question's parts: the periods it names, the answer, and the rows that it is drawn from."""

    answer: Labelled
    periods: tuple[str, ...]
    other: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A table with its document and what else the document's tables speak of."""

    document: Document
    table: Table
    years: frozenset[int]

    @property
    def context(self) -> Context:
        """The table as questions are asked on it."""
        parts = (self.document.title, self.table.caption, self.table.unit)
        rows = tuple(tuple(cell.text for cell in row.cells) for row in self.table.rows)
        return Context(". ".join(part for part in parts if part), (self.table.columns, *rows))


def table_questions(name: str, page: Page, strangers: Sequence[str]) -> Iterator[Example]:
    """Up to `MOST` questions, chosen by the table itself: the same table always gives the same.

    `strangers` are labels of other documents, for questions that this table can't answer.
    """
    rows = figure_rows(page.table)
    asked = [(kind, row) for row in rows for kind in _MAKERS]
    asked.sort(key=lambda item: _number(page, f"{item[0]}:{item[1].label}"))
    count = 0
    for kind, row in asked:
        made = _MAKERS[kind](row, rows)
        if made is not None and count < MOST:
            count += 1
            yield _example(name, page, f"{kind}, {row.label}", _worded(kind, row, made, page), made.answer)
    yield from _unanswerable(name, page, rows, strangers)


def _look_up(row: FigureRow, rows: Sequence[FigureRow]) -> _Made:
    figure = row.figures[-1 - _digest(row.label) % len(row.figures)]
    return _Made(Labelled((figure.text,), AnswerKind.SPAN, row.scale, evidence=(row.said,)), (figure.period,))


def _change(row: FigureRow, rows: Sequence[FigureRow]) -> _Made:
    before, after = row.figures[-2:]
    return _computed(row, f"{_term(after.value)} - {_term(before.value)}", after.value - before.value, row.scale)


def _percentage_change(row: FigureRow, rows: Sequence[FigureRow]) -> _Made | None:
    before, after = row.figures[-2:]
    if min(before.value, after.value) <= 0 or row.is_percent:
        return None
    expression = f"({_term(after.value)} - {_term(before.value)}) / {_term(before.value)}"
    value = round((after.value - before.value) / before.value * 100, 2)
    return _computed(row, expression, value, Scale.PERCENT)


def _sum(row: FigureRow, rows: Sequence[FigureRow]) -> _Made | None:
    if row.is_percent or row.scale is Scale.ONES or not _FLOW.search(row.label) or _BALANCE.search(row.label):
        return None
    values = [figure.value for figure in row.figures]
    return _computed(row, " + ".join(map(_term, values)), sum(values, Decimal(0)), row.scale, whole=True)


def _average(row: FigureRow, rows: Sequence[FigureRow]) -> _Made:
    values = [figure.value for figure in row.figures]
    expression = f"({' + '.join(map(_term, values))}) / {len(values)}"
    return _computed(row, expression, round(sum(values, Decimal(0)) / len(values), 2), row.scale, whole=True)


def _ratio(row: FigureRow, rows: Sequence[FigureRow]) -> _Made | None:
    over = row.figures[-1]
    others = [
        other
        for other in rows
        if other.label != row.label and other.scale is row.scale and 0 < other.figures[-1].value < 50 * over.value
    ]
    if row.is_percent or not others:
        return None
    other = min(others, key=lambda one: _digest(row.label + one.label))
    under = other.figures[-1]
    expression = f"{_term(over.value)} / {_term(under.value)}"
    texts = (_shown(round(over.value / under.value, 2)),)
    label = Labelled(texts, AnswerKind.NUMBER, Scale.ONES, "", expression, (row.said, other.said))
    return _Made(label, (over.period,), other.label)


def _comparison(row: FigureRow, rows: Sequence[FigureRow]) -> _Made | None:
    before, after = row.figures[-2:]
    if before.value == after.value or min(before.value, after.value) < 0:
        return None
    answer = "yes" if after.value > before.value else "no"
    expression = f"{_term(after.value)} > {_term(before.value)}"
    label = Labelled((answer,), AnswerKind.LABEL, Scale.ONES, "", expression, (row.said,))
    return _Made(label, (before.period, after.period))


def _which_year(row: FigureRow, rows: Sequence[FigureRow]) -> _Made | None:
    values = [figure.value for figure in row.figures]
    whole_years = not any(
        re.search(r"months|quarter|weeks|\bQ\d", figure.period, re.IGNORECASE) for figure in row.figures
    )
    if values.count(max(values)) > 1 or min(values) < 0 or not whole_years:
        return None
    best = row.figures[values.index(max(values))]
    return _Made(Labelled((str(best.year),), AnswerKind.SPAN, evidence=(row.said,)), ())


_MAKERS: dict[str, Maker] = {
    "look-up": _look_up,
    "change": _change,
    "percentage change": _percentage_change,
    "sum": _sum,
    "average": _average,
    "ratio": _ratio,
    "comparison": _comparison,
    "which year": _which_year,
}


def _computed(row: FigureRow, expression: str, value: Decimal, scale: Scale, whole: bool = False) -> _Made:
    """A number, over the last two periods or over all of them."""
    figures = row.figures if whole else row.figures[-2:]
    label = Labelled((_shown(value),), AnswerKind.NUMBER, scale, "", expression, (row.said,))
    return _Made(label, tuple(figure.period for figure in figures))


def _unanswerable(name: str, page: Page, rows: Sequence[FigureRow], strangers: Sequence[str]) -> Iterator[Example]:
    """A year that no table of the document has, and a row that this table hasn't; one of each for a table."""
    if not rows:
        return
    row = rows[_number(page, "row") % len(rows)]
    last = row.figures[-1]
    year = next(year for year in range(last.year - 7, 1900, -1) if year not in page.years)
    period = last.period.replace(str(last.year), str(year))
    label = Labelled((NOT_IN_DOCUMENTS,), AnswerKind.UNANSWERABLE)
    asked = _worded("look-up", row, _Made(label, (period,)), page)
    yield _example(name, page, f"another year, {row.label}", asked, label)
    told = set(plain(page.context.text).split())
    foreign = [stranger for stranger in strangers if len(set(plain(stranger).split()) - told) > 1]
    if foreign:
        chosen = FigureRow(foreign[_number(page, "stranger") % len(foreign)], "", row.scale, row.figures)
        asked = _worded("look-up", chosen, _Made(label, (last.period,)), page)
        yield _example(name, page, f"another row, {chosen.label}", asked, label)


def _worded(kind: str, row: FigureRow, made: _Made, page: Page) -> str:
    number = _number(page, f"wording:{kind}:{row.label}")
    wording = _WORDINGS[kind][number % len(_WORDINGS[kind])]
    it = _said(row.label)
    company = page.document.metadata.company
    if number // 7 % 2 and company and len(company) <= 40 and not any(character.isdigit() for character in company):
        it = f"{company}'s {it}"
    noun = _HEAD_NOUN.match(row.label.rpartition(": ")[2])
    was = "were" if noun and re.search(r"[^su]s$", noun[0]) else "was"
    periods = [_of_period(period) for period in made.periods]
    names = {
        "it": it,
        "It": it[:1].upper() + it[1:],
        "was": was,
        "Was": was.capitalize(),
        "other": _said(made.other),
        "in_p": f"{_preposition(made.periods[0])} {periods[0]}" if periods else "",
        "a": periods[0] if periods else "",
        "b": periods[-1] if periods else "",
        "all": f"{', '.join(periods[:-1])} and {periods[-1]}" if len(periods) > 1 else "",
    }
    return wording.format_map(names)


def _said(label: str) -> str:
    """A label within a sentence: without capitals that only a row's beginning gives it."""
    first, _, rest = label.partition(": ")
    if rest:
        return f"{_said(rest)} ({_said(first)})"
    if label.isupper() and " " in label:
        return label.lower()
    return label[:1].lower() + label[1:] if label[1:] == label[1:].lower() else label


def _of_period(head: str) -> str:
    """`Year ended 30 June 2025` as a sentence has it."""
    head = re.sub(r"\b(?:Years?|Quarters?|Months?|Weeks?|Ended|Ending)\b", lambda match: match[0].lower(), head)
    if re.match(r"(?:year|quarter|month|three|six|nine|twelve|first|second|third|fourth)", head, re.IGNORECASE):
        return f"the {head[:1].lower()}{head[1:]}"
    return re.sub(r"^(?:As of|At|as at) ", "", head)


def _preposition(head: str) -> str:
    if re.match(r"(?:as of|at)\b", head, re.IGNORECASE) or re.fullmatch(r"\W*(?:\d{1,2} )?[A-Z][a-z]+ \d.*", head):
        return "at"
    return "in" if re.fullmatch(r"\D{0,3}\d{4}|(?:FY|Q\d|fiscal).*", head, re.IGNORECASE) else "for"


def _example(name: str, page: Page, place: str, question: str, answer: Labelled) -> Example:
    source = page.document.source
    origin = Origin(name, f"{source}, page {page.table.page}, {place}", source, source, "", page.document.metadata)
    return Example(Task.QA, question, answer, origin, page.context)


def _term(value: Decimal) -> str:
    return f"{value:f}"


def _shown(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def _number(page: Page, purpose: str) -> int:
    return _digest(f"{page.document.source}:{page.table.page}:{page.table.start}:{purpose}")


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:6])
