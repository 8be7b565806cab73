"""Which arithmetic a question asks for."""

import pytest

from dossier.packs import load_pack
from dossier.settings import load_settings
from serving.calculating.plans import Operation, plan_of

FORMULAS = {
    "gross margin|gross profit margin": "gross profit / revenue in percent",
    "current ratio": "current assets / current liabilities in times",
    "working capital": "current assets - current liabilities",
}


@pytest.mark.parametrize(
    ("question", "operation", "years"),
    [
        ("By what percentage did sales grow from 2021 to 2022?", Operation.GROWTH, ("2021", "2022")),
        ("How fast did net income rise in FY23?", Operation.GROWTH, ("2023",)),
        ("What was the growth rate of deposits in 2020?", Operation.GROWTH, ("2020",)),
        ("How much did inventories fall between 2021 and 2022?", Operation.CHANGE, ("2021", "2022")),
        ("By what percentage did bonuses of directors grow in 2022?", Operation.GROWTH, ("2022",)),
        ("What is the difference in goodwill between 2019 and 2018?", Operation.CHANGE, ("2019", "2018")),
        ("By how many percentage points did the tax rate go up from 2021 to 2022?", Operation.CHANGE, ("2021", "2022")),
        ("Add up dividends paid in 2020, 2021 and 2022.", Operation.SUM, ("2020", "2021", "2022")),
        ("What were average sales from 2018 to 2021?", Operation.AVERAGE, ("2018", "2021", "2019", "2020")),
        ("What gross margin did Acme make in 2022?", Operation.SHARE, ("2022",)),
        ("What was the current ratio at the end of 2022?", Operation.RATIO, ("2022",)),
        ("How high was working capital in June 2022?", Operation.LESS, ("2022",)),
        ("What were total sales in 2022?", Operation.LOOKUP, ("2022",)),
        ("How large was Acme's goodwill at the end of FY22?", Operation.LOOKUP, ("2022",)),
    ],
)
def test_operation_and_years(question: str, operation: Operation, years: tuple[str, ...]) -> None:
    plan = plan_of(question, FORMULAS)
    assert plan is not None
    assert (plan.operation, plan.years) == (operation, years)


@pytest.mark.parametrize(
    ("question", "part", "whole"),
    [
        ("What percentage of its sales did Acme put into R&D in 2022?", "R&D in 2022", "its sales"),
        (
            "What part of Acme's 2022 revenue did the Tools segment bring in?",
            "the Tools segment",
            "Acme's 2022 revenue",
        ),
        ("How much of 2022 sales came from China, in percent?", "China, in percent", "2022 sales"),
        ("What share of net income was paid out as dividends?", "dividends", "net income"),
        ("What was goodwill as a percentage of total assets?", "goodwill", "total assets"),
        ("What was the ratio of debt to equity in 2022?", "debt", "equity in 2022"),
    ],
)
def test_a_share_has_a_part_and_a_whole(question: str, part: str, whole: str) -> None:
    plan = plan_of(question, {})
    assert plan is not None
    assert plan.operands == (part, whole)


@pytest.mark.parametrize(
    "question",
    [
        "What were total sales in 2021 and 2022?",
        "Which laws did Acme break in 2022?",
        "Why did gross margin fall in 2022?",
        "What caused the increase in costs?",
        "Who audits Acme?",
        "When did sales increase by 5%?",
        "How many of the years had growing sales?",
        "What does Acme mean by gross margin?",
        "What is the change in the average of sales between 2019 and 2020?",
        "What was the change in the percentage of sales from China between 2019 and 2020?",
        "What was the weighted-average number of shares in 2019 and 2020?",
        "",
    ],
)
def test_what_asks_for_no_arithmetic_that_is_known(question: str) -> None:
    assert plan_of(question, FORMULAS) is None


def test_a_formula_is_one_year_of_two_rows() -> None:
    plan = plan_of("What was the gross profit margin in 2022?", FORMULAS)
    assert plan is not None
    assert (plan.operands, plan.named) == (("gross profit", "revenue"), "gross profit margin")
    over_time = plan_of("By how much did working capital change from 2021 to 2022?", FORMULAS)
    assert over_time is not None
    assert over_time.operation is Operation.CHANGE


def test_every_formula_of_the_pack_makes_a_plan() -> None:
    formulas = load_pack(load_settings()).formulas
    assert len(formulas) > 10
    for names in formulas:
        for name in names.split("|"):
            assert plan_of(f"What was the {name} in 2022?", formulas) is not None, name


@pytest.mark.parametrize(
    "question",
    [
        "What were net sales in 2022 compared with 2021?",
        "What were net sales in 2022? Did it rise or fall?",
        "Did net sales go up or down in 2022?",
    ],
)
def test_a_year_compared_with_another_is_a_change_whose_direction_is_said(question: str) -> None:
    plan = plan_of(question, FORMULAS)
    assert plan is not None
    assert plan.operation is Operation.CHANGE
    assert plan.both_ways
