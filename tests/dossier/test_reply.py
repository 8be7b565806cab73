"""The reply's grammar: what is written is read again as it was, and no text makes the reader fall over."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.amounts import Scale
from dossier.reply import (
    NOT_HERE,
    Cell,
    CopiedRow,
    CopiedText,
    Reply,
    ReplyError,
    ReplyKind,
    TargetFormat,
    parse_reply,
    refuses,
    write_reply,
)


def spaced(text: str) -> str:
    return " ".join(text.split())


words = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40).map(spaced).filter(bool)
bare = words.map(lambda text: spaced(text.replace("|", "/").replace('"', "'"))).filter(bool)
values = bare.map(lambda text: spaced(text.replace(": ", ":"))).filter(bool)
sources = st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True).map(tuple)
cells = st.builds(Cell, st.integers(1, 99), st.integers(1, 20), st.integers(0, 9))
parts = st.lists(st.one_of(words, cells), min_size=1, max_size=4).map(tuple)
scales = st.sampled_from(Scale)
numbers = st.one_of(
    st.decimals(0, 10**7, places=2, allow_nan=False).map(lambda value: f"{value:,}"),
    st.integers(0, 2030).map(str),
    st.sampled_from(["27%", "(1 - 20%)", "60.3 million", "-12.6"]),
)
terms = st.one_of(numbers, cells.map(str))
expressions = st.lists(st.tuples(terms, st.sampled_from("+-*/>")), max_size=4).flatmap(
    lambda some: terms.map(lambda last: " ".join([*(f"{term} {sign}" for term, sign in some), last]))
)
copied = st.lists(
    st.one_of(
        st.builds(CopiedText, st.integers(1, 9), words),
        st.builds(CopiedRow, st.integers(1, 9), bare, st.lists(st.tuples(bare, values), max_size=3).map(tuple)),
    ),
    max_size=3,
).map(tuple)
replies = st.one_of(
    st.just(Reply(ReplyKind.NONE)),
    st.builds(Reply, st.just(ReplyKind.QUOTES), sources, parts, scale=scales, copied=copied),
    st.builds(Reply, st.just(ReplyKind.COUNT), sources, parts, copied=copied),
    st.builds(Reply, st.just(ReplyKind.LABEL), sources, words.map(lambda text: (text,)), copied=copied),
    st.builds(Reply, st.just(ReplyKind.EXPRESSION), sources, st.just(()), expressions, scales, copied),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(replies, st.sampled_from(TargetFormat))
def test_what_is_written_is_read_again_as_it_was(reply: Reply, form: TargetFormat) -> None:
    read = parse_reply(write_reply(reply, form))
    expected = reply.copied if form is TargetFormat.EVIDENCE else ()
    assert (read.kind, read.sources, read.parts, read.scale) == (reply.kind, reply.sources, reply.parts, reply.scale)
    assert read.copied == expected
    assert read.expression in (reply.expression, f"({reply.expression})")


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.text(string.digits + '[]()=|"; :rce+-*/%.\n', max_size=60)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_reply(text), Reply)
    except ReplyError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Not in the documents.", Reply(ReplyKind.NONE)),
        ('[2] "our costs"', Reply(ReplyKind.QUOTES, (2,), ("our costs",))),
        ('[1][3] "Fixed Price"; "Other"', Reply(ReplyKind.QUOTES, (1, 3), ("Fixed Price", "Other"))),
        ("[2] our costs", Reply(ReplyKind.QUOTES, (2,), ("our costs",))),
        ('[1] count "2019"; "2018"', Reply(ReplyKind.COUNT, (1,), ("2019", "2018"))),
        ("[1] cells r2c1; r3c1", Reply(ReplyKind.QUOTES, (1,), (Cell(2, 1), Cell(3, 1)))),
        ("[1] r2c2 / r2c3 percent", Reply(ReplyKind.EXPRESSION, (1,), (), "r2c2 / r2c3", Scale.PERCENT)),
        ("[1] 1,452.4 million", Reply(ReplyKind.EXPRESSION, (1,), (), "1,452.4", Scale.MILLION)),
        ("label: card arrival", Reply(ReplyKind.LABEL, (), ("card arrival",))),
        (
            "[1] Other | 2019: 44.1 | 2018: 56.7\n= (44.1 - 56.7) / 56.7 percent",
            Reply(
                ReplyKind.EXPRESSION, (1,), (), "(44.1 - 56.7) / 56.7", Scale.PERCENT,
                (CopiedRow(1, "Other", (("2019", "44.1"), ("2018", "56.7"))),),
            ),
        ),
    ],
)  # fmt: skip
def test_each_form_is_read(text: str, reply: Reply) -> None:
    assert parse_reply(text) == reply


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("44.1", "names no excerpt"),
        ("= 44.1", "names no excerpt"),
        ("[1]", "says nothing"),
        ('[1] "open', "neither a quotation nor a cell"),
        ('[1] "a" "b"', "where a semicolon should"),
        ("[1] label:", "label is empty"),
        ("Other | 2019: 44.1\n= 44.1", "names no excerpt"),
        ("x" * 5000, "characters"),
    ],
)
def test_a_malformed_reply_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ReplyError, match=reason):
        parse_reply(text)


def test_a_long_run_of_digits_is_read_at_once() -> None:
    assert parse_reply("[1] " + "1" * 3000 + "x").kind is ReplyKind.QUOTES


def test_a_refusal_is_the_same_in_every_format() -> None:
    assert {write_reply(Reply(ReplyKind.NONE), form) for form in TargetFormat} == {NOT_HERE}


@pytest.mark.parametrize(
    ("first", "refused"),
    [
        ({"not": -1.0, "[": -0.5}, True),
        ({"not": -2.0, "[": -0.2}, False),
        ({" not": -2.1, "no": -2.3}, True),
        ({"[": -0.1, "": -1.0, "note": -0.5}, False),
        ({}, False),
    ],
)
def test_a_refusal_is_taken_for_one_by_its_first_token(first: dict[str, float], refused: bool) -> None:
    assert refuses(first) is refused
