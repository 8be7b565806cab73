"""Which questions ask to compute, and which arithmetic is said."""

import pytest

from dossier.excerpts import Excerpt, table_excerpt
from dossier.settling import check_reply
from retrieval.query import read_query
from serving.answering.computing import asks_to_compute, is_named

TABLE = table_excerpt(
    [
        ["(in millions)", "2025", "2024", "2021"],
        ["Net sales", "44.1", "56.7", "9.9"],
        ["Cost of sales", "20.5", "30.5", "8.8"],
    ]
)
TEXT = Excerpt(text="Net sales were 44.1 million in 2025 after 56.7 million.")


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("What was the change in net sales?", True),
        ("By what percentage did sales grow?", True),
        ("What is the average of net sales?", True),
        ("What would it be if sales were 50 instead?", True),
        ("How large were net sales in 2025?", False),
        ("Who audits the company?", False),
        ("What is the price of a share?", False),
    ],
)
def test_questions_that_ask_to_compute(question: str, asks: bool) -> None:
    assert asks_to_compute(question) is asks


@pytest.mark.parametrize(
    ("question", "reply", "named"),
    [
        ("By how much did net sales change in 2025?", "[1] 44.1 - 56.7 million", True),
        ("By how much did net sales change from 2024 to 2025?", "[1] (44.1 - 56.7) / 56.7 percent", True),
        ("What if net sales had been 50 instead in 2025?", "[1] 44.1 - 50 million", True),
        ("By how much did net income change in 2025?", "[1] 44.1 - 56.7 million", False),
        ("By how much did net sales change in 2025?", "[1] 44.1 - 20.5 million", False),
        ("By how much did net sales change in 2025?", "[1] 44.1 - 9.9 million", False),
        ("By how much did net sales change in 2025?", "[1] 44.1 / 100", False),
        ("By how much did net sales change in 2025?", "[1] 44.1 million", False),
        ("By how much did net sales change in 2025?", "[2] 44.1 - 56.7 million", False),
        ("By how much did net sales change in 2025?", "[1] 44.1 - 99.9 million", False),
        ("By how much did net sales change in 2025?", "not in the documents", False),
    ],
)
def test_arithmetic_is_said_where_the_question_names_its_rows_and_years(question: str, reply: str, named: bool) -> None:
    shown = (TABLE, TEXT) if "[2]" in reply else (TABLE,)
    assert is_named(check_reply(reply, shown, question), read_query(question)) is named
