"""What the embedder and the word search read of a chunk: its text with what it is about in front."""

from collections.abc import Callable, Sequence

from dossier.evidence import label_of, telling_lines
from dossier.records import Chunk, Passage
from retrieval.metadata import spoken
from retrieval.parsing.parsed import title_from_name

CONTEXT_TOKENS = 64
"""Room for title, section and column heads in front of a chunk's text."""
LINE_CONTEXT_TOKENS = 72
HEADS_TOKENS = 80
"""The same in front of a line, and behind it for the heads of its columns."""

CountTokens = Callable[[Sequence[str]], list[int]]


def embedded_texts(chunk: Chunk, count_tokens: CountTokens) -> list[str]:
    """What the embedder reads of a chunk to find it by: each of its sentences and rows, with its context.

    A question asks for one line, which the vector of a whole chunk blurs. A row is told by its label and the heads of
    its columns: amounts mean nothing to an embedder. What else was tried stands in DECISIONS.
    """
    lines = telling_lines(Passage(0, chunk, 0.0))
    if len(lines) < 2:
        return [embedded_text(chunk, count_tokens)]
    context = fit_words(chunk.context, LINE_CONTEXT_TOKENS, count_tokens)
    cut = {head: fit_words(head, HEADS_TOKENS, count_tokens) for head in {line.heading for line in lines}}
    texts = (" ".join(part for part in (context, label_of(line), cut[line.heading]) if part) for line in lines)
    return list(dict.fromkeys(texts))


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
