"""Right, wrong or refused: numbers after rounding and with their scale, words after normalisation."""

import pytest

from dossier.amounts import Scale
from dossier.excerpts import table_excerpt
from training.scoring import Expected, Outcome, score_reply

SHOWN = (
    table_excerpt(
        [["(in millions)", "2019", "2018"], ["Fixed Price", "1,452.4", "1,146.2"], ["Other", "44.1", "56.7"]], "Sales"
    ),
)


@pytest.mark.parametrize(
    ("text", "expected", "exact", "value"),
    [
        ("[1] (44.1 - 56.7) / 56.7 percent", Expected(("-22.22",), Scale.PERCENT), True, True),
        ("[1] (44.1 - 56.7) / 56.7", Expected(("-22.22",), Scale.PERCENT), True, True),
        ("[1] (44.1 - 56.7) / 56.7 percent", Expected(("-0.22222",)), True, True),
        ("[1] (44.1 - 56.7) / 44.1 percent", Expected(("-22.22",), Scale.PERCENT), False, False),
        ("[1] 44.1 - 56.7 million", Expected(("-12.6",), Scale.MILLION), True, True),
        ("[1] 44.1 - 56.7 thousand", Expected(("-12.6",), Scale.MILLION), True, True),
        ("[1] 44.1 - 56.7", Expected(("-12.6",), Scale.THOUSAND), False, True),
        ("[1] 56.7 - 44.1 million", Expected(("-12.6",), Scale.MILLION), False, False),
        ("[1] 44.1 million", Expected(("$44.1",), Scale.MILLION), True, True),
        ("[1] 44.1 million", Expected(("44,100",), Scale.THOUSAND), True, True),
        ("[1] 44.2 million", Expected(("44.1",), Scale.MILLION), False, False),
        ('[1] "other"; "fixed price"', Expected(("Fixed Price", "Other")), True, True),
        ('[1] "fixed price"', Expected(("Fixed Price", "Other")), False, False),
        ('[1] "Fixed Price"', Expected(("the fixed-price",)), True, True),
        ('[1] count "2019"; "2018"', Expected(("2",)), True, True),
        ('[1] "2019"', Expected(("2019",)), True, True),
        ('[1] "2018"', Expected(("2019",)), False, False),
    ],
)
def test_values_and_words_are_compared(text: str, expected: Expected, exact: bool, value: bool) -> None:
    found = score_reply(text, SHOWN, expected)
    assert (found.exact, found.value) == (exact, value)
    assert found.outcome is (Outcome.RIGHT if exact else Outcome.WRONG)


def test_a_refusal_is_right_only_where_nothing_could_be_answered() -> None:
    refused = score_reply("not in the documents", SHOWN, Expected(("44.1",)))
    assert (refused.outcome, refused.exact, refused.f1) == (Outcome.REFUSED, False, 0.0)
    assert score_reply("not in the documents", SHOWN, Expected()).outcome is Outcome.RIGHT
    assert score_reply("[1] 44.1 million", SHOWN, Expected()).outcome is Outcome.WRONG


def test_words_in_common_are_counted() -> None:
    assert score_reply('[1] "Fixed Price"', SHOWN, Expected(("fixed price contracts",))).f1 == pytest.approx(0.8)
    assert score_reply('[1] "Other"', SHOWN, Expected(("fixed price",))).f1 == 0


def test_what_isnt_grounded_or_cant_be_read_is_scored_and_told() -> None:
    invented = score_reply("[1] 99.9 - 56.7 million", SHOWN, Expected(("43.2",), Scale.MILLION))
    assert invented.exact
    assert not invented.grounded
    broken = score_reply("= = =", SHOWN, Expected(("43.2",)))
    assert (broken.outcome, broken.grounded) == (Outcome.WRONG, False)
    assert "can't be read" in broken.reason
