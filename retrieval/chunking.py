"""Pages to chunks: whole lines, cut where a sentence or a section ends, never across pages."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dossier.evidence import is_row
from dossier.records import Box, Chunk, Metadata, Table
from retrieval.metadata import spoken
from retrieval.parsing.parsed import Heading, ParsedDocument, ParsedPage, title_from_name

CHUNKER_VERSION = "2"
"""Changes whenever the same document would be cut differently, so that older indexes are rebuilt."""

CONTEXT_TOKENS = 64
"""Room that the embedded text leaves for title, section and column heads."""

_PERIOD = re.compile(r"\b(?:19|20)\d\d\b|\bended\b|\bin (?:millions|thousands|billions)\b|\bQ[1-4]\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z(“\"])")

_LONGEST_HEADS = 240

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line (or a part of a very long one) with its place, size and surroundings."""

    start: int
    end: int
    tokens: int
    section: tuple[str, ...]
    columns: str
    opens_section: bool


def chunk_document(
    document: ParsedDocument, source: str, limit: int, count_tokens: CountTokens, metadata: Metadata | None = None
) -> list[Chunk]:
    """Cut a document into chunks of at most `limit` tokens each, in reading order. `metadata` replaces its own."""
    about = metadata or document.metadata
    chunks: list[Chunk] = []
    stack: list[Heading] = []
    for page in document.pages:
        pieces = _pieces(page, stack, limit, count_tokens)
        for group in _pack(pieces, page.text, limit):
            first, last = group[0], group[-1]
            text = page.text[first.start : last.end].strip("\n")
            if text.strip():
                start = page.text.index(text, first.start)
                place = (page.number, start, start + len(text))
                boxes = _boxes(page, start, start + len(text))
                chunks.append(Chunk(source, document.title, *place, first.section, text, first.columns, boxes, about))
    return chunks


def _boxes(page: ParsedPage, start: int, end: int) -> tuple[Box, ...]:
    """Where the lines between two offsets stand on the page."""
    return tuple(line.box for line in page.line_boxes if line.start < end and start < line.end)


def embedded_text(chunk: Chunk, count_tokens: CountTokens) -> str:
    """What the embedder reads of a chunk: what the document is, section and column heads in front of the text.

    The context is cut to CONTEXT_TOKENS, so that the text itself is never cut. The file name takes no part (unless the
    document has no other title), so that a renamed file isn't embedded again.
    """
    context = _join(_identity(chunk), *reversed(chunk.section), chunk.columns)
    return f"{fit_words(context, CONTEXT_TOKENS, count_tokens)}\n{chunk.text}"


def context_text(chunk: Chunk) -> str:
    """File name, title, the section path from the inside out, the column heads: what matters least is cut first."""
    name = title_from_name(chunk.source)
    title = chunk.title if chunk.title.lower() != name.lower() else ""
    about = f"{spoken(chunk.metadata)} {chunk.metadata.ticker}".strip()
    return _join(name, title, about, *reversed(chunk.section), chunk.columns)


def _identity(chunk: Chunk) -> str:
    """What the document is: company, kind and period where they are known, and its title where that adds to them."""
    about = spoken(chunk.metadata)
    known = set(about.lower().split())
    return about if about and set(chunk.title.lower().split()) <= known else _join(about, chunk.title)


def _join(*parts: str) -> str:
    return ". ".join(part for part in parts if part)


def fit_words(text: str, limit: int, count_tokens: CountTokens) -> str:
    """The longest start of `text`, in whole words, of at most `limit` tokens."""
    words = text.split()
    if not words or count_tokens([text])[0] <= limit:
        return text
    total = 0
    for index, tokens in enumerate(count_tokens(words)):
        total += tokens
        if total > limit:
            return " ".join(words[:index])
    return text


def _pieces(page: ParsedPage, stack: list[Heading], limit: int, count_tokens: CountTokens) -> list[_Piece]:
    spans = _spans(page.text)
    counts = count_tokens([page.text[start:end] for start, end in spans])
    spans, counts = _split_long(page.text, spans, counts, limit, count_tokens)
    headings = list(page.headings)
    pieces: list[_Piece] = []
    columns = _Columns()
    for (start, end), tokens in zip(spans, counts, strict=True):
        opened = False
        while headings and headings[0].offset < end:
            _enter(stack, headings.pop(0))
            opened = True
        heads = columns.above(page.text[start:end], opened)
        table = next((table for table in page.tables if table.start <= start < table.end), None)
        if table is not None:
            heads = _heads_of(table, start)
        section = tuple(heading.text for heading in stack)
        pieces.append(_Piece(start, end, tokens, section, heads, opened))
    return pieces


