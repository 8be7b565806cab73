"""Tables of PDFs made here: columns, heads, captions, units and cells exactly as they are printed."""

from collections.abc import Callable, Sequence
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from dossier.records import Table
from retrieval.parsing.parsed import ParsedPage
from retrieval.parsing.pdf import read_pdf

FIRST, SECOND = 420, 520
"""Where the amounts of the two columns end."""
LINE = 14


class Sheet:
    """Writes lines from the top of a page downwards."""

    def __init__(self, canvas: Canvas, top: float = 740) -> None:
        self.canvas, self.y = canvas, top
        canvas.setFont("Helvetica", 10)

    def say(self, text: str, left: float = 72) -> None:
        self.canvas.drawString(left, self.y, text)
        self.y -= LINE

    def centred(self, text: str) -> None:
        self.canvas.drawCentredString(306, self.y, text)
        self.y -= LINE

    def heads(self, *heads: str, label: str = "", down: float = LINE) -> None:
        if label:
            self.canvas.drawString(72, self.y, label)
        for head, right in zip(heads, (FIRST, SECOND), strict=True):
            self.canvas.drawRightString(right, self.y, head)
        self.y -= down

    def row(self, label: str, *amounts: str, indent: float = 0, currency: bool = False, words: str = "") -> None:
        self.canvas.drawString(72 + indent, self.y, label)
        if words:
            self.canvas.drawString(300, self.y, words)
        for amount, right in zip(amounts, (FIRST, SECOND), strict=True):
            number = amount.rstrip("%)")
            self.canvas.drawRightString(right, self.y, number)
            self.canvas.drawString(right, self.y, amount[len(number) :])  # parentheses and percent signs hang over
            if currency:
                self.canvas.drawString(right - 60, self.y, "$")
        self.y -= LINE


def pages(path: Path, *draws: Callable[[Sheet], None]) -> Sequence[ParsedPage]:
    canvas = Canvas(str(path), pagesize=(612, 792))
    for draw in draws:
        draw(Sheet(canvas))
        canvas.showPage()
    canvas.save()
    return read_pdf(path).pages


