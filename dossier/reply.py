"""What a tuned model replies: a short form that code reads, checks and computes. Grammar, writer and parser.

    reply   = "not in the documents" | { copied "\\n" } result
    copied  = "[n] " label { " | " head ": " value }  |  "[n] " quoted
    result  = ( "= " | "[n]" { "[n]" } " " ) body
    body    = quoted { "; " quoted } [ " " scale ] | "count " ... | "cells " cell { "; " cell } | "label: " words
            | arithmetic [ " " scale ] | words of a plain answer
    cell    = "r" row "c" column, with "e" excerpt in front where several are cited

Rows and columns count from 1, heads included. A scale of `percent` multiplies by a hundred, so that percentages are
written with their sign in arithmetic: `27% - 28% percent` is -1.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dossier.amounts import Scale

NOT_HERE = "not in the documents"
"""The reply to a question that the excerpts don't answer."""
REFUSES_FROM = 0.2
"""How likely a reply must begin as that one to be taken for it: greedily, refusals come too rarely (see DECISIONS)."""
LONGEST = 4000
_CELL = r"(?:e(\d{1,3}))?r(\d{1,3})c(\d{1,3})"
CELL = re.compile(rf"\b{_CELL}\b")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CITED = re.compile(r"((?:\[\d{1,3}\])+)[ \t]*(.*)", re.DOTALL)
_ARITHMETIC = re.compile(
    rf"(?:\s|[-+*/()%<>−–]|\d[\d,]*+(?:\.\d++)?+|\.\d++|(?:thousand|million|billion)s?\b|\b{_CELL}\b)++",
    re.IGNORECASE,
)
_SCALED = re.compile(r"(.+?)\s(thousand|million|billion|percent)", re.DOTALL)
_UNIT_LAST = re.compile(r"(?:thousand|million|billion)s?\s*", re.IGNORECASE)


class ReplyError(ValueError):
    """The text isn't a reply of the grammar; the message says where."""


class TargetFormat(StrEnum):
    """How an answer is written.

    text: the plain answer; values: arithmetic over values; evidence: first the rows or words that answer, copied, then
    the arithmetic; cells: arithmetic over references to cells.
    """

    TEXT = "text"
    VALUES = "values"
    EVIDENCE = "evidence"
    CELLS = "cells"


class ReplyKind(StrEnum):
    """What a reply is."""

    QUOTES = "quotes"
    EXPRESSION = "expression"
    COUNT = "count"
    LABEL = "label"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell by row and column, heads included, from 1. `source` is the excerpt (0: the only one cited)."""

    row: int
    column: int
    source: int = 0

    def __str__(self) -> str:
        """As it is written."""
        return f"{f'e{self.source}' if self.source else ''}r{self.row}c{self.column}"


@dataclass(frozen=True, slots=True)
class CopiedRow:
    """A row copied from excerpt `source`: its label, and head and value of the cells that count."""

    source: int
    label: str
    cells: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CopiedText:
    """Words copied from excerpt `source`."""

    source: int
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply taken apart. `sources` are the excerpts it cites; `parts` what is quoted, counted or the label."""

    kind: ReplyKind
    sources: tuple[int, ...] = ()
    parts: tuple[str | Cell, ...] = ()
    expression: str = ""
    scale: Scale = Scale.ONES
    copied: tuple[CopiedRow | CopiedText, ...] = ()


def refuses(first: Mapping[str, float]) -> bool:
    """Whether a reply is a refusal, by the natural log-probabilities of its first token."""
    words = {text.strip().lower(): chance for text, chance in first.items()}
    return sum(math.exp(chance) for text, chance in words.items() if text and NOT_HERE.startswith(text)) >= REFUSES_FROM


def write_reply(reply: Reply, form: TargetFormat) -> str:
    """The reply as text; `parse_reply` reads it. Only `evidence` writes what was copied."""
    if reply.kind is ReplyKind.NONE:
        return NOT_HERE
    copied = reply.copied if form is TargetFormat.EVIDENCE else ()
    said = {item.source: item for item in copied}
    front = "= " if copied and tuple(said) == reply.sources else "".join(f"[{source}]" for source in reply.sources)
    body = _plain(reply) if form is TargetFormat.TEXT else _body(reply)
    return "\n".join([*map(_copied, copied), f"{front.strip()} {body}".strip()])


def parse_reply(text: str) -> Reply:
    """Read a reply of any format. Raises ReplyError."""
    if len(text) > LONGEST:
        raise ReplyError(f"it has {len(text)} characters, more than {LONGEST}.")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ReplyError("it is empty.")
    if len(lines) == 1 and lines[0].strip(' ."').lower() == NOT_HERE:
        return Reply(ReplyKind.NONE)
    copied = tuple(_read_copied(line) for line in lines[:-1])
    last = lines[-1]
    if last.startswith("="):
        if not copied:
            raise ReplyError("it names no excerpt.")
        return _result(last[1:].strip(), tuple(dict.fromkeys(item.source for item in copied)), copied)
    cited = _CITED.fullmatch(last)
    if cited:
        return _result(cited[2].strip(), tuple(int(number) for number in re.findall(r"\d+", cited[1])), copied)
    if last.startswith("label:"):
        return _result(last, (), copied)
    raise ReplyError("it names no excerpt.")


