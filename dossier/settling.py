"""Puts right in a tuned model's reply what code knows for certain, then checks it.

A small model finds the row and writes the arithmetic; which excerpt the row stands in and what its values count in can
be read off the excerpts. A copied row that stands in one other excerpt alone is cited from there. An amount counts in
what its own table states. Nothing else is changed, and what is changed must be borne out like everything else.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

from dossier.amounts import Scale, numbers_in
from dossier.excerpts import Excerpt
from dossier.expressions import ExpressionError, compute
from dossier.grounding import Verified, is_constant, numbers_asked, places_of_copied, stated_scales, verify_reply
from dossier.places import Operand, find_words, numbers_of
from dossier.reply import CELL, Cell, CopiedRow, CopiedText, Reply, ReplyError, ReplyKind, parse_reply

_ASKS_PERCENT = re.compile(r"percent|%", re.IGNORECASE)
_CLOSE = Decimal("0.0000001")


def check_reply(text: str, excerpts: Sequence[Excerpt], asked: str = "", labels: Collection[str] = ()) -> Verified:
    """Read, settle and verify what a model wrote; where it can't be read it isn't grounded, and the reason says why.

    `asked` is the question with its history, the question last.
    """
    try:
        reply = parse_reply(text)
    except ReplyError as error:
        return Verified(None, f"the reply can't be read: {error}")
    reply = with_sources(reply, excerpts, asked)
    found = verify_reply(reply, excerpts, asked, labels)
    if reply.kind is not ReplyKind.EXPRESSION or found.value is None:
        return found
    scale = settled_scale(reply, found.operands, excerpts, asked)
    return found if scale is reply.scale else verify_reply(replace(reply, scale=scale), excerpts, asked, labels)


def with_sources(reply: Reply, excerpts: Sequence[Excerpt], asked: str = "") -> Reply:
    """The reply citing where its words and values stand: moved only where exactly one excerpt has them."""
    copied = tuple(_moved(item, excerpts) for item in reply.copied)
    moved = {old.source: new.source for old, new in zip(reply.copied, copied, strict=True)}
    if copied:
        sources = tuple(dict.fromkeys((*(moved.get(one, one) for one in reply.sources), *(c.source for c in copied))))
        sources = tuple(one for one in sources if 1 <= one <= len(excerpts)) or reply.sources
        return replace(reply, copied=copied, sources=sources)
    if any(isinstance(part, Cell) for part in reply.parts) or CELL.search(reply.expression):
        return reply
    if all(_bears(reply, one, excerpts, asked) for one in [reply.sources] if one):
        return reply
    fitting = [one for one in range(1, len(excerpts) + 1) if _bears(reply, (one,), excerpts, asked)]
    return replace(reply, sources=(fitting[0],)) if len(fitting) == 1 else reply


def settled_scale(reply: Reply, operands: Sequence[Operand], excerpts: Sequence[Excerpt], asked: str) -> Scale:
    """What a value counts in: what the tables of its operands state; percent where a ratio is asked for in percent."""
    degree = None if CELL.search(reply.expression) else degree_of(reply.expression)
    if reply.scale is Scale.PERCENT or degree not in (0, 1):
        return reply.scale
    if degree == 0:
        asks = _ASKS_PERCENT.search(asked.rsplit("\n", 1)[-1])
        return Scale.PERCENT if asks else Scale.ONES
    stated = [stated_scales(place, excerpts[place.source - 1]) for place in operands if place.source]
    said = frozenset(scale for found, _ in stated for scale in found)
    may_be = said | {Scale.ONES} if any(exempt for _, exempt in stated) else said
    return next(iter(said)) if len(said) == 1 and reply.scale not in may_be else reply.scale


def degree_of(expression: str) -> int | None:
    """1: the value counts in what the operands count in, and doubles when they do; 0: a ratio; None: neither."""
    written, at = "", 0
    for number in numbers_in(expression):
        if not is_constant(expression, number) and not number.percent:
            written += expression[at : number.start] + f"{number.size * 2:f}"
            at = number.start + len(number.digits)
    try:
        once, twice = compute(expression), compute(written + expression[at:])
    except ExpressionError:
        return None
    if not once.value or once.truth or not at:
        return None
    grown = twice.value / once.value
    return next((degree for degree in (0, 1) if abs(grown - 2**degree) < _CLOSE), None)


def _moved(item: CopiedRow | CopiedText, excerpts: Sequence[Excerpt]) -> CopiedRow | CopiedText:
    """What was copied, cited from the one excerpt that has it."""
    numbers = range(1, len(excerpts) + 1)
    if item.source in numbers and places_of_copied(item, excerpts[item.source - 1]):
        return item
    fitting = [one for one in numbers if places_of_copied(replace(item, source=one), excerpts[one - 1])]
    return replace(item, source=fitting[0]) if len(fitting) == 1 else item


def _bears(reply: Reply, sources: Sequence[int], excerpts: Sequence[Excerpt], asked: str) -> bool:
    """Whether these excerpts have all words that are quoted, or all numbers that are computed with."""
    if any(not 1 <= one <= len(excerpts) for one in sources):
        return False
    if reply.kind in (ReplyKind.QUOTES, ReplyKind.COUNT):
        bodies = [f"{excerpts[one - 1].header}\n{excerpts[one - 1].body}" for one in sources]
        return all(any(find_words(body, str(part)) for body in bodies) for part in reply.parts)
    if reply.kind is not ReplyKind.EXPRESSION:
        return True
    known = {number.size for one in sources for number, _ in numbers_of(one, excerpts[one - 1])}
    known |= {number.size for number in numbers_asked(asked)}
    return all(number.size in known or is_constant(reply.expression, number) for number in numbers_in(reply.expression))
