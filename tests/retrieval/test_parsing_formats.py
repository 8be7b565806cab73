"""Each format's reader on a good file: words, headings, tables, metadata, and what is left out."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook

from dossier.errors import DocumentError
from dossier.records import Table
from retrieval.parsing import delimited
from retrieval.parsing.isolate import Limits, read_isolated
from retrieval.parsing.parsed import ParsedDocument, clean_text, invisible_count
from retrieval.parsing.readers import READERS, read_file
from retrieval.parsing.sheet_values import shown
from retrieval.parsing.tables import unit_of
from tests.retrieval.good_files import FACT, GOOD, HIDDEN


def read(folder: Path, name: str, data: bytes | None = None) -> tuple[ParsedDocument, ...]:
    file = folder / name
    file.write_bytes(GOOD[name]() if data is None else data)
    return read_file(file)


def table(document: ParsedDocument, page: int = 0, number: int = 0) -> Table:
    """A table, after a look at whether its rows' offsets point at their texts."""
    shown_page = document.pages[page]
    found = shown_page.tables[number]
    for row in found.rows:
        assert len(row.cells) == len(found.columns)
        line = shown_page.text[row.start : row.end]
        assert "\n" not in line
        assert [part for part in line.split("  ") if part != "-"] == [cell.text for cell in row.cells if cell.text]
    assert found.start <= found.rows[0].start < found.rows[-1].end <= found.end
    return found


@pytest.mark.parametrize("name", sorted(GOOD))
def test_every_format_gives_its_fact_and_hides_what_nobody_sees(tmp_path: Path, name: str) -> None:
    documents = read(tmp_path, name)
    everything = str(documents)
    assert FACT in " ".join(page.text for document in documents for page in document.pages)
    assert HIDDEN not in everything
    assert "zebra" not in everything
    hides = name.rsplit(".", 1)[1] in {"docx", "pptx", "xlsx", "html", "md", "eml", "rss", "txt"}
    assert ("left out" in documents[0].warning) is (hides or name.endswith("jsonl"))


def test_all_kinds_are_tried_here() -> None:
    same = {".markdown", ".htm", ".xlsm", ".tsv"}
    assert {Path(name).suffix for name in GOOD} | same == set(READERS)


def test_word_tables_keep_caption_unit_and_joined_heads(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "review.docx")
    found = table(document)
    assert found.columns == ("Region", "Year ended 2025", "Year ended 2024")
    assert (found.caption, found.unit) == ("Revenue by region", "in millions, except per share amounts")
    assert [[cell.text for cell in row.cells] for row in found.rows] == [
        ["North", "812.4", "790.0"],
        ["South", "", "310.2"],
    ]
    assert "struck words" not in document.pages[0].text
    assert "3 pieces" in document.warning
    assert [(heading.level, heading.text) for heading in document.pages[0].headings] == [
        (1, "Annual review"),
        (2, "Revenue by region"),
    ]


def test_slides_are_pages_with_marked_notes_tables_and_charts(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "review.pptx")
    assert [page.number for page in document.pages] == [1, 3]
    assert "Speaker notes\nSay that margins rose." in document.pages[0].text
    assert table(document, 1, 0).columns == ("Site", "People")
    assert table(document, 1, 1).rows[1].cells[1].text == "12.5"
    assert "1 on hidden slides" in document.warning
    assert "1 beside the slide" in document.warning


