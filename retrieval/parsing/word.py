"""Word documents: paragraphs, headings and tables in the order of the text, footnotes after it."""

import io
from collections.abc import Iterator

from docx import Document
from docx.opc.exceptions import OpcError, PackageNotFoundError
from lxml import etree

from dossier.errors import DocumentError
from dossier.records import TableCell
from retrieval.parsing.hidden import Notes
from retrieval.parsing.office_zip import check_office_zip
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import ParsedDocument, title_from_name
from retrieval.parsing.tables import EMPTY, Row
from retrieval.parsing.word_styles import Look, Styles, W, attribute, look_of, number

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_LEFT_OUT = frozenset(
    [f"{W}del", f"{W}moveFrom", f"{W}rPr", f"{W}pPr", f"{W}instrText", f"{W}delText", f"{_MC}Fallback"]
)
_MAX_COLUMNS, _MAX_CELLS = 100, 300_000
_NOTES_PART = "/footnotes"


def read_word(name: str, data: bytes) -> ParsedDocument:
    """Read a DOCX document as one page. Deleted text of tracked changes and hidden text are left out."""
    check_office_zip(data)
    try:
        document = Document(io.BytesIO(data))
    except PackageNotFoundError as error:
        raise DocumentError("it isn't a whole Word document. Get a good copy.") from error
    except (OpcError, etree.XMLSyntaxError, KeyError, ValueError) as error:
        raise DocumentError(f"it is a damaged Word document ({str(error)[:120]}). Get a good copy.") from error
    notes = Notes()
    page = PageWriter(1, notes)
    reader = _Reader(Styles(document), page, notes)
    reader.write(document.element.body)
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith((_NOTES_PART, "/endnotes")):
            reader.write_footnotes(relation.target_part.blob)
    return finish(document.core_properties.title.strip() or title_from_name(name), (page.page(),), notes)


class _Reader:
    """Walks the body of one document. Without recursion, since nesting is untrusted."""

    def __init__(self, styles: Styles, page: PageWriter, notes: Notes) -> None:
        self._styles, self._page, self._notes = styles, page, notes

    def write(self, root: etree._Element) -> None:
        """Append paragraphs and tables below `root`, whatever content controls or revisions they are wrapped in."""
        for block in _blocks(root):
            if block.tag == f"{W}tbl":
                self._write_table(block)
                continue
            text = self._text(block)
            level = self._level(block)
            if level and text.strip():
                self._page.heading(level, text)
            elif text.strip():
                self._page.line(text)
            for box in block.iter(f"{W}txbxContent"):
                if not any(parent.tag == f"{_MC}Fallback" for parent in box.iterancestors()):
                    for line in self._box_lines(box):
                        self._page.line(line)

    def write_footnotes(self, blob: bytes) -> None:
        """Append the footnotes, a line each."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        for note in etree.fromstring(blob, parser).iterchildren(f"{W}footnote", f"{W}endnote"):
            text = " ".join(self._text(paragraph) for paragraph in note.iter(f"{W}p")).strip()
            if text and note.get(f"{W}type") is None:
                self._page.line(f"[{note.get(f'{W}id')}] {text}")

    def _box_lines(self, box: etree._Element) -> Iterator[str]:
        for paragraph in box.iter(f"{W}p"):
            text = self._text(paragraph, on_white=False)
            if text.strip():
                yield text

    def _level(self, paragraph: etree._Element) -> int:
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return 0
        outline = properties.find(f"{W}outlineLvl")
        if outline is not None and number(outline, 9) < 9:
            return int(number(outline, 9)) + 1
        return self._styles.level(attribute(properties.find(f"{W}pStyle")))

    def _text(self, paragraph: etree._Element, on_white: bool = True) -> str:
        """A paragraph's visible text; `on_white`: whether white letters can't be seen there."""
        properties = paragraph.find(f"{W}pPr")
        style = None if properties is None else attribute(properties.find(f"{W}pStyle"))
        base = look_of(None, properties).over(self._styles.look(style))
        pieces: list[str] = []
        hidden = ""
        for run in _runs(paragraph):
            text = _run_text(run)
            why = self._why_hidden(run, base, on_white) if text.strip() else ""
            if why and why != hidden:
                self._notes.hide(why)
            hidden = why or (hidden if not text.strip() else "")
            pieces.append("" if why else text)
        return "".join(pieces)

    def _why_hidden(self, run: etree._Element, base: Look, on_white: bool) -> str:
        properties = run.find(f"{W}rPr")
        style = None if properties is None else attribute(properties.find(f"{W}rStyle"))
        look = look_of(properties).over(self._styles.look(style)).over(base)
        if look.vanish:
            return "marked as hidden"
        if look.half_points is not None and look.half_points <= 4:
            return "in letters too small to see"
        return "in white letters" if look.white and not look.shaded and on_white else ""

    def _write_table(self, table: etree._Element) -> None:
        """Append a table; one that lies inside a cell becomes part of the cell's text."""
        rows: list[Row] = []
        above: dict[int, TableCell] = {}
        styled = table.find(f"{W}tblPr/{W}tblStyle") is not None
        count = 0
        for tag in _children(table, f"{W}tr"):
            row: Row = []
            for cell_tag in _children(tag, f"{W}tc"):
                properties = cell_tag.find(f"{W}tcPr")
                shaded = bool(look_of(None, properties).shaded)
                merge = None if properties is None else properties.find(f"{W}vMerge")
                span = None if properties is None else properties.find(f"{W}gridSpan")
                place = len(row)
                if merge is not None and attribute(merge) != "restart":
                    cell = above.get(place, EMPTY)
                else:
                    cell = TableCell(self._cell_text(cell_tag, on_white=not (styled or shaded)))
                width = 1 if span is None else int(number(span, 1))
                row.extend([cell] * min(max(width, 1), _MAX_COLUMNS - len(row)))
                above[place] = cell
            count += len(row)
            if count > _MAX_CELLS:
                raise DocumentError("a table in it has too many cells to be read. Split the file.")
            rows.append(row)
        if len(rows) == 1 or all(len(row) < 2 for row in rows):
            for row in rows:
                for cell in dict.fromkeys(row):
                    self._page.line(cell.text)
        else:
            self._page.table(rows)

    def _cell_text(self, cell: etree._Element, on_white: bool) -> str:
        return "\n".join(filter(str.strip, (self._text(paragraph, on_white) for paragraph in cell.iter(f"{W}p"))))


def _blocks(root: etree._Element) -> Iterator[etree._Element]:
    """Paragraphs and tables below an element in order; not those inside tables or text boxes."""
    stack = list(reversed(root))
    while stack:
        node = stack.pop()
        if node.tag in (f"{W}p", f"{W}tbl"):
            yield node
        elif node.tag not in _LEFT_OUT and isinstance(node.tag, str):
            stack.extend(reversed(node))


def _children(root: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Rows of a table or cells of a row, also those in content controls; not those of tables inside."""
    stack = list(reversed(root))
    while stack:
        node = stack.pop()
        if node.tag == wanted:
            yield node
        elif node.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}moveTo", f"{W}customXml"):
            stack.extend(reversed(node))


def _runs(paragraph: etree._Element) -> Iterator[etree._Element]:
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        if node.tag == f"{W}r":
            yield node
        elif node.tag not in _LEFT_OUT and isinstance(node.tag, str):
            stack.extend(reversed(node))


def _run_text(run: etree._Element) -> str:
    signs = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
    return "".join((node.text or "") if node.tag == f"{W}t" else signs.get(node.tag, "") for node in run)
