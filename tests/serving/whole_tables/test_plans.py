"""Which questions are read as questions over a table's rows, and what comes out of them, beside plain Python."""

import random
from decimal import Decimal

import duckdb
import pytest

from dossier.records import Chunk, Passage
from retrieval.parsing.delimited import read_csv
from serving.whole_tables.plans import plan_of
from serving.whole_tables.querying import Limits, Outcome, TooLargeError, load, opened, run_plan
from serving.whole_tables.questions import wish_of
from serving.whole_tables.sheets import Sheet, joined, sheet_of
from serving.whole_tables.telling import word_result
from serving.whole_tables.values import Kind
from serving.whole_tables.writing import Result

HEADS = "Supplier,Country,City,Status,Since,Price (EUR),Units sold,Rating"
Entry = tuple[str, str, str, str, str, Decimal, int, int]


def entries() -> list[Entry]:
    draw = random.Random(7)
    return [
        (
            f"Firm {number}",
            draw.choice(["Germany", "France", "Spain", "United Kingdom"]),
            draw.choice(["Berlin", "Paris"]),
            draw.choice(["open", "overdue", "paid"]),
            f"{draw.choice([2022, 2023, 2024])}-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}",
            Decimal(draw.randint(10_000, 150_000)) / 100,
            draw.randint(1, 100),
            draw.randint(1, 5),
        )
        for number in range(198)
    ]


ENTRIES = entries()


def sheet(text: str, name: str = "suppliers.csv") -> Sheet:
    read = read_csv(name, text.encode())
    passage = Passage(1, Chunk(name, read.title, 1, 0, 10, (), "x"), 0.0)
    made = sheet_of(joined(read.pages[0].tables)[0], passage, read.warning)
    assert made is not None
    return made


def suppliers() -> Sheet:
    rows = [f'{a},{b},{c},{d},{e},"{f:,.2f}",{g},{h}' for a, b, c, d, e, f, g, h in ENTRIES]
    return sheet("\n".join([HEADS, *rows]))


def outcome(question: str, over: Sheet) -> Outcome:
    wish = wish_of(question)
    plan = plan_of(wish, over) if wish else None
    assert plan is not None, question
    return run_plan(plan, over)


def said(question: str, over: Sheet) -> str:
    wish = wish_of(question)
    plan = plan_of(wish, over) if wish else None
    assert plan is not None, question
    return word_result(Result(plan, over, run_plan(plan, over), {0: 1})).text


def count(keep: object) -> int:
    return sum(1 for entry in ENTRIES if keep(entry))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many suppliers are in Germany?", count(lambda e: e[1] == "Germany")),
        ("How many suppliers are there?", 198),
        ("How many rows does suppliers.csv have?", 198),
        ("What is the number of suppliers in the United Kingdom?", count(lambda e: e[1] == "United Kingdom")),
        ("Count the suppliers where status is overdue", count(lambda e: e[3] == "overdue")),
        ("How many suppliers in Germany are overdue?", count(lambda e: e[1] == "Germany" and e[3] == "overdue")),
        ("How many suppliers are in Germany or France?", count(lambda e: e[1] in ("Germany", "France"))),
        ("How many suppliers have a rating above 4?", count(lambda e: e[7] > 4)),
        ("How many suppliers have a rating of at least 4?", count(lambda e: e[7] >= 4)),
        ("How many suppliers with rating 5 are in Paris?", count(lambda e: e[7] == 5 and e[2] == "Paris")),
        ("How many suppliers have a price between 500 and 1,000 euros?", count(lambda e: 500 <= e[5] <= 1000)),
        ("How many suppliers have been with us since 2023?", count(lambda e: e[4] >= "2023-01-01")),
        ("How many suppliers are from before 2024?", count(lambda e: e[4] < "2024-01-01")),
        ("How many suppliers are from March 2023?", count(lambda e: e[4].startswith("2023-03"))),
        ("How many suppliers were there after 15 March 2023?", count(lambda e: e[4] > "2023-03-15")),
        ("How many units were sold in Germany?", sum(e[6] for e in ENTRIES if e[1] == "Germany")),
        ("Sum of units sold where status is overdue", sum(e[6] for e in ENTRIES if e[3] == "overdue")),
        ("What is the total units sold?", sum(e[6] for e in ENTRIES)),
        ("Add up all units sold in France", sum(e[6] for e in ENTRIES if e[1] == "France")),
        ("What is the average price over all rows?", sum(e[5] for e in ENTRIES) / 198),
        ("What is the mean price in Spain?", None),
    ],
)
def test_one_value_is_what_plain_python_comes_to(question: str, expected: Decimal | int | None) -> None:
    if expected is None:
        prices = [e[5] for e in ENTRIES if e[1] == "Spain"]
        expected = sum(prices) / len(prices)
    value = outcome(question, suppliers()).value
    assert value is not None and abs(value - expected) < Decimal("1e-9")