def test_sheets_show_values_as_people_see_them(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "review.xlsx")
    first = table(document)
    assert [page.headings[0].text for page in document.pages] == ["Income", "Sites"]
    assert first.columns == ("Item", "Year ended 2025", "Year ended 2024")
    assert (first.caption, first.unit) == ("Larkfield Inc. Income statement", "in millions, except per share")
    rows = {row.cells[0].text: [cell.text for cell in row.cells[1:]] for row in first.rows}
    assert rows == {
        "Total revenue": ["1,284.6", "1,100.2"],
        "Margin": ["41.2%", "40.0%"],
        "Loss": ["($12)", "$3"],
        "Closed": ["2025-12-31", "2024-12-31"],
    }
    assert [cell.place for cell in first.rows[1].cells] == ["A7", "B7", "C7"]
    assert table(document, 0, 1).columns == ("Segment", "Sales", "Staff")
    assert table(document, 1).columns == ("Site", "Opened")
    assert "=1+1" not in document.pages[1].text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.1234, "0.0%", "12.3%"),
        (1234567, "#,##0", "1,234,567"),
        (1234567, '#,##0,"k"', "1,235k"),
        (-5.5, "0.00;[Red](0.00)", "(5.50)"),
        (0, '0;-0;"none"', "none"),
        (12, "[$€-407] #,##0.00", "€12.00"),
        (3, '0 "days"', "3 days"),
        (0.1 + 0.2, "General", "0.3"),
        (1e16, "General", "1e+16"),
        (True, "General", "TRUE"),
    ],
)
def test_number_formats(value: object, code: str, text: str) -> None:
    assert shown(value, code) == text


def test_hidden_and_white_need_no_loss_of_what_is_seen(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "review.html")
    assert "White on blue is read." in document.pages[0].text
    found = table(document)
    assert found.columns == ("", "2025", "2024")
    assert [[cell.text for cell in row.cells] for row in found.rows] == [
        ["North", "$812.4", "$790.0"],
        ["South", "(310.2)", "299.9"],
    ]
    assert found.unit == "in millions, except per share amounts"


def test_markdown_tables_become_tables(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "review.md")
    found = table(document)
    assert (found.caption, found.columns, found.unit) == (
        "Revenue by region",
        ("Region", "2025", "2024"),
        "in millions",
    )
    assert "| not | a table |" in document.pages[0].text


def test_csv_finds_header_and_delimiter_and_computes_nothing(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "review.csv")
    found = table(document)
    assert (found.caption, found.columns) == ("Larkfield Inc.", ("Region", "2025", "2024"))
    assert found.rows[0].cells[1].text == "1,5"
    assert found.rows[2].cells[0].text == "=cmd|'/C calc'!A0"
    (tabs,) = read(tmp_path, "a.tsv", b"Name\tAge\nBo\t31\nAnn\t29\n")
    assert table(tabs).columns == ("Name", "Age")


@pytest.mark.parametrize(
    "text",
    [
        "supplier,since\n" + "".join(f"Firm {year},20{year}-05-01\n" for year in range(10, 20)),
        "supplier,year\n" + "".join(f"Firm {year},20{year}\n" for year in range(10, 20)),
        "supplier,country\n" + "".join("\n" * (year == 14) + f"Firm {year},Spain\n" for year in range(10, 20)),
    ],
)
def test_rows_of_words_and_dates_are_entries_not_heads(tmp_path: Path, text: str) -> None:
    (document,) = read(tmp_path, "suppliers.csv", text.encode())
    (only,) = document.pages[0].tables
    assert only.columns[0] == "supplier"
    assert [row.cells[0].text for row in only.rows] == [f"Firm {year}" for year in range(10, 20)]


def test_large_sheets_are_bounded_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.parsing.sheets.MAX_ROWS", 100)
    monkeypatch.setattr(delimited, "MAX_ROWS", 100)
    book = Workbook()
    for number in range(250):
        book.active.append([f"row {number}", number])
    target = io.BytesIO()
    book.save(target)
    for name, data in (
        ("long.xlsx", target.getvalue()),
        ("long.csv", "\n".join(f"row {number},{number}" for number in range(250)).encode()),
    ):
        (document,) = read(tmp_path, name, data)
        assert "only 100 of 250 rows" in document.warning
        assert "row 99 " in document.pages[0].text
        assert "row 100 " not in document.pages[0].text


