"""Pages for people: one HTML file that loads nothing from anywhere."""

from collections.abc import Iterable, Sequence
from html import escape

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h1{font-size:1.6rem;margin-bottom:0}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #d5dbe3}
table{border-collapse:collapse;margin:.8rem 0}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}thead th{border-bottom:1px solid #d5dbe3}
figure{margin:1rem 0;overflow-x:auto}figcaption{color:#56606e}svg{max-width:100%;height:auto}
pre{white-space:pre-wrap;background:#f4f6f9;padding:.6rem .8rem;border-radius:6px;margin:.3rem 0;overflow-wrap:anywhere}
.wide{overflow-x:auto}.wide td{white-space:nowrap}
.note{background:#fff6df;padding:.5rem .8rem;border-radius:6px}code{overflow-wrap:anywhere}dt{font-weight:600}
"""


def page(title: str, body: str) -> str:
    """A whole page; `title` and `body` are escaped already."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n<style>{_STYLE}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def figures_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of figures, which aren't broken into lines: on a narrow screen it is moved sideways."""
    return f'<div class="wide">{table(heads, rows)}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; its texts are escaped here, whole numbers stand on the right."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    return f'<td class="n">{value:,}</td>' if isinstance(value, int) else f"<td>{escape(str(value))}</td>"
