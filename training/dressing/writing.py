"""An example's answer as a reply over values: where each value stands among the excerpts, and what is copied."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from dossier.amounts import Number, Scale, amount_in, numbers_in
from dossier.excerpts import Excerpt
from dossier.grounding import Verified, is_constant, numbers_asked, stated_scales, verify_reply
from dossier.places import ELIDED, Operand, find_words, numbers_of, operand_at, places_of_words
from dossier.reply import CopiedRow, CopiedText, Reply, ReplyKind
from dossier.settling import degree_of
from training.data.example import AnswerKind, Example
from training.data.importing.source import CONVFINQA
from training.scoring import agree, expected_of, said, same_number

_YEAR = re.compile(r"(?:19|20)\d\d")
_SUPPOSES = re.compile(r"\bif\b|\bsuppos|\bassum|\binstead\b", re.IGNORECASE)
"""A question that has numbers of its own to compute with."""
_ASKS_PERCENT = re.compile(r"percent|%", re.IGNORECASE)
_LISTED = "##"
_MOST_ROWS = 4
_BEFORE, _AFTER = 10, 2
"""Words around a number of a text that are copied with it."""
_LONGEST_QUOTE, _FIRST_WORDS, _LAST_WORDS = 14, 6, 4
"""Words from which a quotation is written by its ends."""
_ONE_UNIT = Decimal(1)
"""Of the last decimal: sets round up, down and half-way."""


class UnwritableError(ValueError):
    """The answer can't be written in this form; the message says why."""


def asked_text(example: Example) -> str:
    """The question with the turns before it: their numbers may be computed with."""
    return "\n".join((*(turn.text for turn in example.history), example.question))


