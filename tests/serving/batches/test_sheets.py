"""Questions out of files, and answers into a workbook that computes nothing."""

import io
import json
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from dossier.errors import DocumentError
from serving.batches.sheets import read_questions, sheet_of
from serving.store.batches import BatchQuestion, QuestionState

SOURCES = (
    {"number": 1, "document": "a.pdf", "source": "a.pdf", "page": 12, "text": "Sales: 4.2"},
    {"number": 3, "document": "b.pdf", "source": "b.pdf", "page": 2, "text": "Costs"},
)


def read(tmp_path: Path, name: str, data: bytes) -> list[str]:
    file = tmp_path / name
    file.write_bytes(data)
    found: list[str] = json.loads(read_questions(file))
    return found


def workbook(*rows: list[object]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "questions"),
    [
        ("a.csv", b"id,Question\n1,What was it?\n2,\"And, then?\"\n3,\n", ["What was it?", "And, then?"]),
        ("a.csv", "Frage;Question\nx;Größe?\n".encode(), ["Größe?"]),
        ("a.csv", b"What was it?\n\nAnd then?\n", ["What was it?", "And then?"]),
        ("a.csv", b"What is the question?\nAnd then?\n", ["What is the question?", "And then?"]),
        ("a.csv", "Größe?\n".encode("cp1252"), ["Größe?"]),
        ("a.tsv", b"no\tquestion\n1\tA, b; c?\n", ["A, b; c?"]),
        ("a.txt", b"What was it, then?\n\n  And after?  \n", ["What was it, then?", "And after?"]),
        ("a.xlsx", workbook(["id", "The questions"], [1, "What?"], [2, None], [3, 2025]), ["What?", "2025"]),
        ("a.csv", b"", []),
    ],
)  # fmt: skip
def test_questions_are_read(tmp_path: Path, name: str, data: bytes, questions: list[str]) -> None:
    assert read(tmp_path, name, data) == questions


def test_what_cant_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="none is headed `question`"):
        read(tmp_path, "a.csv", b"What was it?,2025\nAnd then?,2024\n")
    with pytest.raises(DocumentError, match="can't be read as XLSX"):
        read(tmp_path, "a.xlsx", b"question\nWhat?\n")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "=cmd|' /C calc'!A0&"])
def test_nothing_in_the_workbook_is_a_formula(sign: str) -> None:
    words = f"{sign}1+1"
    sources = ({**SOURCES[0], "document": words, "text": words},)
    question = BatchQuestion(1, words, QuestionState.ANSWERED, words, "answered", words, sources)
    sheet = load_workbook(io.BytesIO(sheet_of([question])))["Answers"]
    (row,) = sheet.iter_rows(min_row=2)
    assert [cell.value for cell in row] == [words, words, "answered", words, 12, words, None, words]
    for cell in row:
        assert cell.data_type != "f"
        assert cell.quotePrefix or not isinstance(cell.value, str)


def test_a_row_for_each_question_with_its_sources() -> None:
    questions = [
        BatchQuestion(1, "Sales?", QuestionState.ANSWERED, "4.2 [1] [3]", "answered", "", SOURCES),
        BatchQuestion(2, "Weather?", QuestionState.ANSWERED, "No.", "not_in_documents"),
        BatchQuestion(3, "x" * 40_000 + "\x01", QuestionState.FAILED, note="It is too long."),
        BatchQuestion(4, "Later?"),
    ]
    sheet = load_workbook(io.BytesIO(sheet_of(questions)))["Answers"]
    head, *rows = sheet.iter_rows(values_only=True)
    assert head == (
        "Question", "Answer", "Verdict", "Source document", "Page", "Passage", "More sources", "Note",
    )  # fmt: skip
    assert rows[0] == ("Sales?", "4.2 [1] [3]", "answered", "a.pdf", 12, "Sales: 4.2", "b.pdf, page 2", None)
    assert [row[2] for row in rows] == ["answered", "not in the documents", "failed", "not asked yet"]
    assert (len(rows[2][0]), rows[2][7]) == (32_767, "It is too long.")
    assert sheet.freeze_panes == "A2"
