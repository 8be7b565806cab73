"""Where words and numbers stand in an excerpt."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dossier.amounts import Number, numbers_in
from dossier.excerpts import Excerpt

_CURRENCY = "$€£¥"
ELIDED = " … "
"""Between the first and the last words of a long quotation; code reads what stands between."""
_LONGEST_ELIDED = 1500
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-"})


@dataclass(frozen=True, slots=True)
class Operand:
    """Where something that was quoted or computed with stands: `source` is the excerpt's number (0: the question).

    `row` and `column` count the excerpt's rows and columns from 0, heads included, -1 outside of tables; there `start`
    is the offset in its text. `label` is the row's label, `head` the column's head.
    """

    text: str
    source: int
    label: str = ""
    head: str = ""
    row: int = -1
    column: int = -1
    start: int = -1


def find_words(text: str, words: str) -> tuple[int, int] | None:
    """Where words stand in a text, whatever their spaces, case, dashes and currency signs; None: nowhere.

    `first words … last words` stands for everything between them.
    """
    head, elided, tail = words.partition(ELIDED)
    first = _find(text, head, 0)
    if first is None or not elided:
        return first
    last = _find(text, tail, first[1])
    return (first[0], last[1]) if last and last[1] - first[0] <= _LONGEST_ELIDED else None


def _find(text: str, words: str, start: int) -> tuple[int, int] | None:
    pieces = re.split(rf"[\s{_CURRENCY}]+", words.translate(_SAME).strip(f"{_CURRENCY} \n\t"))
    if not any(pieces):
        return None
    pattern = rf"[\s{_CURRENCY}]*".join(map(re.escape, pieces))
    front = r"(?<!\w)" if re.match(r"\w", pieces[0]) else ""
    front += r"(?<![\d][.,])" if re.match(r"\d", pieces[0]) else ""
    back = r"(?!\w)(?![.,]\d)" if re.search(r"\w$", pieces[-1]) else ""
    found = re.compile(front + pattern + back, re.IGNORECASE).search(text.translate(_SAME), start)
    return found.span() if found else None


def places_of_words(words: str, source: int, excerpt: Excerpt) -> Iterator[Operand]:
    """The cells of an excerpt that hold the words, the fullest match first; in a text, or across cells, the place."""
    found = []
    for row, cells in enumerate(excerpt.rows):
        for column, cell in enumerate(cells):
            if span := find_words(cell, words):
                found.append(
                    (len(cell) - (span[1] - span[0]), operand_at(cell[slice(*span)], source, excerpt, row, column))
                )
    yield from (operand for _, operand in sorted(found, key=lambda item: item[0]))
    for text in () if found else (excerpt.text, excerpt.body, excerpt.header):
        if span := find_words(text, words):
            yield Operand(text[slice(*span)], source, start=span[0] if text is excerpt.text else -1)
            return


def numbers_of(source: int, excerpt: Excerpt) -> Iterator[tuple[Number, Operand]]:
    """The numbers of an excerpt and where they stand: its cells, its text, its header."""
    for row, cells in enumerate(excerpt.rows):
        for column, cell in enumerate(cells):
            for number in numbers_in(cell):
                yield number, operand_at(number.digits, source, excerpt, row, column)
    for number in numbers_in(excerpt.text):
        yield number, Operand(number.digits, source, start=number.start)
    for number in numbers_in(excerpt.header):
        yield number, Operand(number.digits, source)


def operand_at(text: str, source: int, excerpt: Excerpt, row: int, column: int) -> Operand:
    """A cell as an operand."""
    head = excerpt.rows[0][column] if row and column else ""
    return Operand(text, source, excerpt.rows[row][0], head, row, column)


def bare(text: str) -> str:
    """A cell's text without spaces, case and currency signs, for comparing."""
    return "".join(text.translate(_SAME).translate({ord(sign): None for sign in _CURRENCY}).lower().split())
