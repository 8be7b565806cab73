"""Which two things a question compares: rows of one company, or companies by one row."""

import pytest

from serving.calculating.comparisons import companies_in, sides_in
from serving.calculating.plans import Operation, plan_of

KNOWN = frozenset({"acm", "bolt", "mcdonald", "best", "buy"})


@pytest.mark.parametrize(
    ("asked", "names", "both"),
    [
        ("Which was larger in 2025, rent or fuel, and by how much", ("rent", "fuel"), ""),
        ("Did Acme put more money into buybacks or into dividends in fiscal 2025", ("buybacks", "dividends"), "acme"),
        ("Which Acme segment made the bigger operating income, North or South", ("North", "South"), "operating income"),
        ("Was rent or fuel higher in 2025", ("rent", "fuel"), ""),
    ],
)
def test_two_rows_are_named_with_or(asked: str, names: tuple[str, str], both: str) -> None:
    sides = sides_in(asked)
    assert sides is not None
    assert sides.names == names
    assert both in sides.both


@pytest.mark.parametrize(
    "asked",
    [
        "Did sales rise or fall in 2025",
        "Is the plan A or B",
        "What was more expensive than fuel in 2025",
        "Which was larger in 2025, fuel or fuel",
    ],
)
def test_what_sets_nothing_against_each_other_has_no_sides(asked: str) -> None:
    assert sides_in(asked) is None


@pytest.mark.parametrize(
    ("asked", "names", "measure", "years", "smaller"),
    [
        (
            "Which earned the higher net income in 2025: Acme or Bolt",
            ("Acme", "Bolt"),
            "net income",
            ("2025",) * 2,
            False,
        ),
        ("Was Acme's rent lower than Bolt's in 2025", ("Acme", "Bolt"), "rent", ("2025",) * 2, True),
        ("Compare the total assets of Best Buy and Acme", ("Best Buy", "Acme"), "total assets", ("",) * 2, False),
        (
            "Who carried more long-term debt on the balance sheet: McDonald's at the end of 2022 or Acme in May 2023",
            ("McDonald", "Acme"),
            "long term debt",
            ("2022", "2023"),
            False,
        ),
        ("How much more revenue did Acme have than Bolt in 2025", ("Acme", "Bolt"), "revenue", ("2025",) * 2, False),
    ],
)
def test_two_companies_are_compared_by_a_row(
    asked: str, names: tuple[str, str], measure: str, years: tuple[str, str], smaller: bool
) -> None:
    found = companies_in(asked, KNOWN)
    assert found is not None
    assert (found.names, found.measure, found.years, found.smaller) == (names, measure, years, smaller)


@pytest.mark.parametrize(
    "asked",
    [
        "What was Acme's net income in 2025",
        "Which of Acme, Bolt and Best Buy has the higher net income",
        "What did Acme pay Bolt in 2025",
        "Was net income higher at Acme in 2023 and 2024 than at Bolt in 2025",
    ],
)
def test_one_company_or_three_or_doubtful_years_are_no_comparison(asked: str) -> None:
    assert companies_in(asked, KNOWN) is None


def test_a_comparison_of_rows_is_a_plan_and_one_over_time_isnt() -> None:
    plan = plan_of("Which was larger in 2025, rent or fuel, and by how much?", {})
    assert plan is not None
    assert plan.operation is Operation.COMPARE
    assert plan.years == ("2025",)
    over_time = plan_of("Did fuel rise or fall between 2024 and 2025, and by how much?", {})
    assert over_time is not None
    assert over_time.operation is Operation.CHANGE
    assert over_time.both_ways