class Writer:
    """Finds the places of one example's values among the excerpts of its context."""

    def __init__(self, example: Example, excerpts: Sequence[Excerpt], gold: tuple[int, ...]) -> None:
        """`gold` are the numbers of the excerpts (from 1) that come from the example's own context."""
        self._example, self._excerpts, self._gold = example, excerpts, gold
        self._answer = example.answer
        self._asked = asked_text(example)
        self._words = set(re.findall(r"[a-z]{3,}|\d{4}", self._asked.lower()))
        self._evidence = {squeezed(piece) for piece in self._answer.evidence}
        self._derived = {number.size for number in numbers_in(self._answer.derivation)}

    def reply(self) -> tuple[Reply, tuple[Operand, ...]]:
        """The reply over values with everything copied, and the place of each value or quotation."""
        answer = self._answer
        if answer.kind is AnswerKind.UNANSWERABLE:
            return Reply(ReplyKind.NONE), ()
        if answer.kind is AnswerKind.COUNT and (_LISTED in answer.derivation or not answer.expression):
            parts = tuple(part.strip() for part in answer.derivation.split(_LISTED) if part.strip())
            return self._quoted(ReplyKind.COUNT, parts)
        if answer.expression and not (_YEAR.fullmatch(answer.expression) and not answer.scale):
            return self._computed(answer.expression)
        if answer.kind is AnswerKind.LABEL:
            return Reply(ReplyKind.LABEL, (), answer.texts), ()
        if len(answer.texts) == 1 and _is_value(answer.texts[0], answer.scale):
            return self._computed(answer.texts[0])
        return self._quoted(ReplyKind.QUOTES, answer.texts)

    def _quoted(self, kind: ReplyKind, parts: tuple[str, ...]) -> tuple[Reply, tuple[Operand, ...]]:
        if not parts:
            raise UnwritableError("nothing is listed")
        places = []
        for part in parts:
            found = [place for n in self._gold for place in places_of_words(part, n, self._excerpts[n - 1])]
            if not found:
                raise UnwritableError("the words of the answer don't stand in the context")
            places.append(max(found, key=lambda place: self._fits(place, ())))
        scale = self._answer.scale if kind is ReplyKind.QUOTES else Scale.ONES
        texts = tuple(_shortened(place, self._excerpts[place.source - 1]) for place in places)
        sources = tuple(dict.fromkeys(place.source for place in places))
        reply = Reply(kind, sources, texts, "", scale, self._copied_for(places))
        return reply, tuple(places)

    def _copied_for(self, places: Sequence[Operand]) -> tuple[CopiedRow | CopiedText, ...]:
        """The cells that a quotation follows from: those that the derivation compares, or the quoted one itself."""
        compared = [
            place
            for n in self._gold
            for number, place in numbers_of(n, self._excerpts[n - 1])
            if number.size in self._derived and place.row > 0 and place.column > 0
        ]
        rows = {(place.source, place.row) for place in compared}
        held = [(len({place.text for place in compared if (place.source, place.row) == row}), row) for row in rows]
        best = max(held, default=(0, (0, 0)))
        if best[0] > 1 and best[0] >= len(self._derived) - 1:
            return _copied([place for place in compared if (place.source, place.row) == best[1]], self._excerpts)
        heads = {place.source for place in places if place.row == 0 and place.column > 0}
        looked_at = [row for number in sorted(heads) for row in self._evidence_rows(number)]
        if len(looked_at) == 1 and not compared:  # in which year: the row that was looked through
            return _copied(looked_at[0], self._excerpts)
        body = [place for place in places if place.row > 0 and place.column > 0]
        return _copied(body, self._excerpts) if len({place.row for place in body}) <= _MOST_ROWS else ()

    def _evidence_rows(self, number: int) -> list[list[Operand]]:
        """The cells of each row that the example names as its evidence."""
        excerpt = self._excerpts[number - 1]
        named = [at for at, row in enumerate(excerpt.rows) if at and squeezed(" ".join(row)) in self._evidence]
        width = len(excerpt.rows[0]) if named else 0
        return [
            [operand_at(excerpt.rows[row][at], number, excerpt, row, at) for at in range(1, width)] for row in named
        ]

    def _computed(self, expression: str) -> tuple[Reply, tuple[Operand, ...]]:
        operands = self._operands(expression)
        sources = tuple(dict.fromkeys(place.source for _, place in operands if place and place.source))
        if not sources:
            raise UnwritableError("none of its values stands in the context")
        copied = _copied([place for _, place in operands if place and place.source], self._excerpts)
        scale = self._scale_of(expression, [place for _, place in operands if place and place.source])
        for written in _wordings(expression, operands, scale):
            reply = Reply(ReplyKind.EXPRESSION, sources, (), written, scale, copied)
            if gives_answer(verify_reply(reply, self._excerpts, self._asked), self._example):
                return reply, tuple(place for _, place in operands if place)
        raise UnwritableError("the expression doesn't give the answer under its scale")

    def _operands(self, expression: str) -> list[tuple[Number, Operand | None]]:
        """Each number of an expression and where it stands; None: nowhere, and it needn't."""
        numbers = list(numbers_in(expression))
        known = [pair for n in self._gold for pair in numbers_of(n, self._excerpts[n - 1])]
        sizes = {number.size for number in numbers}
        together = [(place.source, place.row) for number, place in known if number.size in sizes]
        supposed = bool(_SUPPOSES.search(self._example.question))
        said_there = {number.size for number in numbers_asked(self._asked)}
        found: list[tuple[Number, Operand | None]] = []
        for number in numbers:
            places = [replace(place, text=there.digits) for there, place in known if there.size == number.size]
            factor = expression[: number.start].rstrip()[-1:] in ("*", "/")
            in_table = [place for place in places if place.row > 0]
            beside = any(together.count((place.source, place.row)) > 1 for place in in_table)
            if is_constant(expression, number) and (factor or not beside):
                found.append((number, None))
            elif number.size in said_there and (supposed or not in_table):
                found.append((number, Operand(number.digits, 0)))
            elif places:
                found.append((number, max(places, key=lambda place: self._fits(place, together))))
            else:
                raise UnwritableError("a value of the expression doesn't stand in the context")
        return found

    def _scale_of(self, expression: str, places: Sequence[Operand]) -> Scale:
        """The answer's scale; where the set names none, what the operands count in, unless it cancels out."""
        answer = self._answer
        if answer.kind is AnswerKind.LABEL or self._example.origin.set != CONVFINQA.title:
            return Scale.PERCENT if "%" in answer.texts[0] and not answer.scale else answer.scale
        percent = amount_in(expression) is not None and "%" in expression
        if percent or (_ASKS_PERCENT.search(self._example.question) and degree_of(expression) != 1):
            return Scale.PERCENT
        stated = [stated_scales(place, self._excerpts[place.source - 1]) for place in places]
        scales = {scale for found, exempt in stated for scale in (found if not exempt else {Scale.ONES})}
        return scales.pop() if len(scales) == 1 and degree_of(expression) == 1 else Scale.ONES

    def _fits(self, place: Operand, together: Sequence[tuple[int, int]]) -> float:
        """How likely this is the place that is meant."""
        excerpt = self._excerpts[place.source - 1]
        if place.row < 0:
            near = excerpt.text[max(0, place.start - 120) : place.start + 120] if place.start >= 0 else ""
            there = any(piece and piece in squeezed(excerpt.text) for piece in self._evidence)
            return 2.0 * there + 0.2 * len(self._words & set(re.findall(r"[a-z]{3,}", near.lower())))
        row = " ".join(excerpt.rows[place.row])
        words = set(re.findall(r"[a-z]{3,}|\d{4}", f"{place.label} {place.head}".lower()))
        fit = 3.0 * (squeezed(row) in self._evidence) + 2.0 * (together.count((place.source, place.row)) > 1)
        return fit + len(self._words & words) + 0.5 * (place.row > 0) - 0.05 * len(words)


