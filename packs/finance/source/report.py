"""Puts the annual report and the earnings release together."""

from .facts import load_facts
from .figures import Figures, load_figures
from .flow import Contents, lay_out, read_blocks
from .layout import ACCENT, BODY, BOLD, LEFT, REGULAR, RIGHT, SANS, SANS_BOLD, Font, PageWriter, text_width
from .prices import daily_prices
from .tables import Table, load_tables
from .wording import Wording

WHITE = (1.0, 1.0, 1.0)
COVER_HEIGHT = 300.0
FRONT_PAGES = 2
PARTS = (
    "10_letter.txt", "20_business.txt", "30_risks.txt", "40_people.txt", "50_shares.txt", "60_discussion.txt",
    "70_statements.txt", "80_notes.txt", "90_back.txt",
)  # fmt: skip
TABLE_FILES = ("tables_discussion.toml", "tables_statements.toml", "tables_notes.toml")


def make_wording(figures: Figures) -> Wording:
    """Return the wording that knows the figures and all single facts."""
    return Wording(figures, load_facts(figures, daily_prices()))


def annual_report() -> bytes:
    """Return the annual report as PDF."""
    figures = load_figures()
    wording = make_wording(figures)
    tables = _tables(figures, wording, TABLE_FILES)
    # The contents page needs the pages of what follows it, so the report is laid out twice.
    contents = Contents()
    _write_annual(wording, tables, Contents(), contents)
    return _write_annual(wording, tables, contents, Contents())


def earnings_release() -> bytes:
    """Return the release for the first quarter of fiscal 2026 as PDF."""
    figures = load_figures()
    wording = make_wording(figures)
    tables = _tables(figures, wording, ("tables_release.toml",))
    page = PageWriter("Larkfield Instruments first-quarter results", ("Larkfield Instruments, Inc.", "News release"))
    lay_out(page, read_blocks("release.txt", wording), tables, Contents())
    return page.finish()


def _tables(figures: Figures, wording: Wording, files: tuple[str, ...]) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for file in files:
        tables.update(load_tables(figures, wording, file))
    return tables


def _write_annual(wording: Wording, tables: dict[str, Table], known: Contents, found: Contents) -> bytes:
    header = ("Larkfield Instruments, Inc.", "Annual report for fiscal 2025")
    page = PageWriter("Larkfield Instruments annual report 2025", header, unnumbered=FRONT_PAGES)
    _cover(page, wording)
    page.next_page()
    _contents_page(page, known)
    for part in PARTS:
        blocks = read_blocks(part, wording)
        if part != "80_notes.txt" or not page.at_top:
            page.next_page()
        if part == "70_statements.txt":
            place = next(number for number, block in enumerate(blocks) if block.kind == "report")
            blocks[place : place + 1] = read_blocks("75_auditor.txt", wording)
        lay_out(page, blocks, tables, found)
    return page.finish()


def _cover(page: PageWriter, wording: Wording) -> None:
    page.band(COVER_HEIGHT, ACCENT)
    page.y = 650
    page.put("Larkfield Instruments, Inc.", Font(SANS_BOLD, 28, 34, WHITE), LEFT)
    page.y = 612
    page.put("Annual report for the fiscal year ended 30 June 2025", Font(SANS, 15, 20, WHITE), LEFT)
    page.y = 540
    page.put("Measuring instruments and sensors", Font(SANS, 11, 14, WHITE), LEFT)
    page.y = 440
    small = Font(REGULAR, 10.5, 17)
    lines = (
        "State of incorporation: Delaware",
        "Principal office: 400 Gauge Street, Harrow Bend, Minnesota",
        "Common stock, par value $0.01 per share, listed on the Midland Stock Exchange",
        "Trading symbol: LKFD",
        "Auditor: Penhallow & Strand LLP",
    )
    for line in lines:
        page.line(line, small)
    page.skip(14)
    page.paragraph(wording.fill(
        "The aggregate market value of the common stock held by non-affiliates on 31 December 2024, the last "
        "trading day of the second fiscal quarter, was ${market_value} million, at the closing price of "
        "${close_december}. At 15 August 2025 the registrant had 60,812,440 shares of common stock outstanding."
    ), Font(REGULAR, 10.5, 15))  # fmt: skip


def _contents_page(page: PageWriter, contents: Contents) -> None:
    page.line("Contents", Font(SANS_BOLD, 18, 30, ACCENT))
    page.skip(8)
    for level, text, number in contents.entries:
        font = Font(BOLD, 10.4, 16.5) if level == 1 else Font(BODY.face, 9.6, 13.2)
        start = LEFT if level == 1 else LEFT + 14
        page.line(text, font, start)
        end = RIGHT - text_width(str(number), font)
        # The leader is drawn, not typed: a search index has no use for rows of dots.
        page.dotted(start + text_width(text, font) + 8, end - 6)
        # The leading space is read by text extraction, which otherwise puts a lone digit on a line of its own.
        page.put(f" {number}", font, end - text_width(" ", font))
