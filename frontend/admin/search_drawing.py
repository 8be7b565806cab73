"""Draws what a search found: the verdict on two scales, and passages with bars for the parts of the score."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from frontend.admin.search_records import Hit, Search
from frontend.drawing.figures import MISSING

_EXCERPT: Final = 150
_REFUSED: Final = "An answer would be refused"
_ANSWERED: Final = "An answer would be given"
_FAR: Final = "It isn't likely enough that these passages hold the answer."
_UNSURE: Final = "The passages fit, but no single line clearly answers."
_GOES: Final = "The passages fit the question well enough, and one line stands out."
_FITS: Final = "The passages fit the question well enough."


def verdict_html(found: Search) -> str:
    """Whether an answer would be given, and how far both probabilities are from their limits."""
    state = (
        f'<span class="state {"bad" if found.refused else "good"}">{_REFUSED if found.refused else _ANSWERED}</span>'
    )
    gauges = _gauge("The answer is in these passages", found.relevance, found.least_relevance)
    if found.confidence is not None:
        gauges += _gauge("The first line is the answer", found.confidence, found.least_confidence)
    line = f'<p class="fine">First line: {escape(" ".join(found.line.split()))}</p>' if found.line else ""
    return f'<div class="verdict"><p>{state} {escape(_why(found))}</p>{gauges}{line}</div>'


def hits_html(found: Search, cite: str) -> str:
    """The passages, best first. The name of each is a button that opens its page, `<cite>-<number>`."""
    heads = ["", "Passage", "By words", "By meaning", "Together", "Best line"]
    heads += ["Reranker"] if found.reranked else []
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    rows = "".join(_rows(found.hits, found.reranked, cite))
    return f'<table class="files found"><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>'


def _why(found: Search) -> str:
    if found.relevance < found.least_relevance or not found.hits:
        return _FAR
    if found.refused:
        return _UNSURE
    return _FITS if found.confidence is None else _GOES


def _gauge(name: str, value: float, least: float) -> str:
    low = " low" if value < least else ""
    bar = f'<i style="width: {value:.1%}"></i><b style="left: {least:.1%}"></b>'
    said = f"{value:.0%} likely, at least {least:.0%} is needed"
    return (
        f'<div class="gauge"><span>{escape(name)}</span><div class="scale{low}" aria-hidden="true">{bar}</div>'
        f"<span>{said}</span></div>"
    )


def _rows(hits: Sequence[Hit], reranked: bool, cite: str) -> Iterator[str]:
    words = max((hit.word_score or 0.0 for hit in hits), default=0.0)
    fused = max((hit.fused * _boost(hit) for hit in hits), default=0.0)
    beyond = False
    for hit in hits:
        if not hit.given and not beyond:
            beyond = True
            columns = 7 if reranked else 6
            yield f'<tr class="divide"><td colspan="{columns}">Found too, but not given to an answer:</td></tr>'
        yield _row(hit, (words, fused), reranked, cite)


def _row(hit: Hit, most: tuple[float, float], reranked: bool, cite: str) -> str:
    source, found = hit.source, hit.source.found
    similarity = found.similarity if found else None
    cells = [
        _part(
            "By words",
            hit.word_score,
            f"{hit.word_score or 0:.1f}",
            most[0],
            _rank(found.lexical_rank if found else None),
        ),
        _part("By meaning", similarity, f"{similarity or 0:.2f}", 1.0, _rank(found.dense_rank if found else None)),
        _part("Together", hit.fused * _boost(hit), f"{1000 * hit.fused * _boost(hit):.0f}", most[1], _gain(hit)),
    ]
    line = found.line if found else None
    cells.append(_part("Best line", line, f"{line or 0:.0%}", 1.0, ""))
    if reranked:
        verdict = found.rerank if found else None
        cells.append(_part("Reranker", None if verdict is None else _share(verdict), f"{verdict or 0:+.1f}", 1.0, ""))
    place = f"{source.document}, page {source.page}"
    named = f'class="marker opens" data-cite="{escape(cite)}-{source.number}"'
    opens = f'<button type="button" {named}>{escape(place)}</button>'
    section = f'<div class="fine">{escape(" › ".join(source.section))}</div>' if source.section else ""
    return (
        f'<tr><td>{source.number}</td><td class="file">{opens}{section}{_text(source.text)}</td>{"".join(cells)}</tr>'
    )


def _text(text: str) -> str:
    """The beginning of the text, which opens to all of it."""
    plain = " ".join(text.split())
    if len(plain) <= _EXCERPT:
        return f'<div class="excerpt">{escape(plain)}</div>'
    return (
        f"<details><summary>{escape(plain[:_EXCERPT].rsplit(' ', 1)[0])} …</summary>"
        f'<div class="passage">{escape(text)}</div></details>'
    )


def _part(head: str, value: float | None, said: str, most: float, below: str) -> str:
    if value is None:
        return f'<td class="part-of" data-head="{head}">{MISSING}<div class="fine">not found</div></td>'
    share = max(0.0, min(1.0, value / most)) if most else 0.0
    bar = f'<div class="scale" aria-hidden="true"><i style="width: {share:.1%}"></i></div>'
    note = f'<div class="fine">{escape(below)}</div>' if below else ""
    return f'<td class="part-of" data-head="{head}">{said}{bar}{note}</td>'


def _rank(rank: int | None) -> str:
    return f"number {rank}" if rank else ""


def _boost(hit: Hit) -> float:
    return hit.source.found.boost if hit.source.found else 1.0


def _gain(hit: Hit) -> str:
    return f"raised × {_boost(hit):.2f}" if _boost(hit) != 1.0 else ""


def _share(verdict: float) -> float:
    """The reranker's verdict from 0 to 1."""
    return 1 / (1 + math.exp(-verdict))
