"""Copies with other figures: everything changes alike, and each answer follows from the copy."""

from decimal import Decimal
from pathlib import Path

import pytest

from dossier.amounts import Scale, amount_in, numbers_in
from dossier.expressions import compute
from dossier.packs import load_pack
from dossier.records import Turn
from dossier.settings import Settings
from tests.training.data import small_sources as small
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.data.importing.source import VARIED
from training.data.labels import checked
from training.data.prepare import Recipe, prepare
from training.data.splitting import Shares
from training.data.varying import Figures, varied

CONTEXT = Context(
    "Results of operations",
    (
        ("(in thousands)", "2019", "2018", "Change"),
        ("Revenue", "$ 1,328.8", "$1,207.0", "10.1 %"),
        ("Loss", "(45,100)", "(3,250)", "n/a"),
        ("Pension, note 12", "0.45", ".38", ""),
    ),
    ("Revenue rose to $1,328.8 in 2019, from 1,207 in the year ended December 31, 2018, in 4 segments.",),
)


def example(question: str, answer: Labelled, **more: object) -> Example:
    asked = Example(Task.QA, question, answer, Origin("set", "line 1", "doc", "doc"), CONTEXT)
    return Example(**{**{name: getattr(asked, name) for name in asked.__slots__}, **more})  # type: ignore[arg-type]


CHANGE = example(
    "What was the change in revenue from 2018 to 2019 in percent?",
    Labelled(("10.09",), AnswerKind.NUMBER, Scale.PERCENT, "(1328.8 - 1207.0) / 1207.0", "(1328.8 - 1207.0) / 1207.0"),
)
LOOK_UP = example("What was the loss in 2019?", Labelled(("(45,100)",), AnswerKind.SPAN, Scale.THOUSAND))
SEGMENTS = example("What was named for 2018?", Labelled(("December 31, 2018",), AnswerKind.SPAN))
HIGHEST = example("In which year was revenue the highest?", Labelled(("2019",), AnswerKind.SPAN))
COMPARED = example("Which line is it?", Labelled(("2019",), AnswerKind.SPAN, derivation="1328.8 > 1207.0"))
ROSE = example(
    "Was the loss of 2019 below that of 2018?",
    Labelled(("no",), AnswerKind.LABEL, expression="45100 < 3250", derivation="45100 < 3250"),
)
COUNTED = example("How many lines?", Labelled(("3",), AnswerKind.COUNT, derivation="Revenue ## Loss ## Pension"))
FOLLOWING = example("And before?", LOOK_UP.answer, history=(Turn("user", "What was the loss in 2019?"),))


def all_copies(*examples: Example, copies: int = 20) -> list[Example]:
    return list(varied(examples, copies, 7).examples)


def test_answers_follow_from_the_copys_own_figures() -> None:
    for copy in all_copies(CHANGE):
        there = {number.size for number in numbers_in(copy.context.text)}
        used = {number.size for number in numbers_in(copy.answer.expression)} - {Decimal(1)}
        assert used <= there
        assert checked(copy)[1] == ""
        assert abs(compute(copy.answer.expression).value * 100 - Decimal(copy.answer.texts[0])) < Decimal("0.01")


def test_a_figure_is_the_same_wherever_it_stands_and_however_it_is_written() -> None:
    (copy,) = all_copies(CHANGE, copies=1)
    cell = next(numbers_in(copy.context.rows[1][1])).value
    before = next(numbers_in(copy.context.rows[1][2])).value
    said = [number.value for number in numbers_in(copy.context.paragraphs[0])]
    assert cell in said
    assert before in said
    assert cell != Decimal("1328.8")


def test_years_move_together_and_days_notes_and_counts_stay() -> None:
    (copy,) = all_copies(SEGMENTS, copies=1)
    later, earlier = (int(head) for head in copy.context.rows[0][1:3])
    assert later - earlier == 1
    assert later != 2019
    assert f"December 31, {earlier}, in 4 segments" in copy.context.paragraphs[0]
    assert copy.context.rows[3][0] == "Pension, note 12"
    assert copy.answer.texts == (f"December 31, {earlier}",)
    assert str(earlier) in copy.question


def test_signs_commas_and_decimals_stay_as_they_were_written() -> None:
    for copy in all_copies(LOOK_UP):
        loss, small = copy.context.rows[2][1], copy.context.rows[3]
        assert loss.startswith("(")
        assert loss.endswith(")")
        assert copy.answer.texts == (loss,)
        assert len(small[1].partition(".")[2]) == 2
        assert copy.context.rows[1][3].endswith(" %")
    assert len({amount_in(copy.context.rows[3][1]) for copy in all_copies(LOOK_UP)}) > 5


def test_comparisons_are_decided_again() -> None:
    for copy in all_copies(ROSE):
        left, right = (next(numbers_in(cell)).size for cell in copy.context.rows[2][1:3])
        assert copy.answer.texts == ("yes" if left < right else "no",)


@pytest.mark.parametrize("one", [HIGHEST, COMPARED, COUNTED, FOLLOWING], ids=["order", "compared", "count", "history"])
def test_what_cant_be_found_again_is_left_out(one: Example) -> None:
    assert all_copies(one) == []


def test_copies_stay_on_their_side_of_a_split_and_say_where_they_are_from() -> None:
    first, second = all_copies(LOOK_UP, copies=2)
    assert first.origin.group == second.origin.group == LOOK_UP.origin.group
    assert first.origin.place == "set, line 1, with other figures, copy 1"
    assert first.context != second.context
    assert varied([LOOK_UP], 2, 7).digest == varied([LOOK_UP], 2, 7).digest != varied([LOOK_UP], 2, 8).digest


def test_two_figures_never_become_one() -> None:
    context = Context("", tuple((str(number), str(number + 1)) for number in range(100, 400, 2)))
    figures = Figures(context, "seed")
    old = [str(number) for number in range(101, 400)]
    assert len({figures.text(number) for number in old}) == len(old)


def test_only_what_is_learned_from_is_copied_and_the_sheet_counts_it(settings: Settings, tmp_path: Path) -> None:
    file, pack = small.tatqa(tmp_path / "t.json"), load_pack(settings)
    for shares, most in ((Shares(100, 0, 0), 2), (Shares(1, 99, 0), 0)):
        made = prepare([file], (), Recipe(shares=shares, varied=2), settings, pack, lambda progress: None)
        copies = [one for one in made.examples if one.origin.set == VARIED.title]
        assert bool(copies) == bool(most)
        assert all(one in made.parts["train"] for one in copies)
        assert {source.name for source in made.sources} >= {VARIED.title}
