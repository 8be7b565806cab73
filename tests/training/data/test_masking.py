"""Personal data is masked by pattern and check digits; figures never are."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.cleaning import Cleaner
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.data.masking import CARD, EMAIL, IBAN, NAME, PHONE, SSN, Place, is_card, is_iban, masked


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jane.doe+x@mail.example.org now", EMAIL),
        ("card 4111 1111 1111 1111 please", CARD),
        ("card 4111111111111111", CARD),
        ("4111 1111 1111 1111", CARD),
        ("amex 3782 822463 10005", CARD),
        ("to GB82 WEST 1234 5698 7654 32.", IBAN),
        ("IBAN DE89370400440532013000", IBAN),
        ("my SSN is 078-05-1120", SSN),
        ("call +41 44 668 18 00 or come", PHONE),
        ("call (201) 842-6049", PHONE),
        ("call 212-806-7836 now", PHONE),
        ("Hello, my name is Jane Doe and I lost it", NAME),
    ],
)
def test_personal_data_is_masked_and_counted(text: str, kind: str) -> None:
    counts: Counter[str] = Counter()
    found = masked(text, counts)
    assert f"[{kind}]" in found
    assert counts == {kind: 1}
    assert masked(found, Counter()) == found


@pytest.mark.parametrize(
    "text",
    [
        "Total revenue 1,284.6 1,196.3 1,128.9",
        "Shares outstanding 4111 1111 1111 1111",
        "Years 2019 2018 2017 2016",
        "fiscal 2019-2020 and 2018-19",
        "revenue was $4,111,111,111,111,111",
        "Order 4111 1111 1111 1112",
        "on 2020-12-31 we had 123-45 units",
        "GB00 WEST 1234 5698 7654 32 isn't an IBAN",
        "My name is on the list",
        "pages 100-200-300",
        "666-12-3456",
        "increase of 12.345.678 to 555.1234",
    ],
)
def test_figures_and_lookalikes_stay(text: str) -> None:
    counts: Counter[str] = Counter()
    assert masked(text, counts, Place.PAGE) == text
    assert not counts


def test_rows_of_a_page_are_masked_only_where_they_speak_of_cards() -> None:
    assert masked("Visa card 4111 1111 1111 1111", Counter(), Place.PAGE) == "Visa card [card number]"
    assert masked("Units 4111111111111111 12", Counter(), Place.PAGE) == "Units [card number] 12"


@given(st.lists(st.decimals(min_value=-(10**15), max_value=10**15, places=1), min_size=1, max_size=6))
def test_no_figure_of_a_table_is_ever_masked(values: list[object]) -> None:
    cells = tuple(f"{value:,}" for value in values) + tuple(f"{value:f}" for value in values) + ("4111111111111111",)
    example = Example(
        Task.QA, "What?", Labelled(("1",), AnswerKind.NUMBER), Origin("s", "line 1"), Context("", (("row", *cells),))
    )
    assert Cleaner().clean(example).context.rows == (("row", *cells),)


@given(st.integers(min_value=10**14, max_value=10**15 - 1))
def test_one_wrong_digit_is_no_card(number: int) -> None:
    body = f"4{number}"
    right = [digit for digit in range(10) if is_card(f"{body[:15]}{digit}")]
    assert len(right) == 1


def test_one_wrong_digit_is_no_iban() -> None:
    assert is_iban("GB82WEST12345698765432")
    assert not any(is_iban(f"GB{check:02d}WEST12345698765432") for check in range(2, 99) if check != 82)


def test_texts_are_repaired_and_counted_once() -> None:
    cleaner = Cleaner()
    context = Context("", (), ("schÃ¶n, ﬁnancing &amp; more",))
    examples = [
        Example(Task.QA, f"Question {n}?", Labelled(("a",), AnswerKind.SPAN), Origin("s", "line 1"), context)
        for n in range(3)
    ]
    cleaned = [cleaner.clean(example) for example in examples]
    assert {example.context.paragraphs for example in cleaned} == {("schön, financing & more",)}
    assert cleaner.repaired == 1