def cells(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def statement(sheet: Sheet) -> None:
    sheet.centred("STATEMENTS OF INCOME")
    sheet.centred("(In millions, except per share amounts)")
    sheet.canvas.drawCentredString(445, sheet.y, "Years ended")
    sheet.y -= LINE
    sheet.heads("June 30,", "June 30,", down=10)
    sheet.heads("2025", "2024")
    sheet.say("Net sales:")
    sheet.row("Products", "1,204", "1,100", indent=12, currency=True)
    sheet.row("Services  (1)", "310", "—", indent=12)
    sheet.row("Gross margin", "41.5%", "39.0%")
    sheet.row("Other income/(expense), net", "(34)", "12")
    sheet.canvas.drawString(72, sheet.y, "Income from operations that were sold and")
    sheet.y -= 11
    sheet.row("discontinued, net of tax", "98", "(87)", indent=8)
    sheet.row("Net income", "1.20", "0.95", currency=True)


def test_a_statement_becomes_a_table(tmp_path: Path) -> None:
    (page,) = pages(tmp_path / "a.pdf", statement)
    (table,) = page.tables
    assert (table.page, table.caption) == (1, "STATEMENTS OF INCOME")
    assert table.unit == "In millions, except per share amounts"
    assert table.columns == ("", "Years ended June 30, 2025", "Years ended June 30, 2024")
    assert cells(table) == [
        ["Net sales: Products", "$1,204", "$1,100"],
        ["Net sales: Services (1)", "310", "—"],
        ["Gross margin", "41.5%", "39.0%"],
        ["Other income/(expense), net", "(34)", "12"],
        ["Income from operations that were sold and discontinued, net of tax", "98", "(87)"],
        ["Net income", "$1.20", "$0.95"],
    ]


def test_rows_point_at_their_text_and_cells_at_their_place(tmp_path: Path) -> None:
    (page,) = pages(tmp_path / "a.pdf", statement)
    (table,) = page.tables
    texts = [" ".join(page.text[row.start : row.end].split()) for row in table.rows]
    assert texts[1:3] == ["Services (1) 310 —", "Gross margin 41.5% 39.0%"]
    assert texts[4] == "Income from operations that were sold and discontinued, net of tax 98 (87)"
    assert page.text[table.start : table.end].startswith("STATEMENTS OF INCOME\n")
    box = table.rows[1].cells[1].box
    baseline = 792 - (740 - 6 * LINE - 10)
    assert box is not None
    assert abs(box.right - FIRST) < 1.5
    assert box.top < baseline - 4 < box.bottom < baseline + 4


def plain(sheet: Sheet) -> None:
    sheet.say("Leases of the Company")
    sheet.say("(in thousands)")
    sheet.heads("2025", "2024")
    for number in range(5):
        sheet.row(f"Building {'ABCDE'[number]}", f"1,{number}00", f"2,{number}00")


def test_a_table_on_the_next_page_goes_on_with_the_heads(tmp_path: Path) -> None:
    def rest(sheet: Sheet) -> None:
        sheet.row("Building F", "1,500", "2,500")
        sheet.row("Building G", "1,600", "2,600")

    _, page = pages(tmp_path / "a.pdf", plain, rest)
    (table,) = page.tables
    assert (table.page, table.columns, table.unit) == (2, ("", "2025", "2024"), "in thousands")
    assert table.caption == "Leases of the Company"
    assert cells(table) == [["Building F", "1,500", "2,500"], ["Building G", "1,600", "2,600"]]


def test_two_tables_of_a_page_stay_apart(tmp_path: Path) -> None:
    def both(sheet: Sheet) -> None:
        plain(sheet)
        sheet.y -= 2 * LINE
        sheet.say("Debt of the Company")
        sheet.heads("2023", "2022", label="(in millions)")
        sheet.row("Bonds", "12", "14")
        sheet.row("Loans", "9", "7")

    (page,) = pages(tmp_path / "a.pdf", both)
    first, second = page.tables
    assert (first.unit, len(first.rows)) == ("in thousands", 5)
    assert (second.caption, second.unit, second.columns) == (
        "Debt of the Company",
        "in millions",
        ("", "2023", "2022"),
    )
    assert cells(second) == [["Bonds", "12", "14"], ["Loans", "9", "7"]]
    assert first.end < second.start


def test_rules_say_which_columns_a_head_spans(tmp_path: Path) -> None:
    def ruled(sheet: Sheet) -> None:
        canvas, rights = sheet.canvas, (300, 370, 440, 510)
        for head, left, right in (("Amount", 260, 370), ("Share of total", 400, 510)):
            canvas.drawRightString(right, sheet.y, head)
            canvas.line(left, sheet.y - 3, right, sheet.y - 3)
        sheet.y -= LINE
        heads = ("", "2025", "2024", "2025", "2024")
        north, south = ("North", "120", "110", "75%", "70%"), ("South", "40", "47", "25%", "30%")
        for label, *texts in (heads, north, south):
            canvas.drawString(72, sheet.y, label)
            for text, right in zip(texts, rights, strict=True):
                canvas.drawRightString(right, sheet.y, text)
            sheet.y -= LINE

    ((table,),) = (page.tables for page in pages(tmp_path / "a.pdf", ruled))
    assert table.columns == ("", "Amount 2025", "Amount 2024", "Share of total 2025", "Share of total 2024")
    assert cells(table)[0] == ["North", "120", "110", "75%", "70%"]


def test_words_in_a_column_are_a_cell(tmp_path: Path) -> None:
    def notes(sheet: Sheet) -> None:
        sheet.canvas.drawString(300, sheet.y, "Issued")
        sheet.heads("Amount", "Rate")
        for label, issued, *amounts in (
            ("Notes due 2030", "July 2013", "1,000", "3.73%"),
            ("Notes due 2031", "May 2015", "2,500", "3.05%"),
            ("Notes due 2032", "September 2016", "—", "N.A"),
            ("Notes due 2033", "September 2017", "40", "3.10%"),
        ):
            sheet.row(label, *amounts, words=issued)

    ((table,),) = (page.tables for page in pages(tmp_path / "a.pdf", notes))
    assert table.columns == ("", "Issued", "Amount", "Rate")
    assert cells(table) == [
        ["Notes due 2030", "July 2013", "1,000", "3.73%"],
        ["Notes due 2031", "May 2015", "2,500", "3.05%"],
        ["Notes due 2032", "September 2016", "—", "N.A"],
        ["Notes due 2033", "September 2017", "40", "3.10%"],
    ]


def test_years_at_the_left_are_labels(tmp_path: Path) -> None:
    def payments(sheet: Sheet) -> None:
        sheet.heads("Leases", "Debt")
        sheet.row("2026", "120", "1,000")
        sheet.row("2027", "110", "2,500")
        sheet.row("Thereafter", "90", "300")
        sheet.row("Total", "320", "3,800")

    ((table,),) = (page.tables for page in pages(tmp_path / "a.pdf", payments))
    assert table.columns == ("", "Leases", "Debt")
    assert [row[0] for row in cells(table)] == ["2026", "2027", "Thereafter", "Total"]
    assert cells(table)[0] == ["2026", "120", "1,000"]


def test_prose_with_numbers_makes_no_table(tmp_path: Path) -> None:
    def prose(sheet: Sheet) -> None:
        # every line ends in a number, as rows do
        sheet.say("Revenue rose in the year by 12% and came to 1,204 million dollars, from 1,100")
        sheet.say("million in the year before. Of this, services brought in a good quarter, or 310")
        sheet.say("million, and the margin was better than last year. The dividends came to 12")
        sheet.say("cents a share, and the company bought back shares at an average price of 54.20")
        sheet.say("dollars. At the end of the year it had more people than before, of whom 310")
        sheet.say("countries outside of its home market saw some at work.")

    (page,) = pages(tmp_path / "a.pdf", prose)
    assert page.tables == ()
    assert page.text.count("\n") == 6


def test_a_range_is_one_cell_and_a_dash_of_its_own_is_nothing(tmp_path: Path) -> None:
    def outlook(sheet: Sheet) -> None:
        sheet.heads("2026 outlook", "2025")
        sheet.row("Revenue", "2.46 - 2.52", "2.31")
        sheet.row("Growth", "2 – 4", "3")
        sheet.row("One-off gains", "-", "0.20")

    ((table,),) = (page.tables for page in pages(tmp_path / "a.pdf", outlook))
    assert cells(table) == [
        ["Revenue", "2.46 - 2.52", "2.31"],
        ["Growth", "2 – 4", "3"],
        ["One-off gains", "-", "0.20"],
    ]