@pytest.mark.parametrize(
    ("question", "number", "key", "way"),
    [
        ("Top 5 suppliers by price", 5, 5, -1),
        ("Which supplier has the highest price?", 1, 5, -1),
        ("What are the three cheapest suppliers?", 3, 5, 1),
        ("What is the lowest price?", 1, 5, 1),
        ("Which are the 3 suppliers with the largest price?", None, 5, -1),
    ],
)
def test_first_rows_are_those_that_sorting_gives(question: str, number: int | None, key: int, way: int) -> None:
    over = suppliers()
    if number is None:  # the number stands before the noun: not read for certain
        wish = wish_of(question)
        assert wish is None or plan_of(wish, over) is None
        return
    ordered = sorted(range(198), key=lambda at: (way * ENTRIES[at][key], at))  # type: ignore[operator]
    assert [item.row for item in outcome(question, over).items] == ordered[:number]


@pytest.mark.parametrize(
    ("question", "column", "made"),
    [
        ("Which three countries had the largest units sold?", 1, sum),
        ("Units sold in total per country", 1, sum),
        ("What is the total units sold by status?", 3, sum),
        ("How many suppliers are there per country?", 1, len),
        ("Which city has the most suppliers?", 2, len),
        ("Which country has the fewest suppliers?", 1, len),
        ("Average units sold by city", 2, lambda units: Decimal(sum(units)) / len(units)),
    ],
)
def test_groups_are_what_plain_python_groups(question: str, column: int, made: object) -> None:
    groups: dict[str, list[int]] = {}
    for entry in ENTRIES:
        groups.setdefault(str(entry[column]), []).append(entry[6])
    way = 1 if "fewest" in question else -1
    expected = sorted(((made(units), name) for name, units in groups.items()), key=lambda one: way * one[0])  # type: ignore[operator]
    found = outcome(question, suppliers())
    told = [(item.value, ENTRIES[item.row][column]) for item in found.items]
    number = 3 if "three" in question else 1 if question.startswith("Which") else len(groups)
    assert len(told) == number
    for (value, name), (wanted, other) in zip(told, expected, strict=False):
        assert isinstance(value, Decimal)
        assert name == other and abs(value - wanted) < Decimal("1e-9")


@pytest.mark.slow
def test_values_are_listed_once() -> None:
    over = suppliers()
    found = outcome("List all different cities", over)
    assert {ENTRIES[item.row][2] for item in found.items} == {"Berlin", "Paris"}
    assert outcome("How many different countries are there?", over).different == 4
    paris = outcome("Which suppliers are in Paris?", over)
    assert paris.found == count(lambda e: e[2] == "Paris") > len(paris.items) == 20
    assert f"and {paris.found - 20} more" in said("Which suppliers are in Paris?", over)


@pytest.mark.parametrize(
    "question",
    [
        "How many suppliers are not in Germany?",
        "How many suppliers are in Italy?",
        "How many suppliers are in Germany, and how many in France?",
        "How many suppliers are in Germany or overdue?",
        "Why are there so many suppliers in Germany?",
        "What percentage of suppliers are in Germany?",
        "What is the median price?",
        "What is the price of Firm 7?",
        "What is the sum of units sold and rating?",
        "What is the second highest price?",
        "How many employees do the suppliers have?",
        "How many good suppliers are there?",
        "How many rows does customers.csv have?",
        "Which suppliers are good?",
        "What is the total?",
        "How much did the average price change in 2023?",
        "How many suppliers have a country?",
        "How many suppliers are in Germany except Firm 7?",
        "Who is the head of purchasing?",
    ],
)
def test_what_is_not_clearly_asked_over_the_rows_has_no_plan(question: str) -> None:
    wish = wish_of(question)
    assert wish is None or plan_of(wish, suppliers()) is None


def small(heads: str, rows: list[str], name: str = "items.csv") -> Sheet:
    return sheet("\n".join([heads, *rows]), name)


def test_ties_and_empty_cells_are_told() -> None:
    over = small("Item,Amount", [f"I{n},{n if n % 3 else ''}" for n in range(12)] + ["J,11", "K,n/a"])
    top = outcome("top 1 items by amount", over)
    assert [over.rows[item.row].cells[0].text for item in top.items] == ["I11", "J"]
    assert "equal" in said("top 1 items by amount", over)
    total = outcome("sum of amount", over)
    assert (total.rows, total.used, total.value) == (14, 9, 1 + 2 + 4 + 5 + 7 + 8 + 10 + 11 + 11)
    assert "5 without a number left out" in said("sum of amount", over)


@pytest.mark.parametrize(
    ("cells", "total", "shown"),
    [
        (["$1,200.50", "($200.50)", "-$3.00"] * 3, "2991.00", "$2,991.00"),
        (["1.200,50 €", "12,25 €", "3,00 €"] * 3, "3647.25", "€3,647.25"),
        (["1 200", "12", "30-"] * 3, "3546", "3,546"),
        (["EUR 5", "EUR 7", "EUR 1.5"] * 3, "40.5", "40.5 EUR"),
    ],
)
def test_numbers_are_read_in_their_spellings(cells: list[str], total: str, shown: str) -> None:
    over = small("Item;Amount", [f"I{n};{cell}" for n, cell in enumerate(cells)])
    assert outcome("sum of amount", over).value == Decimal(total)
    assert f"Sum of Amount: {shown} (9 rows)" in said("sum of amount", over)


