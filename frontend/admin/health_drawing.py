"""Draws the last hour as bars, one a minute: plain HTML in the colours of the page, also for readers of the screen."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Final

from frontend.admin.health_records import Health, Part, Sample

MINUTES: Final = 60
_FULL: Final = 0.9
"""From this share on a disk or memory is too full."""
_FEW: Final = 4
"""The scale of answers reaches to at least this, or a single one would look like many."""
_GIB: Final = 1 << 30
Minute = tuple[Sample, ...]


def minutes_of(samples: Sequence[Sample], now: datetime) -> list[Minute]:
    """The samples by minute, the oldest first; a minute without any is empty: the gateway wasn't running."""
    found: list[list[Sample]] = [[] for _ in range(MINUTES)]
    for sample in samples:
        back = (now - sample.at) // timedelta(minutes=1)
        if 0 <= back < MINUTES:
            found[MINUTES - 1 - back].append(sample)
    return [tuple(one) for one in found]


def parts_html(parts: Sequence[Part]) -> str:
    """The parts with their states."""
    return f'<div class="parts">{"".join(map(_part, parts))}</div>'


def hour_html(health: Health, minutes: Sequence[Minute]) -> str:
    """The whole hour: readiness, answers, waiting, first words, memory, disk."""
    drawn = (
        _ready(minutes),
        _row("Answers under way", minutes, lambda one: float(one.running), _whole, _FEW),
        _row("Answers without words yet", minutes, lambda one: float(one.silent), _whole, _FEW),
        _row("Wait for the first words (slowest)", minutes, lambda one: one.slowest, _seconds, 1),
        _row("Memory of the machine", minutes, _share("memory"), _percent, 1, _room(health, "memory")),
        _row("Disk of Dossier's folder", minutes, _share("disk"), _percent, 1, _room(health, "disk")),
    )
    axis = '<div class="axis"><span>an hour ago</span><span>now</span></div>'
    return f'<div class="hour">{"".join(drawn)}{axis}</div>'


def _part(part: Part) -> str:
    kind = "good" if part.well else "bad"
    said = f'<p class="fine">{escape(part.message)}</p>' if part.message else ""
    state = f'<span class="state {kind}">{escape(part.state)}</span>'
    return f'<div class="part"><b>{escape(part.name)}</b>{state}{said}</div>'


def _ready(minutes: Sequence[Minute]) -> str:
    known = [minute for minute in minutes if minute]
    good = sum(all(sample.well for sample in minute) for minute in known)
    said = f"in {good} of {len(known)} minutes" if known else "not known yet"
    kinds = (("none" if not minute else "well" if all(one.well for one in minute) else "ill") for minute in minutes)
    bars = "".join(f'<i class="{kind}" style="height:100%"></i>' for kind in kinds)
    return _drawn("Ready for questions", said, bars, "strip")


def _row(
    name: str,
    minutes: Sequence[Minute],
    value: Callable[[Sample], float | None],
    words: Callable[[float], str],
    least: float,
    more: str = "",
) -> str:
    """One series; a minute's bar is its highest value, and the scale reaches to `least` or the highest of all."""
    highest = [max((v for v in map(value, minute) if v is not None), default=None) for minute in minutes]
    known = [one for one in highest if one is not None]
    if not known:
        nothing = "no answers" if words is _seconds else "not known"
        return _drawn(name, nothing, "".join(_bar(None, bool(minute), least, words) for minute in minutes))
    top = max(least, *known)
    bars = "".join(_bar(one, bool(minute), top, words) for one, minute in zip(highest, minutes, strict=True))
    said = more or f"latest {words(known[-1])}, at most {words(max(known))}"
    return _drawn(name, said, bars)


def _bar(value: float | None, sampled: bool, top: float, words: Callable[[float], str]) -> str:
    if value is None:
        return f'<i class="{"quiet" if sampled else "none"}"></i>'
    kind = "ill" if words is _percent and value >= _FULL else "bar"
    return f'<i class="{kind}" style="height:{max(2.0, 100 * value / top):.0f}%" title="{escape(words(value))}"></i>'


def _drawn(name: str, said: str, bars: str, kind: str = "") -> str:
    spoken = escape(f"{name}, the last hour: {said}")
    return (
        f'<div class="series"><div class="series-head"><b>{escape(name)}</b><span>{escape(said)}</span></div>'
        f'<div class="bars {kind}" role="img" aria-label="{spoken}">{bars}</div></div>'
    )


def _share(what: str) -> Callable[[Sample], float | None]:
    def share(sample: Sample) -> float | None:
        room = sample.memory if what == "memory" else sample.disk
        return room.used / room.total if room is not None and room.total else None

    return share


def _room(health: Health, what: str) -> str:
    last = health.samples[-1] if health.samples else None
    room = None if last is None else last.memory if what == "memory" else last.disk
    if room is None:
        return ""
    full = ", almost full" if room.total and room.used / room.total >= _FULL else ""
    return f"{room.used / _GIB:,.1f} of {room.total / _GIB:,.1f} GiB used{full}"


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _seconds(value: float) -> str:
    return f"{value:.1f} s"


def _percent(value: float) -> str:
    return f"{value:.0%}"
