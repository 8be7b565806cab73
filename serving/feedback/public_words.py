"""What a text says that stands only in documents limited to groups: it must not leave with the text.

People may write into a correction what they read elsewhere, so that looking at the passages' documents isn't enough.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from retrieval.chunk_store import ChunkStore

_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
_RUN = 4
"""So many words in a row are taken for a quotation."""
_SHORTEST = 3

GroupsNow = Callable[[str], frozenset[str]]
"""Who may read a document by its path, as the rules are now."""


class PublicWords:
    """The documents of one generation, and which words stand in those that everyone may read."""

    def __init__(self, store: ChunkStore, groups_now: GroupsNow) -> None:
        """A document is limited when it was so when it was indexed, or is so now."""
        self._store = store
        self._limited = {
            document.source: bool(document.groups or groups_now(document.source))
            for document in (stored.document for stored in store.documents())
        }

    def problem(self, source: str) -> str:
        """Why a document's text may not leave; empty where it may."""
        if source not in self._limited:
            return f"{source or 'one of its documents'} isn't in the index any more"
        return "one of its documents is limited to groups" if self._limited[source] else ""

    def limited(self) -> list[str]:
        """The paths of the limited documents."""
        return [source for source, is_limited in self._limited.items() if is_limited]

    def betrayed(self, texts: Iterable[str]) -> frozenset[str]:
        """Names, figures and runs of words of these texts that limited documents have and no other document has."""
        telling = frozenset(phrase for text in texts for phrase in telling_phrases(text))
        found = self._occurring(telling, self.limited())
        if not found:
            return frozenset()
        return found - self._occurring(found, [source for source, limited in self._limited.items() if not limited])

    def _occurring(self, phrases: frozenset[str], sources: Sequence[str]) -> frozenset[str]:
        there: set[str] = set()
        for source in sources:
            for text in self._store.page_texts(source):
                words = [word.lower() for word in _WORD.findall(text)]
                there.update(phrases.intersection(words), phrases.intersection(_runs(words)))
        return frozenset(there)


def telling_phrases(text: str) -> frozenset[str]:
    """The figures and names of a text (words with a capital within a sentence) and its runs of words, in lower case."""
    found = list(_WORD.finditer(text))
    named = {
        match[0].lower()
        for match in found
        if len(match[0]) >= _SHORTEST
        and (any(sign.isdigit() for sign in match[0]) or (match[0][0].isupper() and _is_within(text[: match.start()])))
    }
    return frozenset(named | set(_runs([match[0].lower() for match in found])))


def _is_within(before: str) -> bool:
    """Whether what follows this text stands within a sentence, where a capital means a name."""
    return bool(before.strip()) and before.rstrip()[-1] not in ".!?:"


def _runs(words: Sequence[str]) -> list[str]:
    return [" ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)]
