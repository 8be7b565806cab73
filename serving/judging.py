"""What an answer is worth, by what its sentences are worth."""

from collections.abc import Sequence
from dataclasses import replace

from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Answer, Verdict
from dossier.traces import Unsupported
from serving.support import claims_of

_IN_PART = "What is marked in this answer isn't borne out by what it cites; check it yourself."
_WITHDRAWN = "What the model had said was withdrawn: none of it is borne out by the documents."
TAKEN_BACK = "Withdrawn: nothing above is borne out by the documents."
"""Said to who has seen the pieces of a withdrawn answer."""
CLOSEST = "The passages below come closest."


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
