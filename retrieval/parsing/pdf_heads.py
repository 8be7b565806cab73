"""What stands above a table of a PDF page: its caption, its unit, and the heads of its columns."""

import re
from collections.abc import Callable, Sequence

from retrieval.parsing.pdf_lines import PdfLine, Word

Words = Callable[[PdfLine], list[Word]]

ALIGNED = 7.0
"""Points by which right edges of one column may differ (parentheses and percent signs hang over)."""
NEAR = 8.0
"""Points between words that belong together."""
YEAR = re.compile(r"(?:19|20)\d\d")
UNIT = re.compile(
    r"\(?\s*(?:(?:dollars|amounts|shares|u\.?s\.? dollars|us\$|\$|all)\s+(?:and [\w ]{1,30})?(?:are )?)?"
    r"(?:in|expressed in) (?:millions|thousands|billions)\b[^()]{0,120}\)?",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[a-z]{3,}[.;:]?\s+[a-z]{2,}\s+[a-z]{2,}\s+[a-z]{2,}\s+[a-z]{2,}")
_SPANNING = re.compile(r"\b(?:ended|months|as of|fiscal years?|quarters?)\b", re.IGNORECASE)
_HEADS_ABOVE = 14
_LONGEST_HEAD = 120
_SAME_HEIGHT = 3.0


def above(lines: Sequence[PdfLine], first: int, floor: int) -> tuple[int, str, str]:
    """Where the heads begin, the caption and the unit, looking upwards from the first row."""
    start, caption, unit, has_heads = first, "", "", False
    for index in range(first - 1, max(floor, first - _HEADS_ABOVE) - 1, -1):
        text = " ".join(lines[index].text.split())
        if len(text) > _LONGEST_HEAD or (SENTENCE.search(text) and not UNIT.search(text)):
            break
        start = index
        has_heads = has_heads or bool(YEAR.search(text) or _SPANNING.search(text))
        if found := UNIT.search(text):
            unit = unit or found.group().strip(" ()")
            rest = text.replace(found.group(), "").strip()
            if rest and not caption and not _is_head(rest):
                caption = rest
        elif _is_title(text):
            caption = text if has_heads else caption or text  # without heads yet, it may be the first group's name
            if has_heads:
                break
    return start, caption, unit


def _is_head(text: str) -> bool:
    return bool(YEAR.search(text)) or len(text) < 4


def _is_title(text: str) -> bool:
    """A line in capitals or in title case, longer than a column's head."""
    letters = [word for word in re.findall(r"[A-Za-z’']+", text) if len(word) > 3]
    if (
        len(letters) < 2
        or not text[0].isupper()
        or text.endswith((":", ","))
        or _SPANNING.search(text)
        or len(YEAR.findall(text)) > 1
    ):
        return False
    return text.isupper() or all(word[0].isupper() for word in letters)


def bears_heads(line: PdfLine, caption: str) -> bool:
    """Whether a line above a table may hold heads: it is neither its caption nor its unit."""
    text = " ".join(line.text.split())
    return text != caption and not UNIT.search(text) and line.box is not None


def heads_of(lines: Sequence[PdfLine], labels: float, edges: list[float], words: Words) -> list[str]:
    """The heads of the columns, each from the pieces that stand over it, top to bottom as the file has them.

    A period that stands alone in its height (`Years ended`) is every column's; what begins where the labels begin is
    none's.
    """
    heads: list[list[str]] = [[] for _ in edges]
    tops = [line.box.top for line in lines if line.box]
    for line in lines:
        pieces = [piece for piece in _pieces(words(line)) if piece.left > labels + NEAR]
        alone = line.box is not None and sum(abs(top - line.box.top) < _SAME_HEIGHT for top in tops) == 1
        for piece in pieces:
            every = len(pieces) == 1 and alone and _SPANNING.search(piece.text) and not YEAR.search(piece.text)
            for column in range(len(edges)) if every else _under(piece, edges):
                heads[column].append(piece.text)
    return [" ".join(dict.fromkeys(head))[:_LONGEST_HEAD] for head in heads]


def _pieces(words: Sequence[Word]) -> list[Word]:
    """Words of a line in pieces that wide gaps part."""
    pieces: list[Word] = []
    for word in words:
        space = (word.right - word.left) / max(1, len(word.text))
        if pieces and word.left - pieces[-1].right <= max(1.6 * space, 4.0) and not YEAR.fullmatch(word.text):
            pieces[-1] = Word(f"{pieces[-1].text} {word.text}", pieces[-1].left, word.right)
        else:
            pieces.append(word)
    return pieces


def _under(piece: Word, edges: list[float]) -> list[int]:
    """The columns that a head stands over: those whose amounts end beneath it, else the nearest one."""
    spanned = [place for place, edge in enumerate(edges) if piece.left - 2 <= edge <= piece.right + 2 * ALIGNED]
    if spanned:
        return spanned
    middle = (piece.left + piece.right) / 2
    return [min(range(len(edges)), key=lambda place: abs(edges[place] - middle))]
