"""Questions about reports: TAT-QA (Zhu et al. 2021), TAT-HQA (Li et al. 2022), ConvFinQA (Chen et al. 2022)."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from dossier.amounts import Scale, amount_in
from dossier.expressions import ExpressionError, compute
from dossier.records import Metadata, Turn
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.data.importing.records import Item
from training.report_pages import (
    ordered_paragraphs,
    plain_row,
    plain_rows,
    report_place,
    spaced_paragraphs,
    table_group,
    tatqa_evidence,
)

_SPANS = {"span": AnswerKind.SPAN, "multi-span": AnswerKind.SPANS}


def is_hypothetical(items: Sequence[Item]) -> bool:
    """Whether contexts in TAT-QA's form are TAT-HQA's, which asks `what if`."""
    questions = (question for item in items for question in item.raw["questions"])
    return any(question.get("answer_type") == "counterfactual" for question in questions)


def tatqa_examples(name: str, item: Item) -> Iterator[Example]:
    """The questions of one context of TAT-QA or TAT-HQA. Raises KeyError, ValueError, TypeError for wrong ones."""
    raw = item.raw
    table = raw["table"]["table"]
    context = Context("", tuple(tuple(map(str, row)) for row in table), tuple(ordered_paragraphs(raw)))
    rows = plain_rows(table)
    for number, question in enumerate(raw["questions"], start=1):
        group = table_group(table)
        origin = Origin(name, f"{item.place}, question {number}", f"table-{group}", group)
        evidence = tuple(tatqa_evidence(question, raw, rows))
        answer = _tatqa_answer(question, evidence)
        yield Example(Task.QA, str(question["question"]), answer, origin, context)


def _tatqa_answer(question: dict[str, Any], evidence: tuple[str, ...]) -> Labelled:
    answer, derivation = question["answer"], question["derivation"].strip()
    texts = tuple(map(str, answer)) if isinstance(answer, list) else (_number(answer),)
    kind = _SPANS.get(question["answer_type"]) or _kind_by_answer(question["answer_type"], answer, derivation)
    return Labelled(texts, kind, Scale(question["scale"]), "", derivation, evidence)


def _kind_by_answer(answer_type: str, answer: object, derivation: str) -> AnswerKind:
    if isinstance(answer, list):
        return AnswerKind.SPANS if len(answer) > 1 else AnswerKind.SPAN
    if answer_type == "count" or "##" in derivation:
        return AnswerKind.COUNT
    return AnswerKind.NUMBER if answer_type == "arithmetic" or _computes(derivation) else AnswerKind.SPAN


def convfinqa_examples(name: str, item: Item) -> Iterator[Example]:
    """A conversation's questions, each with those before it. Raises KeyError, ValueError, TypeError for wrong ones."""
    raw = item.raw
    questions, programs, answers = _turns(raw)
    place = report_place(raw["filename"] if "filename" in raw and "id" not in raw else raw["id"])
    company, year, *_ = place.split("/")
    origin = Origin(name, item.place, place, f"{company}/{year}", "", Metadata(ticker=company, period=year))
    context, evidence = _convfinqa_context(raw), _golden(raw)
    history: list[Turn] = []
    for number, (question, program, stated) in enumerate(zip(questions, programs, answers, strict=True), start=1):
        answer = stated or _computed(program)
        kind = AnswerKind.LABEL if amount_in(answer) is None else AnswerKind.NUMBER
        label = Labelled((answer,), kind, Scale.ONES, "", program, evidence)
        at = Origin(name, f"{item.place}, question {number}", origin.document, origin.group, "", origin.about)
        yield Example(Task.QA, question, label, at, context, "", tuple(history))
        history += [Turn("user", question), Turn("assistant", answer)]


def _turns(raw: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Questions, programs and stated answers (empty: not stated), of the published form or the one with `programs`."""
    if "annotation" in raw:
        notes = raw["annotation"]
        answers = [_number(answer) for answer in notes["exe_ans_list"]]
        return list(notes["dialogue_break"]), list(notes["turn_program"]), answers
    questions, programs = list(raw["questions"]), list(raw["programs"])
    return questions, programs, [""] * (len(questions) - 1) + [_number(raw["answer"])]


def _convfinqa_context(raw: dict[str, Any]) -> Context:
    if "annotation" in raw:
        rows = raw.get("table_ori") or raw["table"]
        text = " ".join((*raw["pre_text"], *raw["post_text"]))
    else:
        rows, text = [line.split(" | ") for line in raw["table"].strip().splitlines()], raw["text"]
    cells = tuple(tuple(plain_row((str(cell),)) for cell in row) for row in rows)
    return Context("", cells, tuple(spaced_paragraphs(text)))


def _golden(raw: dict[str, Any]) -> tuple[str, ...]:
    if "golden_table" not in raw:
        return ()
    rows = [plain_row(row.split(" | ")) for row in raw["golden_table"].strip().splitlines()[1:]]
    return tuple(piece for piece in (*rows, *spaced_paragraphs(raw["golden_text"])) if piece.strip())


def _computed(program: str) -> str:
    """What a program gives, to five decimals as the set writes its answers."""
    try:
        found = compute(program)
    except ExpressionError as error:
        raise ValueError(f"the program {program!r} has no answer beside it and can't be computed: {error}") from error
    if found.truth:
        return "yes" if found.value else "no"
    return f"{round(found.value, 5).normalize():f}"


def _computes(text: str) -> bool:
    try:
        compute(text)
    except ExpressionError:
        return False
    return not re.fullmatch(r"\s*(?:19|20)\d\d\s*", text)


def _number(value: object) -> str:
    """A number as people write it: 1e-05 isn't."""
    return f"{Decimal(repr(value)):f}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
