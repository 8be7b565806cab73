"""Lines of a PDF page as rows of a table: a label, and the amounts and words of its cells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from dossier.records import Box
from retrieval.parsing.pdf_heads import SENTENCE, YEAR, Words
from retrieval.parsing.pdf_lines import PdfLine, Word

LONGEST_LABEL = 120
_CURRENCY = frozenset("$€£¥") | {"US$", "($", "(€", "(£", "$("}
_CLOSING = frozenset(["%", ")", ")%", "%)", "x", "bp", "bps", "pts"])
_DASHES = frozenset("-–—*") | {"--", "N/A", "n/a", "N.A", "N.A.", "NM", "nm", "N/M", "n/m", "nil"}
_NUMBER = re.compile(r"[-+–]?\(?[-+–]?(?:US)?[$€£¥]?\s?\d(?:[\d,]*\d)?(?:\.\d+)?%?\)?%?(?:x|bps)?")
_TO = frozenset("-–—")
_RANGE_GAP = 4.0
"""Points on both sides of a range's dash: a space."""
_NOTE = re.compile(r"(?:\(\d\))+|\*+|[†‡]+")
_NOTE_GAP = 8.0
_SPACE = 0.5
"""A space's widest share of its line's height: a number that follows a word so closely belongs to the label."""
_WIDE = 12.0
"""Points between a label and a cell of words (a date, a rate's name)."""


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as it is read, and the points where its digits end."""

    text: str
    left: float
    right: float
    words: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line with amounts. `box` is the line's, `label_box` the label's."""

    label: str
    label_box: Box | None
    amounts: tuple[Amount, ...]
    box: Box


def read_row(line: PdfLine, words: Words) -> Row | None:
    """A line as label and amounts, None when it ends in no amount. Years alone are heads."""
    text = line.text.strip()
    if line.box is None or not text or not ends_in_amount(text) or len(text) > 2 * LONGEST_LABEL:
        return None
    found = words(line)
    split = len(found)
    while split and _is_piece(found[split - 1].text):
        split -= 1
    height = line.box.bottom - line.box.top
    while 0 < split < len(found) and _is_labels(found[:split], found[split], height):
        split += 1
    label_end = next((at for at in range(1, split) if found[at].left - found[at - 1].right > _WIDE), split)
    read = _merged(found[split:])
    if all(YEAR.fullmatch(amount.text) for amount in read):
        return None
    amounts = (*_of_words(found[label_end:split]), *read)
    label = " ".join(word.text for word in found[:label_end])
    if len(label) > LONGEST_LABEL or (len(amounts) == 1 and SENTENCE.search(label) and not line.text.startswith(" ")):
        return None
    box = Box(found[0].left, line.box.top, found[label_end - 1].right, line.box.bottom) if label_end else None
    return Row(label, box, amounts, line.box)


def _is_labels(label: Sequence[Word], word: Word, height: float) -> bool:
    """Whether a number still belongs to the label before it: it follows as closely as a word.

    `(1)` refers to a note (a negative unit would stand in its column), and `10)` ends `(Note 10)`.
    """
    gap = word.left - label[-1].right
    said = " ".join(part.text for part in label)
    closes = word.text.endswith(")") and not word.text.startswith("(") and said.count("(") > said.count(")")
    return closes or gap <= _SPACE * height or (bool(_NOTE.fullmatch(word.text)) and gap <= _NOTE_GAP)


def _of_words(words: Sequence[Word]) -> tuple[Amount, ...]:
    """What stands between a label and the amounts: cells of words (a date, a rate's name) that wide gaps part."""
    cells: list[Amount] = []
    for word in words:
        if cells and word.left - cells[-1].right <= _WIDE:
            cells[-1] = Amount(f"{cells[-1].text} {word.text}", cells[-1].left, word.right, words=True)
        else:
            cells.append(Amount(word.text, word.left, word.right, words=True))
    return tuple(cells)


def ends_in_amount(text: str) -> bool:
    """Whether the last word of a text that isn't empty could be (the end of) an amount."""
    return _is_piece(text.split()[-1])


def _is_piece(word: str) -> bool:
    return word in _CURRENCY or word in _CLOSING or word in _DASHES or word == "(" or bool(_NUMBER.fullmatch(word))


def _merged(words: Sequence[Word]) -> tuple[Amount, ...]:
    """Amounts whose currency, parentheses and percent sign stand apart, put together again; so are ranges (`2 - 3`)."""
    amounts: list[Amount] = []
    opening: Word | None = None
    joined = ""
    for word, following in zip_longest(words, words[1:]):
        if word.text in _TO and amounts and following and _is_between(amounts[-1], word, following):
            joined = word.text
        elif word.text in _CURRENCY or word.text == "(":
            opening = Word(f"{opening.text}{word.text}" if opening else word.text, (opening or word).left, word.right)
        elif word.text in _CLOSING and amounts and opening is None:
            last = amounts[-1]
            amounts[-1] = Amount(f"{last.text}{word.text}", last.left, last.right)
        else:
            text, left = (f"{opening.text}{word.text}", opening.left) if opening else (word.text, word.left)
            if joined:
                before = amounts.pop()
                text, left = f"{before.text} {joined} {text}", before.left
            amounts.append(Amount(text, left, word.right))
            opening, joined = None, ""
    return tuple(amounts)


def _is_between(before: Amount, dash: Word, after: Word) -> bool:
    """Whether a dash joins two amounts to a range: one that stands for nothing stands in a column of its own."""
    return 0 <= dash.left - before.right <= _RANGE_GAP and 0 <= after.left - dash.right <= _RANGE_GAP
