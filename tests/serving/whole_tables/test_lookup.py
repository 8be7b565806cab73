"""Questions over whole tables of a real index: all rows are read, groups hold, what is cited holds the rows."""

import csv
import random
from pathlib import Path

import pytest
from openpyxl import Workbook

from dossier.citations import parse_citations
from dossier.packs import Pack, load_pack
from dossier.settings import Settings, load_settings
from dossier.traces import Origin
from retrieval.indexing import build_index
from retrieval.opening import open_searcher
from retrieval.search import Searcher
from serving.whole_tables import WholeTable, over_whole_table

pytestmark = pytest.mark.model

ORDERS = [
    (f"O{number}", random.Random(number).choice(["North", "South", "East", "West"]), (number * 37) % 1000 + 0.5)
    for number in range(198)
]
LONG = 5_000


def _workbook(file: Path) -> None:
    book = Workbook()
    first = book.active
    first.title = "Q3"
    first.append(["Order", "Region", "Amount"])
    for number, order in enumerate(ORDERS):
        if number == 150:  # the second part of the sheet has its heads again
            first.append([])
            first.append(["Order", "Region", "Amount"])
        first.append(list(order))
    second = book.create_sheet("Q4")
    second.append(["Order", "Region", "Amount"])
    for number in range(20):
        second.append([f"P{number}", "North", 2])
    book.save(file)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Pack, Searcher]:
    folder = tmp_path_factory.mktemp("whole")
    documents = folder / "documents"
    documents.mkdir()
    _workbook(documents / "orders.xlsx")
    with (documents / "bonuses.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Employee", "Department", "Bonus"])
        writer.writerows([f"Person {number}", "Sales" if number % 2 else "Law", 10 * number] for number in range(30))
    with (documents / "visits.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Visitor", "Since"])
        writer.writerows([f"Guest {number}", f"20{10 + number}-05-01"] for number in range(12))
    (documents / "groups.toml").write_text('[groups]\n"bonuses.csv" = ["board"]\n')
    (documents / "news.md").write_text("# News\n\nOrders in the region North were many, said the head of sales.\n")
    settings = load_settings(home=folder / "home", documents=documents)
    pack = load_pack(settings)
    build_index(settings, pack)
    return settings, pack, open_searcher(settings, pack)


def asked(searcher: Searcher, question: str, *groups: str) -> WholeTable | None:
    rights = frozenset(groups)
    return over_whole_table(searcher, searcher.search(question, rights, 6), rights)


def test_all_rows_of_a_sheet_are_counted_and_told(indexed: tuple[Settings, Pack, Searcher]) -> None:
    made = asked(indexed[2], "How many orders in sheet Q3 are from the region North?")
    assert made is not None
    north = sum(1 for order in ORDERS if order[1] == "North")
    assert made.wording.text.startswith(f"{north} rows where Region is North [")
    assert "Read 198 of 198 rows of sheet “Q3” in orders.xlsx [" in made.wording.text
    total = asked(indexed[2], "What is the sum of the amount in sheet Q3?")
    assert total is not None
    assert f"Sum of Amount: {sum(order[2] for order in ORDERS):,.1f} (198 rows)" in total.wording.text


def test_what_is_cited_holds_the_rows_and_each_number_has_its_cell(indexed: tuple[Settings, Pack, Searcher]) -> None:
    made = asked(indexed[2], "Top 3 orders by amount in sheet Q3")
    assert made is not None
    best = sorted(ORDERS, key=lambda order: -order[2])[:3]
    text, citations = parse_citations(made.wording.text, len(made.passages))
    for order, line in zip(best, text.splitlines()[1:4], strict=True):
        assert line.startswith(f"- {order[0]}: {order[2]} [")
        number = int(line.rpartition("[")[2].rstrip("]"))
        assert order[0] in made.passages[number - 1].chunk.text
    traces = made.wording.traces(text, citations)
    assert all(trace.is_traced for trace in traces)
    cells = [trace for trace in traces if trace.origin is Origin.CELL and trace.column == "Amount"]
    assert [(cell.text, cell.row) for cell in cells] == [(str(order[2]), order[0]) for order in best]
    assert all(cell.place.startswith("C") for cell in cells)


def test_two_sheets_with_the_same_columns_are_both_named(indexed: tuple[Settings, Pack, Searcher]) -> None:
    made = asked(indexed[2], "What is the average amount of the orders?")
    assert made is not None
    assert "The same columns are in sheet “Q4” in orders.xlsx: name the one that you mean." in made.wording.text
    other = asked(indexed[2], "What is the average amount of the orders in sheet Q4?")
    assert other is not None
    assert other.wording.text.startswith("Average of Amount: 2 (20 rows)")
    assert "The same columns" not in other.wording.text


def test_a_table_of_a_group_is_read_by_nobody_else(indexed: tuple[Settings, Pack, Searcher]) -> None:
    question = "What is the sum of the bonus where department is Law?"
    assert asked(indexed[2], question) is None
    assert asked(indexed[2], question, "works council") is None
    made = asked(indexed[2], question, "board")
    assert made is not None
    assert f"Sum of Bonus where Department is Law: {sum(range(0, 300, 20)):,} (15 rows)" in made.wording.text
    assert indexed[2].left_out("bonuses.csv", frozenset()) == ""


def test_entries_of_words_and_dates_are_not_taken_for_heads(indexed: tuple[Settings, Pack, Searcher]) -> None:
    made = asked(indexed[2], "How many visitors are there since 2012?")
    assert made is not None
    assert made.wording.text.startswith("10 rows where Since is from 2012-01-01 [")
    assert "Read 12 of 12 rows of visits.csv" in made.wording.text


def test_a_question_about_a_text_is_left_to_the_others(indexed: tuple[Settings, Pack, Searcher]) -> None:
    assert asked(indexed[2], "What did the head of sales say about orders?") is None
    assert asked(indexed[2], "How many regions did the head of sales name?") is None


@pytest.mark.slow
def test_a_file_of_thousands_of_rows_is_read_whole(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    with (documents / "parcels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Parcel", "Depot", "Weight"])
        writer.writerows([f"K{number}", f"Depot {number % 7}", number % 90] for number in range(LONG))
    settings = load_settings(home=tmp_path / "home", documents=documents)
    pack = load_pack(settings)
    build_index(settings, pack)
    made = asked(open_searcher(settings, pack), "How many parcels are in depot 3?")
    assert made is not None
    assert made.wording.text.startswith(f"{len(range(3, LONG, 7)):,} rows where Depot is Depot 3 [")
    assert f"Read {LONG:,} of {LONG:,} rows of parcels.csv" in made.wording.text
