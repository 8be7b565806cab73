"""What an answer is worth, by what its sentences are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dossier.excerpts import Excerpt
from dossier.grounding import Verified
from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Answer, Line, Table, Verdict
from dossier.traces import Unsupported
from serving.integrity.support import claims_of, unsupported_reply, unsupported_sentences
from serving.integrity.tracing import Basis, trace_numbers, trace_reply

_IN_PART = "What is marked in this answer isn't borne out by what it cites; check it yourself."
_WITHDRAWN = "What the model had said was withdrawn: none of it is borne out by the documents."
TAKEN_BACK = "Withdrawn: nothing above is borne out by the documents."
"""Said to who has seen the pieces of a withdrawn answer."""
CLOSEST = "The passages below come closest."
UNSURE = "No line of the documents answers this clearly enough to be read out. The passages below come closest."


Tables = Mapping[int, Sequence[Table]]
"""The tables of each passage's page, by the passage's number."""


def traced(answer: Answer, tables: Tables, question: str, lines: Sequence[Line]) -> Answer:
    """An answer that code read from lines, with the cells of its numbers."""
    basis = Basis.of(answer.passages, tables, question, lines)
    return replace(answer, traces=trace_numbers(answer.text, answer.citations, basis))


def traced_reply(answer: Answer, tables: Tables, question: str, found: Verified, excerpts: Sequence[Excerpt]) -> Answer:
    """An answer that was worded from a checked reply, with its cells and expressions."""
    basis = Basis.of(answer.passages, tables, question)
    traces = trace_reply(answer.text, answer.citations, basis, found, excerpts)
    return judged(replace(answer, traces=traces), unsupported_reply(answer.text, answer.citations, traces))


def checked(answer: Answer, tables: Tables, question: str) -> Answer:
    """An answer in a model's own words, with what bears them out and what doesn't."""
    basis = Basis.of(answer.passages, tables, question)
    traces = trace_numbers(answer.text, answer.citations, basis)
    return judged(replace(answer, traces=traces), unsupported_sentences(answer.text, answer.citations, basis))


def judged(answer: Answer, unsupported: Sequence[Unsupported]) -> Answer:
    """An answer with the sentences that aren't borne out; withdrawn where nothing that it claims is."""
    if not unsupported:
        return answer
    answer = replace(answer, unsupported=tuple(unsupported))
    if len(unsupported) >= len(list(claims_of(answer.text, answer.citations))):
        return refusing(answer, answer.text)
    return noted(replace(answer, verdict=Verdict.UNSUPPORTED), _IN_PART)


def refusing(answer: Answer, withdrawn: str) -> Answer:
    """The answer as a refusal, with what is withdrawn by it."""
    refusal = replace(
        answer,
        text=NOT_IN_DOCUMENTS,
        verdict=Verdict.NOT_IN_DOCUMENTS,
        citations=(),
        traces=(),
        withdrawn=withdrawn,
    )
    notes = (_WITHDRAWN if withdrawn else "", CLOSEST if answer.passages else "")
    return noted(refusal, " ".join(note for note in notes if note))


def noted(answer: Answer, note: str) -> Answer:
    """The answer with a further note before those that it has."""
    return replace(answer, note=" ".join(one for one in (note, answer.note) if one))
