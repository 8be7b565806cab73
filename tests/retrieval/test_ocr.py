"""Scanned pages: however they lie, with tables, stamps, other languages, limits, and without Tesseract."""

import io
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from dossier.errors import DocumentError
from dossier.records import FileReport, FileState
from retrieval.changes import Kind, Present, compare
from retrieval.chunk_store import FileRecord
from retrieval.parsing import ocr
from retrieval.parsing.isolate import Limits, read_isolated
from retrieval.parsing.ocr import Means
from retrieval.parsing.ocr_rows import in_rows
from retrieval.parsing.ocr_seen import Seen
from retrieval.parsing.ocr_words import turned_back, upright
from retrieval.parsing.parsed import ParsedDocument, ParsedPage
from retrieval.parsing.pdf import read_pdf
from tests.retrieval.test_pdf import HEIGHT, WIDTH, is_dark_only_inside

LIMITS = Limits(60, 2_000_000_000)
SENTENCES = (
    "The company leases its offices in four cities and its warehouses in two countries.",
    "Annual leave is twenty-seven days, and five of them may be taken over into the next year.",
    "Whoever travels for the company keeps the receipts and hands them in within a month.",
)
ROWS = (("Net sales", "8,915", "7,308"), ("Cost of sales", "5,240", "4,466"), ("Gross profit", "3,675", "2,842"))
needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract-ocr isn't installed")
Draw = Callable[[ImageDraw.ImageDraw], None]


def sheet(draw: Draw, turn: float = 0) -> Image.Image:
    """A picture of a page, as a scanner makes it at 200 dots an inch, turned against the clock."""
    picture = Image.new("L", (1700, 2200), 255)
    draw(ImageDraw.Draw(picture))
    return picture.rotate(turn, Image.Resampling.BICUBIC, expand=turn % 90 == 0, fillcolor=255)


def sentences(draw: ImageDraw.ImageDraw) -> None:
    for number in range(12):
        draw.text((150, 200 + 60 * number), SENTENCES[number % 3], fill=0, font=ImageFont.load_default(34))


def table(draw: ImageDraw.ImageDraw) -> None:
    font = ImageFont.load_default(34)
    for number in range(4):
        draw.text((150, 200 + 60 * number), SENTENCES[number % 3], fill=0, font=font)
    for column, head in ((1150, "2025"), (1450, "2024")):
        draw.text((column, 520), head, fill=0, font=font, anchor="ra")
    for number, (label, *amounts) in enumerate(ROWS):
        draw.text((150, 580 + 60 * number), label, fill=0, font=font)
        for column, amount in zip((1150, 1450), amounts, strict=True):
            draw.text((column, 580 + 60 * number), amount, fill=0, font=font, anchor="ra")


def scanned(path: Path, *pictures: Image.Image, stamp: str = "") -> Path:
    canvas = Canvas(str(path))
    for picture in pictures:
        size = (WIDTH, HEIGHT) if picture.height > picture.width else (HEIGHT, WIDTH)
        canvas.setPageSize(size)
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        canvas.drawImage(ImageReader(stream), 0, 0, *size)
        canvas.drawString(72, 30, stamp)
        canvas.showPage()
    canvas.save()
    return path


def read(path: Path, means: Means | None = None) -> ParsedDocument:
    (found,) = read_isolated(path, replace(LIMITS, ocr=means or Means()))
    return found


@needs_tesseract
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_pages_are_read_however_they_lie_and_lines_are_where_they_are_seen(tmp_path: Path, turn: int) -> None:
    path = scanned(tmp_path / "a.pdf", sheet(sentences, turn))
    (page,) = read(path).pages
    assert page.text.splitlines()[:3] == list(SENTENCES)
    assert is_dark_only_inside(path, page.line_boxes[0].box)
    assert is_dark_only_inside(path, page.line_boxes[7].box)


@needs_tesseract
@pytest.mark.parametrize("turn", [0, 2, -2, 180])
def test_a_scanned_table_keeps_its_rows_also_askew(tmp_path: Path, turn: float) -> None:
    (page,) = read(scanned(tmp_path / "a.pdf", sheet(table, turn))).pages
    (found,) = page.tables
    assert found.columns == ("", "2025", "2024")
    assert tuple(tuple(cell.text for cell in row.cells) for row in found.rows) == ROWS
    assert page.text[found.rows[1].start : found.rows[1].end] == "Cost of sales 5,240 4,466"


@needs_tesseract
def test_a_scan_under_a_stamp_is_read(tmp_path: Path) -> None:
    (page,) = read(scanned(tmp_path / "a.pdf", sheet(sentences), stamp="CONFIDENTIAL 000123 page 1 of 1")).pages
    assert SENTENCES[0] in page.text and "000123" in page.text


@needs_tesseract
def test_pages_that_hold_text_stay_as_they_are_and_small_pictures_are_no_scans(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(WIDTH, HEIGHT))
    stream = io.BytesIO()
    sheet(sentences).save(stream, "PNG")
    canvas.drawImage(ImageReader(stream), 20, 700, 60, 80)
    canvas.drawString(200, 400, "Annex A")
    canvas.save()
    found = read(tmp_path / "a.pdf")
    assert (found.pages[0].text, found.warning) == ("Annex A\n", "")


