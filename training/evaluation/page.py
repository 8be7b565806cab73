"""The page about an evaluation, for people who decide: what was asked, what came out, how sure that is."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from retrieval.evaluation.measures import Figure
from training.evaluation.contexts import QuestionSet
from training.evaluation.evaluate import IN_USE, TUNED, Candidate, Measured
from training.evaluation.intervals import FEWEST
from training.evaluation.judging import ALL, MEASURES, REFUSALS, Judged, figures
from training.evaluation.lab import BASE
from training.evaluation.pictures import audit_marks, share_bars, widest_findings
from training.evaluation.wording import chance, percent, points, short
from training.page import figures_table, page, table, with_commands

_EXAMPLES = 3
_CALLED = {BASE: "base model", TUNED: "tuned model", IN_USE: "model in use"}
_KINDS = {
    ALL: "all questions",
    "number": "numbers to compute",
    "span": "words or a number to find",
    "spans": "several to find",
    "count": "to count",
    "label": "to choose a label",
    REFUSALS: "not in the documents",
}
Figures = Mapping[str, Mapping[str, Mapping[str, Figure]]]
"""Model to kind to measure."""


def page_of(candidate: Candidate, questions: QuestionSet, measured: Measured, against: Sequence[str]) -> str:
    """The whole page; `against` is what speaks against promotion. What models and documents say is escaped."""
    found = {name: figures(judged) for name, judged in measured.judged.items()}
    name = escape(candidate.name)
    body = "\n".join(
        (
            f"<h1>Is {name} better?</h1>",
            *_verdict(questions, measured),
            *_promotion(against),
            *_right(measured, found),
            *_measures(found),
            *_examples(measured),
            *_general(measured),
            *_audit(measured),
            *_cost(measured),
            *_missing(questions),
            *_settings(candidate, measured),
        )
    )
    return page(f"Evaluation of {name}", body)


def _verdict(questions: QuestionSet, measured: Measured) -> Iterable[str]:
    own = measured.difference.comparison
    if own.low > 0:
        said = "Yes: it answers more of the questions right, and the difference is more than chance."
    elif own.high < 0:
        said = "No: it answers fewer of the questions right, and the difference is more than chance."
    else:
        said = "That can't be said: the difference may be chance."
    yield f'<p class="note"><strong>{said}</strong></p>'
    yield (
        f"<p>{own.questions:,} questions on {len(questions.contexts):,} pages were asked. "
        f"Right: <strong>{own.candidate:.0%}</strong> with the tuned model, {own.reference:.0%} with the "
        f"{_CALLED[measured.before]}. Difference: <strong>{100 * own.difference:+.1f} points</strong>; with 95% "
        f"confidence between {100 * own.low:+.1f} and {100 * own.high:+.1f}. Were the two equally good, chance would "
        f"make such a difference in {chance(measured.difference.chance)} of all tries.</p>"
    )
    if not measured.apart:
        yield (
            '<p class="note">The adapter was trained on another set than these questions come from, so that nobody '
            "can tell here whether it has seen them.</p>"
        )
    if len(questions.contexts) < FEWEST:
        yield (
            f'<p class="note">Questions on fewer than {FEWEST} pages tell nothing about others, so no narrower '
            "interval is given. Ask more.</p>"
        )


def _promotion(against: Sequence[str]) -> Iterable[str]:
    yield "<h2>May it answer people's questions?</h2>"
    if not against:
        yield "<p>Nothing speaks against it.</p>"
        return
    items = "".join(f"<li>{with_commands(reason)}</li>" for reason in against)
    yield f"<p>Not yet. What speaks against it:</p><ul>{items}</ul>"


def _right(measured: Measured, found: Figures) -> Iterable[str]:
    yield "<h2>How many were right</h2>"
    shown = {}
    for name, kinds in found.items():
        measure = "right, generously" if name == BASE else "right"
        counts = {kind: sum(one.asked.kind == kind for one in measured.judged[name]) for kind in kinds}
        counts[ALL] = len(measured.judged[name])
        shown[_CALLED[name]] = {f"{_kind(kind)} ({counts[kind]:,})": kinds[kind][measure] for kind in kinds}
    picture = share_bars("Right answers by kind of question", shown)
    yield (
        f"<figure>{picture}<figcaption>Right means: the value with its unit and scale, or the words, and borne out by "
        "the excerpts. The base model is counted right also where the right value only stands somewhere in what it "
        "wrote, since it never learned the short form of replies.</figcaption></figure>"
    )


def _measures(found: Figures) -> Iterable[str]:
    yield "<h2>All figures</h2>"
    kinds = list(next(iter(found.values())))
    for kind in kinds:
        rows = [(name, *(percent(found[model][kind][name]) for model in found)) for name in MEASURES]
        yield f"<h3>{escape(_kind(kind))}</h3>"
        yield figures_table(("measure (95% interval)", *(_CALLED[model] for model in found)), rows)


def _examples(measured: Measured) -> Iterable[str]:
    yield "<h2>Examples</h2>"
    pairs = list(zip(measured.judged[TUNED], measured.judged[measured.before], strict=True))
    groups = {
        "Right": [pair for pair in pairs if pair[0].right and pair[0].answerable],
        "Rightly refused": [pair for pair in pairs if pair[0].right and not pair[0].answerable],
        "Wrong": [pair for pair in pairs if not pair[0].right and not pair[0].refused],
        "Refused, though the answer was there": [pair for pair in pairs if pair[0].refused and pair[0].answerable],
    }
    for title, group in groups.items():
        yield f"<h3>{title} ({len(group):,})</h3>"
        step = max(1, len(group) // _EXAMPLES)
        for later, earlier in group[::step][:_EXAMPLES]:
            yield f"<pre>{escape(_told(later, earlier, measured.before))}</pre>"


def _told(later: Judged, earlier: Judged, before: str) -> str:
    expected = later.asked.expected
    right = f"{'; '.join(expected.texts)} {expected.scale}".strip() or "not in the excerpts"
    parts = [
        f"Question: {short(later.asked.text)}",
        f"Expected: {short(right)}",
        f"Tuned model: {short(later.reply)}",
        f"  not borne out: {later.score.reason}" if later.score.reason else "",
        f"{_CALLED[before].capitalize()}: {short(earlier.reply)}",
    ]
    return "\n".join(part for part in parts if part)


def _general(measured: Measured) -> Iterable[str]:
    yield "<h2>Has it forgotten what it could do before?</h2>"
    kept, before, after = measured.evaluation.forgetting, measured.general[BASE], measured.general[TUNED]
    told = "more than" if kept.lost > kept.bound else "within"
    yield (
        f"<p>{len(before.right):,} general questions (common knowledge, sums, simple instructions), right with the "
        f"base model {percent(before.share)}, with the tuned model {percent(after.share)}; a guess is right in 25%. "
        f"That is {told} what may be lost ({kept.bound:.0%}). Ordinary prose surprises it "
        f"{after.perplexity / before.perplexity - 1:+.0%} (perplexity {before.perplexity:.1f} before, "
        f"{after.perplexity:.1f} after; less is better).</p>"
    )


def _audit(measured: Measured) -> Iterable[str]:
    yield "<h2>Does it treat people and companies alike?</h2>"
    audit, findings = measured.evaluation.audit, measured.findings[TUNED]
    picture = audit_marks("What moves answers most", findings)
    yield (
        f"<p>{'Passed' if audit.passed else 'Failed'}: {escape(audit.summary)}. The same cases were told of different "
        "companies, sectors, sizes, regions, genders and nationalities; advice, sentiment and refusals should stay.</p>"
        f"<figure>{picture}<figcaption>For each attribute the value that moves the tuned model's answers most:"
        " by how many points the probability of the favourable answer (or of a refusal) differs from what all values "
        "of the attribute come to.</figcaption></figure>"
    )
    earlier = {(one.attribute, one.value, one.measure): one for one in measured.findings[BASE]}
    rows = [
        (
            *(one.attribute, one.value, one.measure, points(one.moved)),
            points(earlier[one.attribute, one.value, one.measure].moved),
        )
        for one in widest_findings(findings)
    ]
    yield figures_table(("attribute", "value", "measure", "tuned model, points", "base model, points"), rows)


def _cost(measured: Measured) -> Iterable[str]:
    yield "<h2>What it costs</h2>"
    rows = [(_CALLED[name], f"{seconds:.2f} s") for name, seconds in measured.seconds.items()]
    yield figures_table(("model", "time a question, questions on one page together"), rows)
    yield f"<p>Memory: {measured.memory_gib:.1f} GiB for all models together, which share the base's weights.</p>"


def _missing(questions: QuestionSet) -> Iterable[str]:
    yield "<h2>What was not measured here</h2>"
    left = f"<li>{questions.left_out:,} questions without excerpts (intents, entities, chats).</li>"
    yield (
        "<ul><li>Whether the model server answers as the trained model does: <code>dossier models check-served</code>. "
        "Promotion asks for it.</li>"
        "<li>Search: all models read the excerpts that the set holds. The whole product with search in front is asked "
        "by <code>dossier evaluate answers</code>.</li>"
        f"{left if questions.left_out else ''}</ul>"
    )


def _settings(candidate: Candidate, measured: Measured) -> Iterable[str]:
    record = measured.evaluation
    yield "<h2>How it was made</h2>"
    rows = [
        ("adapter", f"{candidate.name} ({record.adapter})"),
        ("base model", f"{candidate.base.name} ({record.base})"),
        ("trained on", record.data),
        ("questions", record.questions),
        ("compared with", record.reference or "the base model alone"),
        ("when", record.created),
        *record.versions.items(),
    ]
    yield table((), rows)


def _kind(kind: str) -> str:
    return _KINDS.get(kind, kind)
