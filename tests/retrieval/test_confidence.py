"""What makes a first line doubtful, and what doesn't."""

import pytest

from dossier.records import Chunk, Line, Passage
from retrieval.confidence import line_signals
from retrieval.lines import RankedLine, named
from retrieval.query import read_query
from retrieval.relevance import Signals
from retrieval.search import Found

QUERY = read_query("What was Larkfield's net income in fiscal 2025?")
PASSAGES = tuple(Passage(number, Chunk("a.pdf", "A", 1, 0, 10, (), "x"), 1.0, dense_rank=number) for number in (1, 2))


def found(relevance: Signals) -> Found:
    return Found(QUERY, PASSAGES, {}, relevance, "g000001")


def line(text: str, score: float, passage: int = 1) -> RankedLine:
    return RankedLine(Line(passage, 0, len(text), text), score, 0.5, 0.5, 0.5)


NEAR = found(Signals(0.8, 0.3, 0.9, 1.0, 1.0))
FAR = found(Signals(0.2, 0.0, 0.1, 0.0, 0.0))
FIRST = line("Net income $163.8 $151.0", 2.2)
OTHER = line("Net deferred tax liability ($12.3) ($16.1)", 2.15)


def test_a_line_that_others_come_close_to_is_doubtful() -> None:
    alone = line_signals(NEAR, [FIRST, line(OTHER.line.text, 1.0)])
    beside = line_signals(NEAR, [FIRST, OTHER])
    assert alone.probability > beside.probability
    assert 0.5 < beside.lead < 0.65 < alone.lead < 1


def test_the_same_row_in_another_statement_is_not_against_it() -> None:
    again = line("Net income 163.8 151.0", 2.19, passage=2)
    assert line_signals(NEAR, [FIRST, again, OTHER]).lead == line_signals(NEAR, [FIRST, OTHER]).lead


def test_far_passages_and_no_lines_make_it_doubtful() -> None:
    assert line_signals(FAR, [FIRST, OTHER]).probability < line_signals(NEAR, [FIRST, OTHER]).probability
    assert line_signals(NEAR, []).probability < 0.25


@pytest.mark.parametrize(
    ("asked", "row", "expected"),
    [
        ("What was Larkfield's net income in fiscal 2025?", "Net income (1) $163.8 $151.0", 1.0),
        ("How large were total current assets at the end of 2025?", "Current assets 12.0 11.0", 1.0),
        ("What was Larkfield's net income in fiscal 2025?", "Net income per share $1.20 $1.10", 1 / 2),
        ("What did International Operated Markets bring in?", "International Operated Markets 10.1 9.2", 3 / 4),
        ("How many people work for Larkfield?", "Net income $163.8 $151.0", 0.0),
        ("What was Larkfield's net income in fiscal 2025?", "Net income rose.", 0.0),
    ],
)
def test_how_nearly_a_question_is_a_rows_name(asked: str, row: str, expected: float) -> None:
    assert named(read_query(asked), Line(1, 0, len(row), row)) == pytest.approx(expected, abs=0.1)
