import pytest

from retrieval.answer_kinds import Kind
from retrieval.expectation import could_answer, expected_by
from retrieval.query import read_query


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many employees does Acme have?", Kind.COUNT),
        ("How many days of leave are there?", Kind.DURATION),
        ("How long is parental leave?", Kind.DURATION),
        ("How much did Acme pay for Widget Co?", Kind.MONEY),
        ("What percentage of sales came from abroad?", Kind.SHARE),
        ("When does the lease end?", Kind.DATE),
        ("Who audits Acme?", Kind.NAME),
        ("What was revenue in 2023?", Kind.ANYTHING),
    ],
)
def test_what_a_question_expects(question: str, kind: Kind) -> None:
    assert expected_by(question) is kind


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "How many employees does Acme have?",
            "As of January 31, we had 79,390 employees.",
            "In 2023 we matched up to $5,000 of donations for each employee, 52% more.",
        ),
        ("How long is parental leave?", "Parents may stay at home for sixteen weeks.", "Leave is paid by $5,000."),
        ("When does the lease end?", "The lease ends on March 3.", "The lease covers 20 offices."),
        (
            "Who audits FedEx?",
            "FedEx’s statements were audited by Ernst & Young LLP.",
            "We believe that our audits of FedEx are reasonable.",
        ),
        ("How much was the award?", "The jury awarded damages of $365 million.", "The jury awarded damages in 2022."),
        ("What share of sales is foreign?", "Sales abroad were 52% of all.", "Sales abroad grew in 2022."),
    ],
)
def test_a_line_that_could_answer_is_told_from_one_that_could_not(question: str, right: str, wrong: str) -> None:
    query = read_query(question)
    assert could_answer(query, right)
    assert not could_answer(query, wrong)
