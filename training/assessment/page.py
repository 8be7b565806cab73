"""The page about an assessment, for people who choose a base model."""

from collections.abc import Iterable, Sequence
from html import escape

from retrieval.evaluation.measures import Figure, wilson
from training.assessment.record import Advice, Assessed, Limits, Said
from training.assessment.text import HEADS, row_of, short_name, size
from training.data.pictures import as_svg, new_figure
from training.evaluation.pictures import share_bars
from training.page import figures_table, page, with_commands
from training.scoring import Outcome

_ALL, _THERE, _NOT_THERE = "all questions", "answer is there", "not in the passages"
_COLOUR, _LINE = "#2f6f8f", "#b4452c"


def page_of(found: Sequence[Assessed], advice: Advice, limits: Limits, device: str) -> str:
    """The whole page. What models' folders say is escaped."""
    body = "\n".join(
        (
            "<h1>Which base model?</h1>",
            *_advice(advice, limits),
            "<h2>Side by side</h2>",
            figures_table(HEADS, map(row_of, found)),
            *_right(found),
            *_needs(found, limits),
            *_stored(found),
            *_problems(found),
            *_how(found, device),
        )
    )
    return page("Assessment of base models", body)


def _advice(advice: Advice, limits: Limits) -> Iterable[str]:
    said = f"Take {escape(advice.name)}." if advice.name else "None can be recommended."
    yield f'<p class="note"><strong>{said}</strong></p>'
    asked = [
        f"at most {limits.memory_gib:.1f} GiB of memory" if limits.memory_gib is not None else "",
        f"the first token within {limits.first_token:g} s" if limits.first_token is not None else "",
    ]
    told = ", ".join(part for part in asked if part) or "none"
    yield f"<p>Limits: {told}.</p><ul>{''.join(f'<li>{with_commands(one)}</li>' for one in advice.reasons)}</ul>"


def _right(found: Sequence[Assessed]) -> Iterable[str]:
    served = [one for one in found if one.served is not None]
    if not served:
        return
    yield "<h2>How many questions are right</h2>"
    shown = {
        short_name(one.facts.name): {
            _ALL: _share(one.served.said),
            _THERE: _share([said for said in one.served.said if said.kind != "unanswerable"]),
            _NOT_THERE: _share([said for said in one.served.said if said.kind == "unanswerable"]),
        }
        for one in served
        if one.served is not None
    }
    yield (
        f"<figure>{share_bars('Right answers', shown)}<figcaption>Questions of the pack, each on the passage that "
        "answers among others, worded by the untuned model. What isn't there is right when it is refused."
        "</figcaption></figure>"
    )


def _share(said: Sequence[Said]) -> Figure:
    if not said:
        return Figure(0.0, 0.0, 1.0)
    right = sum(one.outcome is Outcome.RIGHT for one in said)
    return Figure(right / len(said), *wilson(right, len(said)))


def _needs(found: Sequence[Assessed], limits: Limits) -> Iterable[str]:
    served = {short_name(one.facts.name): one.served for one in found if one.served is not None}
    if not served:
        return
    yield "<h2>What they need on this machine</h2>"
    measures = (
        ("Peak memory of the model server, GiB", {n: s.memory_gib for n, s in served.items()}, limits.memory_gib),
        ("Seconds until the first token", {n: s.first_token for n, s in served.items()}, limits.first_token),
        ("Tokens a second for one reader", {n: s.tokens_per_second for n, s in served.items()}, None),
    )
    for title, values, limit in measures:
        yield f"<figure>{_bars(title, values, limit)}<figcaption>{title}</figcaption></figure>"


def _bars(title: str, values: dict[str, float], limit: float | None) -> str:
    """A bar a model, with the limit as a line."""
    figure, axes = new_figure(7.5, 0.7 + 0.32 * len(values))
    places = range(len(values))
    drawn = axes.barh(list(places), list(values.values()), color=_COLOUR, height=0.65)
    axes.bar_label(drawn, [f"{value:.2f}" if value < 10 else f"{value:.0f}" for value in values.values()], padding=3)
    axes.set_yticks(list(places), [name.replace("$", r"\$") for name in values])
    if limit is not None:
        axes.axvline(limit, color=_LINE, linestyle="--", label="limit")
        axes.legend(frameon=False, loc="lower right")
    axes.set_xlim(0, 1.15 * max([*values.values(), limit or 0.0, 1e-9]))
    axes.invert_yaxis()
    return as_svg(figure, title)


def _stored(found: Sequence[Assessed]) -> Iterable[str]:
    yield "<h2>On the disk</h2>"
    rows = [
        (short_name(one.facts.name), form.form, size(form.size), "yes" if form.there else "no", form.remark)
        for one in found
        for form in one.facts.stored
    ]
    yield figures_table(("model", "form", "size", "there", "who can use it"), rows)


def _problems(found: Sequence[Assessed]) -> Iterable[str]:
    told = [(short_name(one.facts.name), "serving", one.problem) for one in found if one.problem]
    told += [(short_name(one.facts.name), "tuning", one.cost.problem) for one in found if one.cost and one.cost.problem]
    for one in found:
        refused = [said for said in one.served.said if said.problem] if one.served else []
        if refused:
            why = f"{len(refused)} questions couldn't be asked: {refused[0].problem}"
            told.append((short_name(one.facts.name), "asking", why))
    if told:
        yield "<h2>What went wrong</h2>"
        yield figures_table(("model", "at", "why"), told)


def _how(found: Sequence[Assessed], device: str) -> Iterable[str]:
    yield "<h2>How it was measured</h2>"
    steps = max((one.cost.steps for one in found if one.cost), default=0)
    yield (
        f"<p>On this machine ({'GPU' if device == 'cuda' else 'CPU'}), one model after the other, behind the model "
        "server as Dossier launches it. Memory is that of the server with all its processes, its cache included. The "
        "first token is the median over the questions; tokens a second is the best of three replies of 64 tokens to "
        "one reader, so that other work on the machine counts less.</p>"
    )
    if steps:
        yield (
            f"<p>Tuning: LoRA of rank 16 on all layers, {steps} packed steps on the pack's questions, in bf16 where "
            "the processor has it. Memory is the process's.</p>"
        )
