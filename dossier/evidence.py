"""Passages taken apart into the smallest things that can be pointed at: sentences and table rows."""

import re
from collections.abc import Iterator, Sequence

from dossier.records import Line, Passage

_AMOUNT = re.compile(r"[-+]?\(?[-+]?[$€£]?\d(?:[\d,]*\d)?(?:\.\d+)?\)?%?\)?(?:x|bps)?|[—–-]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_SENTENCE_END = re.compile(r"(?<=[.!?])[”\"')\]]?\s+(?=[A-Z“\"(\d•*])")
_ABBREVIATION = re.compile(
    r"\b(?:Inc|Corp|Co|Ltd|No|Mr|Ms|Mrs|Dr|vs|e\.g|i\.e|U\.S|U\.K|[ap]\.m|Jan|Feb|Aug|Sept|Oct|Nov|Dec"
    r"|(?!(?:Appendix|Class|Exhibit|Form|Group|Item|Level|Note|Part|Phase|Plan|Schedule|Section|Series|Table|Type) )"
    r"[A-Z][a-z]+ [A-Z])\.$"
)
"""What a full stop stands behind without ending a sentence, initials among it: `Timothy D. Cook`."""
_LONGEST_ABBREVIATION = 20
_NEW_BLOCK = re.compile(r"^\s*(?:[•▪●\-*+]\s|\d{1,2}[.)]\s|#{1,6}\s|\|)")
_HEADS = re.compile(r"\b(?:19|20)\d\d\b|\bended\b|\bin (?:millions|thousands|billions)\b|\bchange\b", re.IGNORECASE)


def ends_in_abbreviation(text: str) -> bool:
    """Whether the full stop at a text's end is an abbreviation's, not a sentence's."""
    return _ABBREVIATION.search(text.rstrip()[-_LONGEST_ABBREVIATION:]) is not None


def amounts_of(line: str) -> tuple[str, list[str]]:
    """A table row's label and its amounts, left to right: `Net sales $ 12 (3)` gives `Net sales` and `$12`, `(3)`."""
    joined = re.sub(r"([$€£(])\s+(?=[\d(.])", r"\1", line)
    joined = re.sub(r"(?<=[\d)])\s+(?=[%)])", "", joined)
    words = joined.split()
    amounts: list[str] = []
    while words and _AMOUNT.fullmatch(words[-1].strip("$€£ ") or words[-1]):
        amounts.insert(0, words.pop())
    return " ".join(words), [amount for amount in amounts if amount not in "$€£"]


def is_row(line: str) -> bool:
    """Whether a line looks like a table row: at least two amounts at its end that aren't just years."""
    if len(line) > 200:
        return False
    _, amounts = amounts_of(line)
    return len(amounts) >= 2 and not all(_YEAR.fullmatch(amount) for amount in amounts)


def lines_of(passages: Sequence[Passage]) -> list[Line]:
    """All sentences and table rows of the passages, in order. `Line.passage` counts from 1."""
    return [line for number, passage in enumerate(passages, start=1) for line in _passage_lines(number, passage)]


def _passage_lines(number: int, passage: Passage) -> Iterator[Line]:
    text = passage.chunk.text
    heading = passage.chunk.columns
    heads: list[str] = []
    block_start = 0
    in_rows = bool(heading)
    capitals = False
    for start, end in _physical_lines(text):
        line = text[start:end]
        if is_row(line) or (in_rows and _is_short_row(line)):
            yield from _sentences(number, text, block_start, start)
            if heads:
                heading, heads = " ".join(heads), []
            yield Line(number, start, end, " ".join(line.split()), heading)
            block_start, in_rows = end, True
        elif not line.strip() or _NEW_BLOCK.match(line) or in_rows or capitals or _in_capitals(line):
            yield from _sentences(number, text, block_start, start)
            block_start, in_rows = start, False
        if _HEADS.search(line) and len(line) <= 140 and not is_row(line):
            heads = [*heads[-7:], line.strip()]
        elif len(line) > 140:
            heads, heading = [], ""
        capitals = _in_capitals(line)
    yield from _sentences(number, text, block_start, len(text))


def _in_capitals(line: str) -> bool:
    """Whether a line is a heading in capitals, which is no part of the sentence below it."""
    return line.isupper() and sum(character.isalpha() for character in line) >= 8 and line.rstrip()[-1] not in ".,;"


def _is_short_row(line: str) -> bool:
    """Inside a table one amount is enough: `Total 1,234`."""
    label, amounts = amounts_of(line)
    return len(amounts) == 1 and 0 < len(label) <= 90 and not label.endswith((".", ","))


def _physical_lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line.rstrip("\n"))
        start += len(line)


def _sentences(number: int, text: str, start: int, end: int) -> Iterator[Line]:
    """Sentences of a block of prose. Lines that end without punctuation and are short (headings) stand alone."""
    block = text[start:end]
    cuts = [0]
    for match in _SENTENCE_END.finditer(block):
        if not ends_in_abbreviation(block[: match.start()]):
            cuts.append(match.end())
    cuts.append(len(block))
    for left, right in zip(cuts, cuts[1:], strict=False):
        sentence = " ".join(block[left:right].split())
        if len(sentence) >= 3 and any(character.isalnum() for character in sentence):
            lead = len(block[left:right]) - len(block[left:right].lstrip())
            yield Line(number, start + left + lead, start + left + len(block[left:right].rstrip()), sentence)
