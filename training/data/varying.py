"""Copies of what is learned with other figures and years: the way to an answer is the same, the digits are not.

A small model that sees a page of figures often learns the figures; in a copy only the reading of the table helps. All
numbers of a context, its questions and their arithmetic change alike, so that each answer can be computed again.
"""

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby

from dossier.amounts import Scale, amount_in, numbers_in
from dossier.expressions import ExpressionError, compute
from training.data.example import AnswerKind, Context, Example, Labelled, Task, to_line
from training.data.importing.source import VARIED, Source
from training.data.labels import checked, gives

_DATED = re.compile(r"(\d{0,2})((?:19|20)\d\d)")
"""A year, or a day and a year that a set ran together."""
_SMALL = 31
"""Days, notes and counts of periods stay as they are."""
_CONSTANTS = frozenset(map(Decimal, (100, 360, 365, 1000, 1_000_000)))
_FACTOR, _JITTER, _YEARS = (0.4, 2.5), (0.85, 1.15), (-7, 5)
_ORDERS = re.compile(
    r"high|low|larg|small|great|most|least|more\b|less\b|exceed|above|below|over\b|under\b|between|rank|top\b|best|worst"
    r"|increas|decreas|rise|rose|fell|fall|differ|same\b|close",
    re.IGNORECASE,
)
"""A question whose answer may hang on which figure is larger."""


def varied(examples: Sequence[Example], copies: int, seed: int) -> Source:
    """Up to `copies` copies of each context's questions; those whose answer can't be found again are left out."""
    asked = [one for one in examples if one.task is Task.QA and (one.context.rows or one.context.paragraphs)]
    made = tuple(
        copy
        for context, some in groupby(sorted(asked, key=_said), key=lambda one: one.context)
        for copy in _copies(context, list(some), copies, seed)
    )
    digest = hashlib.sha256("".join(map(to_line, made)).encode("utf-8", "surrogatepass")).hexdigest()
    return Source(VARIED.title, VARIED, digest, made)


def _said(example: Example) -> tuple[str, str]:
    return example.context.text, example.id


def _copies(context: Context, examples: Sequence[Example], copies: int, seed: int) -> Iterator[Example]:
    for number in range(1, copies + 1):
        figures = Figures(context, f"{seed}:{number}:{context.text}")
        changed = Context(
            figures.text(context.title),
            tuple(tuple(figures.text(cell) for cell in row) for row in context.rows),
            tuple(figures.text(paragraph) for paragraph in context.paragraphs),
        )
        for example in examples:
            answer = None if example.history else _answer(example, figures)
            if answer is None:
                continue
            origin = replace(
                example.origin, set=VARIED.title, place=f"{example.where}, with other figures, copy {number}"
            )
            made, problem = checked(
                replace(example, question=figures.text(example.question), context=changed, answer=answer, origin=origin)
            )
            if not problem:
                yield made


class Figures:
    """The figures of one copy: each number becomes another one, the same everywhere."""

    def __init__(self, context: Context, seed: str) -> None:
        """`seed` decides the figures."""
        self._draw = random.Random(seed)  # noqa: S311 (varies training data, guards nothing)
        self._factor = self._draw.uniform(*_FACTOR)
        self._years = self._draw.randint(*_YEARS) or 1
        self._commas = any("," in number.digits for number in numbers_in(context.text))
        self._known: dict[Decimal, Decimal] = {}

    def text(self, text: str) -> str:
        """A text with the copy's figures, written as the old ones were."""
        written, at = "", 0
        for number in numbers_in(text):
            written += text[at : number.start] + self._digits(number.digits)
            at = number.start + len(number.digits)
        return written + text[at:]

    def _digits(self, digits: str) -> str:
        value = Decimal(digits.replace(",", ""))
        if dated := _DATED.fullmatch(digits):
            return f"{dated[1]}{int(dated[2]) + self._years}"
        if (value <= _SMALL and "." not in digits) or value in _CONSTANTS or not value:
            return digits
        new = self._other(value)
        decimals = len(digits.partition(".")[2])
        commas = "," in digits or (value < 1000 and self._commas)
        written = f"{new:,.{decimals}f}" if commas else f"{new:.{decimals}f}"
        return written.removeprefix("0") if digits.startswith(".") else written

    def _other(self, value: Decimal) -> Decimal:
        """The figure in the place of another: about as large, with as many decimals, and nobody else's."""
        if value in self._known:
            return self._known[value]
        exponent = value.normalize().as_tuple().exponent
        unit = Decimal(1).scaleb(min(exponent, 0) if isinstance(exponent, int) else 0)
        taken = {*self._known.values(), *_CONSTANTS}
        size = float(value / unit) * self._factor
        new = Decimal(max(1, round(size * self._draw.uniform(*_JITTER)))) * unit
        while new in taken or new % (unit * 10) == 0 or _DATED.fullmatch(f"{new:f}") or new <= _SMALL * unit:
            new += unit
        self._known[value] = new
        return new


def _answer(example: Example, figures: Figures) -> Labelled | None:
    """The answer with the copy's figures, computed again where it is computed; None where it can't be known."""
    answer = example.answer
    if answer.kind in (AnswerKind.COUNT, AnswerKind.ENTITIES):
        return None
    if answer.expression and (answer.kind in (AnswerKind.NUMBER, AnswerKind.LABEL)):
        return _computed(answer, figures)
    chosen = answer.kind is not AnswerKind.UNANSWERABLE and _ORDERS.search(example.question)
    if chosen or re.search("[<>]", answer.derivation) or answer.kind in (AnswerKind.NUMBER, AnswerKind.LABEL):
        return None
    return _written(answer, figures, tuple(map(figures.text, answer.texts)))


def _computed(answer: Labelled, figures: Figures) -> Labelled | None:
    try:
        before, after = compute(answer.expression), compute(figures.text(answer.expression))
    except ExpressionError:
        return None
    if after.truth:
        return _written(answer, figures, ("yes" if after.value else "no",))
    stated = amount_in(answer.texts[0])
    if stated is None or before.units:
        return None
    plain = gives(replace(before, percent=False), stated, replace(answer, scale=Scale.ONES))
    value = after.value if plain else after.value * 100
    decimals = max(len(answer.texts[0].strip(" %)").partition(".")[2]), 0 if abs(value) >= 1 else 2)
    return _written(answer, figures, (f"{value:.{decimals}f}",))


def _written(answer: Labelled, figures: Figures, texts: tuple[str, ...]) -> Labelled:
    evidence = tuple(map(figures.text, answer.evidence))
    expression, derivation = figures.text(answer.expression), figures.text(answer.expression or answer.derivation)
    return replace(answer, texts=texts, expression=expression, derivation=derivation, evidence=evidence)
