"""Exported feedback as examples: what kind of answer a correction is."""

import json
from pathlib import Path

import pytest

from dossier.errors import DataError
from dossier.feedback import FEEDBACK_FORM
from training.data.example import AnswerKind, from_json, to_json
from training.data.importing.read import read_source
from training.data.importing.source import FEEDBACK
from training.data.labels import checked

LINE = {
    "form": FEEDBACK_FORM,
    "feedback": 4,
    "question": "What were sales in 2024?",
    "corrected": "412 million euros",
    "passages": [
        {"number": 1, "document": "a/sales.html", "page": 1, "heading": "Sales", "text": "Sales in 2023: 340."},
        {"number": 2, "document": "b.md", "page": 2, "heading": "", "text": "Sales in 2024 were 412 million euros."},
    ],
    "place": {"document": "B.md", "page": 2},
}


def one(folder: Path, **changed: object):
    file = folder / "feedback.jsonl"
    file.write_text(json.dumps({**LINE, **changed}) + "\n")
    (example,) = read_source(file)
    return example


def test_a_correction_on_the_passages_that_were_given(tmp_path: Path) -> None:
    example = one(tmp_path)
    assert read_source(tmp_path / "feedback.jsonl").kind is FEEDBACK
    assert example.context.paragraphs == ("Sales\nSales in 2023: 340.", "Sales in 2024 were 412 million euros.")
    assert (example.origin.document, example.origin.also) == ("b.md", ("a/sales.html",))
    assert from_json(json.loads(json.dumps(to_json(example)))) == example
    old = to_json(example)
    del old["origin"]["also"]
    assert from_json(old).origin.also == ()


@pytest.mark.parametrize(
    ("corrected", "kind", "texts", "expression"),
    [
        ("412 million euros [2]", AnswerKind.SPAN, ("412 million euros",), ""),
        ("21.2% = (412 - 340) / 340", AnswerKind.NUMBER, ("21.2",), "(412 - 340) / 340"),
        ("72 = 412 - 340", AnswerKind.NUMBER, ("72",), "412 - 340"),
        ("Much more than before", AnswerKind.TEXT, ("Much more than before",), ""),
        ("the answer is not in the documents", AnswerKind.UNANSWERABLE, ("The answer is not in the documents.",), ""),
    ],
)
def test_what_a_correction_is(tmp_path: Path, corrected: str, kind, texts, expression: str) -> None:
    example, problem = checked(one(tmp_path, corrected=corrected))
    assert problem == ""
    assert (example.answer.kind, example.answer.texts, example.answer.expression) == (kind, texts, expression)


def test_arithmetic_that_does_not_come_to_the_answer_is_found(tmp_path: Path) -> None:
    assert "gives" in checked(one(tmp_path, corrected="80 = 412 - 340"))[1]


@pytest.mark.parametrize("broken", [{"passages": []}, {"passages": [{}]}, {"corrected": 4}, {"place": None}])
def test_a_broken_line_is_named(tmp_path: Path, broken: dict[str, object]) -> None:
    with pytest.raises(DataError, match="line 1"):
        one(tmp_path, **broken)
