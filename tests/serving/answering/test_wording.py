from dataclasses import replace

from dossier.records import Chunk, Line, Metadata, Passage, Table, TableCell, TableRow
from retrieval.query import read_query
from serving.answering.wording import join_answers, read_row, word_line

PASSAGE = Passage(1, Chunk("a.pdf", "A", 2, 0, 9, (), "(In millions) Sales 412 398 in 2025", ""), 0.03)


def test_the_year_that_was_asked_for_is_read_from_its_column() -> None:
    line = Line(1, 0, 1, "Total revenue $ 1,284.6 $ 1,196.3", "(In millions) Years ended 2025 2024")
    assert word_line(line, PASSAGE, read_query("in 2024")) == "Total revenue, 2024: $1,196.3 (in millions) [1]"


def test_without_a_year_every_column_is_read() -> None:
    line = Line(1, 0, 1, "Total revenue 12 11", "2025 2024")
    assert word_line(line, PASSAGE, read_query("sales")) == "Total revenue: 12 (2025), 11 (2024) (in millions) [1]"


def test_percentages_between_the_years_do_not_shift_the_columns() -> None:
    row = read_row(Line(1, 0, 1, "Mac 40,177 14 % 35,190 23 % 28,622", "2022 Change 2021 Change 2020"), PASSAGE)
    assert [(cell.column, cell.amount) for cell in row.cells] == [
        ("2022", "40,177"),
        ("2021", "35,190"),
        ("2020", "28,622"),
    ]


def test_columns_that_the_heads_do_not_name_are_not_guessed() -> None:
    row = read_row(Line(1, 0, 1, "Leases 10 20 30", "2025 2024"), PASSAGE)
    assert [cell.column for cell in row.cells] == ["", "", ""]
    changes = read_row(Line(1, 0, 1, "Total change in revenue $88.3 $67.4", "2025 2024 2023"), PASSAGE)
    assert [cell.column for cell in changes.cells] == ["", ""]


def test_a_footnote_reference_is_not_an_amount() -> None:
    line = Line(1, 0, 1, "Total net sales (4) $ 394,328 $ 365,817", "2022 2021")
    assert word_line(line, PASSAGE, read_query("in 2022")) == "Total net sales, 2022: $394,328 (in millions) [1]"


def table(columns: tuple[str, ...], row: tuple[str, ...], unit: str = "") -> Table:
    return Table(2, 0, 80, "", unit, columns, (TableRow(0, 80, tuple(map(TableCell, row))),))


QUARTERS = table(
    ("", "Operating Data Three Months Ended June 30, 2023", "Three Months Ended March 31, 2023", "Year 2022"),
    ("Volume", "$18,214", "$18,410", "$73,000"),
    "In millions, except percentages",
)


def test_the_quarter_that_was_asked_for_is_read_from_the_table() -> None:
    about = Metadata(period="2023-Q2", date="2023-07-26")
    passage = replace(PASSAGE, chunk=replace(PASSAGE.chunk, metadata=about))
    line = Line(1, 0, 30, "Volume $ 18,214 $ 18,410 $ 73,000", "")
    said = word_line(line, passage, read_query("volume in Q2 2023"), [QUARTERS])
    assert said == "Volume, Three Months Ended June 30, 2023: $18,214 (in millions) [1]"


def test_every_column_is_named_when_the_question_leaves_it_open() -> None:
    line = Line(1, 0, 30, "Volume $ 18,214 $ 18,410 $ 73,000", "")
    said = word_line(line, PASSAGE, read_query("volume in Q2 2023"), [QUARTERS])
    assert said == (
        "Volume: $18,214 (Three Months Ended June 30, 2023), $18,410 (Three Months Ended March 31, 2023), "
        "$73,000 (2022) (in millions) [1]"
    )


