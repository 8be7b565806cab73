"""Nothing of a reply is believed: copied rows, quotations, operands and scales are looked up in the excerpts."""

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.amounts import Scale
from dossier.excerpts import Excerpt, table_excerpt
from dossier.grounding import Verified, verify_reply
from dossier.reply import ReplyError, parse_reply
from dossier.settling import check_reply

TABLE = table_excerpt(
    [
        ["(in millions)", "2019", "2018"],
        ["Fixed Price", "$  1,452.4", "$  1,146.2"],
        ["Other", "44.1", "56.7"],
        ["Financing", "(709)", "(707)"],
        ["Margin", "27.0%", "28.5%"],
        ["Earnings per share", "1.20", "0.98"],
        ["Pages", "-", "12"],
    ],
    "Sales",
)
TEXT = Excerpt(text="We are paid our costs. Leases were $14.4 million in 2019, after a year with few of them at all.")
SHOWN = (TABLE, TEXT)


def checked(text: str, asked: str = "") -> Verified:
    """What was written, as it was written."""
    try:
        return verify_reply(parse_reply(text), SHOWN, asked)
    except ReplyError:
        return check_reply(text, SHOWN, asked)


@pytest.mark.parametrize(
    ("text", "value", "scale"),
    [
        ("[1] Other | 2019: 44.1 | 2018: 56.7\n= (44.1 - 56.7) / 56.7 percent", "-22.2222", Scale.PERCENT),
        ("[1] 44.1 - 56.7 million", "-12.6", Scale.MILLION),
        ("[1] r3c2 - r3c3 million", "-12.6", Scale.MILLION),
        ("[1] r4c2 - r4c3 million", "-2", Scale.MILLION),
        ("[1] 1,452.4 million", "1452.4", Scale.MILLION),
        ("[1] r2c2 million", "1452.4", Scale.MILLION),
        ("[1] 27.0% - 28.5% percent", "-1.5", Scale.PERCENT),
        ("[1] 27.0 percent", "27.0", Scale.PERCENT),
        ("[1] (44.1 + 56.7) / 2 million", "50.4", Scale.MILLION),
        ("[1] 1.20", "1.20", Scale.ONES),
        ("[2] 14.4 million", "14.4", Scale.MILLION),
        ("[1][2] 44.1 - 14.4 million", "29.7", Scale.MILLION),
        ("[1][2] e1r3c2 - 14.4 million", "29.7", Scale.MILLION),
        ("[1] 12 - 0", "12", Scale.ONES),
        ('[1] count "Fixed Price"; "Other"', "2", Scale.ONES),
    ],
)
def test_what_stands_there_is_computed(text: str, value: str, scale: Scale) -> None:
    found = checked(text)
    assert found.grounded, found.reason
    assert found.value is not None
    assert abs(found.value - Decimal(value)) < Decimal("0.0001")
    assert found.scale is scale


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1] 44.2 - 56.7 million", "44.2 stands in none"),
        ("[2] 44.1 - 56.7 million", "44.1 stands in none"),
        ("[3] 44.1", "no excerpt .3."),
        ("[0] 44.1", "no excerpt .0."),
        ("[1] Other | 2018: 44.1\n= 44.1 million", "doesn't stand so"),
        ("[1] Others | 2019: 44.1\n= 44.1 million", "doesn't stand so"),
        ('[2] "our cost"', "doesn't stand in"),
        ('[1] "our costs"', "doesn't stand in"),
        ('[2] "14"', "doesn't stand in"),
        ('[2] "We are paid … of the moon"', "doesn't stand in"),
        ("[1] 44.1 thousand", "doesn't count in thousands"),
        ("[1] 44.1", "counts in millions there, not in ones"),
        ("[1] 44.1 percent", "isn't a percentage"),
        ("[1] r9c2", "no cell r9c2"),
        ("[1] r2c1 + r3c2", "holds no number"),
        ("[1] 44.1 / 0", "can't be computed"),
        ("[1] 44.1 - ", "can't be computed"),
        ("[1] 44.1 - 13 million", "13 stands in none"),
        ("[1] r3c2 - 999 million", "999 stands in none"),
        ("[1] 44.1 - 56.7 billion", "count in millions, not in billions"),
        ("[1] r3c2 - r3c3 thousand", "count in millions, not in thousands"),
        ('[1] count "Other"; "Other"', "counted twice"),
        ("[1] label: anything", "none of the labels"),
        ("nonsense", "can't be read"),
    ],
)
def test_what_doesnt_stand_there_is_told(text: str, reason: str) -> None:
    found = checked(text)
    assert not found.grounded
    assert re.search(reason, found.reason), found.reason


def test_operands_say_where_they_stand() -> None:
    found = checked("[1] Other | 2019: 44.1 | 2018: 56.7\n= (44.1 - 56.7) / 56.7 percent")
    places = [(place.label, place.head, place.row, place.column, place.text) for place in found.operands]
    assert places == [("Other", "2019", 2, 1, "44.1"), ("Other", "2018", 2, 2, "56.7"), ("Other", "2018", 2, 2, "56.7")]
    (place,) = checked('[2] "our costs"').operands
    assert TEXT.text[place.start :].startswith("our costs")


def test_a_copied_row_decides_which_cell_is_meant() -> None:
    table = table_excerpt([["", "2019", "2018"], ["First", "5.5", "6.5"], ["Second", "5.5", "7.5"]])
    found = check_reply("[1] Second | 2019: 5.5\n= 5.5", [table])
    assert [(place.label, place.head) for place in found.operands] == [("Second", "2019")]


def test_numbers_of_the_question_may_be_computed_with() -> None:
    assert not checked("[1] 50 - 56.7 million").grounded
    assert checked("[1] 50 - 56.7 million", "What if it had been 50?").grounded


def test_quotations_are_given_as_the_excerpt_has_them() -> None:
    assert checked('[2] "WE ARE  paid our costs"').texts == ("We are paid our costs",)
    assert checked('[2] "leases were … in 2019"').texts == ("Leases were $14.4 million in 2019",)
    assert checked('[1] "1,452.4"').grounded


def test_a_comparison_is_answered_by_yes_or_no() -> None:
    assert checked("[1] 44.1 > 56.7").texts == ("no",)


def test_a_refusal_is_grounded_and_cites_nothing() -> None:
    assert checked("not in the documents") == Verified(checked("not in the documents").reply)


@settings(max_examples=200, deadline=None)
@given(st.text('[]()12345.,=|"; :rce+-*/%\nOther milonpcts…', max_size=60))
def test_nothing_that_a_model_writes_makes_the_check_fall_over(text: str) -> None:
    found = checked(text)
    assert found.grounded or found.reason


def test_a_label_is_one_of_those_that_were_asked_for() -> None:
    assert check_reply("label: lost card", (), labels=("lost card", "other")).texts == ("lost card",)
    assert not check_reply("label: lost cat", (), labels=("lost card", "other")).grounded
