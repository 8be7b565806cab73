"""Words an answer from a checked reply: what was read with its place, what was computed with its arithmetic."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from dossier.amounts import Scale, amount_in, tells_loss
from dossier.citations import marker
from dossier.excerpts import Excerpt
from dossier.grounding import Verified, scale_of
from dossier.places import Operand
from dossier.reply import ReplyKind

_DECIMALS = {True: Decimal("0.01"), False: Decimal("0.0001")}
"""Digits of a computed value, of one from 1 on and of a smaller one."""

_POINTS = " percentage points"
_CURRENCY = re.compile(r"[$€£¥]")


def word_reply(found: Verified, excerpts: Sequence[Excerpt]) -> str:
    """A reply as an answer with its citations; empty where it isn't grounded or has nothing to say.

    A value that was read is said with its row and column, one that was computed with the arithmetic and where each of
    its values stands.
    """
    if not found.grounded or found.reply is None or found.reply.kind in (ReplyKind.NONE, ReplyKind.LABEL):
        return ""
    text = _said(found, excerpts)
    return f"{text} {_cited(found, excerpts)}".strip() if text else ""


def is_computed(found: Verified) -> bool:
    """Whether the answer begins with a value that stands nowhere: one that was computed, or counted."""
    if found.value is None or found.reply is None or found.reply.kind not in (ReplyKind.EXPRESSION, ReplyKind.COUNT):
        return False
    read = [operand for operand in found.operands if operand.source]
    return found.reply.kind is ReplyKind.COUNT or not (len(found.operands) == 1 and read and _is_plain(found))


def _said(found: Verified, excerpts: Sequence[Excerpt]) -> str:
    read = [operand for operand in found.operands if operand.source]
    if found.value is None or (found.reply and found.reply.kind is ReplyKind.QUOTES):
        words = "; ".join(_read(operand, found.scale) for operand in read) or "; ".join(found.texts)
        computed = found.reply is not None and found.reply.kind is ReplyKind.EXPRESSION
        return (
            f"{found.texts[0].capitalize()}: {found.written}{_where(read, excerpts)}"
            if computed and found.texts
            else words
        )
    if found.reply and found.reply.kind is ReplyKind.COUNT:
        return f"{found.value}: {'; '.join(found.texts)}"
    if not is_computed(found):
        return _read(_with_currency(read[0], excerpts), found.scale)
    said = f"{found.texts[0]} " if found.texts else ""
    unit = _POINTS if _are_points(read, excerpts) else _unit(found.scale)
    return f"{said}{computed_digits(found)}{unit} = {found.written}{_where(read, excerpts)}"


def computed_digits(found: Verified) -> str:
    """A computed value as the answer says it, without its unit; empty where there is none."""
    return _number(found.value) if found.value is not None else ""


def _read(operand: Operand, scale: Scale) -> str:
    """A cell with its row and column, or the words as they stand."""
    if operand.row < 0:
        return operand.text + (_unit(scale) if scale and str(scale) not in operand.text.lower() else "")
    place = ", ".join(part for part in (operand.label.rstrip(" :.…"), operand.head) if part and part != operand.text)
    return f"{place}: {operand.text}{_unit(scale)}" if place else f"{operand.text}{_unit(scale)}"


def _with_currency(operand: Operand, excerpts: Sequence[Excerpt]) -> Operand:
    """A value with its cell's currency, which statements have in a few rows only, and as a loss where it is one."""
    raw = _raw(operand, excerpts[operand.source - 1])
    sign = _CURRENCY.search(raw)
    text = f"{sign[0]}{operand.text}" if sign and sign[0] not in operand.text else operand.text
    lost = tells_loss(operand.label) and (amount_in(raw) or 0) < 0
    return replace(operand, text=f"-{text}" if lost and not text.startswith("-") else text)


def _where(operands: Sequence[Operand], excerpts: Sequence[Excerpt]) -> str:
    """Where the values of an expression stand, and what each counts in."""
    told = dict.fromkeys(
        f"{_amount(operand, excerpts)}: "
        f"{', '.join(part for part in (operand.label.rstrip(' :.…'), operand.head) if part)}"
        for operand in operands
        if operand.row >= 0 and (operand.label or operand.head)
    )
    return f" ({'; '.join(told)})" if told else ""


def _amount(operand: Operand, excerpts: Sequence[Excerpt]) -> str:
    excerpt = excerpts[operand.source - 1]
    signed = _with_currency(operand, excerpts)
    percent = "%" if "%" in _raw(operand, excerpt) and "%" not in signed.text else ""
    return f"{signed.text}{percent or _unit(scale_of(operand, excerpt))}"


def _raw(operand: Operand, excerpt: Excerpt) -> str:
    """What the cell of an operand holds; empty where there is none."""
    there = 0 <= operand.row < len(excerpt.rows) and 0 <= operand.column < len(excerpt.rows[operand.row])
    return excerpt.rows[operand.row][operand.column] if there else ""


def _are_points(read: Sequence[Operand], excerpts: Sequence[Excerpt]) -> bool:
    """Whether a value is one percentage less another."""
    return len(read) > 1 and all("%" in _raw(operand, excerpts[operand.source - 1]) for operand in read)


def _is_plain(found: Verified) -> bool:
    """Whether nothing was computed: the expression is the one value that was read."""
    return not any(sign in found.written.strip("-() ") for sign in "+-*/<>")


def _number(value: Decimal) -> str:
    rounded = value.quantize(_DECIMALS[abs(value) >= 1], ROUND_HALF_UP)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unit(scale: Scale) -> str:
    return "%" if scale is Scale.PERCENT else f" {scale}" if scale else ""


def _cited(found: Verified, excerpts: Sequence[Excerpt]) -> str:
    sources = [operand.source for operand in found.operands if operand.source]
    sources += [] if sources or not found.reply else list(found.reply.sources)
    passages = dict.fromkeys(excerpts[source - 1].passage for source in sources)
    return "".join(marker(passage) for passage in passages if passage)
