"""Numbers of a text with their signs, and what labels say of them."""

from decimal import Decimal

import pytest

from dossier.amounts import Scale, numbers_in, scales_in, tells_loss


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("($1,269)", "-1269"),
        ("$(1.3) million", "-1.3"),
        ("10 billion ($10.0 billion)", "10"),
        ("up ($1.3 million)", "1.3"),
        ("(5%)", "-5"),
        ("-5", "-5"),
        ("20% (180.0 million: revenue)", "20"),
        ("(60.0 million: buybacks)", "60.0"),
    ],
)
def test_brackets_are_a_sign_where_they_hold_nothing_but_the_amount(text: str, value: str) -> None:
    assert next(numbers_in(text)).value == Decimal(value)


def test_a_word_that_ends_like_a_scale_is_none() -> None:
    assert scales_in("mark-to-market adjustments") == frozenset()
    assert scales_in("EUR m") == {Scale.MILLION}


@pytest.mark.parametrize(
    ("label", "may"),
    [
        ("Net income (loss)", True),
        ("Operating activities: Net income", True),
        ("Net cash used in investing activities", True),
        ("Adjustments to net income: Retirement adjustments", False),
        ("Income tax expense", False),
        ("Capital expenditures", False),
    ],
)
def test_brackets_of_gains_and_losses_mean_less_than_nothing(label: str, may: bool) -> None:
    assert tells_loss(label) is may