@needs_tesseract
def test_progress_is_told_before_each_scanned_page(tmp_path: Path) -> None:
    told: list[int] = []
    path = scanned(tmp_path / "a.pdf", *[sheet(sentences)] * 3)
    (found,) = read_isolated(path, LIMITS, on_page=told.append)
    assert told == [0, 1, 2] and found.warning.startswith("3 scanned pages were read by OCR")


@needs_tesseract
def test_a_trial_reads_one_scanned_page(tmp_path: Path) -> None:
    found = read(scanned(tmp_path / "a.pdf", *[sheet(sentences)] * 3), Means(trial=True))
    assert [bool(page.text) for page in found.pages] == [True, False, False]
    assert found.warning.startswith("3 scanned pages were read by OCR")


@needs_tesseract
@pytest.mark.parametrize(
    ("means", "words"),
    [
        (Means("eng+xyz"), "only 1 scanned page without text: OCR doesn't know xyz. Install tesseract-ocr-xyz"),
        (Means(seconds=0), "only 1 scanned page without text: the 0 seconds of ocr_seconds are over"),
    ],
)
def test_why_a_scanned_page_is_not_read(tmp_path: Path, means: Means, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        read(scanned(tmp_path / "a.pdf", sheet(sentences)), means)


@needs_tesseract
def test_an_empty_scan_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="OCR found none on the 1 scanned page"):
        read(scanned(tmp_path / "a.pdf", sheet(lambda draw: None)))


@needs_tesseract
def test_what_nobody_can_read_is_left_out_and_told(tmp_path: Path) -> None:
    mirrored = sheet(sentences).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    found = read(scanned(tmp_path / "a.pdf", sheet(sentences), mirrored))
    assert found.pages[1].text == ""
    assert "1 scanned page without text: OCR can't make it out" in found.warning


def sleeps_over_a_page(path: Path) -> tuple[ParsedDocument, ...]:
    ocr._allowed.on_page()
    time.sleep(9)
    return (ParsedDocument("t", (ParsedPage(1, "text"),)),)


@pytest.mark.slow
def test_each_scanned_page_has_time_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"x")
    (found,) = read_isolated(tmp_path / "a.pdf", Limits(4, 1 << 30), sleeps_over_a_page)  # 8 seconds on the clock
    assert found.pages[0].text == "text"


@pytest.mark.parametrize(("retry", "kind"), [(True, Kind.CHANGED), (False, Kind.UNCHANGED)])
def test_what_was_left_out_is_read_once_it_can_be(tmp_path: Path, monkeypatch, retry: bool, kind: Kind) -> None:
    monkeypatch.setenv("PATH", "")
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(WIDTH, HEIGHT))
    canvas.drawString(72, 700, "A page with text of its own.")
    canvas.showPage()
    canvas.drawInlineImage(sheet(sentences), 0, 0, WIDTH, HEIGHT)
    canvas.save()
    warning = read_pdf(tmp_path / "a.pdf").warning
    assert "Install Tesseract (package tesseract-ocr)" in warning
    before = {"a.pdf": FileRecord(FileReport("a.pdf", FileState.INDEXED, warning), "digest")}
    (change,) = compare(before, [Present("a.pdf", "digest", frozenset())], retry).files
    assert change.kind is kind


def words(block: str, line: str, top: int, *placed: tuple[str, int]) -> list[Seen]:
    return [Seen(text, 95.0, left, top, 20 * len(text), 30, (block, "1", line)) for text, left in placed]


def test_columns_of_amounts_go_beside_their_labels_and_columns_of_text_stay() -> None:
    lines = [
        words("1", "1", 100, ("Sales", 0)),
        words("1", "2", 150, ("Costs", 0)),
        words("2", "1", 50, ("2025", 400)),
        words("2", "2", 102, ("8,915", 400)),
        words("2", "3", 148, ("5,240", 400)),
        words("3", "1", 300, ("The", 0), ("left", 100)),
        words("3", "2", 350, ("goes", 0), ("on", 100)),
        words("4", "1", 300, ("The", 400), ("right", 500)),
        words("4", "2", 350, ("24", 400)),
    ]
    assert [" ".join(word.text for word in line) for line in in_rows(lines)] == [
        "2025",
        "Sales 8,915",
        "Costs 5,240",
        "The left",
        "goes on",
        "The right",
        "24",
    ]


def test_amounts_go_beside_their_labels_where_the_page_lies_askew() -> None:
    said = [("Running", 0), ("text", 200), ("over", 400), ("the", 600), ("width", 800), ("here", 1000)]
    lines = [
        *words("1", "1", 0, *said),
        *words("2", "1", 100, ("Sales", 0)),
        *words("2", "2", 140, ("Costs", 0)),
        *words("3", "1", 140, ("8,915", 1000)),
        *words("3", "2", 180, ("5,240", 1000)),
    ]
    fallen = [replace(seen, top=seen.top + seen.left // 25) if seen.line[0] == "1" else seen for seen in lines]
    found = upright(fallen, 1.0)
    assert [line.text for line in found.lines][1:] == ["Sales 8,915", "Costs 5,240"]
    box = found.lines[1].box
    assert box is not None and abs(found.slope - 0.04) < 0.002
    shown = turned_back(box, found.slope, 0, (1100.0, 1500.0))
    assert abs(shown.top - 100) < 3 and abs(shown.bottom - 170) < 6