def _heads_of(table: Table, offset: int) -> str:
    """Caption, unit and heads for a chunk that begins within a table; a chunk with its first row shows them itself."""
    first = table.rows[0].start if table.rows else table.end
    return table.context[:_LONGEST_HEADS] if offset >= first else ""


def _enter(stack: list[Heading], heading: Heading) -> None:
    while stack and stack[-1].level >= heading.level:
        stack.pop()
    stack.append(heading)


class _Columns:
    """Follows a page line by line and knows which column heads and units stand above the current row."""

    def __init__(self) -> None:
        self._heads: list[str] = []
        self._in_rows = False

    def above(self, line: str, opened_section: bool) -> str:
        """Take the next line; return the column heads that hold for it (empty in prose and in the heads themselves)."""
        line = line.strip()
        if opened_section or len(line) > 140:
            self._heads, self._in_rows = [], False
        if is_row(line):
            self._in_rows = True
            return " ".join(self._heads)[-_LONGEST_HEADS:]
        if _PERIOD.search(line) and len(line) <= 140:
            if self._in_rows:
                self._heads, self._in_rows = [], False
            self._heads.append(line)
            return ""
        return " ".join(self._heads)[-_LONGEST_HEADS:] if self._in_rows else ""


def _spans(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for line in text.splitlines(keepends=True):
        spans.append((start, start + len(line)))
        start += len(line)
    return spans


def _split_long(
    text: str, spans: list[tuple[int, int]], counts: list[int], limit: int, count_tokens: CountTokens
) -> tuple[list[tuple[int, int]], list[int]]:
    """Split lines longer than a chunk at sentence ends, and longer sentences at words."""
    if all(count <= limit for count in counts):
        return spans, counts
    fine: list[tuple[int, int]] = []
    for (start, end), count in zip(spans, counts, strict=True):
        if count <= limit:
            fine.append((start, end))
            continue
        cuts = [start, *(start + match.end() for match in _SENTENCE_END.finditer(text[start:end])), end]
        for left, right in zip(cuts, cuts[1:], strict=False):
            fine.extend(_split_words(text, left, right, limit, count_tokens))
    return fine, count_tokens([text[start:end] for start, end in fine])


def _split_words(text: str, start: int, end: int, limit: int, count_tokens: CountTokens) -> list[tuple[int, int]]:
    if count_tokens([text[start:end]])[0] <= limit:
        return [(start, end)]
    # a word without spaces can still be too long (base64, minified text): 2 characters a token is a safe cut
    words = [
        (start + match.start() + offset, min(start + match.start() + offset + limit, start + match.end()))
        for match in re.finditer(r"\S+\s*", text[start:end])
        for offset in range(0, len(match.group()), limit)
    ]
    counts = count_tokens([text[left:right] for left, right in words])
    spans: list[tuple[int, int]] = []
    left, total = start, 0
    for (word_start, _), count in zip(words, counts, strict=True):
        if total and total + count > limit:
            spans.append((left, word_start))
            left, total = word_start, 0
        total += count
    return [*spans, (left, end)]


def _pack(pieces: list[_Piece], text: str, limit: int) -> list[list[_Piece]]:
    """Group pieces into chunks: full ones are cut at the last good place, sections begin new ones."""
    groups: list[list[_Piece]] = []
    current: list[_Piece] = []
    for piece in pieces:
        size = sum(item.tokens for item in current)
        if current and piece.opens_section and size > limit // 5:
            groups.append(current)
            current, size = [], 0
        while current and size + piece.tokens > limit:
            cut = _cut(current, text, limit)
            groups.append(current[:cut])
            current = current[cut:]
            size = sum(item.tokens for item in current)
        current.append(piece)
    return [*groups, current] if current else groups


def _cut(pieces: list[_Piece], text: str, limit: int) -> int:
    """How many pieces to close a full chunk with: up to the last sentence end, row or blank line in its second half."""
    total = sum(piece.tokens for piece in pieces)
    for count in range(len(pieces), 1, -1):
        line = text[pieces[count - 1].start : pieces[count - 1].end].strip()
        if total < limit // 2:
            break
        if not line or line.endswith((".", ":", "!", "?")) or is_row(line):
            return count
        total -= pieces[count - 1].tokens
    return len(pieces)
