"""From a question and tables to an expression over cells, and what it comes to."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dossier.excerpts import Excerpt, table_excerpt
from dossier.grounding import verify_reply
from retrieval.query import read_query
from serving.calculating.calculate import Known, calculate
from serving.calculating.plans import plan_of

INCOME = table_excerpt(
    [
        ["(in millions)", "Year ended June 30, 2025", "Year ended June 30, 2024", "% Change 2025"],
        ["Net sales: Tools", "120.0", "100.0", "20%"],
        ["Net sales: Services", "60.0", "50.0", "20%"],
        ["Net sales: Total net sales", "180.0", "150.0", "20%"],
        ["Cost of sales", "(108.0)", "(96.0)", "13%"],
        ["Gross profit", "72.0", "54.0", "33%"],
        ["Other income", "3.0", "5.0", "(40)%"],
        ["Income taxes", "9.0", "6.0", "50%"],
        ["Effective tax rate", "21.4%", "20.1%", ""],
    ],
    "Income statement",
    whole_heads=True,
)
QUARTER = table_excerpt(
    [
        ["", "Three months ended September 30, 2025", "Three months ended September 30, 2024"],
        ["Total net sales", "50.0", "40.0"],
    ],
    "Quarterly results",
    "in millions",
    whole_heads=True,
)
DOUBLE = table_excerpt(
    [["", "2025", "2024"], ["Assets", "", ""], ["Other", "7", "5"], ["Liabilities", "", ""], ["Other", "4", "9"]]
)
KNOWN = Known(
    {"gross margin": "gross profit / sales in percent", "tax rate": "tax / sales in percent"}, {}, frozenset({"acme"})
)


def computed(question: str, *excerpts: Excerpt) -> tuple[Decimal, str] | None:
    known = replace(KNOWN, meant=frozenset(excerpt.document for excerpt in excerpts))
    plan = plan_of(question, known.formulas)
    made = calculate(read_query(question), plan, excerpts, known) if plan else None
    if made is None:
        return None
    found = verify_reply(made.reply, excerpts, question)
    assert found.grounded, found.reason
    assert found.value is not None
    return round(found.value, 2), str(found.scale)


@pytest.mark.parametrize(
    ("question", "value", "scale"),
    [
        ("By what percentage did Acme's net sales grow in 2025?", "20.00", "percent"),
        ("By how much did cost of sales change from 2024 to 2025?", "-12.00", "million"),
        ("What was the difference in services sales between 2025 and 2024?", "10.00", "million"),
        ("What part of net sales came from Services in 2025?", "33.33", "percent"),
        ("What percentage of net sales did Acme spend on cost of sales in 2025?", "60.00", "percent"),
        ("What gross margin did Acme make in 2024?", "36.00", "percent"),
        ("Add up gross profit in 2024 and 2025 together.", "126.00", "million"),
        ("What was the average of gross profit in 2024 and 2025?", "63.00", "million"),
    ],
)
def test_what_is_computed(question: str, value: str, scale: str) -> None:
    assert computed(question, INCOME) == (Decimal(value), scale)


@pytest.mark.parametrize(
    "question",
    [
        "By what percentage did research costs grow in 2025?",
        "By what percentage did net sales grow in 2022?",
        "What part of net sales came from Toys in 2025?",
        "By what percentage did sales grow in the first quarter of 2025?",
        "What were net sales of toys in 2025?",
        "What were net sales in 2019?",
    ],
)
def test_nothing_is_made_up_for_rows_and_years_that_arent_there(question: str) -> None:
    assert computed(question, INCOME) is None


def test_other_income_isnt_income() -> None:
    assert computed("By how much did income change in 2025?", INCOME) is None


def test_a_row_of_a_formulas_name_is_read() -> None:
    assert computed("What was the tax rate in 2024?", INCOME) == (Decimal("20.10"), "percent")


def test_a_quarter_isnt_taken_for_a_year_nor_a_year_for_a_quarter() -> None:
    assert computed("By what percentage did total net sales grow in 2025?", QUARTER) is None
    asked = "By what percentage did total net sales grow in the quarter ended September 30, 2025?"
    assert computed(asked, QUARTER) == (Decimal("25.00"), "percent")
    assert computed("By what percentage did total net sales grow in 2025?", QUARTER, INCOME) == (
        Decimal("20.00"),
        "percent",
    )


def test_of_two_rows_that_fit_alike_none_is_chosen() -> None:
    assert computed("By how much did other change from 2024 to 2025?", DOUBLE) is None


def test_amounts_of_different_scales_arent_set_against_each_other() -> None:
    thousands = table_excerpt([["", "2025"], ["Royalties", "90"]], "Net sales", "in thousands")
    millions = table_excerpt([["", "2025"], ["Net sales", "180"]], "", "in millions")
    assert computed("What share of net sales came from royalties in 2025?", thousands, millions) is None


def test_a_segments_income_is_no_share_of_all_sales() -> None:
    segments = table_excerpt([["", "2025"], ["Tools", "30"]], "Segment income", "in millions")
    sales = table_excerpt([["", "2025"], ["Net sales", "180"]], "", "in millions")
    assert computed("What part of net sales did Tools bring in in 2025?", segments, sales) is None


def test_a_row_asked_for_by_its_name_is_read() -> None:
    assert computed("What were Acme's net sales in 2025?", INCOME) == (Decimal("180.00"), "million")
    assert computed("How large was cost of sales in 2024?", INCOME) == (Decimal("96.00"), "million")
    assert computed("What were services in 2024?", INCOME) == (Decimal("50.00"), "million")


BALANCE = "Consolidated balance sheets"


@pytest.mark.parametrize(
    ("others", "value"),
    [
        ([], "30.00"),
        ([("Cash and cash equivalents", "4", "Fair values")], "30.00"),
        ([("Cash and cash equivalents", "4", "Fair values"), ("Cash and cash equivalents", "4", "Banks")], None),
        ([("Gains on cash and cash equivalents", "5", BALANCE)] * 3, "30.00"),
        ([("Changes in assets: Cash and cash equivalents", "(7)", BALANCE)] * 3, "30.00"),
    ],
)
def test_a_statement_outvotes_a_note_and_only_the_very_name_counts(
    others: list[tuple[str, str, str]], value: str | None
) -> None:
    tables = [("Current assets: Cash and cash equivalents", "30", BALANCE), *others]
    excerpts = [table_excerpt([["", "2025"], [row, amount]], about, "in millions") for row, amount, about in tables]
    found = computed("What were cash and cash equivalents in 2025?", *excerpts)
    assert found == ((Decimal(value), "million") if value else None)


def test_of_two_rows_of_one_name_in_a_table_none_is_read() -> None:
    assert computed("What was other in 2025?", DOUBLE) is None


def test_without_a_year_the_latest_is_read() -> None:
    assert computed("What were Acme's net sales?", INCOME) == (Decimal("180.00"), "million")


def test_a_loss_keeps_its_sign_and_what_goes_out_doesnt() -> None:
    table = table_excerpt(
        [["", "2025", "2024"], ["Net income (loss)", "(18)", "12"], ["Capital expenditures", "(9)", "(8)"]],
        "Cash flows",
        "in millions",
    )
    assert computed("What was net income in 2025?", table) == (Decimal("-18.00"), "million")
    assert computed("What were capital expenditures in 2025?", table) == (Decimal("9.00"), "million")


def test_a_row_whose_name_sounds_like_a_difference_is_scaled_by_what_is_said_before_the_exceptions() -> None:
    table = table_excerpt(
        [["", "2025"], ["Cost of sales", "96"], ["Share-based compensation", "7"]],
        "",
        "In millions, except number of shares which are reflected in thousands",
    )
    assert computed("What was cost of sales in 2025?", table) == (Decimal("96.00"), "million")
    assert computed("What was share-based compensation in 2025?", table) == (Decimal("7.00"), "million")


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("By how much did fuel change from 2024 to 2025?", "794.00"),
        ("Was fuel or repairs higher in 2025?", "2552.00"),
    ],
)
def test_tables_that_agree_outvote_the_first_one(question: str, value: str) -> None:
    heads = ["", "2025", "2024"]
    freight = table_excerpt([heads, ["Fuel", "36", "32"], ["Repairs", "634", "584"]], "Freight", "in millions")
    whole = [heads, ["Fuel", "5,909", "5,115"], ["Repairs", "3,357", "3,372"]]
    notes, statement = (
        table_excerpt(whole, about, "in millions") for about in ("Results", "Consolidated statements of income")
    )
    assert computed(question, freight, notes, statement) == (Decimal(value), "million")


def test_the_direction_is_said_where_the_question_leaves_it_open() -> None:
    for question, said in (
        ("Did cost of sales rise or fall from 2024 to 2025, and by how much?", ""),
        ("Did services rise or fall from 2024 to 2025, and by how much?", "Rose by"),
        ("Did other income rise or fall from 2024 to 2025, and by how much?", "Fell by"),
        ("Was services or tools higher in 2025?", "Tools, higher by"),
        ("Was services or tools lower in 2025?", "Services, lower by"),
    ):
        plan = plan_of(question, {})
        assert plan is not None
        made = calculate(read_query(question), plan, [INCOME], KNOWN)
        assert made is not None, question
        assert made.said == said


def test_a_formula_of_a_part_is_left_alone() -> None:
    assert computed("What gross margin did Acme make in 2024?", INCOME) == (Decimal("36.00"), "percent")
    assert computed("What gross margin did Acme's repair workshops make in 2024?", INCOME) is None


def test_a_part_of_a_sum_is_smaller_than_the_sum_and_stands_in_its_group() -> None:
    table = table_excerpt(
        [
            ["", "2025"],
            ["Operating income: North", "3,140"],
            ["Revenue", "33,507"],
            ["Consolidated revenue", "90,155"],
        ],
        "Segments",
        "in millions",
    )
    sales = table_excerpt([["", "2025"], ["North", "33,507"]], "Revenue by segment", "in millions")
    question = "What part of revenue did North bring in in 2025?"
    assert computed(question, table) is None
    assert computed(question, table, sales) == (Decimal("37.17"), "percent")