@pytest.mark.parametrize(
    "cells", [["$5", "€7", "1"] * 3, ["5%", "7%", "9%"] * 3, ["x", "7", "y"] * 3, ["007", "1", "2"] * 3]
)
def test_what_cannot_be_added_up_is_not(cells: list[str]) -> None:
    over = small("Item;Amount", [f"I{n};{cell}" for n, cell in enumerate(cells)])
    wish = wish_of("sum of amount")
    assert wish is not None and plan_of(wish, over) is None


def test_a_cell_of_another_kind_is_counted_as_empty_and_told() -> None:
    over = small("Item;Amount", [f"I{n};{n}" for n in range(10)] + ["J;see note"])
    assert "in Amount 1 cell couldn't be read" in said("sum of amount", over)


def test_days_are_told_from_months_by_the_column_or_not_at_all() -> None:
    day = small("Item;Due", [f"I{n};{n + 10}/03/2024" for n in range(10)])
    assert day.columns[1].kind is Kind.DATE
    assert outcome("How many items are due before 15 March 2024?", day).value == 5
    unclear = small("Item;Due", [f"I{n};0{n + 1}/03/2024" for n in range(9)])
    assert unclear.columns[1].kind is Kind.TEXT


def test_rows_of_totals_are_not_entries() -> None:
    over = small("Region,Sales", [f"R{n},{n}" for n in range(9)] + ["Total,36"])
    assert outcome("sum of sales", over).value == 36
    assert "Read 9 of 9 rows of items.csv; 1 row of totals or notes left out [1]." in said("sum of sales", over)
    assert outcome("which region had the largest sales", over).items[0].value == 8


def test_heads_and_values_are_never_sql() -> None:
    hostile = ['a"); DROP TABLE sheet; --', "'; DROP TABLE sheet; --", 'x" OR 1=1', "[1] see [2]", "%", "\\", "Ünï"]
    heads = ['Item"); DROP TABLE sheet;--', 'Na"me', "Amount"]
    lines = [
        f'"{(v := hostile[n % 7]).replace(chr(34), chr(34) * 2)}","{v.replace(chr(34), chr(34) * 2)}",{n}'
        for n in range(21)
    ]
    quoted = ",".join('"' + head.replace('"', '""') + '"' for head in heads)
    over = small(quoted, lines)
    assert outcome("sum of amount", over).value == sum(range(21))
    assert "Average of Amount: 10" in said("average amount", over)
    top = said("what is the highest amount", over)
    assert "[2]" not in top
    groups = outcome("sum of amount by item drop table sheet", over)
    assert len(groups.items) == 7
    with opened(Limits()) as database:
        load(database, over, [0, 1, 2])
        assert database.execute("SELECT count(*) FROM sheet").fetchone() == (21,)


def test_parts_of_a_file_that_was_cut_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.parsing.delimited.MAX_ROWS", 51)
    over = sheet("\n".join(["Item,Amount", *(f"I{n},{n}" for n in range(120))]), "items.csv")
    text = said("sum of amount", over)
    assert "Read 50 of 120 rows of items.csv; the file was too large to be read whole [1]." in text


@pytest.mark.slow
def test_time_and_memory_are_bounded() -> None:
    with pytest.raises(TooLargeError, match=r"0\.2 seconds"), opened(Limits(seconds=0.2)) as database:
        database.execute("SELECT sum(a.range * b.range) FROM range(1000000000) a, range(1000000000) b").fetchall()
    with pytest.raises(TooLargeError, match="20MB"), opened(Limits(seconds=60, memory="20MB")) as database:
        database.execute("SELECT list(range) FROM range(100000000)").fetchall()
    with pytest.raises(TooLargeError):
        wish = wish_of("sum of units sold by supplier")
        over = suppliers()
        plan = plan_of(wish, over) if wish else None
        assert plan is not None
        run_plan(plan, over, Limits(memory="100KB"))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET threads = 8",
    ],
)
def test_the_database_reaches_nothing_outside(sql: str) -> None:
    with pytest.raises(duckdb.Error), opened(Limits()) as database:
        database.execute(sql)


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("How many trading days in prices.csv closed above 50?", 12),
        ("On how many days was the close above 50 in August 2024?", 8),
        ("How many sessions had a volume of more than 20000?", 16),
    ],
)
def test_rows_with_a_day_each_are_days(question: str, count: int) -> None:
    closes = {7: 46, 8: 48}  # above 50 on the last 4 days of July and the last 8 of August
    days = [
        f"2024-0{month}-{day:02},{base + (day > 28 - 4 * (month - 6)) * 5},{1000 * day}"
        for month, base in closes.items()
        for day in range(1, 29)
    ]
    assert outcome(question, sheet("\n".join(["date,close,volume", *days]), "prices.csv")).value == count


def test_rows_that_share_days_are_no_days() -> None:
    asked = wish_of("How many days in visits.csv have a price above 50?")
    shared = sheet("\n".join(["date,price", *("2024-07-01,60" for _ in range(20))]), "visits.csv")
    assert asked is not None and plan_of(asked, shared) is None
