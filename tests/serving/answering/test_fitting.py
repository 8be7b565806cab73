"""What can't be the answer isn't read out, however well its words fit."""

import pytest

from dossier.records import Chunk, Line, Passage
from retrieval.lines import RankedLine
from retrieval.query import read_query
from serving.answering.fitting import NEAR, fits, fitting


def passage(text: str) -> Passage:
    return Passage(1, Chunk("a.md", "Acme annual report", 1, 0, len(text), (), text), score=1.0)


def fit(question: str, said: str, text: str = "", named: float = 0.0) -> bool:
    line = Line(1, 0, len(said), said, "")
    ranked = RankedLine(line, 1.0, 0.5, 0.5, 0.5, named)
    return fits(read_query(question), ranked, passage(text or said), said)


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "How much was set aside for the lawsuit?",
            "It set aside $64 million. [1]",
            "The lawsuit is described in Note 13.",
        ),
        ("What time does the call start?", "It starts at 7:30 a.m. [1]", "It starts on April 25, 2023."),
        ("By which date must I be on the books?", "Those on record on September 1 are paid.", "It paid $133 million."),
        (
            "For how many years has it paid a dividend?",
            "It has paid for 47 consecutive years.",
            "Dividends paid were 4,168.",
        ),
        ("How many employees does it have?", "It employs 164,000 people.", "Employees cost $6,640."),
        ("What share of sales came from abroad?", "Abroad were 62% of sales.", "Sales abroad were 62 million."),
        ("What is the most I can get?", "You can get $280 a month.", "Ask your manager for more."),
        ("What was the sale price of the plant?", "It was sold for $5 million.", "A gain on the sale of a plant."),
        ("What were sales in 2023?", "Sales of 2023 were $5 million.", "Sales of 2021 were $5 million."),
        ("Was rent or fuel higher in 2023?", "In 2023 rent exceeded fuel.", "Fuel cost $5 in 2023."),
    ],
)
def test_an_answer_is_of_the_kind_that_is_asked_for(question: str, right: str, wrong: str) -> None:
    assert fit(question, right)
    assert not fit(question, wrong)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is our office symbol?", "What is my office symbol? [1]"),
        ("What does the gym charge?", "Gym"),
        ("Do we sign agreements with vendors?", "Vendor agreements"),
        ("Which values does Acme live by?", "PURPOSE AND MISSION"),
    ],
)
def test_a_question_or_a_heading_answers_nothing(question: str, said: str) -> None:
    assert not fit(question, said)


def test_a_row_of_a_table_is_no_answer_to_why_nor_to_what_is_to_be_computed() -> None:
    row = "Research and development 26,251 21,914"
    assert fit("What did Acme spend on research in its year?", row)
    assert not fit("Why did Acme's research grow?", row)
    assert not fit("By how much did Acme's research costs change?", row)
    assert fit("Why did Acme's research grow?", "Acme hired people for 26 research projects.")


def test_a_row_whose_own_name_sounds_like_arithmetic_is_said() -> None:
    row = "Long-term debt, less current portion 20,453 20,182"
    assert fit("What is the long-term debt, less current portion?", row, named=1.0)
    assert not fit("What is the long-term debt, less current portion?", row, named=0.5)


def test_the_passage_must_have_the_names_of_the_question() -> None:
    said = "Revenue was $8 million."
    assert not fit("What revenue did Tableau bring Acme?", said)
    assert fit("What revenue did Tableau bring Acme?", said, text=f"Tableau was bought in 2019. {said}")
    assert fit("What does the CEO get?", "The chief executive officer gets $8 million.")  # may be called otherwise


def test_a_line_that_is_hardly_worse_takes_the_place_of_one_that_cant_be_the_answer() -> None:
    text = "Gym\nThe gym charges $20 a month."
    first = RankedLine(Line(1, 0, 3, "Gym", ""), 1.0, 0.5, 0.5, 0.5)
    line = Line(1, 4, len(text), "The gym charges $20 a month.", "")
    query = read_query("What does the gym charge?")
    for score, left in ((1.0 - NEAR, 1), (1.0 - 2 * NEAR, 0)):
        ranked = [first, RankedLine(line, score, 0.5, 0.5, 0.5)]
        assert len(fitting(ranked, query, [passage(text)], {1: ()})) == left
