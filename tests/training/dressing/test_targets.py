"""Answers written in each format are read again, stand in the excerpts and give the answer."""

from collections import Counter
from pathlib import Path

import pytest

from dossier.amounts import Scale
from dossier.reply import TargetFormat
from tests.training.data import small_sources as small
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.data.importing.read import read_source
from training.data.labels import checked
from training.dressing.contexts import excerpts_in
from training.dressing.targets import make_target
from training.dressing.writing import UnwritableError

LEAST = {TargetFormat.TEXT: 0.98, TargetFormat.VALUES: 0.98, TargetFormat.EVIDENCE: 0.98, TargetFormat.CELLS: 0.975}


def written(example: Example, form: TargetFormat = TargetFormat.EVIDENCE) -> str:
    pool = excerpts_in(example.context)
    return make_target(checked(example)[0], pool, range(1, len(pool) + 1), form).text


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        (TargetFormat.TEXT, ["[1] -12.6 million", "[1] Fixed Price; Other", "[1] 2"]),
        (TargetFormat.VALUES, ["[1] 44.1 - 56.7 million", '[1] "Fixed Price"; "Other"', '[1] count "2019"; "2018"']),
        (
            TargetFormat.EVIDENCE,
            [
                "[1] Other | 2019: 44.1 | 2018: 56.7\n= 44.1 - 56.7 million",
                '[1] "Fixed Price"; "Other"',
                '[1] count "2019"; "2018"',
            ],
        ),
        (TargetFormat.CELLS, ["[1] r3c2 - r3c3 million", "[1] cells r2c1; r3c1", "[1] count r1c2; r1c3"]),
    ],
)
def test_each_format_is_written(form: TargetFormat, texts: list[str], tmp_path: Path) -> None:
    assert [written(example, form) for example in read_source(small.tatqa(tmp_path / "a.json"))] == texts


def test_a_set_without_scales_takes_them_from_the_table(tmp_path: Path) -> None:
    first, second = read_source(small.published_convfinqa(tmp_path / "c.json"))
    assert written(first, TargetFormat.VALUES) == "[1] 93 million"
    assert written(second, TargetFormat.VALUES) == "[1] (93 - 103) / 103 percent"


def example(answer: Labelled, *rows: tuple[str, ...], question: str = "What?", text: str = "") -> Example:
    return Example(Task.QA, question, answer, Origin("x", "1"), Context("", rows, (text,) if text else ()))


def test_a_negative_cell_brings_its_sign_with_it() -> None:
    rows = (("", "2019", "2018"), ("Used", "(709)", "(707)"), ("Tax", "(5)", "4"))
    average = Labelled(("708",), AnswerKind.NUMBER, derivation="(709 + 707) / 2")
    assert written(example(average, *rows), TargetFormat.CELLS) == "[1] (-r2c2 + -r2c3) / 2"
    change = Labelled(("-9",), AnswerKind.NUMBER, derivation="-5 - 4")
    assert written(example(change, *rows), TargetFormat.CELLS) == "[1] r3c2 - r3c3"


def test_percentages_are_written_so_that_they_compute() -> None:
    rows = (("", "2019", "2018"), ("Margin", "27%", "28%"), ("Sales", "50", "40"))
    points = Labelled(("-1",), AnswerKind.NUMBER, Scale.PERCENT, derivation="27 - 28")
    assert written(example(points, *rows), TargetFormat.VALUES) == "[1] 27% - 28% percent"
    growth = Labelled(("25",), AnswerKind.NUMBER, Scale.PERCENT, derivation="(50 - 40) / 40 * 100")
    assert written(example(growth, *rows), TargetFormat.VALUES) == "[1] (50 - 40) / 40 percent"


def test_a_long_quotation_is_written_by_its_ends() -> None:
    text = "Revenue rose since more of the new machines were sold in the north than ever before, as we said then."
    answer = Labelled((text,), AnswerKind.SPAN)
    assert written(example(answer, text=f"{text} Costs rose too.")) == (
        '[1] "Revenue rose since more of the … as we said then."'
    )


def test_an_answer_that_stands_nowhere_isnt_written() -> None:
    rows = (("", "2019"), ("Sales", "50"))
    for answer in (
        Labelled(("nowhere",), AnswerKind.SPAN),
        Labelled(("12",), AnswerKind.NUMBER, derivation="62 - 50"),
        Labelled(("3",), AnswerKind.COUNT, derivation="a##b##c"),
    ):
        with pytest.raises(UnwritableError, match="stand"):
            written(example(answer, *rows))


@pytest.mark.slow
@pytest.mark.parametrize("form", TargetFormat)
def test_answers_of_tatqa_are_written_and_read_again(form: TargetFormat, shared_data: Path) -> None:
    source = read_source(shared_data / "tatqa" / "tatqa_dataset_dev.json")
    asked, done, reasons = 0, 0, Counter[str]()
    for one, problem in map(checked, source):
        if problem or one.answer.kind is not AnswerKind.NUMBER:
            continue
        asked += 1
        try:
            written(one, form)
            done += 1
        except UnwritableError as error:
            reasons[str(error)] += 1
    assert asked > 600
    assert done / asked >= LEAST[form], reasons


def test_a_year_is_named_behind_the_row_that_was_looked_through() -> None:
    rows = (("", "2019", "2018"), ("Sales", "50", "40"), ("Costs", "5", "4"))
    year = Labelled(("2019",), AnswerKind.SPAN, evidence=("Sales 50 40",))
    assert written(example(year, *rows)) == '[1] Sales | 2019: 50 | 2018: 40\n= "2019"'
