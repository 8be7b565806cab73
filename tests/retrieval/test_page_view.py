"""Pages as the index has them: what is marked, what isn't there any more, long pages, groups."""

import csv
import hashlib
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from retrieval.chunk_store import ChunkStore
from retrieval.page_view import PageView, ShownLine, ShownTable, Spot, view_page
from tests.retrieval.stored import stored

NOBODY: frozenset[str] = frozenset()
LINES = [f"Sentence number {number} says that the value was {number * 37} on that day." for number in range(1, 31)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "hr").mkdir(parents=True)
    return folder


def opened(folder: Path) -> ChunkStore:
    return stored(folder, folder.parent / "chunks.sqlite")


def seen(store: ChunkStore, spot: Spot, groups: frozenset[str] = NOBODY) -> PageView:
    view = view_page(store, spot, groups)
    assert view is not None
    return view


def spot_of(store: ChunkStore, source: str, words: str, page: int = 1, line: str = "") -> Spot:
    """The passage that holds these words, as an answer's pin tells it."""
    everyone = frozenset({"hr"})
    chunk = next(
        chunk
        for _, chunk in store.chunks_after(0, 10_000)
        if chunk.source == source and chunk.page == page and words in chunk.text
    )
    assert store.chunk_at(source, page, chunk.start, everyone) is not None
    digest = hashlib.sha256(chunk.text.encode()).hexdigest()
    at = chunk.start + chunk.text.index(line)
    ends = (at, at + len(line)) if line else (0, 0)
    return Spot(source, page, chunk.start, chunk.end, digest, *ends)


def lines(view: PageView) -> list[ShownLine]:
    return [part for part in view.parts if isinstance(part, ShownLine)]


def marked(view: PageView) -> dict[int, str]:
    """The marked text by its mark."""
    found: dict[int, str] = {}
    for line in lines(view):
        found[line.mark] = f"{found.get(line.mark, '')} {line.text}".strip()
    return found


def draw(path: Path, pages: list[list[str]]) -> None:
    canvas = Canvas(str(path), pagesize=(612, 792))
    for page in pages:
        for number, line in enumerate(page):
            canvas.drawString(72, 720 - 14 * number, line)
        canvas.showPage()
    canvas.save()


def test_the_passage_and_its_cited_line_are_marked_in_text(folder: Path) -> None:
    (folder / "a.txt").write_text("\n".join(LINES))
    store = opened(folder)
    view = seen(store, spot_of(store, "a.txt", "number 12 says", line=LINES[11]))
    found = marked(view)
    assert found[2] == LINES[11]
    assert LINES[10] in found[1] or LINES[12] in found[1]
    assert LINES[0] in found[0] and LINES[29] in found[0]
    assert [line.text for line in lines(view)] == LINES
    assert (view.moved, view.earlier, view.later, view.file) == (False, None, None, "a.txt")


def test_the_boxes_of_a_pdf_are_those_of_the_passage_and_its_line(folder: Path) -> None:
    draw(folder / "a.pdf", [["Cover of the report of this year."], LINES])
    store = opened(folder)
    spot = spot_of(store, "a.pdf", "number 12 says", page=2, line=LINES[11])
    view = seen(store, spot)
    (line,) = view.line
    assert line in view.passage
    assert 1 < len(view.passage) < len(LINES)
    assert line.top == pytest.approx(792 - 720 + 14 * 11 - 8, abs=6)
    assert (view.document.pages, view.document.name) == (2, "a.pdf")


def test_a_passage_that_reads_differently_now_is_not_marked(folder: Path) -> None:
    (folder / "a.txt").write_text("\n".join(LINES))
    store = opened(folder)
    spot = spot_of(store, "a.txt", "number 12 says")
    (folder / "a.txt").write_text("\n".join(["A new first line.", *LINES]))
    store.close()
    (folder.parent / "chunks.sqlite").unlink()
    view = seen(opened(folder), spot)
    assert view.moved
    assert set(marked(view)) == {0}
    assert (view.passage, view.line) == ((), ())


def test_a_passage_without_its_digest_is_not_believed(folder: Path) -> None:
    (folder / "a.txt").write_text("\n".join(LINES))
    assert seen(opened(folder), Spot("a.txt", 1, 10, 50)).moved


def test_a_table_is_shown_with_its_cells_and_the_cited_row_marked(folder: Path) -> None:
    rows = [["Order", "Country", "Amount"], *([f"A-{n}", "Germany", str(n * 11)] for n in range(1, 2001))]
    with (folder / "orders.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    store = opened(folder)
    chunk = next(chunk for _, chunk in store.chunks_after(0, 10_000) if "A-1500 " in chunk.text)
    line = next(line for line in chunk.text.splitlines() if "A-1500 " in line)
    view = seen(store, spot_of(store, "orders.csv", line, line=line))
    (table,) = (part for part in view.parts if isinstance(part, ShownTable))
    (cited,) = (row for row, mark in zip(table.rows, table.marks, strict=True) if mark == 2)
    assert [cell.text for cell in cited.cells] == ["A-1500", "Germany", "16500"]
    assert list(table.table.columns) == ["Order", "Country", "Amount"]
    assert 1 in table.marks and 0 in table.marks
    assert 20 < len(table.rows) < 1000  # not all of a long sheet at once


def test_a_long_page_is_read_on_in_both_directions(folder: Path) -> None:
    text = "\n".join(f"Line {number} of a long page tells of things that happened." for number in range(1, 1501))
    (folder / "a.txt").write_text(text)
    store = opened(folder)
    read = [seen(store, Spot("a.txt", 1))]
    assert read[0].earlier is None
    while (later := read[-1].later) is not None:
        read.append(seen(store, Spot("a.txt", 1, at=later)))
    assert len(read) > 3
    assert [line.text for view in read for line in lines(view)] == text.splitlines()
    back = seen(store, Spot("a.txt", 1, at=read[-1].earlier))
    assert lines(back)[-1].text == lines(read[-1])[0].text or lines(back)[0].text < lines(read[-1])[0].text
    while (earlier := back.earlier) is not None:
        assert earlier < len(text)
        back = seen(store, Spot("a.txt", 1, at=earlier))
    assert lines(back)[0].text == text.splitlines()[0]


@pytest.mark.parametrize("spot", [Spot("b.txt", 1), Spot("a.txt", 2), Spot("a.txt", 0), Spot("../a.txt", 1)])
def test_what_is_not_in_the_index_is_not_there(folder: Path, spot: Spot) -> None:
    (folder / "a.txt").write_text(LINES[0])
    assert view_page(opened(folder), spot, NOBODY) is None


def test_a_document_of_a_group_is_for_that_group(folder: Path) -> None:
    (folder / "hr" / "pay.txt").write_text("Grade seven ends at 98,400 euros.")
    (folder / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n')
    store = opened(folder)
    spot = Spot("hr/pay.txt", 1)
    assert view_page(store, spot, NOBODY) is None
    assert view_page(store, spot, frozenset({"board", "h"})) is None
    assert "98,400" in lines(seen(store, spot, frozenset({"hr"})))[0].text
