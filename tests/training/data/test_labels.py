"""Labels: an expression gives its answer under its scale, or the example is wrong."""

import pytest

from dossier.amounts import Scale, amount_in
from training.data.example import AnswerKind, Example, Labelled, Origin, Task
from training.data.labels import checked


def example(answer: str, derivation: str, scale: str = "", kind: str = "number", question: str = "What?") -> Example:
    label = Labelled(tuple(answer.split("|")), AnswerKind(kind), Scale(scale), "", derivation)
    return Example(Task.QA, question, label, Origin("set", "line 1"))


@pytest.mark.parametrize(
    ("answer", "derivation", "scale"),
    [
        ("-12.6", "44.1-56.7", "million"),
        ("-22.22", "(44.1-56.7)/56.7", "percent"),
        ("0", "21.0% - 21.0%", "percent"),
        ("1.57", "(1.7%+1.5%+1.5%)/3", "percent"),
        ("3.3", "56.5-53.2", "percent"),
        ("92437", "60.3 million + 32,137 thousand", "thousand"),
        ("1.42403", "x0 = 60.94 - 25.14; ans = x0 / 25.14", ""),
        ("8325", "(14,740 + 1,910)/2", "thousand"),
    ],
)
def test_right_labels_stay_and_get_one_form(answer: str, derivation: str, scale: str) -> None:
    found, problem = checked(example(answer, derivation, scale))
    assert problem == ""
    assert found.answer.expression


@pytest.mark.parametrize(
    ("answer", "derivation", "scale", "kind", "problem"),
    [
        ("-43", "-114-71", "million", "number", "gives -185"),
        ("12.6", "44.1-56.7", "million", "number", "gives -12.6"),
        ("-0.22", "(44.1-56.7)/56.7", "percent", "number", ""),
        ("22.22", "(44.1-56.7)/56.7", "percent", "number", "the answer says 22.22"),
        ("5", "look at row 5", "", "number", "can't be computed"),
        ("about five", "2+3", "", "number", "isn't a number"),
        ("3", "2018##2017", "", "count", "2 things are listed"),
        ("2", "2018##2017", "", "count", ""),
        ("2", "Fourth quarter", "", "count", "1 thing is listed"),
        ("yes", "ans = 3 > 2", "", "label", ""),
        ("no", "ans = 3 > 2", "", "label", "doesn't give"),
        (" ", "", "", "span", "answer is empty"),
        ("Siemens: Positive", "", "", "entities", "doesn't stand in the text"),
    ],
)
def test_wrong_labels_are_told(answer: str, derivation: str, scale: str, kind: str, problem: str) -> None:
    _, found = checked(example(answer, derivation, scale, kind))
    assert (problem in found) if problem else not found


def test_an_empty_question_is_told() -> None:
    assert checked(example("5", "", question="  "))[1] == "the question is empty"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,496.5", "1496.5"),
        ("(12.6)", "-12.6"),
        ("-3%", "-3"),
        ("$(12,830)", "-12830"),
        ("2019", "2019"),
        ("ten", None),
    ],
)
def test_amounts(text: str, value: str | None) -> None:
    found = amount_in(text)
    assert (None if found is None else str(found)) == value
