"""An answer about prices as it is put together: words, where each number comes from, and the passages of its rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dossier.citations import marker
from dossier.records import Passage, Table
from dossier.traces import Origin, Trace
from serving.market.series import Prices, day
from serving.whole_tables.writing import Piece, Wording


class Documents(Protocol):
    """The index, as far as the rows of a price file are looked up in it."""

    def tables(self, source: str, groups: frozenset[str], page: int | None = None) -> Sequence[Table]:
        """The tables of a document that the groups may read."""
        ...

    def passage_at(self, source: str, page: int, start: int, groups: frozenset[str]) -> Passage | None:
        """The chunk that holds an offset of a page."""
        ...


class Rows:
    """The rows of price files that are documents too; of a file that isn't, there is nothing to cite."""

    def __init__(self, documents: Documents, folder: Path, groups: frozenset[str]) -> None:
        """`folder` has the documents."""
        self._documents, self._folder, self._groups = documents, folder, groups
        self.passages: list[Passage] = []

    def cite(self, prices: Prices, at: int) -> int:
        """The number of the passage that has the row of a day; it joins the passages. 0: it is in no document."""
        if prices.file != (self._folder / prices.source).resolve():
            return 0
        when = str(day(prices.dates[at]))
        for table in self._documents.tables(prices.source, self._groups):
            for row in table.rows:
                if row.cells and row.cells[0].text.strip() == when:
                    found = self._documents.passage_at(prices.source, table.page, row.start, self._groups)
                    return 0 if found is None else self._number(found)
        return 0

    def _number(self, passage: Passage) -> int:
        known = next((at for at, one in enumerate(self.passages) if one.chunk_id == passage.chunk_id), None)
        if known is None:
            self.passages.append(passage)
            return len(self.passages)
        return known + 1


class PriceWriter:
    """Puts a text about prices together and remembers where its numbers come from."""

    def __init__(self, rows: Rows) -> None:
        """Nothing is said yet."""
        self._rows, self._text, self._pieces = rows, "", list[Piece]()
        self._cited: list[int] = []

    def say(self, text: str, trace: Trace | None = None) -> "PriceWriter":
        """Words; numbers among them are constants unless told otherwise."""
        known = trace or Trace("", -1, -1, Origin.CONSTANT)
        self._pieces.append(Piece(len(self._text), len(self._text) + len(text), known))
        self._text += text
        return self

    def close(self, prices: Prices, at: int) -> "PriceWriter":
        """The close of a day, as a cell of its file."""
        return self.say(f"{prices.close[at]:,.2f}", self.cell(prices, at))

    def when(self, prices: Prices, at: int) -> "PriceWriter":
        """A day that has a close."""
        return self.say(str(day(prices.dates[at])), self.cell(prices, at))

    def computed(self, text: str, expression: str, operands: Sequence[Trace] = ()) -> "PriceWriter":
        """What code computed."""
        return self.say(text, Trace("", -1, -1, Origin.COMPUTED, expression=expression, operands=tuple(operands)))

    def cell(self, prices: Prices, at: int) -> Trace:
        """Where the close of a day stands; its passage joins those cited."""
        number = self._rows.cite(prices, at)
        if number and number not in self._cited:
            self._cited.append(number)
        page = self._rows.passages[number - 1].chunk.page if number else 1
        line = "" if prices.lines is None else f"{line_word(prices)} {prices.lines[at]}"
        when, said = str(day(prices.dates[at])), f"{prices.close[at]:g}"
        return Trace(said, -1, -1, Origin.CELL, number, prices.source, page, when, "close", line)

    def cite(self) -> "PriceWriter":
        """The passages of the cells so far."""
        return self.say("".join(f" {marker(number)}" for number in self._cited))

    def done(self) -> Wording:
        """The text as it is now."""
        return Wording(self._text, tuple(self._pieces))


def line_word(prices: Prices) -> str:
    """What a row of the file is called."""
    return "row" if prices.file.suffix.lower() == ".parquet" else "line"


def place_of(prices: Prices) -> str:
    """The file and the lines that the prices stand in: `lines 2 to 339 of prices.csv`."""
    if prices.lines is None or not len(prices):
        return prices.source
    first, last = int(prices.lines.min()), int(prices.lines.max())
    word = line_word(prices)
    return f"{word}s {first} to {last} of {prices.source}" if last > first else f"{word} {first} of {prices.source}"
