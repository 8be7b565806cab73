"""Two documents compared over the real readers' chunks and tables."""

from decimal import Decimal
from pathlib import Path

import pytest

from dossier.amounts import Scale
from dossier.records import Chunk, Document, Table, TableCell, TableRow
from retrieval.content import Content, read_content
from serving.comparing import comparing
from serving.comparing.comparing import Comparison, SectionCompared, compare
from serving.comparing.figures import compare_rows
from serving.comparing.headings import about, column_about
from tests.retrieval.stored import stored

OLD = """# Acme Inc. reports second quarter 2024 results

Acme makes pumps. It has 4,120 employees in nine countries.

## Note 2. Revenue

Demand was strong in every region.

| (in millions) | 2024 | 2023 |
|---|---|---|
| Products | $100.0 | $90.0 |
| Services | 40.0 | 38.0 |
| Licences | 5.0 | 4.0 |
| Gross margin | 52.0% | 51.0% |

## 3. Legal matters

A lawsuit about valves is pending in Ohio. We think that it has no merit and defend ourselves.

## Dividends

Nothing has changed here at all.
"""
NEW = """# Acme Inc. reports second quarter 2025 results

Acme makes pumps. It has 4,305 employees in nine countries.

## Note 3. Revenue

Demand was strong in every region. Prices rose in spring.

| (in millions) | 2025 | 2024 |
|---|---|---|
| Products | $125.0 | $99.0 |
| Services | 36.0 | 40.0 |
| Subscriptions | 7.0 | 1.0 |
| Gross margin | 52.5% | 52.0% |

## Cyber security

An attack in May stopped two plants. They were back at work after three days.

## Dividends

Nothing has changed here at all.
"""


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> tuple[Content, Content]:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "old.md").write_text(OLD)
    (folder / "new.md").write_text(NEW)
    store = stored(folder, tmp_path_factory.mktemp("store") / "chunks.sqlite")
    old, new = (read_content(store, name, frozenset()) for name in ("old.md", "new.md"))
    assert old is not None and new is not None
    return old, new


@pytest.fixture(scope="module")
def compared(contents: tuple[Content, Content]) -> Comparison:
    return compare(*contents)


def section(compared: Comparison, heading: str) -> SectionCompared:
    found = [one for one in compared.sections for side in (one.new or one.old,) if side and side.heading[-1] == heading]
    assert len(found) == 1, [side.heading for one in compared.sections if (side := one.new or one.old)]
    return found[0]


def test_headings_are_the_same_whatever_their_number_and_period() -> None:
    assert about("Note 2. Revenue") == about("NOTE 11 – Revenue") == "revenue"
    assert about("Results for the second quarter of 2024") == about("Results for the third quarter of 2025")
    assert about("Item 1A. Risk factors") != about("Item 1. Business")
    assert about("2024") == "2024"
    assert column_about("Year ended 30 June 2025") == column_about("2024") == ""
    assert column_about("2025 Americas") == "americas"


def test_sections_are_paired_by_heading_and_what_one_has_alone_is_told(compared: Comparison) -> None:
    shape = [
        ((one.old.heading[-1] if one.old else None), (one.new.heading[-1] if one.new else None))
        for one in compared.sections
    ]
    assert shape == [
        ("Acme Inc. reports second quarter 2024 results", "Acme Inc. reports second quarter 2025 results"),
        ("Note 2. Revenue", "Note 3. Revenue"),
        (None, "Cyber security"),
        ("3. Legal matters", None),
        ("Dividends", "Dividends"),
    ]
    assert section(compared, "Dividends").same and not section(compared, "Note 3. Revenue").same


def test_figures_are_paired_by_label_and_period(compared: Comparison) -> None:
    revenue = section(compared, "Note 3. Revenue")
    told = {(one.change.label, one.change.restated): one.change for one in revenue.figures}
    products = told["Products", False]
    assert (products.old.text, products.new.text) == ("$100.0", "$125.0")
    assert (products.old.column, products.new.column) == ("2024", "2025")
    assert (products.change, products.share) == (Decimal("25.0"), Decimal("0.25"))
    assert (products.new.scale, products.new.currency) == (Scale.MILLION, "$")
    assert told["Services", False].share == Decimal("-0.1")
    margin = told["Gross margin", False]
    assert (margin.change, margin.share) == (Decimal("0.5"), None)
    assert told["Products", True].old.column == told["Products", True].new.column == "2024"
    assert (told["Products", True].old.text, told["Products", True].new.text) == ("$100.0", "$99.0")
    assert ("Services", True) not in told  # both say 40.0 of 2024
    assert (revenue.rows_only_old, revenue.rows_only_new) == (("Licences",), ("Subscriptions",))
    assert revenue.figures_alike == 2


def test_a_sentence_that_differs_in_its_number_only_gives_a_figure(compared: Comparison) -> None:
    (one,) = compared.sections[0].figures
    assert (one.change.old.text, one.change.new.text, one.change.change) == ("4,120", "4,305", Decimal(185))


def test_what_the_other_doesnt_say_is_marked(compared: Comparison) -> None:
    side = section(compared, "Note 3. Revenue").new
    assert side is not None
    assert [(piece.text, piece.differs) for piece in side.pieces] == [
        ("Demand was strong in every region.", False),
        ("Prices rose in spring.", True),
    ]


