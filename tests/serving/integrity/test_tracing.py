"""Where the numbers of answers come from: cells, words, arithmetic, the question, or nowhere."""

import pytest

from dossier.citations import parse_citations
from dossier.excerpts import excerpts_of
from dossier.records import Chunk, Line, Passage, Table, TableCell, TableRow
from dossier.settling import check_reply
from dossier.traces import Origin, Trace
from retrieval.query import read_query
from serving.answering.reply_wording import word_reply
from serving.answering.wording import word_line
from serving.integrity.tracing import Basis, trace_numbers, trace_reply

WORDS = "Net sales were $4,213 million in 2025, up 3.5%. The order book stood at 338,900,000 dollars. Leave is 27 days."
ROWS = ("Net sales 4,213 4,070", "Net margin 12.1 11.9", "Per share 2.64 2.51", "Tax (44) 4,070")
AT = 1000


def row(number: int) -> TableRow:
    start = AT + sum(len(text) + 1 for text in ROWS[:number])
    label, *amounts = ROWS[number].rsplit(" ", 2)
    cells = (TableCell(label), *(TableCell(amount, f"{'BC'[at]}{number + 2}") for at, amount in enumerate(amounts)))
    return TableRow(start, start + len(ROWS[number]), cells)


TEXT = "\n".join(ROWS)
TABLE = Table(4, AT, AT + len(TEXT), "Results", "in millions", ("", "2025", "2024"), tuple(map(row, range(4))))
PASSAGES = (
    Passage(1, Chunk("reports/annual.pdf", "Annual", 3, 0, len(WORDS), ("Review",), WORDS), 1.0),
    Passage(2, Chunk("sales.xlsx", "Sales", 4, AT, AT + len(TEXT), (), TEXT, "Results. in millions"), 0.5),
)
TABLES = {2: (TABLE,)}


def traced(text: str, asked: str = "") -> dict[str, Trace]:
    clean, citations = parse_citations(text, len(PASSAGES))
    traces = trace_numbers(clean, citations, Basis.of(PASSAGES, TABLES, asked))
    assert all(clean[trace.start : trace.end] == trace.text for trace in traces)
    return {trace.text: trace for trace in traces}


@pytest.mark.parametrize(
    ("text", "number", "found"),
    [
        ("Net sales were $4,213 million [1].", "4,213", ""),
        ("Net sales were 4213 million [1].", "4213", "4,213"),
        ("Net sales were $4.213 billion [1].", "4.213", "4,213"),
        ("Net sales were $4.2 billion [1].", "4.2", "4,213"),
        ("Net sales were $4,213,000,000 [1].", "4,213,000,000", "4,213"),
        ("They rose 3.5 percent [1].", "3.5", ""),
        ("The order book is $338.9 million [1].", "338.9", "338,900,000"),
    ],
)
def test_a_number_in_a_text_is_found_however_it_is_written(text: str, number: str, found: str) -> None:
    trace = traced(text)[number]
    assert (trace.origin, trace.passage, trace.document, trace.page) == (Origin.PASSAGE, 1, "annual.pdf", 3)
    assert trace.found == found
    assert trace.span is not None and WORDS[slice(*trace.span)] == (found or number)


@pytest.mark.parametrize(
    "text",
    [
        "Net sales were $4,300 million [1].",
        "Net sales were $4.3 billion [1].",
        "Net sales were $4,213 [1].",  # a thousandth of a million of what stands there
        "Net sales were $4.213 million [1].",
        "Leave grew by 27% [1].",
        "There are 999 plants [1].",
    ],
)
def test_a_number_that_stands_nowhere_is_untraced(text: str) -> None:
    (trace,) = traced(text).values()
    assert trace.origin is Origin.UNTRACED and not trace.is_traced


@pytest.mark.parametrize(
    ("text", "number", "cell"),
    [
        ("Net sales of 2024 were $4,070 million [2].", "4,070", ("Net sales", "2024", "C2")),
        ("Tax in 2024 took 4,070 (in millions) [2].", "4,070", ("Tax", "2024", "C5")),
        ("The net margin was 12.1% in 2025 [2].", "12.1", ("Net margin", "2025", "B3")),
        ("Earnings per share were $2.64 in 2025 [2].", "2.64", ("Per share", "2025", "B4")),
        ("Sales in 2025 [2].", "2025", ("", "2025", "")),
    ],
)
def test_a_number_of_a_table_leads_to_its_cell(text: str, number: str, cell: tuple[str, str, str]) -> None:
    trace = traced(text)[number]
    assert (trace.origin, trace.document, trace.page) == (Origin.CELL, "sales.xlsx", 4)
    assert (trace.row, trace.column, trace.place) == cell
    if trace.row:
        assert trace.span is not None and TEXT[slice(*trace.span)].startswith(trace.row)


