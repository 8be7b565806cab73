"""What stands above a table of a PDF page: its caption, its unit, and the heads of its columns."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from dossier.records import Box
from retrieval.parsing.pdf_lines import PdfLine, Word

Words = Callable[[PdfLine], list[Word]]
Rules = Callable[[], Sequence[Box]]
"""Gives the page's horizontal rules, for the pages that have tables."""

ALIGNED = 7.0
"""Points by which right edges of one column may differ (parentheses and percent signs hang over)."""
YEAR = re.compile(r"(?:19|20)\d\d")
UNIT = re.compile(
    r"\(?\s*(?:(?:dollars|amounts|shares|u\.?s\.? dollars|us\$|\$|all)\s+(?:and [\w ]{1,30})?(?:are )?)?"
    r"(?:in|expressed in) (?:millions|thousands|billions)\b[^()]{0,120}\)?",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[a-z]{3,}[.;:]?\s+[a-z]{2,}\s+[a-z]{2,}\s+[a-z]{2,}\s+[a-z]{2,}")
_SPANNING = re.compile(r"\b(?:ended|months|as of|fiscal years?|quarters?)\b", re.IGNORECASE)
_RUNNING = re.compile(r"(?:table of contents|index to .{1,40})", re.IGNORECASE)
_HEADS_ABOVE = 24
_LONGEST_HEAD = 120
_LONGEST_GROUP = 80
"""Longest name of a table's first group of rows (`Cash flows from operating activities:`)."""
_SAME_HEIGHT = 3.0
_OVERHANG = 55.0
"""Points by which a head may begin left of its column."""
_CENTRED = 6.0
_BELOW = 6.0
"""Points below the lowest head within which its rule stands."""
_RULE_GAPS = (4.6, 9.0, 13.0)


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a line that no wide gap parts, with their place."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column's amounts stand: from the leftmost one's (or its currency sign's) left to the digits' right."""

    left: float
    right: float


@dataclass(slots=True)
class Above:
    """What was found above a table. `start` is the line it begins at."""

    start: int
    caption: str = ""
    unit: str = ""
    heads: list[Piece] = field(default_factory=list)
    stub: str = ""
    """A period over the labels (`Quarters ended March 31,`), which is every column's."""


def above(lines: Sequence[PdfLine], first: int, floor: int, columns: Sequence[Column], words: Words) -> Above:
    """The heads, the caption and the unit, looking upwards from the first row to the line `floor`."""
    found = Above(first)
    lowest = max(floor, first - _HEADS_ABOVE)
    for index in range(first - 1, lowest - 1, -1):
        line = lines[index]
        text = " ".join(line.text.split())
        unit = UNIT.search(text)
        group = not found.heads and len(text) <= _LONGEST_GROUP and not text.endswith(".")
        if len(text) > _LONGEST_HEAD or (SENTENCE.search(text) and not unit and not group):
            if text.endswith(":") and text[0].isupper() and len(text) <= _LONGEST_HEAD and not found.caption:
                found.start, found.caption = index, text[:-1]
            break
        beside = any(_same_height(line, other) for other in lines[lowest:first] if other is not line)
        over, rest = _parted(pieces_of(line, words(line)), columns, found, beside)
        if over:
            found.heads.extend(over)
        elif found.heads and line.box and line.box.bottom > min(head.top for head in found.heads) + _SAME_HEIGHT:
            found.start = index  # the head of the labels
        elif rest and (unit or (_is_title(rest) and not _RUNNING.fullmatch(rest))):
            title = not unit or (not SENTENCE.search(rest) and _is_title(rest))
            if (title and found.heads) or not found.caption:
                found.caption = rest  # without heads yet, it may be the first group's name
            if title and found.heads:
                found.start = index
                break
        elif not unit:
            continue
        found.start = index
    return found


def _same_height(line: PdfLine, other: PdfLine) -> bool:
    return line.box is not None and other.box is not None and abs(line.box.top - other.box.top) < _SAME_HEIGHT


def _parted(pieces: Sequence[Piece], columns: Sequence[Column], found: Above, beside: bool) -> tuple[list[Piece], str]:
    """The pieces of a line that stand over columns, and what else it says; a unit goes into `found`.

    A unit over one column, `beside` the heads of others or below a word (`Value (in thousands)`), is that column's.
    """
    over: list[Piece] = []
    rest: list[str] = []
    for piece in pieces:
        text, unit, is_over = piece.text, UNIT.search(piece.text), _is_over(piece, columns)
        if is_over and (unit is None or (len(columns) > 1 and (beside or unit.group() != text))):
            over.append(piece)
            continue
        if unit:
            found.unit = found.unit or unit.group().strip(" ():")
            text = " ".join(text.replace(unit.group(), " ").split()).strip(" :")
        if text and (text[0].isupper() or text[0] == "("):
            rest.append(text)
    if over and rest and not found.stub and _SPANNING.search(rest[0]) and not YEAR.search(rest[0]):
        found.stub = rest[0]
    return over, " ".join(rest)


def _is_over(piece: Piece, columns: Sequence[Column]) -> bool:
    """Whether a piece stands over the columns: a caption reaches further left, or lists the years of several."""
    first = columns[0]
    if len(YEAR.findall(piece.text)) > 1 or piece.right < first.left - _OVERHANG / 2:
        return False
    aligned = YEAR.search(piece.text) and any(abs(piece.right - column.right) <= ALIGNED for column in columns)
    return piece.left > first.left - _OVERHANG or bool(aligned)


def _is_title(text: str) -> bool:
    """A line in capitals or in title case, longer than a column's head."""
    letters = [word for word in re.findall(r"[A-Za-z’']+", text) if len(word) > 3]
    if (
        len(letters) < 2
        or not text[0].isupper()
        or text.endswith((":", ","))
        or _SPANNING.search(text)
        or len(YEAR.findall(text)) > 1
    ):
        return False
    return text.isupper() or all(word[0].isupper() for word in letters)


def heads_of(found: Above, columns: Sequence[Column], rules: Sequence[Box]) -> list[str]:
    """The heads of the columns, each from the pieces that stand over it, top to bottom.

    A rule below a head says which columns it spans. Without one, a period that stands alone in its height (`Years
    ended`) is every column's.
    """
    lowest = max((head.bottom for head in found.heads), default=0.0) + _BELOW
    highest = min((head.top for head in found.heads), default=0.0)
    joined = _joined_rules([rule for rule in rules if highest <= rule.top <= lowest])
    heads: list[list[str]] = [[found.stub] if found.stub else [] for _ in columns]
    for piece in sorted(found.heads, key=lambda item: (round(item.top / _SAME_HEIGHT), item.left)):
        for place in _columns_of(piece, found.heads, columns, joined):
            heads[place].append(piece.text)
    return [" ".join(dict.fromkeys(head))[:_LONGEST_HEAD] for head in heads]


def _columns_of(
    piece: Piece, pieces: Sequence[Piece], columns: Sequence[Column], rules: Sequence[Box]
) -> Sequence[int]:
    rule = _rule_below(piece, pieces, rules)
    if rule is not None:
        ruled = [place for place, column in enumerate(columns) if rule.left - 2 <= column.right <= rule.right + ALIGNED]
        if ruled:
            return ruled
    alone = all(other is piece or abs(other.top - piece.top) >= _SAME_HEIGHT for other in pieces)
    if alone and _SPANNING.search(piece.text) and not YEAR.search(piece.text):
        return range(len(columns))
    return _under(piece, columns)


def _rule_below(piece: Piece, pieces: Sequence[Piece], rules: Sequence[Box]) -> Box | None:
    """The rule that this head alone stands on, centred or flush right: the nearest, of those the widest."""
    below = [
        rule
        for rule in rules
        if piece.bottom - 2 <= rule.top and rule.left - 4 <= piece.left and piece.right <= rule.right + 4
    ]
    for rule in sorted(below, key=lambda item: (round(item.top), item.left - item.right)):
        on = [other for other in pieces if piece.top - _SAME_HEIGHT < other.top < rule.top and _stands(other, rule)]
        alone = all(a is b or abs(a.top - b.top) >= _SAME_HEIGHT for a in on for b in on)
        middle = (piece.left + piece.right) / 2
        flush = abs(piece.right - rule.right) <= ALIGNED or abs((rule.left + rule.right) / 2 - middle) <= _CENTRED
        if alone and flush:
            return rule
    return None


def _stands(piece: Piece, rule: Box) -> bool:
    return rule.left - 4 <= (piece.left + piece.right) / 2 <= rule.right + 4


def _joined_rules(rules: Sequence[Box]) -> list[Box]:
    """The rules, and those that small gaps part as one: cells that one head spans are often ruled one by one."""
    joined = list(rules)
    for gap in _RULE_GAPS:
        line: Box | None = None
        for rule in sorted(rules, key=lambda item: (round(item.top), item.left)):
            if line is not None and round(line.top) == round(rule.top) and rule.left - line.right <= gap:
                line = replace(line, right=max(line.right, rule.right))
            else:
                joined.extend([line] if line else [])
                line = rule
        joined.extend([line] if line else [])
    return joined


def pieces_of(line: PdfLine, words: Sequence[Word]) -> list[Piece]:
    """Words of a line in pieces that wide gaps part."""
    pieces: list[Piece] = []
    top, bottom = (line.box.top, line.box.bottom) if line.box else (0.0, 0.0)
    for word in words:
        space = (word.right - word.left) / max(1, len(word.text))
        years = bool(pieces) and bool(YEAR.fullmatch(word.text)) and bool(YEAR.search(pieces[-1].text[-4:]))
        if pieces and word.left - pieces[-1].right <= max(1.6 * space, 4.0) and not years:
            pieces[-1] = replace(pieces[-1], text=f"{pieces[-1].text} {word.text}", right=word.right)
        else:
            pieces.append(Piece(word.text, word.left, word.right, top, bottom))
    return pieces


def _under(piece: Piece, columns: Sequence[Column]) -> list[int]:
    """The columns that a head stands over: those whose amounts end beneath it, else the nearest one."""
    spanned = [
        place for place, column in enumerate(columns) if piece.left - 2 <= column.right <= piece.right + 2 * ALIGNED
    ]
    if spanned:
        return spanned
    middle = (piece.left + piece.right) / 2
    return [min(range(len(columns)), key=lambda place: _distance(middle, columns[place]))]


def _distance(middle: float, column: Column) -> tuple[float, float]:
    return max(column.left - middle, middle - column.right, 0.0), abs(column.right - middle)
