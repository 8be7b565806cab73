"""Where the numbers of an answer come from, as people see it."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

import streamlit as st

from dossier.traces import Origin, Trace
from frontend.drawing.markup import Mark, label
from frontend.gateway.records import Message

_UNTRACED: Final = "This number stands in none of the passages. Check it yourself."
_QUESTION: Final = "from the question"
_SHOWN: Final = 90
_CONSTANT: Final = "a factor of the calculation"


def marks_of(traces: Sequence[Trace]) -> list[Mark]:
    """What the answer's text shows of each number: untraced ones stand out, others say where they stand."""
    return [
        Mark(trace.start, trace.end, f"number {_kind(trace)}", place_of(trace))
        for trace in traces
        if 0 <= trace.start < trace.end
    ]


def show_numbers(message: Message, place: str) -> None:
    """Each computed number, to be opened to its expression and operands; `place` tells the widgets apart."""
    computed = [trace for trace in message.traces if trace.origin is Origin.COMPUTED]
    if computed:
        with st.container(key=f"numbers-{place}"):
            for trace in computed:
                with st.expander(f"How **{label(trace.text)}** was computed", type="compact"):
                    st.html(_computed_html(trace))


def doubts_html(message: Message) -> str:
    """The sentences of an answer that aren't borne out, each with the reason."""
    items = "".join(
        f"<li>“{escape(_cut(message.text[one.start : one.end]))}” {escape(one.reason)}</li>"
        for one in message.unsupported
    )
    return f'<div class="doubts">Not borne out by the sources:<ul>{items}</ul></div>'


def place_of(trace: Trace) -> str:
    """Where a number comes from, in words."""
    match trace.origin:
        case Origin.UNTRACED:
            return _UNTRACED
        case Origin.QUESTION:
            return _QUESTION
        case Origin.CONSTANT:
            return _CONSTANT
        case Origin.COMPUTED:
            return f"computed: {trace.expression}"
        case Origin.CELL | Origin.PASSAGE:
            return ", ".join(_parts(trace))


def _cut(sentence: str) -> str:
    words = " ".join(sentence.replace("*", "").split())
    return words if len(words) <= _SHOWN else words[:_SHOWN].rsplit(" ", 1)[0] + " …"


def _parts(trace: Trace) -> Iterator[str]:
    yield f"{trace.document}, page {trace.page}"
    if trace.row or trace.column:
        yield ", ".join(part for part in (trace.row.rstrip(" :.…"), trace.column) if part)
    if trace.place:
        yield f"cell {trace.place}"
    if trace.found:
        yield f"there as {trace.found}"


def _kind(trace: Trace) -> str:
    if not trace.is_traced:
        return "untraced"
    return "computed" if trace.origin is Origin.COMPUTED else "traced"


def _computed_html(trace: Trace) -> str:
    rows = "".join(
        f'<tr class="{_kind(one)}"><td>{escape(one.text)}</td><td>{escape(place_of(one))}</td></tr>'
        for one in trace.operands
    )
    expression = f"{escape(trace.text)} = {escape(trace.expression)}"
    return f'<div class="expression">{expression}</div><table class="operands"><tbody>{rows}</tbody></table>'
