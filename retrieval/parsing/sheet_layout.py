"""A worksheet's own account of itself, read as a stream: hidden rows and columns, merged cells, how many rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from lxml import etree

_AREA = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})")
_MAX_MERGES = 20_000


@dataclass(slots=True)
class Layout:
    """Rows and columns count from 1. `merged` maps the first cell of an area to its last row and column."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    rows: int = 0
    filtered: bool = False

    def column_hidden(self, column: int) -> bool:
        """Whether a column is hidden."""
        return any(first <= column <= last for first, last in self.hidden_columns)


def read_layout(sheet: IO[bytes]) -> Layout:
    """Read a worksheet's XML once. Raises lxml.etree.XMLSyntaxError when it is damaged.

    Rows and columns that are folded away in an outline, and rows that a filter hides, count as visible: they are one
    click away and part of what the sheet says.
    """
    layout = Layout()
    folded: set[int] = set()
    for name, element in _elements(sheet):
        if name == "row" and len(element):
            layout.rows += 1
            if element.get("hidden") in ("1", "true"):
                number = int(element.get("r") or layout.rows)
                (folded if element.get("outlineLevel", "0") != "0" else layout.hidden_rows).add(number)
        elif name == "col" and element.get("hidden") in ("1", "true") and element.get("outlineLevel", "0") == "0":
            layout.hidden_columns.append((int(element.get("min", "1")), int(element.get("max", "1"))))
        elif name == "autoFilter":
            layout.filtered = True
        elif name == "mergeCell" and len(layout.merged) < _MAX_MERGES:
            match = _AREA.fullmatch(element.get("ref", ""))
            if match:
                first = (int(match[2]), column_number(match[1]))
                layout.merged[first] = (int(match[4]), column_number(match[3]))
    if layout.filtered:
        layout.hidden_rows.clear()
    return layout


def column_number(letters: str) -> int:
    """`A` is 1, `AA` is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _elements(sheet: IO[bytes]) -> Iterator[tuple[str, etree._Element]]:
    """The elements that matter, each emptied after use so that memory stays flat."""
    wanted = ("{*}row", "{*}col", "{*}mergeCell", "{*}autoFilter")
    for _, element in etree.iterparse(sheet, tag=wanted, resolve_entities=False, no_network=True, load_dtd=False):
        yield etree.QName(element).localname, element
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]
