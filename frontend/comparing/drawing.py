"""Draws sections of two documents: figures that differ in a table, and what both say side by side."""

from decimal import Decimal
from html import escape
from typing import Final

from frontend.comparing.records import Comparison, Figure, SectionPair, Side, Spot, Value
from frontend.drawing.figures import MISSING

_LONG: Final = 140
_OBSTACLES: Final = {"unit": "another unit", "length": "other length of time"}
OLD: Final = "old"
NEW: Final = "new"


def key_of(side: str, spot: Spot) -> str:
    """What names a place of one of the two documents, for the button that opens it."""
    return f"{side}-{spot.page}-{spot.start}-{spot.end}"


def figures_html(section: SectionPair, compared: Comparison) -> str:
    """The figures of a section that differ; each amount is a button that opens its page."""
    heads = ("Figure", compared.old.document, compared.new.document, "Change", "In percent")
    first, *others = heads
    top = f'<th scope="col">{escape(first)}</th>' + "".join(
        f'<th scope="col" class="amount">{escape(head)}</th>' for head in others
    )
    rows = "".join(_row(figure) for figure in section.figures)
    return (
        f'<table class="files figures compared"><caption>{state_of(section)}</caption><thead><tr>{top}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def texts_html(section: SectionPair, compared: Comparison) -> str:
    """What both say, side by side; what the other doesn't say so is marked."""
    names = (compared.old.document, compared.new.document)
    sides = zip((section.old, section.new), names, (OLD, NEW), strict=True)
    return f'<div class="sides">{"".join(_side(*one) for one in sides)}</div>'


def rows_html(section: SectionPair, compared: Comparison) -> str:
    """The rows that only one document's tables have; empty where there are none."""
    told = ((compared.old.document, section.rows_only_old), (compared.new.document, section.rows_only_new))
    said = [f"Only in the tables of {escape(name)}: {escape('; '.join(rows))}." for name, rows in told if rows]
    return "".join(f'<p class="note">{one}</p>' for one in said)


def state_of(section: SectionPair) -> str:
    """How a section differs, in a few words."""
    if section.new is None:
        return "only in the old one"
    if section.old is None:
        return "only in the new one"
    if section.same:
        return "the same"
    count = len(section.figures)
    return f"{count:,} figure{'s' if count != 1 else ''} differ{'' if count != 1 else 's'}" if count else "other words"


def _row(figure: Figure) -> str:
    label = figure.label if len(figure.label) <= _LONG else f"{figure.label[:_LONG]} …"
    note = '<div class="reason">The same period, restated</div>' if figure.restated else ""
    cells = [_value("Old", OLD, figure.old), _value("New", NEW, figure.new)]
    change = _OBSTACLES.get(figure.obstacle, MISSING)
    if figure.change is not None:
        change = _change(figure.change, figure.new.unit)
    share = MISSING if figure.share is None else f"{figure.share:+.1%}"
    cells += [
        f'<td class="amount" data-head="Change">{escape(change)}</td>',
        f'<td class="amount" data-head="In percent">{share}</td>',
    ]
    return f'<tr><th scope="row" class="file">{escape(label)}{note}</th>{"".join(cells)}</tr>'


def _value(head: str, side: str, value: Value) -> str:
    unit = "" if value.unit in ("", "percent") else f" {value.unit}"
    place = ", ".join(part for part in (value.column, f"page {value.spot.page}") if part)
    button = (
        f'<button type="button" class="marker opens" data-cite="{escape(key_of(side, value.spot))}" '
        f'title="Open page {value.spot.page}">{escape(value.text + unit)}</button>'
    )
    return f'<td class="amount" data-head="{head}">{button}<div class="fine">{escape(place)}</div></td>'


def _change(change: Decimal, unit: str) -> str:
    if unit == "percent":
        return f"{change:+,f} points"
    return f"{change:+,f} {unit}".strip()


def _side(side: Side | None, name: str, which: str) -> str:
    if side is None:
        return f'<div class="side"><p class="fine">{escape(name)}</p><p class="note">It has no such section.</p></div>'
    heading = side.heading[-1] if side.heading else ""
    opens = (
        f'<button type="button" class="marker opens" data-cite="{escape(key_of(which, side.spot))}">'
        f"{escape(name)}, page {side.spot.page}</button>"
    )
    text = " ".join(f"<mark>{escape(text)}</mark>" if differs else escape(text) for text, differs in side.pieces)
    text = text or '<span class="fine">Nothing but tables.</span>'
    more = f'<p class="fine">And {side.cut:,} characters more: open the page.</p>' if side.cut else ""
    head = f'<p>{opens}</p><p class="fine">{escape(heading)}</p>'
    return f'<div class="side">{head}<div class="passage">{text}</div>{more}</div>'
