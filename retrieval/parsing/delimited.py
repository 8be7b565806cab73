"""CSV and TSV: values as they stand in the file; nothing that looks like a formula is computed."""

import csv
import io
import re
from itertools import islice

from dossier.records import TableCell
from retrieval.parsing.hidden import Notes
from retrieval.parsing.markup import decode
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import ParsedDocument, title_from_name
from retrieval.parsing.tables import Row, is_amount

MAX_ROWS = 50_000
"""Rows read of one sheet or file: about 5,000 passages. Larger ones are data sets, not documents."""
MAX_COLUMNS = 200
MAX_CELLS = 400_000
_LONGEST_CELL = 1_000_000
_TOO_MANY = re.compile(r"only ([\d,]+) of ([\d,]+) rows(?: of the sheet “([^”]*)”)? were read")


def read_csv(name: str, data: bytes) -> ParsedDocument:
    """Read a CSV file (comma, semicolon, bar or tab between values, found from its first lines)."""
    text = decode(data)
    return _read(name, text, delimiter_of(text[:20_000]))


def read_tsv(name: str, data: bytes) -> ParsedDocument:
    """Read a file of values separated by tabs."""
    return _read(name, decode(data), "\t")


def column_letters(index: int) -> str:
    """Spreadsheet name of a column: 0 is `A`, 26 is `AA`."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def too_many(read: int, total: int, what: str = "") -> str:
    """The warning of a sheet that is read in part."""
    return f"only {read:,} of {total:,} rows{what} were read; split the file to index all"


def rows_left_out(warning: str, sheet: str = "") -> int:
    """How many rows the warnings of a document say weren't read (of this sheet, where they name one)."""
    found = [(total, read) for read, total, name in _TOO_MANY.findall(warning) if name in ("", sheet)]
    return sum(int(total.replace(",", "")) - int(read.replace(",", "")) for total, read in found)


def delimiter_of(sample: str) -> str:
    """What stands between the values of a CSV file, as its beginning shows."""
    try:
        return csv.Sniffer().sniff(sample, ",;\t|").delimiter
    except csv.Error:
        return max(",;\t|", key=lambda mark: (sample.count(mark), mark == ","))


def _without_gaps(rows: list[Row]) -> list[Row]:
    """The rows without empty lines, where all are words: each would look like the heads of a new table there."""
    filled = [row for row in rows if any(cell.text for cell in row)]
    even = len({len(row) for row in filled}) == 1
    return filled if even and not any(is_amount(cell.text) for row in filled for cell in row) else rows


def _read(name: str, text: str, delimiter: str) -> ParsedDocument:
    csv.field_size_limit(_LONGEST_CELL)
    notes = Notes()
    reader = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter)
    letters = [column_letters(index) for index in range(MAX_COLUMNS)]
    rows: list[Row] = []
    cells = 0
    for number, values in enumerate(islice(reader, MAX_ROWS), start=1):
        if len(values) > MAX_COLUMNS:
            notes.remark(f"only the first {MAX_COLUMNS} columns were read")
        row = [TableCell(value.strip(), f"{letter}{number}") for letter, value in zip(letters, values, strict=False)]
        cells += len(row)
        if cells > MAX_CELLS:
            break
        rows.append(row)
    rest = sum(1 for _ in reader)
    if rest or cells > MAX_CELLS:
        notes.remark(too_many(len(rows), len(rows) + rest + (cells > MAX_CELLS)))
    page = PageWriter(1, notes)
    page.table(_without_gaps(rows))
    return finish(title_from_name(name), (page.page(),), notes)
