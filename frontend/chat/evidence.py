"""Which line of a passage an answer rests on."""

import re

_SENTENCE = re.compile(r"[^\n.!?]*(?:[.!?](?!\s|$)[^\n.!?]*)*(?:[.!?]+(?=\s|$)|(?=\n)|$)")
_WORD = re.compile(r"\d[\d.,]*\d|\w+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ENOUGH, _ENOUGH_WITH_FIGURE = 0.5, 0.3
_LEAST_WORDS = 2
_DAY_DIGITS = 2


def cited_line(answer: str, number: int, passage: str) -> tuple[int, int] | None:
    """Start and end of the line of `passage` that the sentences of `answer` marked `[number]` are closest to.

    None where no line shares at least half of its words with them: a doubtful mark is worse than none. An answer with a
    figure rests on a line that holds it; a table row holds others beside it, so that a smaller share is enough there.
    """
    said = _words(" ".join(_sentences_with(answer, number)))
    figures = {word for word in said if word[0].isdigit() and not _YEAR.fullmatch(word)}
    # beside an amount a short number is the day of a column's date: `Year ended 30 June 2025: $163.8`
    figures = {word for word in figures if len(word) > _DAY_DIGITS} or figures
    best, best_share = None, _ENOUGH_WITH_FIGURE if figures else _ENOUGH
    for found in _SENTENCE.finditer(passage):
        start, end = _trimmed(passage, found.start(), found.end())
        words = _words(passage[start:end])
        if len(words) < _LEAST_WORDS or (figures and not figures & words):
            continue
        share = _weight(words & said) / _weight(words)
        if share > best_share:
            best, best_share = (start, end), share
    return best


def _sentences_with(answer: str, number: int) -> list[str]:
    marker = f"[{number}]"
    pieces = re.split(r"(?<=[.!?\]])\s+(?=[^\[\s])|\n+", answer)
    return [piece for piece in pieces if marker in piece]


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(re.sub(r"\[\d+\]", " ", text))}


def _weight(words: set[str]) -> float:
    # figures tell lines apart better than words, and short words hardly at all
    return sum(3.0 if word[0].isdigit() else 0.3 if len(word) < 4 else 1.0 for word in words)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
