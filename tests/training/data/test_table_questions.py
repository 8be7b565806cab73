"""Questions from tables: right by construction, and only where a table leaves no doubt."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.amounts import Scale, amount_in
from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Document, Metadata, Table, TableCell, TableRow
from training.data.example import Example
from training.data.labels import checked
from training.data.table_figures import figure_rows
from training.data.table_questions import _WORDINGS, MOST, Page, table_questions

YEARS = ("", "Year ended 30 June 2025", "Year ended 30 June 2024", "Year ended 30 June 2023")


def table(columns: Sequence[str], *rows: Sequence[str], unit: str = "In millions", caption: str = "Results") -> Table:
    made = tuple(TableRow(0, 1, tuple(TableCell(text) for text in row)) for row in rows)
    return Table(3, 0, 1, caption, unit, tuple(columns), made)


def page(made: Table) -> Page:
    document = Document("report.pdf", "Annual report", "0" * 64, metadata=Metadata(company="Acme Inc."))
    return Page(document, made, frozenset({2023, 2024, 2025}))


def asked(made: Table, strangers: Sequence[str] = ()) -> list[Example]:
    return list(table_questions("own", page(made), strangers))


REVENUE = ("Total revenue (1)", "$1,284.6", "$1,196.3", "$1,128.9")
COSTS = ("Costs", "(884.6)", "(796.3)", "(728.9)")
MARGIN = ("Gross margin", "52.2%", "52.1%", "51.7%")
EARNINGS = ("Earnings per share", "$2.64", "$2.40", "$2.01")


def test_rows_are_read_with_their_scale_and_in_time_order() -> None:
    rows = {row.label: row for row in figure_rows(table(YEARS, REVENUE, COSTS, MARGIN, EARNINGS))}
    assert [figure.year for figure in rows["Total revenue"].figures] == [2023, 2024, 2025]
    assert rows["Total revenue"].scale is Scale.MILLION
    assert str(rows["Costs"].figures[-1].value) == "-884.6"
    assert rows["Gross margin"].scale is Scale.PERCENT
    assert rows["Earnings per share"].scale is Scale.ONES


@pytest.mark.parametrize(
    "made",
    [
        table(("", "2025", "2025", "2024"), ("Revenue", "1.0", "2.0", "3.0")),
        table(("", "2025", "Change"), ("Revenue", "1.0", "2.0")),
        table(("", "Fiscal 2025", "Budget 2024"), ("Revenue", "1.0", "2.0")),
        table(("", "2025", "2024"), ("Revenue", "1.0", "2.0"), ("revenue", "3.0", "4.0")),
        table(("", "2025", "2024"), ("Revenue", "1.0", "2.0%")),
        table(("", "2025", "2024"), ("Revenue", "1.0", "n/m")),
        table(("", "2025", "2024"), ("Revenue", "$1.0", "2.0"), unit=""),
        table(("", "2025", "2024"), ("Weighted average shares", "10.0", "20.0")),
        table(("", "2025", "2024"), ("GAAP", "$0.32", "$(0.96)"), unit="In millions, except per share data"),
        table(("", "2025", "2024"), ("2,019", "10.0", "20.0")),
        table(("", ""), ("Item 1. Business", "2")),
    ],
)  # fmt: skip
def test_nothing_is_asked_where_a_table_leaves_doubt(made: Table) -> None:
    assert figure_rows(made) == []
    assert asked(made, ("Backlog of orders",)) == []


def test_all_kinds_are_asked_and_every_answer_is_checked() -> None:
    rows = (REVENUE, COSTS, MARGIN, EARNINGS, ("Net income", "163.8", "151.0", "127.2"))
    # where a table stands decides what is asked about it
    found = [example for start in range(12) for example in asked(replace(table(YEARS, *rows), start=start))]
    kinds = {example.origin.place.split(", ")[2] for example in found}
    assert kinds >= {*_WORDINGS, "another year"}
    assert all(checked(example)[1] == "" for example in found)
    assert all(len(example.question) > 10 and "{" not in example.question for example in found)


def test_each_table_asks_a_bounded_number_and_always_the_same() -> None:
    many = [(f"Row {'abcdefghijkl'[n]}", f"{n + 1}.5", f"{n + 2}.5", f"{n + 3}.5") for n in range(12)]
    found = asked(table(YEARS, *many), ("Backlog of orders",))
    assert len(found) == MOST + 2
    assert found == asked(table(YEARS, *many), ("Backlog of orders",))


def test_unanswerable_ones_ask_for_a_year_or_row_that_isnt_there() -> None:
    found = asked(table(YEARS, REVENUE), ("Total revenue", "Backlog of orders"))
    year, row = found[-2:]
    assert year.answer.texts == row.answer.texts == (NOT_IN_DOCUMENTS,)
    assert not any(str(known) in year.question for known in (2023, 2024, 2025))
    assert "acklog of orders" in row.question


AMOUNT = st.decimals(min_value=-99_999, max_value=99_999, places=1)


def _cell(value: object) -> str:
    text = f"{value:,}"
    return f"({text[1:]})" if text.startswith("-") else text


@settings(max_examples=60)
@given(st.lists(st.tuples(AMOUNT, AMOUNT, AMOUNT), min_size=1, max_size=4))
def test_whatever_the_figures_no_answer_is_wrong(values: list[tuple[object, ...]]) -> None:
    rows = [(f"Revenue of segment {'abcd'[n]}", *map(_cell, row)) for n, row in enumerate(values)]
    for example in asked(table(YEARS, *rows)):
        again, problem = checked(example)
        assert problem == ""
        if example.origin.place.split(", ")[2] == "which year":
            cells = next(row for row in rows if " ".join(row) == example.answer.evidence[0])[1:]
            best = max(cells, key=lambda text: amount_in(text) or 0)
            assert YEARS[1 + cells.index(best)].endswith(example.answer.texts[0])
        if example.answer.derivation:
            assert again.answer.expression
