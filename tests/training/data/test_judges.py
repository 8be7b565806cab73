"""Evaluation questions and their places are found again."""

from hypothesis import given
from hypothesis import strategies as st

from training.data.example import AnswerKind, Example, Labelled, Origin, Task
from training.data.judges import KeepOut

REVENUE = "Total revenue 1,284.6 1,196.3 1,128.9"


def asked(question: str, document: str = "", *evidence: str) -> Example:
    label = Labelled(("x",), AnswerKind.SPAN, evidence=evidence)
    return Example(Task.QA, question, label, Origin("set", "line 1", document))


def test_questions_are_found_whatever_stands_around_them() -> None:
    keep_out = KeepOut([asked("What was Larkfield's total revenue in fiscal 2025?"), asked("What may a hotel cost?")])
    assert keep_out.similar("what was larkfield's total revenue in fiscal 2025")
    assert keep_out.conflict(asked("So: what was Larkfield's total revenue in fiscal 2025?"))
    assert not keep_out.conflict(asked("What was Larkfield's net income in fiscal 2024?"))
    assert not KeepOut([]).conflict(asked("What?"))


def test_other_words_about_the_same_row_of_the_same_document_are_found() -> None:
    keep_out = KeepOut([asked("How much was sold?", "report.pdf", REVENUE)])
    assert "How much was sold?" in keep_out.conflict(asked("Revenue in 2025?", "2025/Report.pdf", REVENUE + " $"))
    assert not keep_out.conflict(asked("Revenue in 2025?", "other.pdf", REVENUE))
    assert not keep_out.conflict(asked("Net income in 2025?", "report.pdf", "Net income 163.8 151.0 127.2"))
    assert not keep_out.conflict(asked("Anything?", "report.pdf"))


@given(st.lists(st.text(alphabet="abcd ", min_size=1, max_size=30), min_size=1, max_size=8), st.data())
def test_every_evaluation_question_is_found_by_itself(questions: list[str], data: st.DataObject) -> None:
    kept = [question for question in questions if question.strip()]
    if kept:
        judges = [asked(question) for question in questions]
        assert KeepOut(judges).similar(data.draw(st.sampled_from(kept)).upper())
