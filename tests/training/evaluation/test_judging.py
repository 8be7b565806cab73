"""Replies are judged through the excerpts that they speak of."""

import pytest

from dossier.amounts import Scale
from dossier.excerpts import Excerpt, table_excerpt
from dossier.prompt import Message
from training.evaluation.answers import Replied
from training.evaluation.contexts import Asked, Context, QuestionSet
from training.evaluation.judging import ALL, Judged, compare, figures, judge
from training.scoring import Expected

TABLE = table_excerpt([["(in millions)", "2019", "2018"], ["Other", "44.1", "56.7"], ["Fixed", "1,452.4", "1,146.2"]])
WORDS = Excerpt(text="We are paid on delivery by our customers.")
CHANGE = Expected(("-22.22",), Scale.PERCENT)
RIGHT = "[1] Other | 2019: 44.1 | 2018: 56.7\n= (44.1 - 56.7) / 56.7 percent"


def judged(reply: str, expected: Expected, kind: str = "number") -> Judged:
    asked = Asked("q", kind, (Message("user", "What was it?"),), expected)
    questions = QuestionSet((Context(0, (TABLE, WORDS), (), (asked,)),), 0)
    return judge(questions, {("tuned", 0): Replied((reply,), 0.1)}, "tuned")[0]


def test_a_computed_answer_is_right_only_with_its_scale() -> None:
    assert judged(RIGHT, CHANGE).right
    without = judged(RIGHT.removesuffix(" percent"), Expected(("-12.6",), Scale.MILLION))
    assert not without.right
    other = judged("[1] Other | 2019: 44.1\n= 44.1", Expected(("44.1",), Scale.THOUSAND))
    assert not other.right  # its table counts in millions
    assert other.score.value  # the number is, whatever its scale
    assert judged("[1] Other | 2019: 44.1\n= 44.1", Expected(("44.1",), Scale.MILLION)).right


def test_what_the_excerpts_do_not_bear_out_is_not_right() -> None:
    invented = judged("[1] Other | 2019: 44.1 | 2018: 56.8\n= 44.1 - 66.32 percent", CHANGE)
    assert not invented.right
    assert not invented.score.grounded


@pytest.mark.parametrize(
    ("reply", "expected", "right"),
    [
        ("The change was -22.22%, from 56.7 to 44.1.", CHANGE, True),
        ("The change was -22.9%.", CHANGE, False),
        ("It was about 1,452 in all.", Expected(("52",)), False),
        ("They are paid on delivery, it says.", Expected(("on delivery",)), True),
        ("They are paid in advance.", Expected(("on delivery",)), False),
        ("I am sorry, that is not in the documents.", CHANGE, False),
        ("I am sorry, that is not in the documents.", Expected(), True),
        ("It was 44.1.", Expected(), False),
    ],
)
def test_a_model_without_the_short_form_is_credited_where_the_right_value_stands(
    reply: str, expected: Expected, right: bool
) -> None:
    found = judged(reply, expected)
    assert not found.score.grounded or not found.right
    assert found.generous is right


def test_refusals_are_right_only_where_nothing_answers() -> None:
    assert judged("not in the documents", Expected(), "unanswerable").right
    wrongly = judged("not in the documents", CHANGE)
    assert wrongly.refused and not wrongly.right
    assert not judged(RIGHT, Expected(), "unanswerable").right
    assert not judged(RIGHT, CHANGE).refused


def test_models_are_compared_question_by_question() -> None:
    asked = [Asked(str(at), "number", (Message("user", "?"),), CHANGE) for at in range(24)]
    contexts = tuple(Context(at, (TABLE,), (), (asked[2 * at], asked[2 * at + 1])) for at in range(12))
    questions = QuestionSet(contexts, 0)
    spoken = "It changed by -22.22%."
    replies = {("tuned", at): Replied((RIGHT, RIGHT if at % 2 else "= no"), 0.1) for at in range(12)}
    replies |= {("base", at): Replied((spoken if at < 3 else "no", "no"), 0.1) for at in range(12)}
    later, earlier = judge(questions, replies, "tuned"), judge(questions, replies, "base")
    strict, generous = compare(later, earlier, False).comparison, compare(later, earlier, True)
    assert (strict.candidate, strict.reference, strict.questions) == (0.75, 0, 24)
    assert generous.comparison.reference == pytest.approx(3 / 24)
    assert generous.comparison.difference == pytest.approx(0.625)
    assert 0 < generous.comparison.low < 0.625 < generous.comparison.high
    assert generous.chance < 0.01
    assert compare(later, later, False).comparison.low == 0
    assert figures(later)[ALL]["right"].value == figures(later)["number"]["right"].value == 0.75
