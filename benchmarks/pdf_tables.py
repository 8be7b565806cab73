"""How many cells of printed tables the PDF reader gives back: the right value, its row's label and its column's head.

pdf_table_cells.jsonl holds cells written down from pictures of the pages. The first set was there while the reader was
worked on; the second and the third were each written from pages that hadn't been looked at before.
"""

import argparse
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pypdfium2

from benchmarks.ocr import Scanner
from dossier.records import Table
from retrieval.parsing.pdf import read_pdf

CELLS = Path(__file__).with_name("pdf_table_cells.jsonl")
_DATA = Path(os.environ.get("DOSSIER_TEST_DATA", "") or Path(__file__).resolve().parents[2] / "shared" / "data")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_NOTES = re.compile(r"\s*(?:\(\d\))+$|\s*[*†]+$")


@dataclass(frozen=True, slots=True)
class Cell:
    """One printed cell: `head` holds words of its column's head, `row` its label with the subhead above it."""

    set: str
    document: str
    page: int
    row: str
    head: tuple[str, ...]
    value: str


def read_cells() -> list[Cell]:
    """The cells of the data file."""
    rows = [json.loads(line) for line in CELLS.read_text(encoding="utf-8").splitlines()]
    return [Cell(**{**row, "head": tuple(row["head"])}) for row in rows]


def is_found(cell: Cell, tables: Sequence[Table]) -> bool:
    """Whether a table has the value in a row of that label and in a column whose head holds the words."""
    for table in tables:
        for row in table.rows:
            if _is_label(cell.row, row.cells[0].text):
                pairs = zip(table.columns[1:], row.cells[1:], strict=True)
                if any(_plain(found.text) == _plain(cell.value) and _is_head(cell, head) for head, found in pairs):
                    return True
    return False


def _is_label(wanted: str, label: str) -> bool:
    """The label alone or below a subhead; a note's number after it doesn't count."""
    label = _NOTES.sub("", " ".join(label.split()))
    return label == wanted or label.endswith(f": {wanted}")


def _is_head(cell: Cell, head: str) -> bool:
    """All words are there, and no year but theirs."""
    years = {year for part in cell.head for year in _YEAR.findall(part)}
    return all(part.lower() in head.lower() for part in cell.head) and (not years or set(_YEAR.findall(head)) <= years)


def _plain(value: str) -> str:
    return re.sub(r"[\s$]", "", value)


def _tables(path: Path, pages: set[int]) -> dict[int, Sequence[Table]]:
    """Tables of the wanted pages; the other pages aren't read."""
    with pypdfium2.PdfDocument(path) as pdf:
        for index in reversed(range(len(pdf))):
            if index + 1 not in pages:
                pdf.del_page(index)
        copy = _saved(pdf)
    found = read_pdf(path, copy).pages
    return {number: page.tables for number, page in zip(sorted(pages), found, strict=True)}


def _scanned_tables(path: Path, pages: set[int]) -> dict[int, Sequence[Table]]:
    """Tables of the wanted pages, scanned."""
    with pypdfium2.PdfDocument(path) as pdf:
        scan = Scanner().scan(pdf, sorted(pages))
    return {number: page.tables for number, page in zip(sorted(pages), read_pdf(path, scan).pages, strict=True)}


def _saved(pdf: pypdfium2.PdfDocument) -> bytes:
    stream = io.BytesIO()
    pdf.save(stream)
    return stream.getvalue()


def main() -> None:
    """Print the share found in each set, and what was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--filings", type=Path, default=_DATA / "filings")
    parser.add_argument("--scanned", action="store_true", help="pages as pictures, which OCR reads")
    asked = parser.parse_args()
    filings, read = asked.filings, _scanned_tables if asked.scanned else _tables
    cells = read_cells()
    tables = {
        document: read(filings / document, {cell.page for cell in cells if cell.document == document})
        for document in sorted({cell.document for cell in cells})
    }
    for name in sorted({cell.set for cell in cells}):
        wanted = [cell for cell in cells if cell.set == name]
        missed = [cell for cell in wanted if not is_found(cell, tables[cell.document][cell.page])]
        pages = len({(cell.document, cell.page) for cell in wanted})
        found = len(wanted) - len(missed)
        print(f"{name} set: {found} of {len(wanted)} cells on {pages} pages found ({found / len(wanted):.1%})")
        for cell in missed:
            print(f"  missed {cell.document} p. {cell.page}: {cell.row} | {', '.join(cell.head)} | {cell.value}")


if __name__ == "__main__":
    main()