def test_a_day_leads_to_the_head_that_has_its_date() -> None:
    heads = ("", "June 30, 2025", "June 30, 2024")
    table = Table(4, AT, AT + len(TEXT), "", "in millions", heads, tuple(map(row, range(4))))
    text = "Net sales were 4,070 (in millions) on June 30, 2024 [2]."
    clean, citations = parse_citations(text, 2)
    traces = trace_numbers(clean, citations, Basis.of(PASSAGES, {2: (table,)}))
    assert {one.text: one.column for one in traces} == {"4,070": heads[2], "30": heads[2], "2024": heads[2]}


def test_what_a_sentence_cites_comes_before_other_passages() -> None:
    assert traced("Net sales were 4,213 million [1].")["4,213"].passage == 1
    assert traced("Net sales were 4,213 million [2].")["4,213"].passage == 2
    assert traced("Leave is 27 days [2].")["27"].passage == 1


def test_numbers_of_the_question_markers_lists_and_names_are_no_claims() -> None:
    assert traced("Nothing is said of $50,000 [1].", "Who signs off on $50,000?")["50,000"].origin is Origin.QUESTION
    assert traced("1. Sales in Q3 [1]\n2. Leave [2]") == {}


def test_an_answer_that_code_read_is_traced_to_the_line_it_was_read_from() -> None:
    start = TABLE.rows[3].start - AT
    line = Line(2, start, start + len(ROWS[3]), ROWS[3], "")
    text = word_line(line, PASSAGES[1], read_query("What was the tax in 2024?"), (TABLE,))
    clean, citations = parse_citations(text, 2)
    traces = trace_numbers(clean, citations, Basis.of(PASSAGES, TABLES, "", (line,)))
    assert clean.startswith("Tax, 2024: 4,070")
    assert [(one.text, one.row, one.column) for one in traces] == [("2024", "", "2024"), ("4,070", "Tax", "2024")]


@pytest.mark.parametrize(
    ("reply", "value", "operands"),
    [
        (
            "[1] Net sales | 2025: 4,213 | 2024: 4,070\n= (4,213 - 4,070) / 4,070 percent",
            "3.51",
            [("4,213", "Net sales", "2025"), ("4,070", "Net sales", "2024"), ("4,070", "Net sales", "2024")],
        ),
        (
            "[1] Net sales | 2025: 4,213\n= 4,213 / 12 million",
            "351.08",
            [("4,213", "Net sales", "2025"), ("12", "", "")],
        ),
        (
            "[1] Net sales | 2025: 4,213\n= 4,213 - 5,000 million",
            "787",
            [("4,213", "Net sales", "2025"), ("5000", "", "")],
        ),
    ],
)
def test_a_computed_number_opens_to_its_cells(reply: str, value: str, operands: list[tuple[str, str, str]]) -> None:
    start = TABLE.rows[0].start - AT
    line = Line(2, start, start + len(ROWS[0]), ROWS[0], "")
    excerpts = tuple(one.plain for one in excerpts_of(PASSAGES, [line], TABLES))
    asked = "By how much would sales differ from 5,000?"
    found = check_reply(reply, excerpts, asked)
    clean, citations = parse_citations(word_reply(found, excerpts), 2)
    first, *others = trace_reply(clean, citations, Basis.of(PASSAGES, TABLES, asked), found, excerpts)
    assert (first.text, first.origin, first.expression) == (value, Origin.COMPUTED, found.written)
    assert sorted(
        (one.text.replace(",", "") if not one.row else one.text, one.row, one.column) for one in first.operands
    ) == sorted(operands)
    kinds = {"12": Origin.CONSTANT, "5000": Origin.QUESTION, "5,000": Origin.QUESTION}
    assert all(one.origin is kinds.get(one.text, Origin.CELL) for one in first.operands)
    assert all(one.place in ("B2", "C2") for one in first.operands if one.row)
    assert first.is_traced and all(one.is_traced for one in others)
    assert [clean[one.start : one.end] for one in others] == [one.text for one in others]


def test_a_computed_number_is_traced_only_with_all_its_operands() -> None:
    lost = Trace("7", -1, -1, Origin.UNTRACED)
    assert not Trace("8", 0, 1, Origin.COMPUTED, expression="7 + 1", operands=(lost,)).is_traced