def _shortened(place: Operand, excerpt: Excerpt) -> str:
    """A long quotation by its first and last words, where these name it for certain."""
    words = place.text.split()
    if len(words) <= _LONGEST_QUOTE:
        return place.text
    short = f"{' '.join(words[:_FIRST_WORDS])}{ELIDED}{' '.join(words[-_LAST_WORDS:])}"
    span = find_words(excerpt.text, short)
    return short if span and squeezed(excerpt.text[slice(*span)]) == squeezed(place.text) else place.text


def _wordings(expression: str, operands: Sequence[tuple[Number, Operand | None]], scale: Scale) -> Iterable[str]:
    """Ways to write an expression under a scale: as it is, over percentages, without the `* 100` of the scale."""
    as_it_is = _rewritten(expression, [(number, place.text if place else number.digits) for number, place in operands])
    if len(operands) == 1 and amount_in(expression) is not None:
        number, place = operands[0]
        digits = place.text if place else number.digits
        negative = (amount_in(expression) or 0) < 0
        yield f"-{digits}" if negative else digits
        return
    yield as_it_is
    if scale is Scale.PERCENT:
        yield _rewritten(
            expression,
            [(number, _percent(expression, number, place)) for number, place in operands],
        )
        yield re.sub(r"\s*\*\s*100\s*$", "", as_it_is)
        yield re.sub(r"^\s*100\s*\*\s*", "", as_it_is)


def _percent(expression: str, number: Number, place: Operand | None) -> str:
    digits = place.text if place else number.digits
    signed = expression[number.start + len(number.digits) :].lstrip().startswith("%")
    return f"{digits}%" if place and not signed and not _YEAR.fullmatch(digits) else digits


def _rewritten(expression: str, digits: Sequence[tuple[Number, str]]) -> str:
    """The expression with each number written as it stands in the excerpt."""
    pieces, at = [], 0
    for number, written in digits:
        pieces += [expression[at : number.start], written]
        at = number.start + len(number.digits)
    return "".join((*pieces, expression[at:]))


def _copied(places: Sequence[Operand], excerpts: Sequence[Excerpt]) -> tuple[CopiedRow | CopiedText, ...]:
    """The rows and words around the values, each once, in the order in which they come."""
    rows: dict[tuple[int, int], dict[int, Operand]] = {}
    texts: dict[tuple[int, int], CopiedRow | CopiedText] = {}
    for place in places:
        key = (place.source, place.row)
        if place.row >= 0:
            rows.setdefault(key, {})[place.column] = place
        elif place.start >= 0:
            near = _surroundings(excerpts[place.source - 1].text, place.start, len(place.text))
            texts.setdefault((place.source, place.start), CopiedText(place.source, near))
    made: list[CopiedRow | CopiedText] = []
    for (source, row), cells in rows.items():
        grid = excerpts[source - 1].rows
        told = tuple((grid[0][at] if row else "", grid[row][at]) for at in sorted(cells) if at and grid[row][at])
        made.append(CopiedRow(source, grid[row][0], told))
    return (*made, *texts.values())


def _surroundings(text: str, start: int, length: int) -> str:
    """A number with some words before and behind it, of its own sentence."""
    left = max(text.rfind("\n", 0, start), text.rfind(". ", 0, start) + 1, 0)
    before = text[left:start].split()[-_BEFORE:]
    head = text[left:start]
    cut = head[head.rfind(before[0]) if before and len(head.split()) > _BEFORE else 0 :]
    if before and len(head.split()) > _BEFORE:
        cut = " ".join(before) + (" " if head[-1:].isspace() else "")
    behind = re.match(rf"\S*(?:[ \t]+\S+){{{{0,{_AFTER}}}}}", text[start + length :])
    return " ".join(f"{cut}{text[start : start + length]}{behind[0] if behind else ''}".split())


def _is_value(text: str, scale: Scale) -> bool:
    """Whether an answer is an amount, and not a year."""
    return amount_in(text) is not None and (scale is not Scale.ONES or not _YEAR.fullmatch(text.strip()))


def squeezed(text: str) -> str:
    """Letters and digits alone, for comparing."""
    return "".join(re.findall(r"\w+", text.lower()))


def gives_answer(found: Verified, example: Example) -> bool:
    """Whether a reply gives the example's answer; a set without scales leaves the scale open."""
    expected = expected_of(example.answer)
    scales = {expected.scale, found.scale} if example.origin.set == CONVFINQA.title else {expected.scale}
    if found.value is not None and len(expected.texts) == 1:
        text = expected.texts[0]
        return any(same_number(found.value, found.scale, text, scale, _ONE_UNIT) for scale in scales)
    return agree(said(found), found.scale, expected)
