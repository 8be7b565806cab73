"""What code knows better than the model is put right, and nothing else: where a row stands, what it counts in."""

from decimal import Decimal

import pytest

from dossier.amounts import Scale
from dossier.excerpts import Excerpt, table_excerpt
from dossier.settling import check_reply, degree_of

SALES = table_excerpt(
    [["(in millions)", "Fiscal 2019", "Fiscal 2018"], ["Sales", "$ 44.1", "56.7"], ["Rate", "3.0", "4.0"]], "Sales"
)
COSTS = table_excerpt([["Years", "2019", "2018"], ["Costs", "31.5", "30.5"], ["Both", "7.7", "8.8"]], "Costs")
AGAIN = table_excerpt([["Years", "2019", "2018"], ["Both", "7.7", "8.8"]], "Costs again")
TEXT = Excerpt(text="Ernst & Young audits the company. The plan ends in June 2027.")
SHOWN = (SALES, COSTS, AGAIN, TEXT)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("[2] Sales | Fiscal 2019: $ 44.1\n= 44.1 million", 1),
        ("[9] Costs | 2019: 31.5\n= 31.5", 2),
        ('[1] "Ernst & Young"', 4),
        ('[1] "the plan ends in June 2027"\n= "June 2027"', 4),
        ("[1] 31.5 - 30.5", 2),
        ("[1] 56.7 million", 1),
    ],
)
def test_what_stands_in_one_other_excerpt_is_cited_from_there(text: str, source: int) -> None:
    found = check_reply(text, SHOWN)
    assert found.grounded, found.reason
    assert found.reply is not None
    assert found.reply.sources == (source,)
    assert {place.source for place in found.operands} == {source}


@pytest.mark.parametrize(
    "text",
    [
        "[1] Both | 2019: 7.7\n= 7.7",
        "[1] 7.7 - 8.8",
        "[2] Sales | 2019: 56.7\n= 56.7 million",
        "[2] Sales | Fiscal 2018: 44.1\n= 44.1 million",
        "[1] 31.5 - 44.1",
        '[1] "Deloitte"',
        "[9] 999.9",
    ],
)
def test_what_stands_in_several_or_in_none_stays_as_it_is_and_isnt_borne_out(text: str) -> None:
    assert not check_reply(text, SHOWN).grounded


def test_a_head_may_be_shortened_where_one_column_is_left() -> None:
    assert check_reply("[1] Sales | 2019: 44.1\n= 44.1 million", SHOWN).grounded
    same = table_excerpt([["", "2019 first", "2019 second"], ["Sales", "5.5", "5.5"]])
    assert not check_reply("[1] Sales | 2019: 5.5\n= 5.5", [same]).grounded


@pytest.mark.parametrize(
    ("text", "asked", "value", "scale"),
    [
        ("[1] 44.1", "", "44.1", Scale.MILLION),
        ("[1] 44.1 thousand", "", "44.1", Scale.MILLION),
        ("[1] 44.1 - 56.7 billion", "", "-12.6", Scale.MILLION),
        ("[1] (44.1 + 56.7) / 2", "", "50.4", Scale.MILLION),
        ("[1] 44.1 + 100 - 56.7", "What if it were 100 more?", "-12.6", Scale.ONES),
        ("[1] 44.1 / 56.7 million", "What is the ratio?", "0.7777", Scale.ONES),
        ("[1] (44.1 - 56.7) / 56.7", "By how many percent?", "-22.2222", Scale.PERCENT),
        ("[1] (44.1 - 56.7) / 56.7 percent", "How much?", "-22.2222", Scale.PERCENT),
        ("[2] 31.5 - 30.5", "", "1.0", Scale.ONES),
        ("[1] 3.0 percent", "", "3.0", Scale.PERCENT),
        ("[1] 3.0", "", "3.0", Scale.ONES),
    ],
)
def test_a_value_counts_in_what_its_table_states(text: str, asked: str, value: str, scale: Scale) -> None:
    found = check_reply(text, SHOWN, asked)
    assert found.value is not None
    assert found.scale is scale
    if not asked.endswith("more?"):
        assert abs(found.value - Decimal(value)) < Decimal("0.0001")


@pytest.mark.parametrize(
    ("expression", "degree"),
    [
        ("44.1", 1),
        ("44.1 - 56.7", 1),
        ("(44.1 + 56.7 + 13.5) / 3", 1),
        ("44.1 * (1 - 5%)", 1),
        ("44.1 / 56.7", 0),
        ("(44.1 - 56.7) / 56.7", 0),
        ("44.1 * 56.7", None),
        ("44.1 - 44.1", None),
        ("44.1 > 56.7", None),
        ("44.1 /", None),
    ],
)
def test_how_a_value_grows_with_its_operands(expression: str, degree: int | None) -> None:
    assert degree_of(expression) == degree