def test_places_can_be_marked_on_their_page(compared: Comparison, contents: tuple[Content, Content]) -> None:
    one = next(one for one in section(compared, "Note 3. Revenue").figures if one.change.label == "Products")
    place = one.change.new.place
    text = next(chunk for chunk in contents[1].chunks if chunk.start <= place.start < chunk.end)
    assert "Products" in text.text[place.start - text.start : place.end - text.start]
    assert len(one.new_digest) == len(one.old_digest) == 64


def test_more_than_can_be_shown_is_said(contents: tuple[Content, Content], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "MOST_SECTIONS", 2)
    monkeypatch.setattr(comparing, "MOST_FIGURES", 3)
    monkeypatch.setattr(comparing, "SHOWN", 20)
    found = compare(*contents)
    assert len(found.sections) == 2 and sum(len(one.figures) for one in found.sections) == 3
    assert "5 sections together; 2 are shown" in found.notes[0] and "first 3" in found.notes[1]
    side = found.sections[1].new
    assert side is not None and side.cut == len("Demand was strong in every region.Prices rose in spring.") - 20


def test_a_document_compared_with_itself_is_the_same(contents: tuple[Content, Content]) -> None:
    found = compare(contents[0], contents[0])
    assert all(one.same for one in found.sections)


def test_a_short_section_that_shares_a_chunk_is_found_by_a_heading_of_the_other(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "old.md").write_text("# Rules\n\n## Dress\n\nWear shoes.\n\n## Parking\n\nPark behind the house.\n")
    long = "Park in front of the house, on the left side of the yard, between the two white lines."
    (folder / "new.md").write_text(f"# Rules\n\n## Dress\n\n{long.replace('Park', 'Dress')}\n\n## Parking\n\n{long}\n")
    store = stored(folder, tmp_path / "chunks.sqlite")
    old, new = (read_content(store, name, frozenset()) for name in ("old.md", "new.md"))
    assert old is not None and new is not None
    assert "Parking" not in {heading for chunk in old.chunks for heading in chunk.section}
    parking = section(compare(old, new), "Parking")
    assert parking.old is not None and [one.text for one in parking.old.pieces] == ["Park behind the house."]


def table(heads: tuple[str, ...], unit: str, *rows: tuple[str, ...]) -> Table:
    made = tuple(TableRow(9 * at, 9 * at + 8, tuple(map(TableCell, row))) for at, row in enumerate(rows))
    return Table(1, 0, 99, "Income", unit, heads, made)


@pytest.mark.parametrize(
    ("old", "new", "obstacle", "change"),
    [
        (("2024", "in millions", "4.5"), ("2025", "in thousands", "5,000"), "", Decimal("500")),
        (("2024", "in millions", "4.5"), ("2025", "in thousands", "4,500"), "", Decimal(0)),
        (("2024", "", "4.5"), ("2025", "in millions", "5.0"), "unit", None),
        (("2024", "in millions, except shares in thousands", "4"), ("2025", "in millions", "5"), "", Decimal(1)),
        (("2024", "in millions", "$4.5"), ("2025", "in millions", "€5.0"), "unit", None),
        (("2024", "in millions", "4.5%"), ("2025", "in millions", "5.0"), "unit", None),
        (("Year ended 2024", "in millions", "4.5"), ("Quarter ended 2025", "in millions", "5.0"), "length", None),
        (("Year ended 2024", "in millions", "4.5"), ("Year ended 2025", "in millions", "(0.5)"), "", Decimal(-5)),
    ],
)  # fmt: skip
def test_only_what_counts_in_the_same_unit_and_length_is_set_off(
    old: tuple[str, str, str], new: tuple[str, str, str], obstacle: str, change: Decimal | None
) -> None:
    before, now = (table(("", head), unit, ("Profit", cell)) for head, unit, cell in (old, new))
    (figure,) = compare_rows(before, now).figures
    assert (figure.obstacle, figure.change) == (obstacle, change)
    assert figure.differs is (change != 0)


def test_columns_that_tell_a_change_and_tables_of_contents_give_no_figures() -> None:
    heads = ("", "2025", "2024", "Change")
    found = compare_rows(table(heads, "", ("Profit", "5", "4", "25%")), table(heads, "", ("Profit", "6", "5", "20%")))
    assert {one.new.column for one in found.figures} == {"2025", "2024"}
    assert all(one.restated for one in found.figures)
    contents = table(("", "Page"), "", ("Item 1A. Risk factors", "5"), ("Item 2. Properties", "17"))
    assert not compare_rows(contents, contents).figures


def test_a_table_under_another_heading_is_found_by_its_rows() -> None:
    rows = [(name, str(at)) for at, name in enumerate(("Cash", "Loans", "Goodwill", "Debt"), start=10)]
    old = table(("", "2024"), "in millions", *rows)
    new = table(("", "2025"), "in millions", *((name, f"{amount}.5") for name, amount in rows))
    sides = [
        Content(Document(name, name, "d"), (Chunk(name, name, 1, 0, 99, (heading,), "x" * 99),), (one,))
        for name, heading, one in (("a", "Balance sheet", old), ("b", "Financial position", new))
    ]
    *_, last = compare(*sides).sections
    assert [one.change.change for one in last.figures] == [Decimal("0.5")] * 4
    assert (
        last.old and last.new and (last.old.heading, last.new.heading) == (("Balance sheet",), ("Financial position",))
    )
