"""The calculator: right on everything that sets write, and safe on everything else."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dossier.expressions import ExpressionError, compute


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("44.1-56.7", "-12.6", "44.1 - 56.7"),
        ("$788,948-$718,892", "70056", "788948 - 718892"),
        ("(1-20%) * 10", "8", "(1 - 20%) * 10"),
        ("[(-3,000) + (-1,074)]/2", "-2037", "(-3000 + -1074) / 2"),
        ("60.3 million + 32,137 thousand ", "92437000", "60.3 million + 32137 thousand"),
        ("x0 = 15 - 19; ans = x0 / 19", None, "(15 - 19) / 19"),
        ("subtract(5829, 5735), divide(#0, 5735)", None, "(5829 - 5735) / 5735"),
        ("multiply(const_100, const_m1)", "-100", "100 * -1"),
        ("7 + 2 = 9", "9", "7 + 2"),
        ("2-(3-4)", "3", "2 - (3 - 4)"),
        ("6/(2*3)", "1", "6 / (2 * 3)"),
        ("8−3×2", "2", "8 - 3 * 2"),
        ("ans = 36197 > 345059", "0", "36197 > 345059"),
        ("greater(3, 2)", "1", "3 > 2"),
    ],
)
def test_what_sets_write_is_computed_and_written_in_one_form(text: str, value: str | None, written: str) -> None:
    found = compute(text)
    assert found.written == written
    assert compute(written).value == found.value
    if value is not None:
        assert found.value == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "", "abc", "1/0", "(((", "2 3", "1 +", "#0", "ans =", "x9 + 1", "__import__('os')", "2**9", "1e9", "1;2",
        "add(1,200)", "add(1)", "1, ", "(" * 60 + "1" + ")" * 60, "9" * 2500, "1 > 2 > 3", "(1 > 2) + 1", "const_pi",
        "locate and analyze net income in row 5", "exp(2, 99999)", "1\x00+1", "5 years", "3.4.5", "7+2=8",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compute(text)


def test_steps_that_double_each_time_end() -> None:
    program = "; ".join(["x0 = 1 + 1", *(f"x{n} = x{n - 1} + x{n - 1}" for n in range(1, 60))])
    with pytest.raises(ExpressionError):
        compute(program)


NUMBERS = st.decimals(min_value=-10_000, max_value=10_000, places=2)
TREES = st.recursive(
    NUMBERS.map(lambda value: (f"({value:f})" if value < 0 else f"{value:f}", value)),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(
        lambda parts: (f"({parts[0][0]} {parts[1]} {parts[2][0]})", _joined(parts[0][1], parts[1], parts[2][1]))
    ),
    max_leaves=12,
)


def _joined(left: Decimal | None, sign: str, right: Decimal | None) -> Decimal | None:
    if left is None or right is None or (sign == "/" and not right):
        return None
    with localcontext(prec=40):
        return {"+": left + right, "-": left - right, "*": left * right, "/": left / right if right else left}[sign]


@pytest.mark.slow
@given(TREES)
def test_any_arithmetic_gives_what_python_gives_and_reads_back(tree: tuple[str, Decimal | None]) -> None:
    text, expected = tree
    if expected is None:
        with pytest.raises(ExpressionError):
            compute(text)
        return
    found = compute(text)
    assert found.value == pytest.approx(expected, rel=Decimal("1e-30"), abs=Decimal("1e-25"))
    # a product may be written without its brackets: its last digit may then be rounded differently
    assert compute(found.written).value == pytest.approx(found.value, rel=Decimal("1e-25"), abs=Decimal("1e-20"))


@pytest.mark.slow
@given(st.text(alphabet="0123456789.,()[]+-*/% #xans=;<>$millionadd", max_size=60) | st.text(max_size=60))
def test_no_text_brings_anything_but_a_value_or_a_refusal(text: str) -> None:
    try:
        found = compute(text)
    except ExpressionError as error:
        assert str(error)
    else:
        assert found.value.is_finite()
