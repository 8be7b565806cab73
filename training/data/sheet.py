"""The data sheet: one HTML page about a prepared set, with pictures, that loads nothing from anywhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from training.data.example import Example
from training.data.figures import REST
from training.data.pictures import bars, length_bars
from training.data.prepare import Made
from training.page import page, table

_SHOWN_DROPS = 5
_LONGEST = 600
_PICTURES = (
    ("by task", "Examples by task"),
    ("by answer kind", "Examples by kind of answer"),
    ("splits", "Examples by split"),
    ("by source", "Examples by source"),
    ("by company", "Examples by company"),
    ("by sector", "Examples by sector"),
    ("by period", "Examples by period"),
    ("by label", "Examples by label"),
)


def sheet_of(made: Made, manifest: Mapping[str, Any]) -> str:
    """The page, from the set and its manifest; everything that sources say is escaped."""
    figures = manifest["figures"]
    name = escape(str(manifest["name"]))
    body = "\n".join(
        (
            f"<h1>Data sheet of {name}</h1>",
            f"<p>{figures['kept']:,} examples of {figures['read']:,} read, for the pack {escape(made.pack)}.</p>",
            *(f'<p class="note">{escape(note)}</p>' for note in figures["notes"]),
            *_sources(manifest["sources"]),
            *_pictures(figures),
            *_left_out(made, figures),
            *_cleaning(figures),
            *_examples(made),
            *_settings(manifest),
        )
    )
    return page(f"Data sheet of {name}", body)


def _sources(sources: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    yield "<h2>Sources</h2>"
    rows = [(item["name"], item["kind"], item["licence"], item["examples"], item["sha256"][:12]) for item in sources]
    yield table(("source", "kind", "licence", "examples", "SHA-256"), rows)


def _pictures(figures: Mapping[str, Any]) -> Iterable[str]:
    yield "<h2>What is in it</h2>"
    for key, title in _PICTURES:
        named = {name: count for name, count in figures[key].items() if name not in REST}
        if named:
            rest = [f"{count:,} {name}" for name, count in figures[key].items() if name in REST]
            said = f"{title}; besides these {', '.join(rest)}" if rest else title
            yield f"<figure>{bars(title, named)}<figcaption>{said}</figcaption></figure>"
    lengths = figures["lengths"]
    if lengths["measured"]:
        said = (
            f"Tokens of an example: median {lengths['median']:,}, longest {lengths['longest']:,}, "
            f"window {lengths['window']:,}; {lengths['tokens']:,} in all"
        )
        yield f"<figure>{length_bars(lengths)}<figcaption>{said}</figcaption></figure>"


def _left_out(made: Made, figures: Mapping[str, Any]) -> Iterable[str]:
    yield "<h2>What was left out, and why</h2>"
    if not made.dropped:
        yield "<p>Nothing.</p>"
        return
    reasons = list(figures["dropped"])
    rows = [(name, *(counts.get(why, 0) for why in reasons)) for name, counts in figures["dropped by source"].items()]
    yield table(("source", *reasons), [*rows, ("all", *figures["dropped"].values())])
    for why in reasons:
        found = [item for item in made.dropped if item.why == why and item.detail]
        if found:
            lines = "\n".join(f"{item.example.where}: {item.detail}" for item in found[:_SHOWN_DROPS])
            more = f"\n… and {len(found) - _SHOWN_DROPS:,} more in dropped.jsonl" if len(found) > _SHOWN_DROPS else ""
            yield f"<p>{escape(why)}</p><pre>{escape(lines + more)}</pre>"


def _cleaning(figures: Mapping[str, Any]) -> Iterable[str]:
    yield "<h2>What was changed</h2>"
    yield f"<p>{figures['texts repaired']:,} texts were repaired (wrong encodings, ligatures, control characters).</p>"
    masks = list(figures["masked"].items())
    yield table(("personal data masked", "times"), masks) if masks else "<p>No personal data was found.</p>"
    kept_out = figures["evaluation questions kept out"]
    yield f"<p>{kept_out:,} evaluation questions were compared with, so that nothing like them is learned.</p>"


def _examples(made: Made) -> Iterable[str]:
    yield "<h2>An example of each kind</h2>"
    shown: dict[tuple[str, str], Example] = {}
    for example in sorted(made.examples, key=lambda example: example.id):
        shown.setdefault((example.task.value, example.answer.kind.value), example)
    for (task, kind), example in sorted(shown.items()):
        yield f"<h3>{escape(task)}, {escape(kind)}</h3>"
        yield f"<pre>{escape(_told(example))}</pre>"


def _told(example: Example) -> str:
    answer = example.answer
    parts = [
        *(f"{turn.role}: {_short(turn.text, 200)}" for turn in example.history),
        f"Question: {_short(example.question)}",
        f"Answer: {_short('; '.join(answer.texts))} {answer.scale}".strip(),
        f"Expression: {answer.expression}" if answer.expression else "",
        f"Context: {_short(example.context.text)}" if example.context.text else "",
        f"From: {example.where}",
    ]
    return "\n".join(part for part in parts if part)


def _short(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[:longest] + " …"


def _settings(manifest: Mapping[str, Any]) -> Iterable[str]:
    yield "<h2>How it was made</h2>"
    yield table(("setting", "value"), [(key, str(value)) for key, value in manifest["settings"].items()])
    yield f"<p>Digest <code>{escape(str(manifest['digest']))}</code></p>"
