"""Checks each sentence that a model worded against the passages that it cites."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dossier.citations import Citation, marker
from dossier.records import Passage
from dossier.traces import Fault, Origin, Trace, Unsupported
from retrieval.chunk_store import words_of
from retrieval.metadata import spoken
from retrieval.query import STOP_WORDS, read_query, stem, stems, with_whole_years
from serving.integrity.sentences import Sentence, sentences_of
from serving.integrity.tracing import Basis, Said, find, numbers_said

ENOUGH = 0.5
"""Share of a sentence's words that must stand in what it cites: the rest may be the model's own wording."""
_NAME = re.compile(r"(?<![\w.])(?:[A-Z][\w&]*|[a-z]+[A-Z]\w*)")
_SAYS_NOTHING_IS_THERE = re.compile(
    r"\b(?:documents?|passages?|sources?|excerpts?)\b.*\b(?:not|no|nothing|neither)\b|n[o’']t\b.*\b(?:documents?|passages?"
    r"|sources?|excerpts?)\b|\b(?:documents?|passages?|sources?|excerpts?)\b[^.]*n[’']t\b",
    re.IGNORECASE,
)
_UNTELLING = stems("inc corp corporation company companies co ltd limited plc group fiscal year")
_MOST_TOLD = 4
_ACRONYM = 3
_UNCITED = "It cites no passage."


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of the passages that a sentence cites."""

    stems: frozenset[str]
    quarters: frozenset[str]
    initials: str

    def have(self, word: str) -> bool:
        """Whether the passages have a word, the quarter that it names, or what it abbreviates."""
        lower = word.lower()
        if stem(lower) in self.stems or lower in self.quarters:
            return True
        return len(word) >= _ACRONYM and word.isupper() and lower in self.initials


def unsupported_sentences(text: str, citations: Sequence[Citation], basis: Basis) -> tuple[Unsupported, ...]:
    """The sentences of an answer that what they cite doesn't bear out.

    A sentence must cite a passage; each of its numbers, whatever their separators and scale, each of its names and at
    least half of its other telling words must stand in the passages that it cites, their headings included.
    """
    numbers = list(numbers_said(text, citations))
    found = []
    for sentence in claims_of(text, citations):
        said = [one for one in numbers if sentence.start <= one.figure.trace.start < sentence.end]
        if problem := _problem(sentence, said, basis):
            found.append(Unsupported(sentence.start, sentence.end, *problem))
    return tuple(found)


def unsupported_reply(text: str, citations: Sequence[Citation], traces: Sequence[Trace]) -> tuple[Unsupported, ...]:
    """The same for an answer that was worded from a checked reply: it is one statement, borne out by its traces."""
    cited = {one.number for one in citations}
    if not cited:
        return (Unsupported(0, len(text), Fault.UNCITED, _UNCITED),)
    stray = [
        trace.text
        for trace in traces
        if not trace.is_traced or (trace.origin in (Origin.CELL, Origin.PASSAGE) and trace.passage not in cited)
    ]
    reason = f"{_listed(stray)} can't be traced to what it cites."
    return (Unsupported(0, len(text), Fault.WRONG, reason),) if stray else ()


def claims_of(text: str, citations: Sequence[Citation]) -> Iterator[Sentence]:
    """The sentences that claim something: no headings, no questions, nothing that says that something isn't there."""
    for sentence in sentences_of(text, citations):
        said = re.sub(r"(?:\s?\[\d+\])+", "", sentence.text).rstrip("*_ ")
        is_heading = text[: sentence.start].rpartition("\n")[2].lstrip().startswith("#")
        if said.endswith((":", "?")) or is_heading or _SAYS_NOTHING_IS_THERE.search(said):
            continue
        if any(word not in STOP_WORDS for word in words_of(said)):
            yield sentence


def _problem(sentence: Sentence, said: Sequence[Said], basis: Basis) -> tuple[Fault, str] | None:
    if not sentence.cites:
        return Fault.UNCITED, _UNCITED
    cited = "".join(map(marker, sentence.cites))
    figures = [one for number in sentence.cites for one in basis.figures.get(number, ()) if one.inside]
    strange = [one.figure.digits for one in said if find(one, figures, basis) is None]
    if strange:
        return Fault.WRONG, f"{_listed(strange)} can't be found in {cited}."
    there = _words_of([basis.passages[number - 1] for number in sentence.cites])
    bare = with_whole_years(re.sub(r"\[\d+\]", " ", sentence.text))
    query = read_query(bare)
    missing = [name for name in _names(bare, basis) if not there.have(name)]
    missing += sorted(period for period in query.years | query.quarters if not there.have(period))
    if missing:
        return Fault.WRONG, f"{_listed(missing)} can't be found in {cited}."
    words = [word for word in words_of(bare) if word not in STOP_WORDS and len(word) > 1 and not word.isdigit()]
    lost = [word for word in words if not there.have(word)]
    if len(lost) > (1 - ENOUGH) * len(words):
        return Fault.UNSUPPORTED, f"{cited} doesn't speak of {_listed(lost)}."
    return None


def _words_of(passages: Sequence[Passage]) -> _Words:
    text = " ".join(
        f"{one.chunk.text} {one.chunk.columns} {one.chunk.context} {one.document} {spoken(one.chunk.metadata)} "
        f"{one.chunk.metadata.ticker} {one.chunk.metadata.kind}"
        for one in passages
    )
    # not read for its terms, which would leave out words that tell nothing in a question
    words = re.findall(r"[^\W_]+", text.lower())
    query = read_query(text)
    return _Words(
        frozenset(map(stem, words)) | frozenset(query.stems), query.quarters, "".join(word[0] for word in words)
    )


def _names(text: str, basis: Basis) -> list[str]:
    """The names in a sentence; its first word is one where the passages or the question write it so in mid-sentence."""
    known = {name for one in basis.passages for name in _capitalised(f"x {one.chunk.text}")} | _capitalised(
        f"x {basis.asked}"
    )
    companies = " ".join(one.chunk.metadata.company for one in basis.passages)
    known |= set(re.findall(r"\w+", companies))
    found = []
    for match in _NAME.finditer(text):
        first = not any(sign.isalnum() for sign in text[: match.start()])
        word = match[0]
        if word.lower() in STOP_WORDS or stem(word.lower()) in _UNTELLING or len(word) < 2:
            continue
        if not first or word in known or not word[1:].islower():
            found.append(word)
    return list(dict.fromkeys(part for name in found for part in re.findall(r"[^\W_]+", name) if len(part) > 1))


def _capitalised(text: str) -> set[str]:
    """Words that a text writes with a capital where no sentence begins."""
    return {match[1] for match in re.finditer(r"[\w,)’'] ([A-Z]\w*)", text)}


def _listed(words: Sequence[str]) -> str:
    told = list(dict.fromkeys(words))
    more = " and more" if len(told) > _MOST_TOLD else ""
    return ", ".join(told[:_MOST_TOLD]) + more
