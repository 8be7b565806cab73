"""Feedback as lines to learn from: faults of generation with the right answer and the passages that were given.

Nothing that is limited to groups leaves: neither a passage of such a document, nor a question or correction that says
what only such documents say.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dossier.feedback import FEEDBACK_FORM, Fault, FeedbackState, Thumb
from serving.feedback.public_words import PublicWords
from serving.feedback.triage import is_named
from serving.store import Feedback
from serving.store.feedback import FeedbackStore, right_answer

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Export:
    """The lines, the numbers of the feedback that they are, and what stays out with the reason."""

    lines: tuple[str, ...]
    taken: tuple[int, ...]
    left_out: tuple[tuple[int, str], ...]


def export(found: Sequence[Feedback], words: PublicWords) -> Export:
    """The lines of what may leave, oldest first. Blocks: it reads the index."""
    lines: list[str] = []
    taken: list[int] = []
    left_out: list[tuple[int, str]] = []
    for feedback in sorted(found, key=lambda one: one.id):
        if reason := _stays(feedback, words):
            left_out.append((feedback.id, reason))
        else:
            lines.append(_line(feedback))
            taken.append(feedback.id)
    return Export(tuple(lines), tuple(taken), tuple(left_out))


def teaching(store: FeedbackStore) -> list[Feedback]:
    """All feedback that was decided to be a fault of generation, whether it was exported before or not."""
    states = (FeedbackState.TRIAGED, FeedbackState.IN_TRAINING_SET)
    found: list[Feedback] = []
    while part := store.list(states, Fault.GENERATION, len(found), _AT_ONCE):
        found += part
    return found


def standalone_question(feedback: Feedback) -> str:
    """The question as it was answered: a follow-up as it was made to stand alone."""
    return feedback.judged.answer.asked_as or feedback.judged.question


def _stays(feedback: Feedback, words: PublicWords) -> str:
    """Why a piece of feedback stays here; empty where it may leave. Nothing of what it says is told."""
    opinion, sources = feedback.opinion, feedback.judged.answer.sources
    if opinion.thumb is Thumb.UP or not right_answer(opinion):
        return "it doesn't say what the right answer is"
    if not feedback.judged.question:
        return "its question isn't kept any more"
    if not sources:
        return "its answer was made from no passages"
    for source in sources:
        if problem := words.problem(str(source.get("source") or "")):
            return problem
    if opinion.document and any(is_named(source, opinion.document) for source in words.limited()):
        return "the document that it names is limited to groups"
    if words.betrayed((standalone_question(feedback), opinion.correction)):
        return "it says what stands only in documents limited to groups"
    return ""


def _line(feedback: Feedback) -> str:
    opinion = feedback.opinion
    passages = [
        {"number": source.get("number"), "document": source["source"], "page": source.get("page"),
         "heading": " > ".join(map(str, source.get("section") or ())), "text": source.get("text") or ""}
        for source in feedback.judged.answer.sources
    ]  # fmt: skip
    body = {
        "form": FEEDBACK_FORM,
        "feedback": feedback.id,
        "question": standalone_question(feedback),
        "corrected": right_answer(opinion),
        "passages": passages,
        "place": {"document": opinion.document, "page": opinion.page},
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True) + "\n"
