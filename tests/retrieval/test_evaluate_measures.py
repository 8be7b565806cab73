"""The measures against values worked out by hand, and what counts as found."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from dossier.errors import SettingsError
from dossier.records import Evidence, Question
from retrieval.evaluation.asking import Outcome, ask_all, outcome_of
from retrieval.evaluation.cases import Case, Hit, Level, Place, Target, case_of, company_of, holds
from retrieval.evaluation.comparing import compare, comparison_table, read_earlier
from retrieval.evaluation.measures import FOUND, MRR, NDCG, RECALL, figures, ranks_of, scores_of, wilson
from retrieval.evaluation.report import as_json, report_of, table, write_per_question
from retrieval.evaluation.splits import Side, side_of


def hit(document: str, page: int = 1, text: str = "") -> Hit:
    return Hit(document, page, text)


def question(*evidence: Evidence, kind: str = "lookup") -> Question:
    return Question("q1", "What?", kind, "", evidence)


def graded(**gains: float) -> Case:
    """A BEIR query: each relevant document is a target."""
    targets = tuple(Target((Place(name),), gain) for name, gain in gains.items())
    return Case("q", "What?", "", {Level.DOCUMENT: targets}, all_needed=False)


def test_ndcg_and_recall_of_graded_documents() -> None:
    """Ranking d3 (2), x, d2 (1), d1 not found; ideal 3, 2, 1."""
    case = graded(d1=3, d2=1, d3=2)
    ranks = ranks_of(case, Level.DOCUMENT, [hit("d3"), hit("x"), hit("d2")])
    assert ranks == (0, 3, 1)
    scores = scores_of(case, Level.DOCUMENT, ranks)
    ideal = 3 + 2 / math.log2(3) + 1 / 2
    assert scores[NDCG] == pytest.approx((2 + 1 / 2) / ideal)
    assert scores[RECALL[1]] == pytest.approx(1 / 3)
    assert scores[RECALL[3]] == pytest.approx(2 / 3)
    assert (scores[FOUND[1]], scores[MRR]) == (1, 1)


def test_documents_are_ranked_once_and_pages_each_time_they_are_shown() -> None:
    hits = [hit("a", 1), hit("a", 2), hit("a", 3), hit("b", 9)]
    case = case_of(question(Evidence("b", 9, "x")))
    assert ranks_of(case, Level.DOCUMENT, hits) == (2,)
    assert ranks_of(case, Level.PAGE, hits) == (4,)


def test_nothing_after_the_tenth_rank_counts_for_ndcg_and_mrr() -> None:
    case = graded(d=1)
    scores = scores_of(case, Level.DOCUMENT, (11,))
    assert (scores[NDCG], scores[MRR], scores[RECALL[10]]) == (0, 0, 0)
    assert scores_of(case, Level.DOCUMENT, (10,))[NDCG] == pytest.approx(1 / math.log2(11))


def test_any_of_several_evidence_pages_is_enough() -> None:
    case = case_of(question(Evidence("a.pdf", 3, "x"), Evidence("b.pdf", 7, "y")))
    assert scores_of(case, Level.PAGE, ranks_of(case, Level.PAGE, [hit("b.pdf", 7)]))[FOUND[1]] == 1


def test_a_comparison_of_two_companies_needs_a_page_of_each() -> None:
    evidence = (
        Evidence("EBAY_2022_10K.pdf", 3, "x"),
        Evidence("EBAY_2022_10K.pdf", 4, "x"),
        Evidence("FEDEX.pdf", 5, "y"),
    )
    case = case_of(question(*evidence, kind="comparison"))
    half = scores_of(
        case, Level.PAGE, ranks_of(case, Level.PAGE, [hit("EBAY_2022_10K.pdf", 4), hit("EBAY_2022_10K.pdf", 3)])
    )
    assert (half[FOUND[10]], half[RECALL[10]], half[MRR]) == (0, 0.5, 0)
    assert half[NDCG] == pytest.approx(1 / (1 + 1 / math.log2(3)))
    whole = ranks_of(case, Level.PAGE, [hit("EBAY_2022_10K.pdf", 4), hit("x"), hit("FEDEX.pdf", 5)])
    assert scores_of(case, Level.PAGE, whole)[MRR] == pytest.approx(1 / 3)
    one = case_of(question(Evidence("ebay-2022.pdf", 3, "x"), Evidence("EBAY_2023.pdf", 4, "x"), kind="comparison"))
    assert len(one.targets[Level.PAGE]) == 1
    assert company_of("MCDONALDS_2022_10K.pdf") == "mcdonalds"


def test_a_passage_holds_its_evidence_on_the_right_page_only() -> None:
    case = case_of(question(Evidence("a.pdf", 2, "Net  sales\n$ 1,284.6")))
    right, elsewhere, other = "NET SALES | $1,284.6 | 3", "Net sales $ 1,284.6", "Net sales $ 1,284"
    found = [hit("a.pdf", 3, elsewhere), hit("a.pdf", 2, other), hit("a.pdf", 2, right)]
    assert ranks_of(case, Level.PASSAGE, found) == (3,)


def test_evidence_longer_than_a_passage_is_held_by_half_of_it() -> None:
    words = [f"word{i}" for i in range(60)]
    clause = " ".join(words)
    assert holds("before " + " ".join(words[:31]), clause)
    assert holds(" ".join(words[29:]) + " after", clause)
    assert holds(" ".join(words[20:40]), clause)
    assert not holds("before " + " ".join(words[:20]), clause)
    assert not holds("", clause)
    assert not holds("the 12 days", "2 days")


def test_intervals_are_the_same_each_time_and_hold_the_mean() -> None:
    draw = np.random.default_rng(3)
    case = graded(d=1)
    rows = [scores_of(case, Level.DOCUMENT, (int(rank),)) for rank in draw.integers(0, 12, size=80)]
    once, again = figures(rows), figures(rows)
    assert once == again
    for figure in once.values():
        assert figure.low <= figure.value <= figure.high
    assert once[NDCG].high - once[NDCG].low < 0.25
    found = sum(row[FOUND[5]] for row in rows)
    assert (once[FOUND[5]].low, once[FOUND[5]].high) == wilson(round(found), 80)


@pytest.mark.parametrize("count", [11, 21, 58])
def test_an_interval_holds_its_share(count: int) -> None:
    assert wilson(count, count)[1] == 1
    assert wilson(0, count)[0] == 0


def test_wilson_by_hand() -> None:
    """8 of 10: 0.490 to 0.943 (Newcombe 1998 gives 0.4902, 0.9433)."""
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)


def outcomes(*ranks: int) -> list[Outcome]:
    made = []
    for number, rank in enumerate(ranks):
        case = Case(f"q{number}", "What?", "", {Level.DOCUMENT: (Target((Place("right"),)),)})
        found = [hit("right" if place == rank else f"wrong{place}") for place in range(1, 11)]
        made.append(outcome_of(case, found))
    return made


def test_two_runs_are_compared_question_by_question(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps(as_json(report_of("before", outcomes(*[2] * 20, 5)))))
    comparison = compare(report_of("after", outcomes(*[1] * 20)), read_earlier(earlier), str(earlier))
    figure = comparison.differences[Level.DOCUMENT][MRR]
    assert (figure.value, figure.low, figure.high) == (0.5, 0.5, 0.5)
    assert (comparison.questions, comparison.left_out) == (20, 1)
    shown = comparison_table(comparison)
    assert "+50.0" in shown
    assert "*" in shown.splitlines()[-1]
    same = compare(report_of("after", outcomes(2, 1)), read_earlier(earlier), str(earlier)).differences[Level.DOCUMENT][
        MRR
    ]
    assert same.low == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json", "isn't an evaluation"),
        ('{"figures": {}}', "isn't an evaluation"),
        ('{"per_question": {}}', "none of"),
    ],
)
def test_an_earlier_run_that_cannot_be_compared_is_refused(tmp_path: Path, content: str, says: str) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_text(content)
    with pytest.raises(SettingsError, match=says):
        compare(report_of("after", outcomes(1)), read_earlier(earlier), str(earlier))
    with pytest.raises(SettingsError, match="can't be read"):
        read_earlier(tmp_path / "missing.json")


def test_a_person_sees_what_was_wanted_and_what_came(tmp_path: Path) -> None:
    report = report_of("set", outcomes(2, 0))
    file = tmp_path / "per-question.jsonl"
    write_per_question(report, file)
    first, second = map(json.loads, file.read_text().splitlines())
    assert (first["ranks"], second["ranks"]) == ({"document": 2}, {"document": 0})
    assert first["wanted"] == [{"document": "right", "page": None, "text": ""}]
    assert [found["right"] for found in first["found"][:3]] == [[], ["document"], []]
    assert "50.0%" in table(report)
    with pytest.raises(SettingsError, match="can't be written"):
        write_per_question(report, tmp_path)


def test_a_level_that_few_questions_know_says_how_many() -> None:
    known = Case("k", "What?", "", {Level.DOCUMENT: (Target((Place("d"),)),), Level.PAGE: (Target((Place("d", 2),)),)})
    report = report_of("set", [*outcomes(1, 2), outcome_of(known, [hit("d", 2)])])
    assert as_json(report)["questions_at"] == {"document": 3, "page": 1}
    shown = table(report)
    assert "of 1" in shown
    assert "of 3" not in shown


def test_progress_is_told_for_every_question() -> None:
    heard: list[tuple[int, int]] = []
    cases = [outcome.case for outcome in outcomes(1, 1, 1)]
    ask_all(lambda question: [], cases, lambda progress: heard.append((progress.done, progress.total)))
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_the_split_is_stable_and_about_half() -> None:
    assert side_of("f6368ece2c45f8080d07ccc5817d2431") is side_of("f6368ece2c45f8080d07ccc5817d2431")
    dev = sum(side_of(f"document {i}") is Side.DEV for i in range(2000))
    assert 900 < dev < 1100
    assert [side_of(name).value for name in ("a", "b", "c", "d")] == EXPECTED


EXPECTED = ["dev", "held-out", "dev", "dev"]
"""The rule may never change: what was held out would have been trained on."""
