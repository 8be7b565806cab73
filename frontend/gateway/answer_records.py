"""What the gateway tells about one answer beside its text and sources."""

from collections.abc import Mapping, Sequence
from typing import Any

from dossier.traces import Fault, Origin, Trace, Unsupported

Spec = Mapping[str, Any]
"""A Vega-Lite specification."""


def traces_of(data: Mapping[str, Any]) -> tuple[Trace, ...]:
    """The `traces` of a message or of a stream's last chunk; none of an older gateway."""
    return _traces(data.get("traces") or ())


def unsupported_of(data: Mapping[str, Any]) -> tuple[Unsupported, ...]:
    """The `unsupported` of the same, where they are about the text and not about what was withdrawn."""
    listed = () if data.get("withdrawn") else data.get("unsupported") or ()
    return tuple(
        Unsupported(int(one["start"]), int(one["end"]), Fault(one["fault"]), str(one["reason"])) for one in listed
    )


def spec_of(told: object) -> Spec | None:
    """What came as a chart: None where none came, and an empty specification, which isn't drawn, for what is none."""
    if told is None:
        return None
    return told if isinstance(told, Mapping) else {}


def _traces(listed: Sequence[Mapping[str, Any]]) -> tuple[Trace, ...]:
    return tuple(
        Trace(
            text=str(one["text"]),
            start=int(one["start"]),
            end=int(one["end"]),
            origin=Origin(one["origin"]),
            passage=int(one.get("passage") or 0),
            document=str(one.get("document") or ""),
            page=int(one.get("page") or 0),
            row=str(one.get("row") or ""),
            column=str(one.get("column") or ""),
            place=str(one.get("place") or ""),
            found=str(one.get("found") or ""),
            span=_span(one.get("span")),
            expression=str(one.get("expression") or ""),
            operands=_traces(one.get("operands") or ()),
        )
        for one in listed
    )


def _span(span: Sequence[int] | None) -> tuple[int, int] | None:
    return (int(span[0]), int(span[1])) if span else None
