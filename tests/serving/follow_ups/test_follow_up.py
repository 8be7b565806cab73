"""Follow-ups made standalone, and questions that stay as they are."""

import pytest

from dossier.records import Turn
from retrieval.query import stems
from serving.follow_ups.follow_up import LONGEST, condense

COMPANIES = stems("Apple eBay FedEx Oracle Salesforce McDonald Larkfield LKFD AAPL")
SALES = "What were eBay's net sales in 2023?"
QUARTER = "What was Oracle's operating income in Q1 2024?"
STAFF = "How many employees did FedEx have in fiscal 2023?"
GROWTH = "By what percentage did Larkfield's revenue change from 2023 to 2024?"
PLACE = "What were Apple's net sales in the Americas in 2022?"
LEAVE = "How many days of annual leave does everyone have?"


def asked_as(*questions: str) -> str:
    *before, last = questions
    turns = [turn for text in before for turn in (Turn("user", text), Turn("assistant", "It is 412 [1]."))]
    return condense(last, turns, COMPANIES)


@pytest.mark.parametrize(
    ("before", "question", "standalone"),
    [
        # what was asked for rises, not the company
        (SALES, "By how much did it grow?", f"{SALES} By how much did it grow?"),
        (SALES, "Did it rise or fall?", f"{SALES} Did it rise or fall?"),
        (SALES, "How fast did that fall?", f"{SALES} How fast did that fall?"),
        # another period
        (SALES, "And the year before?", "What were eBay's net sales in 2022?"),
        (SALES, "and in the previous year?", "What were eBay's net sales in 2022?"),
        (SALES, "What about the following year?", "What were eBay's net sales in 2024?"),
        (SALES, "Two years earlier?", "What were eBay's net sales in 2021?"),
        (SALES, "And in 2021?", "What were eBay's net sales in 2021?"),
        (SALES, "2021?", "What were eBay's net sales in 2021?"),
        (SALES, "How about FY21?", "What were eBay's net sales in 2021?"),
        (SALES, "What was it in 2021?", "What were eBay's net sales in 2021?"),
        (SALES, "And in Q2?", "What were eBay's net sales in Q2 2023?"),
        (QUARTER, "And the quarter before?", "What was Oracle's operating income in Q4 2023?"),
        (QUARTER, "and the next quarter?", "What was Oracle's operating income in Q2 2024?"),
        (QUARTER, "And in the third quarter?", "What was Oracle's operating income in Q3 2024?"),
        (QUARTER, "And a year earlier?", "What was Oracle's operating income in Q1 2023?"),
        (STAFF, "And the year after?", "How many employees did FedEx have in fiscal 2024?"),
        (GROWTH, "And the year before?", "By what percentage did Larkfield's revenue change from 2022 to 2023?"),
        ("FY25 diluted EPS for LKFD?", "And FY24?", "FY24 diluted EPS for LKFD?"),
        ("FY25 diluted EPS for LKFD?", "And the prior year?", "FY24 diluted EPS for LKFD?"),
        # another company or place
        (SALES, "And FedEx?", "What were FedEx's net sales in 2023?"),
        (SALES, "What about FedEx's?", "What were FedEx's net sales in 2023?"),
        (SALES, "Same for Oracle in 2022?", "What were Oracle's net sales in 2022?"),
        (SALES, "And for Amazon?", "What were Amazon's net sales in 2023?"),
        (STAFF, "How about Salesforce?", "How many employees did Salesforce have in fiscal 2023?"),
        (PLACE, "And in Europe?", "What were Apple's net sales in Europe in 2022?"),
        (PLACE, "And eBay?", "What were eBay's net sales in the Americas in 2022?"),
        # a comparison
        (
            STAFF,
            "How does that compare with eBay?",
            "How many employees did FedEx have in fiscal 2023 compared with eBay?",
        ),
        (SALES, "How does this compare to the year before?", "What were eBay's net sales in 2023 compared with 2022?"),
        (SALES, "Compared with FedEx in 2022?", "What were eBay's net sales in 2023 compared with FedEx in 2022?"),
        # something else of the same company and period
        (SALES, "What was its operating margin?", "What was eBay's operating margin in 2023?"),
        (SALES, "What was its operating margin in 2021?", "What was eBay's operating margin in 2021?"),
        (SALES, "Who audits it?", "Who audits eBay?"),
        (SALES, "And what was net income?", "What was net income for eBay in 2023?"),
        (SALES, "And net income?", "What about net income for eBay in 2023?"),
        (SALES, "Operating margin?", "What about operating margin for eBay in 2023?"),
        (SALES, "How many people did they employ the year before?", "How many people did eBay employ in 2022?"),
        (SALES, "What was FedEx's revenue in the same year?", "What was FedEx's revenue in 2023?"),
        # what only makes sense behind the question before
        (SALES, "Why?", f"{SALES} Why?"),
        (SALES, "By how much?", f"{SALES} By how much?"),
        (SALES, "In percent?", f"{SALES} In percent?"),
        (SALES, "Is that more than in 2022?", f"{SALES} Is that more than in 2022?"),
        (SALES, "How much of that was advertising?", f"{SALES} How much of that was advertising?"),
        (SALES, "What is that divided by 100?", f"{SALES} What is that divided by 100?"),
        (SALES, "What was the net change?", f"{SALES} What was the net change?"),
        (SALES, "What share of it was advertising?", f"{SALES} What share of it was advertising?"),
        (SALES, "And what was it at the beginning of that year?", f"{SALES} what was it at the beginning of 2023?"),
        (SALES, "And in the year before, what was the price per share?", "In 2022, what was the price per share?"),
        (LEAVE, "And the year before?", f"{LEAVE} the year before?"),
    ],
)
def test_a_follow_up_stands_alone(before: str, question: str, standalone: str) -> None:
    assert asked_as(before, question) == standalone