def test_mail_has_headers_date_and_attachments_under_their_names(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "review.eml")
    assert document.title == "Quarter – figures"
    assert (document.metadata.kind, document.metadata.date) == ("e-mail", "2026-02-03T09:15:00+01:00")
    first = document.pages[0].text
    assert "From: Ann Äcker <ann@larkfield.example>" in first
    assert "HTML part" not in first
    assert all(f"Attachment: {name}" in first for name in ("figures.xlsx", "note.pdf", "run.exe"))
    assert [page.number for page in document.pages] == [1, 2, 3, 4, 5]
    assert [page.headings[0].text for page in document.pages[1:]] == [
        "Attachment figures.xlsx",
        "Attachment figures.xlsx",
        "Attachment note.pdf",
        "Attached mail: Inner",
    ]
    assert table(document, 1).rows[1].cells[1].place == "B7"
    assert "herons" in document.pages[4].text


def test_json_lines_are_documents_of_their_own(tmp_path: Path) -> None:
    first, second = read(tmp_path, "review.jsonl")
    assert (first.title, first.item, first.metadata.date) == ("Annual review", "a-7", "2026-02-03")
    assert first.metadata.company == "Larkfield"
    assert "1 of 3 lines" in first.warning
    assert second.pages[0].text.split("\n")[:3] == ["ticket: 12", "owner.name: Bo", "tags: x, y"]


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("review.rss", "2026-02-03T08:15:00+00:00"),
        ("review.atom", "2026-02-03T14:15:00+00:00"),
        ("review.xml", "2026-02-03T09:15:00+00:00"),
    ],
)
def test_feed_entries_are_news_with_time_and_stable_names(tmp_path: Path, name: str, date: str) -> None:
    first = read(tmp_path, name)[0]
    assert (first.title, first.metadata.kind, first.metadata.date) == ("Results", "news", date)
    again = read(tmp_path, name, GOOD[name]().replace(b"<title>Results", b"<title>Corrected results"))[0]
    assert first.item
    assert again.item == first.item


def test_names_and_bytes_must_agree(tmp_path: Path) -> None:
    encrypted = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    cases = {
        "a.docx": (GOOD["review.xlsx"](), "content is an Excel workbook.*Rename it to .xlsx"),
        "b.txt": (GOOD["review.pdf"](), "content is a PDF"),
        "c.pdf": (b"<html><p>x</p></html>", "content is HTML"),
        "d.xlsx": (encrypted, "encrypted with a password"),
        "e.pptx": (encrypted[:100], "old binary Office format.*Save it as PPTX"),
        "f.docx": (b"MZ" + bytes(100), "content is a program"),
        "g.md": (b"\x89PNG\r\n\x1a\n" + bytes(50), "picture"),
        "h.xml": (b"<?xml version='1.0'?><orders/>", "neither an RSS nor an Atom feed"),
        "i.eml": (b"just words\n\nmore words", "isn't an e-mail"),
        "j.csv": (GOOD["review.docx"]()[:3000], "zip archive"),
    }
    for name, (data, reason) in cases.items():
        with pytest.raises(DocumentError, match=reason):
            read(tmp_path, name, data)


def test_invisible_characters_go_and_are_counted() -> None:
    smuggled = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    text = f"A\u200bb\u202ec{smuggled}\u2066d\ufe0f"
    assert clean_text(text) == "Abcd"
    assert invisible_count(text) == 8
    assert invisible_count("\ufeffplain") == 0


def test_encoded_data_is_left_out(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "a.txt", b"Before. " + b"QUJD" * 5000 + b" After.")
    assert document.pages[0].text == "Before.   After.\n"
    assert "1 very long run" in document.warning


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("(In millions, except per share amounts)", "In millions, except per share amounts"),
        ("Amounts in thousands of euros", "Amounts in thousands of euros"),
        ("Net sales ($ million)", "$ million"),
        ("We sell in many regions", ""),
    ],
)
def test_units_are_found_as_written(text: str, unit: str) -> None:
    assert unit_of([text]) == unit


def test_the_worker_returns_what_the_reader_does(tmp_path: Path) -> None:
    direct = read(tmp_path, "review.xlsx")
    assert read_isolated(tmp_path / "review.xlsx", Limits(60, 1 << 30)) == direct
