"""Tables read as figures: which columns are periods that can be compared, and which rows hold amounts for them."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dossier.amounts import Scale, amount_in
from dossier.records import Table

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_PERIOD_WORD = re.compile(
    r"(?:as|of|at|the|and|years?|ended|ending|months?|quarters?|weeks?|fiscal|fy|q[1-4]|h[12]|first|second|third|fourth"
    r"|one|three|six|nine|twelve|\d{1,2}|(?:19|20)\d\d|jan\w*|feb\w*|mar(?:ch)?|apr\w*|may|june?|july?|aug\w*|sept?\w*"
    r"|oct\w*|nov\w*|dec\w*)",
    re.IGNORECASE,
)
_SCALES = {"thousand": Scale.THOUSAND, "million": Scale.MILLION, "billion": Scale.BILLION}
_PER = re.compile(r"\bper\b|\beps\b", re.IGNORECASE)
_UNLIKE = re.compile(r"\bmargin\b|\brate\b|\bratio\b|\bpercent|%|\bdays\b|\bemployees\b", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\s*\((?:\d{1,2}|[a-z])\)")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount of a table: the cell as it stands, its value, and the period of its column with the year in it."""

    text: str
    value: Decimal
    period: str
    year: int


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A row of figures for comparable periods, earliest first; `label` with its footnotes taken off."""

    label: str
    said: str
    scale: Scale
    figures: tuple[Figure, ...]

    @property
    def is_percent(self) -> bool:
        """Whether the figures are percentages."""
        return self.scale is Scale.PERCENT


def figure_rows(table: Table) -> list[FigureRow]:
    """The rows whose label and unit leave no doubt what their figures are.

    Left out are labels that come twice, rows that mix percentages with amounts, numbers of shares, and money or
    percentages in tables that state no unit: an answer made from these could be wrong.
    """
    columns = _comparable(table.columns)
    if not columns:
        return []
    labels = Counter(_label(row.cells[0].text).lower() for row in table.rows if row.cells)
    shown = " ".join(cell.text for row in table.rows for cell in row.cells[1:])
    unsaid = not table.unit and bool(re.search(r"[%$€£]", shown))
    found = []
    for row in table.rows:
        label = _label(row.cells[0].text)
        figures = [figure for at in columns if (figure := _figure(row.cells[at].text, table.columns[at]))]
        scale = _scale(label, [figure.text for figure in figures], table.unit, unsaid)
        if labels[label.lower()] == 1 and len(figures) == len(columns) and _is_name(label) and scale is not None:
            said = " ".join(cell.text for cell in row.cells if cell.text)
            found.append(FigureRow(label, said, scale, tuple(sorted(figures, key=lambda figure: figure.year))))
    return found


def _comparable(columns: Sequence[str]) -> list[int]:
    """The columns that differ in nothing but the year: the largest such group, each head once."""
    alike: Mapping[str, list[int]] = defaultdict(list)
    heads = Counter(columns)
    for at, head in enumerate(columns):
        words = re.findall(r"\w+", head)
        years = _YEAR.findall(head)
        if at and len(years) == 1 and heads[head] == 1 and all(_PERIOD_WORD.fullmatch(word) for word in words):
            alike[_YEAR.sub("", re.sub(r"\b\d{1,2}\b", "", head)).lower()].append(at)
    best = max(alike.values(), key=len, default=[])
    years = [_YEAR.findall(columns[at])[0] for at in best]
    return best if len(best) > 1 and len(set(years)) == len(best) else []


def _label(text: str) -> str:
    return " ".join(_FOOTNOTE.sub("", text).split()).strip(" .:—–-")


def _is_name(label: str) -> bool:
    return 2 < len(label) <= _LONGEST and sum(character.isalpha() for character in label) > len(label) / 2


def _figure(text: str, head: str) -> Figure | None:
    value = amount_in(text.replace("$(", "(").replace("€(", "("))
    year = _YEAR.search(head)
    return None if value is None or year is None else Figure(text.strip(), value, " ".join(head.split()), int(year[0]))


def _scale(label: str, cells: Sequence[str], unit: str, unsaid: bool) -> Scale | None:
    """What the cells count in, or None where that isn't certain (`unsaid`: money or percentages without a unit)."""
    shown = ["%" in cell for cell in cells]
    if all(shown):
        return Scale.PERCENT
    if any(shown):
        return None
    if re.search(r"\bshares\b", label, re.IGNORECASE):  # `except per share data` may or may not mean these
        return None
    if _PER.search(label):
        return Scale.ONES
    if "except" in unit.lower() and all(re.search(r"\.\d\d\b", cell) for cell in cells):
        return None  # may be the exception, under a head that says `per share`
    stated = next((scale for word, scale in _SCALES.items() if word in unit.lower()), None)
    if stated is None:
        return None if unsaid else Scale.ONES
    return None if _UNLIKE.search(label) else stated
