"""Answers in the product's own words, judged against reference answers of the sets that come with the repository."""

from pathlib import Path

import pytest

from dossier.packs import load_questions
from dossier.records import Evidence, Question
from training.answers.judging import Source, judge_answer
from training.scoring import Outcome

ROOT = Path(__file__).resolve().parents[3]
SETS = ("packs/finance/questions.jsonl", "benchmarks/questions/filings.jsonl", "benchmarks/questions/handbook.jsonl")
PLACE = Evidence("annual.pdf", 18, "Total revenue 1,284.6")
RIGHT, WRONG, REFUSED = Outcome.RIGHT, Outcome.WRONG, Outcome.REFUSED


def asked(
    answer: str, unit: str | None = None, kind: str = "lookup", places: tuple[Evidence, ...] = (PLACE,)
) -> Question:
    return Question("q", "What was it?", kind, answer, places, None, unit)


def outcome(question: Question, text: str) -> Outcome:
    return judge_answer(question, text, "answered", ()).outcome


@pytest.mark.slow
@pytest.mark.parametrize("file", SETS)
def test_each_right_answer_is_right_and_others_are_not(file: str) -> None:
    questions = [one for one in load_questions(ROOT / file) if one.evidence]
    units = {"percent": "%", "percentage points": "%", "USD millions": " million", "USD billions": " billion"}
    for one in questions:
        said = one.answer + (units.get(one.unit, "") if one.answer[-1].isdigit() else "")
        assert outcome(one, said) is RIGHT, (one.answer, said)
    wrong = [outcome(one, other.answer) for one in questions for other in questions if one.answer != other.answer]
    assert wrong.count(RIGHT) < len(wrong) / 50


@pytest.mark.parametrize(
    ("answer", "unit", "text", "expected", "exact"),
    [
        ("$1,284.6 million", "USD millions", "Total revenue, 2025: $1,284.6 (in millions) [1]", RIGHT, True),
        ("$1,284.6 million", "USD millions", "Total revenue, 2025: $1,284.6 [1]", WRONG, False),
        ("$1,284.6 million", "USD millions", "Revenue was $1.2846 billion [1].", RIGHT, True),
        (
            "$1,284.6 million",
            "USD millions",
            "Revenue: 1,284.6 (2025), 1,196.3 (2024) (in millions)",
            RIGHT,
            False,
        ),
        ("$1,284.6 million", "USD millions", "Total revenue, 2024: $1,196.3 (in millions) [1]", WRONG, False),
        (
            "7.4%",
            "percent",
            "7.38% = (1284.6 - 1196.3) / 1196.3 (1284.6 million: Total revenue, 2025) [1][2]",
            RIGHT,
            True,
        ),
        ("7.4%", "percent", "7.52% = (1284.6 - 1196.3) / 1196.3 [1]", WRONG, False),
        ("7.4", "percent", "It rose by 7.4 percent.", RIGHT, True),
        ("-7.5%", "percent", "Sales fell by 7.5% [2].", RIGHT, True),
        ("-7.5%", "percent", "Sales rose by 7.5% [2].", WRONG, False),
        ("30 days", "days", "Invoices are paid within 30 days [1].", RIGHT, True),
        ("30 days", "days", "Invoices are paid within 30 weeks [1].", WRONG, False),
        ("six", None, "There are 6 of them.", RIGHT, True),
        ("2.1 times", "times", "2.1037 = 653.4 / 310.6 [1]", RIGHT, True),
        ("1997", None, "It was first sold in 1997.", RIGHT, False),
        ("September 1, 2023", None, "It is paid on September 1, 2023.", RIGHT, True),
        ("September 1, 2023", None, "It is paid on October 1, 2023.", WRONG, False),
        ("5,240", "people", "Employees (in millions) were named 5,240 people", WRONG, False),
    ],
)
def test_amounts_count_with_their_scale_and_unit(
    answer: str, unit: str | None, text: str, expected: Outcome, exact: bool
) -> None:
    found = judge_answer(asked(answer, unit), text, "answered", ())
    assert (found.outcome, found.exact) == (expected, exact)


