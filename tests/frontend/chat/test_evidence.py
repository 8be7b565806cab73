"""The line of a passage that an answer rests on."""

import pytest

from frontend.chat.evidence import cited_line

PASSAGE = (
    "Larkfield sells garden tools.\nNet sales for 2025 were $4.2 billion, up 3.5% on 2024. "
    "Operating margin came to 12.1%."
)


def line(answer: str, number: int = 1) -> str | None:
    found = cited_line(answer, number, PASSAGE)
    return PASSAGE[found[0] : found[1]] if found else None


def test_finds_the_sentence_that_is_restated() -> None:
    assert line("In 2025 net sales were $4.2 billion, up 3.5% [1].") == (
        "Net sales for 2025 were $4.2 billion, up 3.5% on 2024."
    )


def test_looks_only_at_sentences_with_that_marker() -> None:
    answer = "Net sales were $4.2 billion in 2025 [1]. Operating margin came to 12.1% [2]."
    assert line(answer, 2) == "Operating margin came to 12.1%."


@pytest.mark.parametrize("answer", ["Nothing like it at all [1].", "Net sales were $4.2 billion in 2025.", ""])
def test_marks_nothing_when_in_doubt(answer: str) -> None:
    assert line(answer) is None


def test_table_rows_are_lines() -> None:
    table = "Region | Sales\nNorth | 1,204\nSouth | 988"
    found = cited_line("Sales in the South came to 988 [1].", 1, table)
    assert found is not None
    assert table[found[0] : found[1]] == "South | 988"


def test_an_empty_passage_has_no_line() -> None:
    assert cited_line("Something [1].", 1, "") is None


def test_the_row_with_the_figure_is_marked_and_not_the_unit_above_it() -> None:
    passage = "(In millions)\nRevenue $900.0 $800.0 $700.0\nNet income $163.8 $151.0 $127.2\n"
    found = cited_line("Net income, 2025: $163.8 (in millions) [1]", 1, passage)
    assert found is not None
    assert passage[slice(*found)] == "Net income $163.8 $151.0 $127.2"


def test_the_row_is_marked_and_not_the_head_that_its_column_is_named_after() -> None:
    passage = "Year ended 30 June\n2025 2024\nNet sales $1,284.6 $1,196.3\nNet income $163.8 $151.0"
    found = cited_line("Net income, Year ended 30 June 2025: $163.8 (in millions) [1]", 1, passage)
    assert found is not None
    assert passage[slice(*found)] == "Net income $163.8 $151.0"
    leave = cited_line("Parents have 30 days of leave [1].", 1, "Leave\nParents have 30 days of leave.")
    assert leave is not None
