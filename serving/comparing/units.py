"""Units that a page tells above a table instead of in it."""

import re
from dataclasses import replace

from dossier.amounts import scales_in
from dossier.records import Table
from retrieval.content import Content

_ABOVE = 300
"""Characters above a table in which its unit is looked for."""
_UNIT = re.compile(r"\bin (?:thousands|millions|billions)\b[^)\n]*", re.IGNORECASE)


def with_units(content: Content) -> Content:
    """The document with units for tables that have none of their own but stand right below one."""
    return replace(content, tables=tuple(_with_unit(table, content) for table in content.tables))


def _with_unit(table: Table, content: Content) -> Table:
    if scales_in(f"{table.unit} {table.caption} {' '.join(table.columns)}"):
        return table
    above = [
        chunk.text[max(0, table.start - _ABOVE - chunk.start) : max(0, table.start - chunk.start)]
        for chunk in content.chunks
        if chunk.page == table.page and chunk.start < table.start and chunk.end > table.start - _ABOVE
    ]
    found = _UNIT.findall(" ".join(above))
    return replace(table, unit=f"{table.unit} {found[-1]}".strip()) if found else table