def test_a_follow_up_with_a_unit_is_judged_by_its_amount() -> None:
    both = asked("$121.7 million against $128.4 million", "USD millions", "follow-up")
    assert outcome(both, "China: $121.7 (2025), $128.4 (2024) (in millions) [1]") is RIGHT
    assert outcome(asked("the chief executive", None, "follow-up"), "It is 30 days [1].") is WRONG


def test_the_number_alone_is_told_apart_from_its_scale() -> None:
    found = judge_answer(asked("$1,284.6 million", "USD millions"), "Revenue: 1,284.6", "answered", ())
    assert (found.outcome, found.value) == (WRONG, True)


def test_words_need_most_of_what_tells_and_lists_all_of_their_parts() -> None:
    span = asked("When the customer accepts them", None, "span")
    assert outcome(span, "Revenue is recognised when the customer accepts the goods.") is RIGHT
    assert outcome(span, "Revenue is recognised on delivery.") is WRONG
    several = asked("Process Sensors; Metrology Systems", None, "list")
    assert outcome(several, "There are Process Sensors and Metrology Systems.") is RIGHT
    assert outcome(several, "There are Process Sensors.") is WRONG


def test_refusals_are_right_only_where_nothing_answers() -> None:
    refusal = "The answer is not in the documents."
    assert judge_answer(asked("30 days", "days"), refusal, "not_in_documents", ()).outcome is REFUSED
    nothing = asked("The documents do not say.", None, "unanswerable", ())
    assert judge_answer(nothing, refusal, "not_in_documents", ()).outcome is RIGHT
    assert judge_answer(nothing, "It was 30 days.", "answered", ()).outcome is WRONG


def test_cited_passages_are_held_against_the_pages_of_evidence() -> None:
    sources = (
        Source("annual.pdf", 18, "x", cited=True),
        Source("annual.pdf", 19, "x", cited=True),
        Source("other.pdf", 18, "x", cited=False),
    )
    found = judge_answer(asked("30 days"), "30 days [1][2]", "answered", sources)
    assert (found.precision, found.recall, found.found) == (0.5, 1, 1)
    missed = judge_answer(asked("30 days"), "30 days [1]", "answered", sources[1:])
    assert (missed.precision, missed.recall, missed.found) == (0, 0, 0)
    uncited = judge_answer(asked("30 days"), "30 days", "answered", [Source("annual.pdf", 18, "x", cited=False)])
    assert (uncited.precision, uncited.recall, uncited.found) == (None, 0, 1)
    # a comparison of two companies takes a page of each
    two = asked(
        "Oracle, by 30 days",
        None,
        "comparison",
        (Evidence("ORACLE_10K.pdf", 3, "x"), Evidence("FEDEX_10K.pdf", 4, "x")),
    )
    one = judge_answer(two, "Oracle, by 30 days [1]", "answered", [Source("ORACLE_10K.pdf", 3, "x", cited=True)])
    assert (one.precision, one.recall) == (1, 0.5)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Total revenue, 2025: $1,284.6 million [1]", 1),
        ("Total revenue, 2025: $1,284.7 million [1]", 0),
        ("7.38% = (1284.6 - 1196.3) / 1196.3 * 100 (1284.6: Total revenue, 2025) [1]", 1),
        ("7.38% = (1284.6 - 1100.3) / 1100.3 (1284.6: Total revenue, 2025) [1]", 0),
        ("Revenue was 1,284.6 and 30 days are given [1][2]", 1),
        ("Revenue, Year ended 31 July 2025: 1,284.6; at July 27, 2024: 1,196.3 [1]", 1),
        ("Revenue was 1,284.6 [1]. It was 1,284.6 [2].", 0.5),
        ("Invoices are paid quickly [2]", 1),
        ("Machines are installed by customers [2]", 0),
        ("Revenue was 1,284.6 [7]", None),
        ("Revenue was 1,284.6", None),
    ],
)
def test_a_citation_bears_out_the_numbers_or_the_words_that_cite_it(text: str, share: float | None) -> None:
    passages = ["Total revenue 1,284.6 1,196.3 1,128.9", "Invoices are paid within 30 days."]
    sources = [Source("a.pdf", 1, passage, cited=True) for passage in passages]
    assert judge_answer(asked("30 days"), text, "answered", sources).supported == share
    nothing = asked("The documents do not say.", None, "unanswerable", ())
    assert judge_answer(nothing, text, "answered", sources).supported == share
