"""Near misses: what a search finds for a context's questions that isn't the context (RAFT; Zhang et al. 2024, 3.1)."""

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from dossier.evidence import lines_of
from dossier.excerpts import Excerpt, cut_table, cut_text, excerpts_of
from dossier.places import find_words
from dossier.records import EVERYONE, Passage
from retrieval.chunk_store import words_of
from retrieval.query import STOP_WORDS
from retrieval.search import Searcher

_MOST_WORDS = 40
_SEARCHED = 4
"""Questions of a context that the index is asked."""
_DEPTH = 12
_LINES = 2
_CHECKED = 12
"""Words of a passage that tell whether it is the context's own."""


class Nearness(Protocol):
    """Where near misses come from."""

    def near(
        self, questions: Sequence[str], own: str, known: Sequence[Excerpt], limit: int, size: int
    ) -> list[Excerpt]:
        """Up to `limit` excerpts of at most `size` tokens, nearest first.

        None is from the context's own group `own`, or says what one of the `known` excerpts says.
        """


class SplitNearness:
    """Other contexts of the same split, by BM25 over their excerpts (SQLite's FTS5)."""

    def __init__(self, excerpts: Mapping[str, Sequence[Excerpt]]) -> None:
        """`excerpts` by the group that must not be near itself."""
        self._all = [(group, excerpt) for group, some in excerpts.items() for excerpt in some]
        self._words = sqlite3.connect(":memory:")
        self._words.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize='porter unicode61')")
        texts = ((number, f"{one.header}\n{one.body}") for number, (_, one) in enumerate(self._all))
        self._words.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts)

    def near(
        self, questions: Sequence[str], own: str, known: Sequence[Excerpt], limit: int, size: int
    ) -> list[Excerpt]:
        """The best matches of other groups, each group once; where too few share a word, any others."""
        terms = telling_words(questions)
        found: dict[str, Excerpt] = {}
        for number in (*self._matching(terms, 20 * (limit + 1)), *self._any(own)):
            if len(found) == limit:
                break
            group, excerpt = self._all[number]
            if group != own and group not in found and (cut := _cut(excerpt, terms, size)):
                found[group] = cut
        return list(found.values())

    def _matching(self, terms: Sequence[str], limit: int) -> list[int]:
        if not terms:
            return []
        match = " OR ".join(f'"{term}"' for term in terms)
        sql = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words), rowid LIMIT ?"
        return [number for (number,) in self._words.execute(sql, (match, limit))]

    def _any(self, own: str) -> Iterator[int]:
        """All excerpts, beginning at one that the group's name decides."""
        if self._all:
            start = int.from_bytes(hashlib.sha256(own.encode("utf-8", "surrogatepass")).digest()[:4]) % len(self._all)
            yield from ((start + step) % len(self._all) for step in range(len(self._all)))


class IndexNearness:
    """The owner's index, as it answers somebody who is in no group: what is limited to groups is never found."""

    def __init__(self, searcher: Searcher, is_limited: Callable[[str], bool]) -> None:
        """`is_limited` says of a document's path whether it has been limited since it was indexed."""
        self._searcher, self._is_limited = searcher, is_limited

    def near(
        self, questions: Sequence[str], own: str, known: Sequence[Excerpt], limit: int, size: int
    ) -> list[Excerpt]:
        """What the search finds for the first questions, best ranks first, without the context's own page."""
        ranks: dict[int, tuple[int, Passage]] = {}
        for question in questions[:_SEARCHED]:
            for rank, passage in enumerate(self._searcher.search(question, EVERYONE, _DEPTH).passages):
                if self._is_limited(passage.chunk.source):
                    continue
                best = ranks.get(passage.chunk_id, (rank, passage))
                ranks[passage.chunk_id] = min(best, (rank, passage), key=lambda item: item[0])
        terms, found = telling_words(questions), list[Excerpt]()
        for _, passage in sorted(ranks.values(), key=lambda item: (item[0], item[1].chunk_id)):
            made = self._excerpt(passage, terms, size)
            if len(found) < limit and made and not _is_among(made, (*known, *found)):
                found.append(made)
        return found

    def _excerpt(self, passage: Passage, terms: Sequence[str], size: int) -> Excerpt | None:
        """What serving would show of a passage: the lines that have most of the questions' words."""
        lines = sorted(lines_of((passage,)), key=lambda line: -len(set(words_of(line.text)) & set(terms)))[:_LINES]
        tables = self._searcher.tables(passage.chunk.source, EVERYONE, passage.chunk.page)
        return next(iter(excerpts_of((passage,), lines, {1: tables}, size)), None)


def telling_words(questions: Sequence[str]) -> list[str]:
    """The words that most of the questions have, those that every question has aside."""
    counts = Counter(word for question in questions for word in words_of(question) if word not in STOP_WORDS)
    return [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_WORDS]]


def _cut(excerpt: Excerpt, terms: Sequence[str], size: int) -> Excerpt | None:
    """The rows or sentences of an excerpt that have most of the words, within `size` tokens."""
    wanted = set(terms)
    if excerpt.rows:
        rows = sorted(
            range(1, len(excerpt.rows)), key=lambda row: -len(wanted & set(words_of(" ".join(excerpt.rows[row]))))
        )
        return cut_table(excerpt, rows[:_LINES], size)
    best = max(
        re.finditer(r"[^.!?\n]+", excerpt.text), key=lambda part: len(wanted & set(words_of(part[0]))), default=None
    )
    return cut_text(excerpt, best.span() if best else (0, 0), size)


def _is_among(made: Excerpt, known: Sequence[Excerpt]) -> bool:
    """Whether an excerpt says what one of the known ones says: a row of its table, or a run of its words."""
    rows = [" ".join(row) for row in made.rows[1:]]
    pieces = rows or [" ".join(made.text.split()[:_CHECKED])]
    said = [" ".join((excerpt.body.replace(" | ", " "), excerpt.text)) for excerpt in known]
    same = sum(any(find_words(text, piece) for text in said) for piece in pieces if piece)
    return same * 2 >= max(1, len(pieces))


def without_places(excerpt: Excerpt) -> Excerpt:
    """The excerpt as it is read, without where it was found."""
    return replace(excerpt, passage=0, spans=())
