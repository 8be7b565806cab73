"""Checks that a label says what it claims: the expression gives the answer, the span stands in the context."""

import re
from dataclasses import replace
from decimal import Decimal

from dossier.amounts import POWERS, Scale, amount_in
from dossier.expressions import Computed, ExpressionError, compute
from training.data.example import AnswerKind, Example, Labelled

_LISTED = "##"
"""What TAT-QA puts between the things that a count counts."""


def checked(example: Example) -> tuple[Example, str]:
    """The example with its expression in one form, and why its label is wrong (empty when nothing is)."""
    answer = example.answer
    if not example.question.strip():
        return example, "the question is empty"
    if not any(text.strip() for text in answer.texts):
        return example, "the answer is empty"
    if answer.kind is AnswerKind.ENTITIES:
        return example, _entities(example)
    if answer.kind is AnswerKind.COUNT and _LISTED in answer.derivation:
        return example, _count(answer)
    if answer.kind is AnswerKind.LABEL and answer.derivation:
        return _verdict(example, answer)
    if answer.kind in (AnswerKind.NUMBER, AnswerKind.COUNT) and answer.derivation:
        return _number(example, answer)
    return example, ""


def _entities(example: Example) -> str:
    for text in example.answer.texts:
        name = text.rpartition(": ")[0]
        if name not in example.question:
            return f"the entity {name!r} doesn't stand in the text"
    return ""


def _count(answer: Labelled) -> str:
    counted = sum(bool(part.strip()) for part in answer.derivation.split(_LISTED))
    stated = amount_in(answer.texts[0])
    return "" if stated == counted else f"{counted} things are listed, the answer says {answer.texts[0]}"


def _verdict(example: Example, answer: Labelled) -> tuple[Example, str]:
    """A comparison that is answered by yes or no."""
    try:
        found = compute(answer.derivation)
    except ExpressionError as error:
        return example, f"the derivation {answer.derivation!r} can't be computed: {error}"
    stated = answer.texts[0].strip().lower()
    if not found.truth or stated != ("yes" if found.value else "no"):
        return example, f"the expression {found.written} doesn't give the answer {answer.texts[0]}"
    return replace(example, answer=replace(answer, expression=found.written)), ""


def _number(example: Example, answer: Labelled) -> tuple[Example, str]:
    stated = amount_in(answer.texts[0])
    if stated is None:
        return example, f"the answer {answer.texts[0]!r} isn't a number"
    try:
        found = compute(answer.derivation)
    except ExpressionError as error:
        if answer.kind is AnswerKind.COUNT:  # one thing in words: `Fourth quarter`
            return example, "" if stated == 1 else f"1 thing is listed, the answer says {answer.texts[0]}"
        return example, f"the derivation {answer.derivation!r} can't be computed: {error}"
    if answer.kind is AnswerKind.COUNT and re.fullmatch(r"\s*(?:19|20)\d\d\s*", answer.derivation):
        return example, "" if stated == 1 else f"1 year is listed, the answer says {answer.texts[0]}"
    if found.truth or not gives(found, stated, answer):
        value = f"{found.value:.6g}"
        return example, f"the expression {found.written} gives {value}, the answer says {answer.texts[0]}"
    return replace(example, answer=replace(answer, expression=found.written)), ""


def gives(found: Computed, stated: Decimal, answer: Labelled) -> bool:
    """Whether a value is the stated answer under its scale, to one unit of the answer's last decimal.

    Percentages count as both `0.22` and `22`, since sets write both; values in words of scale (`60.3 million`) are
    brought to the answer's.
    """
    exponent = stated.normalize().as_tuple().exponent
    decimals = max(-exponent, 0) if isinstance(exponent, int) else 0
    slack = Decimal(1).scaleb(-max(decimals, _decimals(answer.texts[0]))) * Decimal("1.0000001")
    candidates = [found.value]
    if answer.scale is Scale.PERCENT or found.percent:
        candidates.append(found.value * 100)
    if found.units and answer.scale in POWERS:
        candidates = [found.value.scaleb(-POWERS[answer.scale])]
    return any(abs(value - stated) <= slack for value in candidates)


def _decimals(text: str) -> int:
    match = re.search(r"\.(\d+)", text)
    return len(match[1]) if match else 0
