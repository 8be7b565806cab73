"""Examples that owners write themselves: chat messages, Alpaca instructions, tables, questions like a pack's."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from dossier.amounts import Scale, amount_in
from dossier.errors import DataError
from dossier.evidence import amounts_of
from dossier.packs import load_questions
from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Question, Turn
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.data.importing.records import Item, origin_of
from training.data.importing.short_texts import intent

QUESTION = ("question", "prompt", "instruction", "query", "text", "utterance", "message", "input", "frage")
ANSWER = ("answer", "response", "output", "completion", "reply", "antwort")
LABEL = ("intent", "label", "category")
CONTEXT = ("context", "passage", "evidence")
_SCALES = {"thousand": Scale.THOUSAND, "million": Scale.MILLION, "billion": Scale.BILLION, "percent": Scale.PERCENT}


def chat_examples(name: str, item: Item) -> Iterator[Example]:
    """One example for each reply of a conversation, with the turns before it. Raises KeyError, ValueError."""
    given = origin_of(name, item.place, item.raw)
    group = given.group or f"{name}: {item.place}"
    origin = Origin(name, item.place, given.document, group, given.sector, given.about, given.readers)
    instruction, history = "", []
    for message in item.raw["messages"]:
        role, text = message["role"], _said(message["content"])
        if role in ("system", "developer"):
            instruction = "\n".join(part for part in (instruction, text) if part)
        elif role == "user":
            history.append(Turn("user", text))
        elif role == "assistant":
            if not history or history[-1].role != "user":
                raise ValueError("a reply of the assistant doesn't follow a user's message")
            label = Labelled((text,), AnswerKind.TEXT)
            *earlier, asked = history
            yield Example(Task.CHAT, asked.text, label, origin, Context(), instruction, tuple(earlier))
            history.append(Turn("assistant", text))
        else:
            raise ValueError(f"the role {role!r} isn't one of system, user and assistant")
    if not any(turn.role == "assistant" for turn in history):
        raise ValueError("the conversation has no reply of the assistant to learn from")


def alpaca_example(name: str, item: Item) -> Example:
    """An instruction with its input as context, and the output. Raises KeyError, ValueError, TypeError."""
    raw = item.raw
    given = (str(raw.get("input") or "").strip(),)
    label = Labelled((_said(raw["output"]),), AnswerKind.TEXT)
    context = Context("", (), given if given[0] else ())
    return Example(Task.CHAT, _said(raw["instruction"]), label, origin_of(name, item.place, raw), context)


def columns_of(raw: Mapping[str, Any]) -> tuple[str, str] | None:
    """Which fields hold the question and the answer or label, by their names; None when there are none."""
    known = set(raw)
    answer = next((column for column in (*ANSWER, *LABEL) if column in known), None)
    question = next((column for column in QUESTION if column in known and column != answer), None)
    return (question, answer) if question and answer else None


def row_example(name: str, item: Item, columns: tuple[str, str]) -> Example:
    """A row of a table, or a line with the same names. Raises KeyError, ValueError, TypeError."""
    raw, (question, answer) = item.raw, columns
    origin = origin_of(name, item.place, raw)
    if answer in LABEL:
        return intent(_said(raw[question]), _said(raw[answer]), origin)
    text = _said(raw[answer])
    evidence = next((str(raw[column]) for column in CONTEXT if raw.get(column)), "")
    derivation = str(raw.get("expression") or "").strip()
    kind = AnswerKind.NUMBER if derivation else AnswerKind.TEXT
    scale = Scale(str(raw.get("scale") or "").strip().lower())
    context = Context("", (), (evidence,) if evidence else ())
    task = Task.QA if evidence or derivation else Task.CHAT
    return Example(task, _said(raw[question]), Labelled((text,), kind, scale, "", derivation), origin, context)


def question_examples(name: str, path: Path) -> Iterator[Example]:
    """Questions with evidence, as a pack has them. Raises SettingsError naming the line."""
    for question in load_questions(path):
        yield _question(name, question)


def _question(name: str, question: Question) -> Example:
    document = question.evidence[0].document if question.evidence else ""
    origin = Origin(name, question.id, document, document)
    if not question.evidence:
        label = Labelled((NOT_IN_DOCUMENTS,), AnswerKind.UNANSWERABLE)
        return Example(Task.QA, question.question, label, origin)
    evidence = tuple(place.text for place in question.evidence)
    unit = (question.unit or "").lower()
    scale = next((scale for word, scale in _SCALES.items() if word in unit), Scale.ONES)
    number = _figure(question.answer) if question.expression else None
    if number is None or not question.expression:
        label = Labelled((question.answer,), AnswerKind.TEXT, evidence=evidence)
    else:
        label = Labelled((f"{number:f}",), AnswerKind.NUMBER, scale, "", question.expression, evidence)
    return Example(Task.QA, question.question, label, origin, Context("", (), evidence))


def _figure(answer: str) -> Decimal | None:
    """The number of an answer that is one with a unit behind it (`$12.8 million`, `2.1 times`)."""
    words = answer.split()
    if not words or len(words) > 2 or (len(words) == 2 and amounts_of(words[1])[1]):
        return None
    return amount_in(words[0])


def _said(content: object) -> str:
    """A message's text; OpenAI's form also allows a list of parts."""
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, Sequence):
        parts = [part["text"] for part in content if part["type"] == "text"]
        if len(parts) == len(content):
            return "\n".join(parts).strip()
    raise ValueError(f"{content!r:.60} isn't text")


def no_columns(path: Path, found: Sequence[str]) -> DataError:
    """The error for a table whose columns say nothing."""
    return DataError(
        f"{path}, line 1: no columns of questions and answers among {', '.join(found) or 'none'}. Name them "
        f"one of {', '.join(QUESTION)} and one of {', '.join((*ANSWER, *LABEL))}."
    )
