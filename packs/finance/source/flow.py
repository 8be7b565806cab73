"""Reads the report's texts and lays them out: headings, paragraphs, bullets and tables in order."""

from dataclasses import dataclass, field
from pathlib import Path

from .layout import BODY, BOTTOM, HEADINGS, Font, PageWriter, wrap
from .layout import LEFT as LEFT_EDGE
from .layout import RIGHT as RIGHT_EDGE
from .tables import Table, draw
from .wording import Wording

TEXT = Path(__file__).parent / "text"
BULLET = "\u2022"
BULLET_INDENT = 14.0
SPACE_AFTER = 6.0
HEADING_ROOM = 150.0  # an item that would begin lower on a page begins on the next one
SPACE_BEFORE = {1: 0.0, 2: 9.0, 3: 5.0}


@dataclass(frozen=True)
class Block:
    """One piece of a text: heading, paragraph, bullet, table, page or report (a text put in between)."""

    kind: str
    text: str
    level: int = 0
    listed: bool = False


@dataclass
class Contents:
    """The headings found while a report is laid out, with their printed pages."""

    entries: list[tuple[int, str, int]] = field(default_factory=list)


def read_blocks(name: str, wording: Wording) -> list[Block]:
    """Split a text file into blocks; each non-empty line is one."""
    source = (TEXT / name).read_text(encoding="utf-8").replace("'", "\u2019")
    return [_block(wording.fill(line.strip())) for line in source.splitlines() if line.strip()]


def _block(line: str) -> Block:
    if line.startswith("#"):
        marks, text = line.split(" ", 1)
        return Block("heading", text, marks.count("#"), listed=marks.endswith("+") or marks == "#")
    if line.startswith("- "):
        return Block("bullet", line[2:])
    if line.startswith("["):
        return Block(line[1:-1].split()[0], line[1:-1].split()[-1])
    return Block("paragraph", line)


def lay_out(page: PageWriter, blocks: list[Block], tables: dict[str, Table], contents: Contents) -> None:
    """Write all blocks."""
    for number, block in enumerate(blocks):
        following = blocks[number + 1] if number + 1 < len(blocks) else None
        if block.kind == "heading":
            _heading(page, block, _space_wanted(following, tables), contents)
        elif block.kind == "paragraph":
            page.paragraph(block.text)
            page.skip(SPACE_AFTER)
        elif block.kind == "bullet":
            page.paragraph(block.text, indent=BULLET_INDENT, mark=BULLET)
            page.skip(3)
        elif block.kind == "table":
            draw(page, tables[block.text])
        elif block.kind == "page":
            page.next_page()
        else:
            raise ValueError(f"unknown block {block.kind}")


def _space_wanted(following: Block | None, tables: dict[str, Table]) -> float:
    """Return the room a heading must keep for what follows, so that it never ends a page alone."""
    if following is None:
        return 0
    if following.kind == "table":
        return min(tables[following.text].height(), 560)
    return 3 * BODY.leading if following.kind != "heading" else 60


def _heading(page: PageWriter, block: Block, wanted: float, contents: Contents) -> None:
    font: Font = HEADINGS[block.level]
    if block.level == 1 and page.y - BOTTOM < HEADING_ROOM:
        page.next_page()
    page.skip(16 if block.level == 1 else SPACE_BEFORE[block.level])
    lines = wrap(block.text, font, RIGHT_EDGE - LEFT_EDGE)
    page.need(font.leading * len(lines) + wanted)
    for line in lines:
        page.line(line, font)
    if block.level == 1:
        page.rule(LEFT_EDGE, RIGHT_EDGE, 5, 0.8)
        page.y -= 8
    page.y -= 3
    if block.listed:
        contents.entries.append((block.level, block.text, page.printed_page))
