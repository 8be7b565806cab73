"""What says the same is found; what only looks alike stays."""

import pytest

from dossier.amounts import Scale
from training.data.duplicates import without_exact, without_near
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task

LONG = "What was the percentage change in total net revenue of the wholesale segment from {} to 2019"


def qa(question: str, answer: str = "5", context: str = "page", place: str = "line 1", scale: str = "") -> Example:
    label = Labelled((answer,), AnswerKind.SPAN, Scale(scale))
    return Example(Task.QA, question, label, Origin("set", place), Context("", (), (context,)))


def intent(text: str, label: str, set_name: str = "set") -> Example:
    return Example(Task.INTENT, text, Labelled((label,), AnswerKind.LABEL), Origin(set_name, "line 1"))


def near(examples: list[Example]) -> list[Example]:
    return without_near(examples, lambda done: None)[0]


def test_the_first_of_equal_ones_stays_whatever_the_layout() -> None:
    first = qa("What was revenue in 2019?", "$1,496.5")
    kept, dropped = without_exact([first, qa("what was  Revenue in 2019", "1496.5", place="line 2")])
    assert kept == [first]
    assert [(item.example.where, item.contradicts) for item in dropped] == [("set, line 2", False)]


def test_contradicting_answers_keep_none() -> None:
    kept, dropped = without_exact([qa("How much?", "5"), qa("How much?", "6"), qa("Other?", "7")])
    assert [example.question for example in kept] == ["Other?"]
    assert all(item.contradicts for item in dropped)
    assert not without_exact([qa("How much?", "5", scale="million"), qa("How much?", "5")])[0]


def test_a_span_within_the_other_is_no_contradiction() -> None:
    kept, _ = without_exact([qa("When?", "During 2019"), qa("When?", "2019")])
    assert [example.answer.texts for example in kept] == [("During 2019",)]


def test_the_same_question_on_another_page_is_another_question() -> None:
    assert len(without_exact([qa("How much?", "5", "a"), qa("How much?", "6", "b")])[0]) == 2


def test_each_set_has_its_own_intents() -> None:
    assert (
        len(without_exact([intent("my card is broken", "a", "one"), intent("my card is broken", "b", "two")])[0]) == 2
    )
    assert not without_exact([intent("my card is broken", "a"), intent("My card is broken!", "b")])[0]


@pytest.mark.slow
def test_near_needs_the_same_page_answer_and_numbers() -> None:
    first = qa(LONG.format(2018) + "?")
    assert near([first, qa(LONG.format(2018) + " please?")]) == [first]
    assert len(near([first, qa(LONG.format(2017) + " please?")])) == 2
    assert len(near([first, qa(LONG.format(2018) + " please?", answer="6")])) == 2
    assert len(near([first, qa(LONG.format(2018) + " please?", context="another")])) == 2


@pytest.mark.slow
def test_many_alike_leave_one() -> None:
    texts = [f"please tell me where the card that I ordered is right now{'!' * n} ok" for n in range(50)]
    assert len(near([intent(text + " x" * (n % 2), "card") for n, text in enumerate(texts)])) == 1
