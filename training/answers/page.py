"""The page about an evaluation of the product: how often it is right, what it cites, how long people wait."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from training.answers.figures import (
    ALL,
    ANSWERABLE,
    ANSWERS,
    MEASURES,
    NUMBERS,
    REFUSED,
    RIGHT,
    SECONDS,
    SOURCES,
    WRONG,
    Change,
    Measured,
    changes_of,
    clusters_of,
    figures_of,
    times_of,
)
from training.answers.record import Answered, ProductRun
from training.answers.text import seconds
from training.evaluation.intervals import FEWEST
from training.evaluation.pictures import share_bars
from training.evaluation.wording import chance, percent, points, short
from training.page import figures_table, page, table
from training.scoring import Outcome

_EXAMPLES = 3
_KINDS = {
    ALL: "all questions",
    ANSWERABLE: "in the documents",
    "lookup": "to look up",
    "arithmetic": "to compute",
    "span": "words to find",
    "list": "several to find",
    "comparison": "to compare",
    "unanswerable": "not in the documents",
    "follow-up": "asked as a follow-up",
}
Figures = Mapping[str, Mapping[str, Measured]]


def page_of(run: ProductRun, earlier: ProductRun | None = None) -> str:
    """The whole page; with `earlier` also what changed since. What the product said is escaped."""
    found = figures_of(run)
    title = f"How {run.model} answers"
    body = "\n".join(
        (
            f"<h1>{escape(title)}</h1>",
            *_verdict(run, found),
            *(_changes(earlier, run) if earlier is not None else ()),
            *_outcomes(found),
            *_measures(found),
            *_times(run),
            *_examples(run),
            *_settings(run),
        )
    )
    return page(escape(title), body)


def _verdict(run: ProductRun, found: Figures) -> Iterable[str]:
    answerable = found.get(ANSWERABLE, found[ALL])[RIGHT]
    yield (
        f"<p>{len(run.answers):,} questions with known answers were asked over HTTP, as its users ask. Of the "
        f"{answerable.questions:,} that the documents answer, <strong>{percent(answerable.figure)}</strong> were "
        "answered right.</p>"
    )
    if "unanswerable" in found:
        refused = found["unanswerable"][REFUSED]
        yield (
            f"<p>Of the {refused.questions:,} that they don't answer, <strong>{percent(refused.figure)}</strong> were "
            "rightly refused.</p>"
        )
    if run.failed:
        yield (
            f'<p class="note">Without an answer, and counted as wrong: {len(run.failed)}. The first: '
            f"{escape(run.failed[0].problem)}</p>"
        )
    clusters, kind = clusters_of(run.answers)
    few = (
        f" Where a kind of question is about fewer than {FEWEST} of them, nothing is claimed: 0 to 100."
        if len(set(clusters.values())) >= FEWEST
        else f" These are fewer than {FEWEST}, from which nothing can be claimed: 0 to 100."
    )
    yield f"<p>In brackets the 95% interval, {kind} resampled, since questions on one stand and fall together.{few}</p>"


def _changes(earlier: ProductRun, later: ProductRun) -> Iterable[str]:
    changes, alone = changes_of(earlier, later)
    yield "<h2>What changed</h2>"
    yield (
        f"<p>Before: {escape(', '.join(earlier.answered_by))} ({escape(earlier.created)}). Now: "
        f"{escape(', '.join(later.answered_by))} ({escape(later.created)}). The last column tells how often so large "
        "a difference comes about between two that are equally good.</p>"
    )
    if alone:
        yield f'<p class="note">{alone:,} questions were asked in one of the two only and are left out here.</p>'
    for kind in (ALL, ANSWERABLE, "unanswerable"):
        if found := changes.get(kind):
            yield f"<h3>{escape(_kind(kind))}</h3>"
            heads = ("measure", "before", "now", "difference (95% interval)", "chance")
            yield figures_table(heads, [_change(name, one) for name, one in found.items()])


def _change(name: str, one: Change) -> tuple[str, ...]:
    if name in MEASURES:
        return name, f"{one.before:.0%}", f"{one.after:.0%}", f"{points(one.gain)} points", chance(one.chance)
    return f"{name}, mean", f"{one.before:.2f} s", f"{one.after:.2f} s", f"{seconds(one)} s", chance(one.chance)


def _outcomes(found: Figures) -> Iterable[str]:
    yield "<h2>Right, refused, wrong</h2>"
    shown = {
        name: {f"{_kind(kind)} ({one[name].questions:,})": one[name].figure for kind, one in found.items()}
        for name in (RIGHT, REFUSED, WRONG)
    }
    picture = share_bars("Answers by kind of question", shown)
    yield (
        f"<figure>{picture}<figcaption>Right means: every amount of the reference answer is said with its scale, after "
        "rounding, and most of its words. A question that the documents don't answer is right when it is refused, so "
        "that it counts in both bars.</figcaption></figure>"
    )


def _measures(found: Figures) -> Iterable[str]:
    yield "<h2>All figures</h2>"
    for names in (ANSWERS, SOURCES, NUMBERS):
        rows = [(_kind(kind), *(_figure(one[name]) for name in names)) for kind, one in found.items()]
        yield figures_table(("", *names), rows)
    yield (
        "<p>Sources are judged by page: a cited passage counts when it stands on a page that holds the evidence, and "
        "one of the pages listed is enough (a comparison of two companies takes one of each). Answers without a "
        "citation have no precision. A citation is borne out where its sentence's numbers, or half of its words, stand "
        "in the passage. A number is traced where the answer tells its cell, passage, sum or question; "
        "what it can't trace it must mark.</p>"
    )


def _times(run: ProductRun) -> Iterable[str]:
    yield "<h2>How long people wait</h2>"
    times = times_of(run)
    heads = ("seconds to the", *(f"{name}, {what}" for name in SECONDS for what in ("median", "95% within")))
    rows = [
        (_kind(kind), *(f"{value:.2f}" for name in SECONDS for value in (one[name].median, one[name].high)))
        for kind, one in times.items()
    ]
    yield figures_table(heads, rows)
    yield "<p>One question at a time, over HTTP, nobody else asking.</p>"


def _examples(run: ProductRun) -> Iterable[str]:
    yield "<h2>Examples</h2>"
    groups: dict[str, Sequence[Answered]] = {
        "Right": [one for one in run.answers if one.answerable and one.judgement.outcome is Outcome.RIGHT],
        "Wrong": [one for one in run.answers if one.answerable and one.judgement.outcome is Outcome.WRONG],
        "Refused, though the answer is there": [one for one in run.answers if one.judgement.outcome is Outcome.REFUSED],
        "Answered, though nothing answers it": [
            one for one in run.answers if not one.answerable and one.judgement.outcome is Outcome.WRONG
        ],
    }
    for title, group in groups.items():
        yield f"<h3>{title} ({len(group):,})</h3>"
        for one in group[:: max(1, len(group) // _EXAMPLES)][:_EXAMPLES]:
            yield f"<pre>{escape(_told(one))}</pre>"


def _told(one: Answered) -> str:
    places = "; ".join(f"{document}, page {page}" for document, page in one.places)
    cited = "; ".join(f"{source.document}, page {source.page}" for source in one.sources if source.cited)
    parts = [
        *(f"Before: {short(earlier)}" for earlier in one.before),
        f"Question: {short(one.question)}",
        f"Expected: {short(one.expected)} ({places})" if places else "Expected: not in the documents",
        f"Answer: {short(one.text)}" if not one.problem else f"No answer: {short(one.problem)}",
        f"Cited: {cited}" if cited else "",
    ]
    return "\n".join(part for part in parts if part)


def _settings(run: ProductRun) -> Iterable[str]:
    yield "<h2>How it was made</h2>"
    rows = [
        ("questions", f"{run.questions} ({run.digest})"),
        ("asked at", run.address),
        ("answered by", ", ".join(run.answered_by) or "nobody"),
        ("index", ", ".join(run.generations) or "unknown"),
        ("when", run.created),
        ("Dossier", run.version),
    ]
    yield table((), rows)


def _figure(one: Measured) -> str:
    return percent(one.figure) if one.questions else "-"


def _kind(kind: str) -> str:
    return _KINDS.get(kind, kind)
