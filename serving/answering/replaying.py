"""Pins what an answer was made with, and tells what differs when it is asked for again."""

import hashlib
from collections.abc import Iterator, Sequence

from dossier.pins import Difference, Pin, PinnedPassage
from dossier.records import Answer, Passage, Turn
from dossier.settings import Settings

_SETTINGS = (
    "pack",
    "base_model",
    "answer_style",
    "passages",
    "relevance",
    "confidence",
    "answer_tokens",
    "embedder",
    "reranker",
)
"""Settings that an answer depends on, beside what its generation and its adapter record."""


def settings_that_matter(settings: Settings) -> dict[str, str]:
    """The settings that an answer depends on, as text; of folders the name alone, since everybody may read it."""
    return {name: str(getattr(settings, name)).rstrip("/").rpartition("/")[2] for name in _SETTINGS}


def pinned(passages: Sequence[Passage]) -> tuple[PinnedPassage, ...]:
    """The passages by id, place and digest."""
    return tuple(
        PinnedPassage(
            chunk_id=passage.chunk_id,
            source=passage.chunk.source,
            page=passage.chunk.page,
            start=passage.chunk.start,
            end=passage.chunk.end,
            digest=hashlib.sha256(passage.chunk.text.encode("utf-8", "surrogatepass")).hexdigest(),
        )
        for passage in passages
    )


def turns_of(pin: Pin) -> tuple[Turn, ...]:
    """What was said before the question, as far as the model read it."""
    return tuple(Turn(role, text) for role, text in pin.history)


def differences(text: str, verdict: str, then: Pin, again: Answer) -> Iterator[Difference]:
    """What differs between a kept answer (its text, verdict and pin) and the same question's answer now."""
    now = again.pin
    if now is None:
        raise ValueError("the answer to compare with has no pin")
    pairs = [
        ("text", text, again.text),
        ("verdict", verdict, str(again.verdict)),
        ("generation", then.generation, now.generation),
        ("adapter", then.adapter or "none", now.adapter or "none"),
        ("prompt version", then.prompt_version, now.prompt_version),
        ("groups", ", ".join(then.groups) or "none", ", ".join(now.groups) or "none"),
    ]
    names = dict.fromkeys((*then.settings, *now.settings))
    pairs += [(f"setting {name}", then.settings.get(name, ""), now.settings.get(name, "")) for name in names]
    yield from (Difference(*pair) for pair in pairs if pair[1] != pair[2])
    yield from _of_passages(then.passages, now.passages)


def _of_passages(then: Sequence[PinnedPassage], now: Sequence[PinnedPassage]) -> Iterator[Difference]:
    """By their place: ids are a generation's own. The same places in another order are told as one difference."""
    old, new = ({str(one): one for one in listed} for listed in (then, now))
    for place, one in old.items():
        if place not in new:
            yield Difference("passage", place, "not among those found")
        elif new[place].digest != one.digest:
            yield Difference("passage", f"{place} ({one.digest[:12]})", f"other words there ({new[place].digest[:12]})")
    yield from (Difference("passage", "not among those found", place) for place in new if place not in old)
    if set(old) == set(new) and list(old) != list(new):
        yield Difference("order of the passages", " · ".join(old), " · ".join(new))