@pytest.mark.parametrize(
    "question",
    [
        SALES,
        "What was FedEx's operating margin in 2021?",
        "What was Oracle's net income?",
        "And what was FedEx's net income in 2022?",
        "Which covenants come with the company's borrowing in 2025?",
        LEAVE,
        "How many days do I have to hand in my expenses?",
        "And how many days of leave do I have?",
        "What may a hotel in Zurich cost per night?",
        "Who is Michael Lenz?",
        "How long does it take to get a refund?",
        "Under what conditions can I fly business class?",
        "Is there a rule that says who signs off on a $9,000 trip?",
        "Who has to sign off on a $9,000 trip?",
        "What happened at the Ellery plant in spring 2025, and what did it cost?",
        "How do I change the amount of my expenses?",
        "Thanks!",
        "OK, great",
        "",
        "FedEx capital expenditures 2022",
    ],
)
def test_a_question_that_says_all_it_needs_stays(question: str) -> None:
    assert asked_as(SALES, question) == question


def test_with_nothing_to_carry_over_a_question_stays() -> None:
    assert asked_as("What was the expense?", "And what were the accrued costs?") == "And what were the accrued costs?"


def test_the_first_question_stays() -> None:
    assert condense("And the year before?", []) == "And the year before?"
    assert condense("And the year before?", [Turn("assistant", "Hello.")]) == "And the year before?"


def test_follow_ups_of_follow_ups_go_on_from_what_was_asked_then() -> None:
    assert asked_as(SALES, "And the year before?", "And FedEx?") == "What were FedEx's net sales in 2022?"
    assert (
        asked_as(SALES, "And FedEx?", "And the year before?", "Two years later?")
        == "What were FedEx's net sales in 2024?"
    )
    assert asked_as(SALES, LEAVE, "And in 2022?") == "How many days of annual leave does everyone have in 2022?"


def test_nothing_grows_without_end() -> None:
    long = f"What is said of {'the lease ' * 200}?"
    assert asked_as(long, "Why?") == "Why?"
    assert len(asked_as(SALES, *["Why?"] * 500)) <= LONGEST


def test_without_known_companies_names_are_told_by_how_they_stand() -> None:
    assert condense("And FedEx?", [Turn("user", SALES)]) == "What were FedEx's net sales in 2023?"
    assert condense("And the year before?", [Turn("user", SALES)]) == "What were eBay's net sales in 2022?"