def test_a_quarter_is_not_told_as_a_year() -> None:
    line = Line(1, 0, 20, "Net income $41.9 $36.4", "")
    release = table(("", "Highlights Q1 fiscal 2026", "Q1 fiscal 2025"), ("Net income", "$41.9", "$36.4"))
    said = word_line(line, PASSAGE, read_query("net income in fiscal 2025"), [release])
    assert said == "Net income, Q1 fiscal 2025: $36.4 (in millions) [1]"


def test_percentages_have_no_scale() -> None:
    growth = table(("", "2023", "2022"), ("Growth", "(4)%", "7%"), "in millions")
    line = Line(1, 0, 20, "Growth (4) % 7 %", "")
    assert word_line(line, PASSAGE, read_query("growth in 2023"), [growth]) == "Growth, 2023: (4)% [1]"


def test_where_two_readings_of_the_columns_differ_none_is_told() -> None:
    line = Line(1, 0, 20, "Leases 10 20", "2025 2024")
    said = word_line(line, PASSAGE, read_query("leases in 2024"), [table(("", "2024", "2025"), ("Leases", "10", "20"))])
    assert said == "Leases: 10, 20 (in millions) [1]"


def test_changes_between_the_years_are_columns_of_their_own() -> None:
    line = Line(1, 0, 20, "Expenses $51,345 17% $43,887", "2022 Change 2021")
    expenses = table(("", "2022", "Change", "2021"), ("Expenses", "$51,345", "17%", "$43,887"), "dollars in millions")
    said = word_line(line, PASSAGE, read_query("expenses in 2022"), [expenses])
    assert said == "Expenses, 2022: $51,345 (dollars in millions) [1]"


def test_a_row_with_one_amount_is_read_from_its_table() -> None:
    line = Line(1, 0, 20, "Offices 12", "")
    assert word_line(line, PASSAGE, read_query("offices"), [table(("", "2025"), ("Offices", "12"))]) == (
        "Offices: 12 (2025) (in millions) [1]"
    )


def test_a_label_is_told_without_footnote_and_repetition() -> None:
    line = Line(1, 0, 20, "Total margin (4) 10", "")
    found = table(("", "2025"), ("Margin: Total margin (4)", "10"))
    assert word_line(line, PASSAGE, read_query("margin"), [found]).startswith("Total margin: 10 (2025)")


def test_two_lines_that_say_the_same_are_read_out_once() -> None:
    assert (
        join_answers(["Total: 49,954 [1]", "Total: $49,954 [1]", "Rest: 3 [2]"]) == "Total: 49,954 [1]\n\nRest: 3 [2]"
    )


UNIT = "In millions, except number of shares which are reflected in thousands and per share amounts"


def test_what_the_unit_excepts_counts_otherwise() -> None:
    for label, amount, said in (
        ("Research and development", "26,251", "26,251 (in millions)"),
        ("Shares used in computing earnings", "16,215,963", "16,215,963 (in thousands)"),
        ("Earnings per share", "6.15", "6.15"),
    ):
        rows = table(("", "2022", "2021"), (label, amount, "5"), UNIT)
        line = Line(1, 0, 20, f"{label} {amount} 5", "")
        assert word_line(line, PASSAGE, read_query("in 2022"), [rows]) == f"{label}, 2022: {said} [1]"


def test_what_goes_out_in_every_column_is_said_without_brackets_and_a_loss_with_them() -> None:
    for label, cells, said in (
        ("Capital expenditures", ("(8,695)", "(4,511)", "93%"), "8,695"),
        ("Other, net", ("(35)", "12", "5%"), "(35)"),
        ("Net loss", ("(35)", "(12)", "5%"), "(35)"),
    ):
        rows = table(("", "2023", "2022", "Change"), (label, *cells), "in millions")
        line = Line(1, 0, 20, f"{label} {' '.join(cells)}", "")
        assert word_line(line, PASSAGE, read_query("in 2023"), [rows]) == f"{label}, 2023: {said} (in millions) [1]"
