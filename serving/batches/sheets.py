"""Questions out of CSV files and workbooks, and a workbook of cited answers."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from dossier.errors import DocumentError
from retrieval.parsing.delimited import delimiter_of
from retrieval.parsing.markup import decode
from serving.store.batches import MOST_QUESTIONS, BatchQuestion, QuestionState

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".xlsx")
_HEAD: Final = "question"
_LONGEST_CELL: Final = 32_767
"""Characters that a cell of a workbook can hold."""
_HEADS: Final = ("Question", "Answer", "Verdict", "Source document", "Page", "Passage", "More sources", "Note")
_WIDTHS: Final = (48, 64, 18, 32, 8, 64, 40, 40)
_VERDICTS: Final = {
    "answered": "answered",
    "not_in_documents": "not in the documents",
    "unsupported": "borne out in part",
}
_NO_COLUMN: Final = (
    "It has several columns, and none is headed `question`. Head the column of the questions so, or leave one column."
)


def read_questions(path: Path) -> bytes:
    """The questions of a file as a JSON list; runs in a process of its own. Raises DocumentError with the reason.

    A column whose head has the word `question` is read; where there is one column only, all of it.
    """
    try:
        rows = list(_rows(path))
    except (BadZipFile, KeyError, ValueError, csv.Error) as error:
        raise DocumentError(
            f"It can't be read as {path.suffix[1:].upper()}: {error}. Save it anew and try again."
        ) from error
    return json.dumps(_questions([row for row in rows if any(row)])).encode()


def sheet_of(questions: Sequence[BatchQuestion]) -> bytes:
    """A workbook with a row for each question: answer, verdict, and the sources that it cites.

    Every cell of words is text, also one that begins as a formula does.
    """
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Answers")
    for number, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, head, bold=True) for head in _HEADS])
    for question in questions:
        sheet.append([_cell(sheet, value) for value in _values(question)])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(_HEADS))}{len(questions) + 1}"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _rows(path: Path) -> Iterator[list[str]]:
    if path.suffix.lower() != ".xlsx":
        text = decode(path.read_bytes())
        mark = "\t" if path.suffix.lower() == ".tsv" else delimiter_of(text[:20_000])
        # a text file has a question a line, with whatever commas are in it
        yield from (
            ([line.strip()] for line in text.splitlines())
            if path.suffix.lower() == ".txt"
            else ([cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=mark))
        )
        return
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    for row in book.worksheets[0].iter_rows(values_only=True, max_row=MOST_QUESTIONS + 2, max_col=50):
        yield ["" if value is None else str(value).strip() for value in row]


def _questions(rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    headed = next((number for number, head in enumerate(rows[0]) if _HEAD in head.casefold() and "?" not in head), None)
    if headed is None:
        used = {number for row in rows for number, cell in enumerate(row) if cell}
        if len(used) > 1:
            raise DocumentError(_NO_COLUMN)
        return [cell for row in rows for cell in row if cell]
    return [row[headed] for row in rows[1:] if headed < len(row) and row[headed]]


def _values(question: BatchQuestion) -> Iterable[str | int]:
    verdict = _VERDICTS.get(question.verdict, question.verdict)
    if question.state is not QuestionState.ANSWERED:
        verdict = "failed" if question.state is QuestionState.FAILED else "not asked yet"
    first: dict[str, Any] = next(iter(question.sources), {})
    more = "; ".join(f"{source['document']}, page {source['page']}" for source in question.sources[1:])
    place = (str(first.get("document", "")), first.get("page", ""), str(first.get("text", "")))
    return (question.question, question.answer, verdict, *place, more, question.note)


def _cell(sheet: Any, value: str | int, bold: bool = False) -> Any:  # noqa: ANN401 (openpyxl has no types)
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font

    text = isinstance(value, str)
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub(" ", value)[:_LONGEST_CELL] if text else value)
    if text:
        cell.data_type = "s"  # openpyxl takes what begins with = for a formula
        cell.quotePrefix = True  # and whoever edits the cell keeps it as text
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if bold:
        cell.font = Font(bold=True)
    return cell
