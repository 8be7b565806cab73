"""A small safe calculator for what question sets write as derivations and programs: decimal arithmetic, no `eval`.

Three ways of writing are read: plain arithmetic with percent signs, currencies and units (`(44.1-56.7)/56.7`,
`60.3 million + 32,137 thousand`), FinQA's programs (`subtract(5829, 5735), divide(#0, 5735)`; Chen et al. 2021,
section 3) and assignments (`x0 = 15 - 19; ans = x0 / 19`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, localcontext

LONGEST = 2000
"""Characters of an expression; nothing that people derive is longer."""
_DEEPEST = 40
_DIGITS = Context(prec=40)
_UNITS = {"thousand": 3, "million": 6, "billion": 9}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)|(?P<step>#\d+)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>[-+*/()\[\],%<>]))"
)
_SAME = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "$": None, "€": None, "£": None})
_CALLS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "greater": ">"}
_NEGATED = 8
_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2}


class ExpressionError(ValueError):
    """The text isn't arithmetic that can be computed; the message says where."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A value and how it comes about: `written` in one form, `binds` how tightly its outermost operation does.

    `percent` and `units` say whether percent signs or words such as `million` took part; `truth` that the value is
    a comparison's, 1 for yes and 0 for no.
    """

    value: Decimal
    written: str
    binds: int = 9
    percent: bool = False
    units: bool = False
    truth: bool = False


def compute(text: str) -> Computed:
    """Evaluate an expression or a program. Raises ExpressionError."""
    if len(text) > LONGEST:
        raise ExpressionError(f"it has {len(text)} characters, more than {LONGEST}.")
    if not text.isprintable() and not text.replace("\n", " ").replace("\t", " ").isprintable():
        raise ExpressionError("it has characters that can't be seen.")
    try:
        with localcontext(_DIGITS):
            return _program(text.translate(_SAME))
    except (DecimalException, OverflowError) as error:
        raise ExpressionError(f"it can't be computed ({type(error).__name__}).") from error


def _program(text: str) -> Computed:
    names: dict[str, Computed] = {}
    steps: list[Computed] = []
    if ";" in text or re.match(r"\s*[A-Za-z_]\w*\s*=", text):
        for part in text.split(";"):
            name, sign, right = part.partition("=")
            if not sign:
                raise ExpressionError(f"{part.strip()!r} gives its value no name.")
            steps.append(_Parser(right, names, steps).all()[-1])
            names[name.strip()] = steps[-1]
        return steps[-1]
    left, sign, right = text.partition("=")
    found = _Parser(left, names, steps).all()[-1]
    if sign and _Parser(right, {}, []).all()[-1].value != found.value:
        raise ExpressionError("its two sides differ.")
    return found


class _Parser:
    """Recursive descent over one expression, or several with commas between (each a step for `#n`)."""

    def __init__(self, text: str, names: dict[str, Computed], steps: list[Computed]) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._names, self._steps = names, steps

    def all(self) -> list[Computed]:
        self._steps.append(self._compared())
        while self._took(","):
            self._steps.append(self._compared())
        if self._at < len(self._tokens):
            raise ExpressionError(f"{self._next()!r} stands where an operation should.")
        return self._steps

    def _compared(self) -> Computed:
        left = self._sum()
        if (sign := self._next()) not in ("<", ">"):
            return left
        self._at += 1
        return _truth(sign, left, self._sum())

    def _sum(self) -> Computed:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(f"it has more than {_DEEPEST} brackets inside each other.")
        left = self._product()
        while (sign := self._next()) in ("+", "-"):
            self._at += 1
            left = _joined(sign, left, self._product())
        self._depth -= 1
        return left

    def _product(self) -> Computed:
        left = self._signed()
        while (sign := self._next()) in ("*", "/"):
            self._at += 1
            left = _joined(sign, left, self._signed())
        return left

    def _signed(self) -> Computed:
        negative = False
        while (sign := self._next()) in ("+", "-"):
            self._at += 1
            negative ^= sign == "-"
        found = self._with_unit(self._single())
        return _negative(found) if negative else found

    def _with_unit(self, found: Computed) -> Computed:
        if self._took("%"):
            written = f"{_closed(found, 9)}%"
            found = Computed(found.value / 100, written, 9, True, found.units)
        word = self._next().lower().removesuffix("s")
        if word in _UNITS:
            self._at += 1
            value = found.value.scaleb(_UNITS[word])
            found = Computed(value, f"{_closed(found, 9)} {word}", 9, found.percent, True)
        return found

    def _single(self) -> Computed:
        token = self._next()
        self._at += 1
        if token in ("(", "["):
            inside = self._sum()
            self._need({"(": ")", "[": "]"}[token])
            return inside
        if token[:1].isdigit() or token[:1] == ".":
            return Computed(Decimal(token.replace(",", "")), token.replace(",", ""))
        if token.startswith("#"):
            return self._step(token)
        if token in self._names:
            return self._names[token]
        return self._word(token)

    def _step(self, token: str) -> Computed:
        number = int(token[1:])
        if number >= len(self._steps):
            raise ExpressionError(f"{token} names a step that isn't there.")
        return self._steps[number]

    def _word(self, token: str) -> Computed:
        if constant := re.fullmatch(r"const_(m?)(\d+)", token):
            found = Computed(Decimal(constant[2]), constant[2])
            return _negative(found) if constant[1] else found
        if token not in _CALLS:
            raise ExpressionError(f"{token or 'the end'!r} isn't a number.")
        self._need("(")
        left = self._sum()
        self._need(",")
        right = self._sum()
        self._need(")")
        sign = _CALLS[token]
        return _truth(sign, left, right) if sign == ">" else _joined(sign, left, right)

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _took(self, token: str) -> bool:
        there = self._next() == token
        self._at += there
        return there

    def _need(self, token: str) -> None:
        if not self._took(token):
            raise ExpressionError(f"a {token!r} is missing before {self._next() or 'the end'!r}.")


def _tokens(text: str) -> list[str]:
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise ExpressionError(f"{text[at : at + 12].strip()!r} isn't arithmetic.")
        found.append(match[match.lastgroup or 0])
        at = match.end()
    return found


def _joined(sign: str, left: Computed, right: Computed) -> Computed:
    operations: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
    }
    binds = _BINDS[sign]
    if left.truth or right.truth:
        raise ExpressionError("a comparison's result can't be computed with.")
    written = f"{_closed(left, binds)} {sign} {_closed(right, binds + (sign in '-/'))}"
    if len(written) > LONGEST * 4:  # steps that repeat earlier steps double each time
        raise ExpressionError("its steps repeat each other too often.")
    value = operations[sign](left.value, right.value)
    return Computed(value, written, binds, left.percent or right.percent, left.units or right.units)


def _truth(sign: str, left: Computed, right: Computed) -> Computed:
    value = left.value > right.value if sign == ">" else left.value < right.value
    return Computed(Decimal(value), f"{_closed(left, 1)} {sign} {_closed(right, 1)}", 0, truth=True)


def _negative(found: Computed) -> Computed:
    if found.binds == _NEGATED:  # twice is not at all
        return Computed(-found.value, found.written.removeprefix("-"), 9, found.percent, found.units)
    return Computed(-found.value, f"-{_closed(found, 9)}", _NEGATED, found.percent, found.units)


def _closed(found: Computed, binds: int) -> str:
    return f"({found.written})" if found.binds < binds else found.written
