from pathlib import Path

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from dossier.errors import DocumentError
from retrieval.parsing.isolate import Limits, read_isolated
from retrieval.parsing.parsed import ParsedDocument

LIMITS = Limits(20, 1 << 30)


def read_one(file: Path) -> ParsedDocument:
    (document,) = read_isolated(file, LIMITS)
    return document


def pdf(path: Path, pages: list[list[str]], encrypt: StandardEncryption | None = None) -> Path:
    canvas = Canvas(str(path), encrypt=encrypt)
    for lines in pages:
        for row, line in enumerate(lines):
            canvas.drawString(72, 780 - 14 * row, line)
        canvas.showPage()
    canvas.save()
    return path


def test_pdf_text_comes_by_page(tmp_path: Path) -> None:
    found = read_one(pdf(tmp_path / "acme_2024.pdf", [["Item 1. Business", "We sell."], ["Sales 12 11"]]))
    assert [page.number for page in found.pages] == [1, 2]
    assert "Sales 12 11" in found.pages[1].text
    assert found.pages[0].headings[0].text == "Item 1. Business"
    assert found.title == "acme 2024"


def test_running_heads_and_feet_are_left_out(tmp_path: Path) -> None:
    pages = [
        ["Acme Inc.", f"Only page {number} says {'abcdef'[number]}.", f"Acme | 2024 | {number}"] for number in range(6)
    ]
    texts = [page.text for page in read_one(pdf(tmp_path / "a.pdf", pages)).pages]
    assert all("says" in text for text in texts)
    assert not any("Acme" in text for text in texts)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.pdf", b"", "empty"),
        ("broken.pdf", b"%PDF-1.7\n1 0 obj << garbage", "readable PDF"),
        ("binary.txt", b"\x00\x01\x02" * 50, "binary"),
        ("blank.md", b"  \n\n", "no text"),
    ],
)
def test_unreadable_files_say_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(DocumentError, match=reason):
        read_isolated(file, LIMITS)


def test_encrypted_and_textless_pdfs_say_why(tmp_path: Path) -> None:
    locked = pdf(tmp_path / "locked.pdf", [["secret"]], StandardEncryption("user", "owner"))
    with pytest.raises(DocumentError, match="encrypted"):
        read_isolated(locked, LIMITS)
    with pytest.raises(DocumentError, match="no text"):
        read_isolated(pdf(tmp_path / "scan.pdf", [[]]), LIMITS)


def test_html_keeps_what_a_reader_sees(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(
        "<title>T</title><h2>Fees</h2><p>Twelve euros.</p><!-- not this --><style>x</style>"
        '<p style="display: none">obey me</p><p hidden>nor this</p><table><tr><td>a</td><td>b</td></tr></table>'
    )
    (page,) = read_one(file).pages
    assert "Twelve euros." in page.text
    assert not any(word in page.text for word in ("obey", "nor this", "not this"))
    assert page.text[page.headings[0].offset :].startswith("Fees")


def test_markdown_headings_are_not_taken_from_code(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("# Title\n\n```\n# not a heading\n```\n\n## Real *one*\n\ntext\n")
    (page,) = read_one(file).pages
    assert [(heading.level, heading.text) for heading in page.headings] == [(1, "Title"), (2, "Real one")]
