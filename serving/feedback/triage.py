"""Which part is at fault when an answer didn't help: what code can tell, with the evidence for it.

The order is that of a question's way: may the asker read the page, was it read into the index, was it found, and at
last what was made of it. Only what goes wrong at the end is something that the model can learn from.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dossier.feedback import Fault, Reason, Thumb
from dossier.records import FileReport, FileState, Verdict
from retrieval.chunk_store import StoredDocument
from serving.integrity.checking import numbers_missing
from serving.store import Judged, Opinion, Suggestion

Sources = Sequence[Mapping[str, Any]]


class Pages(Protocol):
    """The index as triage looks into it."""

    def stored_documents(self) -> Sequence[StoredDocument]:
        """Every document, whoever may read it."""
        ...

    def files(self) -> Sequence[FileReport]:
        """How every file ended in the last run."""
        ...

    def page_texts(self, source: str, page: int | None = None) -> Sequence[str]:
        """The texts of a document's chunks (of one page's)."""
        ...


def suggest(opinion: Opinion, judged: Judged, index: Pages, groups: frozenset[str]) -> Suggestion:
    """The part at fault, as far as the index and the answer's passages show it. `groups` are the asker's.

    Blocks: it reads the index.
    """
    if opinion.thumb is Thumb.UP:
        return Suggestion()
    if opinion.reason is Reason.NOT_ALLOWED:
        return Suggestion(Fault.POLICY, ("The asker says that this shouldn't have been shown.", _cited(judged)))
    if opinion.document.strip():
        return _of_place(opinion, judged, index, groups)
    return _of_passages(opinion, judged)


def _of_place(opinion: Opinion, judged: Judged, index: Pages, groups: frozenset[str]) -> Suggestion:
    """The asker named a document, perhaps a page."""
    name = opinion.document.strip()
    named = [stored.document for stored in index.stored_documents() if is_named(stored.document.source, name)]
    if not named:
        return Suggestion(Fault.PARSING, (_not_indexed(name, index.files()),))
    readable = [document for document in named if not document.groups or document.groups & groups]
    if not readable:
        limits = ", ".join(sorted(set().union(*(document.groups for document in named))))
        return Suggestion(Fault.POLICY, (f"{named[0].source} is limited to {limits}, and the asker is in none of it.",))
    sources = [document.source for document in readable]
    place = f"{sources[0]}, page {opinion.page}" if opinion.page else sources[0]
    found = [
        one for one in judged.answer.sources if one.get("source") in sources and opinion.page in (None, one.get("page"))
    ]
    if found:
        return _of_found(opinion, judged, place, found)
    texts = [text for source in sources for text in index.page_texts(source, opinion.page)]
    if not texts:
        return Suggestion(Fault.PARSING, (f"The index has the document, but no text of {place}.",))
    evidence = [f"{place} is in the index and isn't among the {len(judged.answer.sources)} passages of the answer."]
    if missing := numbers_missing(opinion.correction, texts):
        evidence.append(f"What was read of it has no {', '.join(missing)}: it may have been read wrongly.")
    return Suggestion(Fault.RETRIEVAL, tuple(evidence))


def _of_found(opinion: Opinion, judged: Judged, place: str, found: Sources) -> Suggestion:
    """The named place was among what the answer was made from."""
    numbers = ", ".join(str(one.get("number")) for one in found)
    evidence = [f"{place} is passage {numbers} of the answer."]
    if judged.answer.verdict == Verdict.NOT_IN_DOCUMENTS:
        return Suggestion(
            Fault.POLICY, (*evidence, "It was found and may be read by the asker, and was refused all the same.")
        )
    evidence.append(_cited(judged))
    if missing := numbers_missing(opinion.correction, [str(one.get("text")) for one in found]):
        evidence.append(f"The passage has no {', '.join(missing)}, which the corrected answer has: it may be computed.")
    return Suggestion(Fault.GENERATION, tuple(evidence))


def _of_passages(opinion: Opinion, judged: Judged) -> Suggestion:
    """No place was named: what counts is whether the corrected answer stands in the passages."""
    refused = judged.answer.verdict == Verdict.NOT_IN_DOCUMENTS
    if opinion.reason is Reason.SHOULD_HAVE_REFUSED and not refused:
        return Suggestion(Fault.GENERATION, ("The asker says that the documents don't answer this.", _cited(judged)))
    said = opinion.correction.casefold().strip().rstrip(".")
    holds = [one for one in judged.answer.sources if said and _bears(said, opinion.correction, str(one.get("text")))]
    if not holds:
        told = "The corrected answer stands in none of the passages" if said else "No right answer was given"
        return Suggestion(None, (f"{told}, and no document was named: look at the question yourself.",))
    evidence = f"Passage {holds[0].get('number')} ({_place(holds[0])}) holds the corrected answer."
    if refused:
        return Suggestion(Fault.POLICY, (evidence, "It was refused all the same."))
    return Suggestion(Fault.GENERATION, (evidence, _cited(judged)))


def _bears(said: str, correction: str, text: str) -> bool:
    """Whether a passage has the corrected answer's words, or all of its numbers."""
    has_numbers = any(sign.isdigit() for sign in said)
    return said in text.casefold() or (has_numbers and not numbers_missing(correction, [text]))


def is_named(source: str, name: str) -> bool:
    """Whether a person who writes `name` means this document: by its path, file name, or file name without ending."""
    wanted, path = name.strip().casefold(), source.casefold()
    file = path.rsplit("/", 1)[-1]
    return wanted in (path, file, file.rsplit(".", 1)[0])


def _not_indexed(name: str, files: Sequence[FileReport]) -> str:
    for report in files:
        if is_named(report.source, name) and report.state in (FileState.FAILED, FileState.SKIPPED):
            return f"{report.source} isn't in the index: {report.reason or report.state}"
    return f"The index has no document {name}."


def _cited(judged: Judged) -> str:
    cited = [f"{one.get('number')} ({_place(one)})" for one in judged.answer.sources if one.get("cited")]
    return f"The answer cites passage {', '.join(cited)}." if cited else "The answer cites no passage."


def _place(source: Mapping[str, Any]) -> str:
    return f"{source.get('document')}, page {source.get('page')}"