def _body(reply: Reply) -> str:
    if reply.kind is ReplyKind.LABEL:
        return f"label: {reply.parts[0]}"
    if reply.kind is ReplyKind.EXPRESSION:
        ends = not reply.scale and _ends_with_unit(reply.expression)
        return f"({reply.expression})" if ends else f"{reply.expression} {reply.scale}".strip()
    parts = "; ".join(_quoted(part) if isinstance(part, str) else str(part) for part in reply.parts)
    if reply.kind is ReplyKind.COUNT:
        return f"count {parts}"
    return f"{'cells ' if isinstance(reply.parts[0], Cell) else ''}{parts} {reply.scale}".rstrip()


def _plain(reply: Reply) -> str:
    """The answer without quotation marks, where it can't be taken for anything else."""
    if reply.kind is ReplyKind.QUOTES and all(isinstance(part, str) for part in reply.parts):
        body = "; ".join(map(str, reply.parts))
        try:
            same = _result(body, reply.sources, ()) == reply
        except ReplyError:
            same = False
        return body if same else _body(reply)
    return _body(reply)


def _quoted(text: str) -> str:
    plain = " ".join(text.split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _copied(item: CopiedRow | CopiedText) -> str:
    if isinstance(item, CopiedText):
        return f"[{item.source}] {_quoted(item.text)}"
    cells = (f"{head}: {value}" if head or ": " in value else value for head, value in item.cells)
    return " | ".join((f"[{item.source}] {item.label}".rstrip(), *cells))


def _read_copied(line: str) -> CopiedRow | CopiedText:
    cited = _CITED.fullmatch(line)
    numbers = re.findall(r"\d+", cited[1]) if cited else []
    if cited is None or len(numbers) != 1:
        raise ReplyError(f"the line {line[:40]!r} names no excerpt.")
    source, rest = int(numbers[0]), cited[2]
    if quoted := _QUOTED.fullmatch(rest.strip()):
        return CopiedText(source, _unquoted(quoted[1]))
    label, *cells = re.split(r"(?:^|\s)\|(?:\s|$)", rest)
    return CopiedRow(source, label.strip(), tuple(map(_read_cell, cells)))


def _read_cell(text: str) -> tuple[str, str]:
    head, sign, value = text.rpartition(": ") if ": " in text else ("", "", text)
    return head.strip(), value.strip()


def _result(body: str, sources: tuple[int, ...], copied: tuple[CopiedRow | CopiedText, ...]) -> Reply:
    if not body:
        raise ReplyError("it says nothing behind the excerpt's number.")
    if body.startswith("label:"):
        if not (label := body.removeprefix("label:").strip()):
            raise ReplyError("its label is empty.")
        return Reply(ReplyKind.LABEL, sources, (label,), copied=copied)
    if re.match(r'count\s+["er]', body) and (counted := _try_parts(body[5:].strip())):
        return Reply(ReplyKind.COUNT, sources, counted, copied=copied)
    scaled = _SCALED.fullmatch(body)
    bare = scaled[1] if scaled else body
    scale = Scale(scaled[2]) if scaled else Scale.ONES
    if body.startswith('"') or re.match(r"cells\s+[er]\d", body):
        parts = tuple(_parts(bare.removeprefix("cells").strip()))
        return Reply(ReplyKind.QUOTES, sources, parts, scale=scale, copied=copied)
    if _ARITHMETIC.fullmatch(bare) and re.search(r"\d", bare):
        return Reply(ReplyKind.EXPRESSION, sources, (), bare, scale, copied)
    return Reply(ReplyKind.QUOTES, sources, tuple(part.strip() for part in body.split("; ")), copied=copied)


def _try_parts(text: str) -> tuple[str | Cell, ...]:
    try:
        return tuple(_parts(text))
    except ReplyError:
        return ()


def _parts(text: str) -> Iterator[str | Cell]:
    at = 0
    while at < len(text):
        if quoted := _QUOTED.match(text, at):
            yield _unquoted(quoted[1])
            at = quoted.end()
        elif cell := CELL.match(text, at):
            yield Cell(int(cell[2]), int(cell[3]), int(cell[1] or 0))
            at = cell.end()
        else:
            raise ReplyError(f"{text[at : at + 20]!r} is neither a quotation nor a cell.")
        between = re.compile(r"\s*;\s*|\s*$").match(text, at)
        if between is None:
            raise ReplyError(f"{text[at : at + 20]!r} stands where a semicolon should.")
        at = between.end()


def _unquoted(text: str) -> str:
    return " ".join(re.sub(r"\\(.)", r"\1", text).split())


def _ends_with_unit(expression: str) -> bool:
    return bool(re.search(rf"{_UNIT_LAST.pattern}$", expression, re.IGNORECASE)) and not expression.endswith(")")
