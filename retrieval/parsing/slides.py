"""PowerPoint presentations: a page a slide, its title as heading, tables and charts as tables, notes marked."""

import io
from collections.abc import Iterable, Iterator

from lxml import etree
from pptx import Presentation
from pptx.chart.chart import Chart
from pptx.exc import PackageNotFoundError, PythonPptxError
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide
from pptx.table import Table
from pptx.text.text import TextFrame
from pptx.util import Pt

from dossier.errors import DocumentError
from dossier.records import TableCell
from retrieval.parsing.hidden import Notes
from retrieval.parsing.office_zip import check_office_zip
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import ParsedDocument, ParsedPage, title_from_name
from retrieval.parsing.tables import EMPTY, Row

_MAX_DEPTH, _MAX_SHAPES, _MAX_POINTS = 10, 20_000, 500


def read_slides(name: str, data: bytes) -> ParsedDocument:
    """Read a PPTX presentation. Hidden slides and shapes beside the slide are left out and reported."""
    check_office_zip(data)
    try:
        deck = Presentation(io.BytesIO(data))
    except PackageNotFoundError as error:
        raise DocumentError("it isn't a whole PowerPoint presentation. Get a good copy.") from error
    except (PythonPptxError, etree.XMLSyntaxError, KeyError, ValueError) as error:
        raise DocumentError(f"it is a damaged presentation ({str(error)[:120]}). Get a good copy.") from error
    notes = Notes()
    size = (int(deck.slide_width or 0), int(deck.slide_height or 0))
    pages = []
    for number, slide in enumerate(deck.slides, start=1):
        if slide.element.get("show") in ("0", "false"):
            notes.hide("on hidden slides")
        else:
            pages.append(_read_slide(number, slide, size, notes))
    title = (deck.core_properties.title or "").strip()
    usual = title.lower() in ("", "powerpoint presentation", "presentation")
    first = next((page.headings[0].text for page in pages if page.headings), "")
    return finish((first if usual else title) or title_from_name(name), pages, notes)


def _read_slide(number: int, slide: Slide, size: tuple[int, int], notes: Notes) -> ParsedPage:
    page = PageWriter(number, notes)
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        page.heading(1, _frame_text(title.text_frame, notes))
    for shape in _in_order(slide.shapes, 0):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        why = _why_hidden(shape, size)
        if why:
            notes.hide(why, int(_has_words(shape)))
        else:
            _write_shape(shape, page, notes)
    if slide.has_notes_slide:
        frame = slide.notes_slide.notes_text_frame
        text = _frame_text(frame, notes).strip() if frame is not None else ""
        if text:
            page.heading(2, "Speaker notes")
            page.line(text)
    return page.page()


def _in_order(shapes: Iterable[BaseShape], depth: int) -> Iterator[BaseShape]:
    """Shapes from top to bottom, those of groups in their place."""
    listed = []
    for shape in shapes:
        listed.append(shape)
        if len(listed) >= _MAX_SHAPES:
            break
    for shape in sorted(listed, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if isinstance(shape, GroupShape) and depth < _MAX_DEPTH:
            yield from _in_order(shape.shapes, depth + 1)
        else:
            yield shape


def _why_hidden(shape: BaseShape, size: tuple[int, int]) -> str:
    if any(element.get("hidden") in ("1", "true") for element in shape.element.iter("{*}cNvPr")):
        return "in hidden shapes"
    in_group = str(etree.QName(shape.element.getparent()).localname) == "grpSp"  # places in it are the group's own
    left, top, width, height = shape.left, shape.top, shape.width, shape.height
    if in_group or left is None or top is None or width is None or height is None:
        return ""
    beside = left + width <= 0 or top + height <= 0 or left >= size[0] or top >= size[1]
    return "beside the slide" if beside else ""


def _has_words(shape: BaseShape) -> bool:
    return any((node.text or "").strip() for node in shape.element.iter("{*}t"))


def _write_shape(shape: BaseShape, page: PageWriter, notes: Notes) -> None:
    if isinstance(shape, GraphicFrame) and shape.has_table:
        page.table(_table_rows(shape.table, notes), header=1 if shape.table.first_row else None)
    elif isinstance(shape, GraphicFrame) and shape.has_chart:
        _write_chart(shape.chart, page)
    elif shape.has_text_frame:
        text = _frame_text(shape.text_frame, notes)
        if text.strip():
            page.line(text)


def _frame_text(frame: TextFrame, notes: Notes) -> str:
    """The paragraphs of a text frame, without letters too small to see."""
    lines = []
    for paragraph in frame.paragraphs:
        pieces = []
        for run in paragraph.runs:
            if run.font.size is not None and run.font.size <= Pt(2) and run.text.strip():
                notes.hide("in letters too small to see")
            else:
                pieces.append(run.text)
        lines.append("".join(pieces) if paragraph.runs else paragraph.text)
    return "\n".join(line.replace("\x0b", "\n") for line in lines if line.strip())


def _table_rows(table: Table, notes: Notes) -> list[Row]:
    width = len(table.columns)
    grid: list[Row] = [[EMPTY] * width for _ in table.rows]
    for top, row in enumerate(table.rows):
        for left, cell in enumerate(list(row.cells)[:width]):
            if cell.is_spanned:
                continue
            shown = TableCell(_frame_text(cell.text_frame, notes))
            down, across = (cell.span_height, cell.span_width) if cell.is_merge_origin else (1, 1)
            for r in range(top, min(top + down, len(grid))):
                for c in range(left, min(left + across, width)):
                    grid[r][c] = shown
    return grid


def _write_chart(chart: Chart, page: PageWriter) -> None:
    """A chart of categories as a table: a row a category, a column a series."""
    title = chart.chart_title.text_frame.text if chart.has_title and chart.chart_title.has_text_frame else "Chart"
    plot = next(iter(chart.plots), None)
    names = [str(label) for label in list(plot.categories)[:_MAX_POINTS]] if plot is not None else []
    if plot is None or not names:
        return
    series = list(plot.series)[:50]
    rows: list[Row] = [[EMPTY, *(TableCell(str(one.name)) for one in series)]]
    values = [list(one.values) for one in series]
    for index, name in enumerate(names):
        numbers = (column[index] if index < len(column) else None for column in values)
        rows.append([TableCell(name), *(TableCell("" if value is None else f"{value:,.10g}") for value in numbers)])
    page.table(rows, title, header=1)
