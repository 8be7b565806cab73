"""Pictures of a data sheet, and of other pages, as SVG that stands in the page itself."""

import io
from collections.abc import Mapping
from typing import Any

_COLOUR, _LINE = "#2f6f8f", "#b4452c"
_STYLE = {
    "svg.fonttype": "none",  # letters stay text: smaller, searchable, read aloud
    "svg.hashsalt": "dossier",  # the same figures make the same file
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def bars(title: str, counts: Mapping[str, int]) -> str:
    """Horizontal bars, one a name, with the count behind each."""
    names = [name if len(name) <= 40 else f"{name[:39]}…" for name in counts]
    values = list(counts.values())
    figure, axes = new_figure(7.5, 0.6 + 0.27 * len(names))
    places = range(len(names))
    drawn = axes.barh(places, values, color=_COLOUR, height=0.7)
    axes.set_yticks(list(places), [_plain(name) for name in names])
    axes.bar_label(drawn, [f"{value:,}" for value in values], padding=3)
    axes.set_xlim(0, max(values) * 1.12)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.invert_yaxis()
    return as_svg(figure, title)


def length_bars(lengths: Mapping[str, Any]) -> str:
    """A histogram of lengths in tokens, with the window as a line."""
    width, counts = lengths["bin"], lengths["counts"]
    figure, axes = new_figure(7.5, 2.6)
    axes.bar([width * (number + 0.5) for number in range(len(counts))], counts, width * 0.92, color=_COLOUR)
    axes.axvline(lengths["window"], color=_LINE, linestyle="--")
    axes.text(lengths["window"], max(counts), " window", color=_LINE, va="top")
    axes.set_xlabel("tokens")
    axes.set_ylabel("examples")
    return as_svg(figure, "Lengths of the examples in tokens")


def new_figure(width: float, height: float) -> tuple[Any, Any]:
    """A figure of so many inches, and its axes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.add_subplot()


def as_svg(figure: Any, title: str) -> str:  # noqa: ANN401 (a class that is imported late)
    """The figure as an SVG element that can stand in a page."""
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context(_STYLE):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Title": title})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def _plain(name: str) -> str:
    """A name that isn't read as a formula."""
    return name.replace("$", r"\$")
