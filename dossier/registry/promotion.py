"""Promotion is a gate: everything that speaks against an adapter is said, and nothing passes it unseen."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dossier.errors import PromotionError
from dossier.registry.champions import Champions, Change
from dossier.registry.checking import Base
from dossier.registry.entries import Entry, Registry
from dossier.registry.evaluation import Evaluation

MOST_FORGETTING = 0.1
"""No evaluation may allow more of the earlier ability to be lost."""
FEWEST_SERVED = 50
"""Prompts that the served and the trained model must have been compared on."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What speaks against promoting an adapter, by which report; `evaluation` is its digest, empty: there is none."""

    against: tuple[str, ...]
    evaluation: str = ""


def judge(registry: Registry, entry: Entry, pack: str) -> Judgement:
    """Every reason against letting a pack answer with this adapter, by its newest evaluation. Raises RegistryError."""
    champions = registry.champions.read()
    reports = registry.evaluations(entry)
    reasons = ["it was retired"] if entry.digest in champions.retired else []
    if not reports:
        return Judgement((*reasons, "it hasn't been evaluated: `dossier models attach` takes an evaluation's report"))
    digest, evaluation = list(reports.items())[-1]
    reasons += _reasons(entry, evaluation, champions.of(pack))
    return Judgement(tuple(reasons), digest)


def promote(registry: Registry, entry: Entry, base: Base, pack: str, by: str, despite: str = "") -> Champions:
    """Let a pack answer with an adapter. `despite` is the owner's reason to do so against the gate.

    The files are checked first, and no reason overrides that. Raises PromotionError with every reason, AdapterError.
    """
    registry.verify(entry, base)
    with registry.champions.held():
        champions = registry.champions.read()
        if champions.of(pack) == entry.digest:
            raise PromotionError(f"{entry.name} ({entry.short}) is what pack {pack} answers with already.")
        found = judge(registry, entry, pack)
        reason = despite.strip() if found.against else ""
        if found.against and not reason:
            raise PromotionError(f"{entry.name} ({entry.short}) stays out: {'; '.join(found.against)}.")
        line = tuple(one for one in champions.line(pack) if one != entry.digest)
        made = Change("promoted", pack, entry.digest, now(), by, found.evaluation, found.against, reason)
        changed = champions.changed(made, (*line, entry.digest))
        registry.champions.write(replace(changed, retired=changed.retired - {entry.digest}))
        return registry.champions.read()


def rollback(registry: Registry, base: Base, pack: str, by: str, to_base: bool = False) -> Champions:
    """Let a pack answer with the adapter before, if any, else or with `to_base` with the base model alone.

    Raises PromotionError where there is nothing to go back from, AdapterError where the one before can't be used.
    """
    with registry.champions.held():
        champions = registry.champions.read()
        line = champions.line(pack)
        if not line:
            raise PromotionError(f"pack {pack} answers with the base model alone; there is nothing to go back from.")
        before = () if to_base else line[:-1]
        if before:
            registry.verify(registry.get(before[-1]), base)
        change = Change("rolled back", pack, line[-1], now(), by)
        registry.champions.write(champions.changed(change, before))
        return registry.champions.read()


def retire(registry: Registry, entry: Entry, by: str) -> Champions:
    """Put an adapter aside: it stays on the disk, and isn't gone back to. Raises PromotionError for one in use."""
    with registry.champions.held():
        champions = registry.champions.read()
        if packs := champions.packs_of(entry.digest):
            raise PromotionError(f"{entry.short} is what pack {', '.join(packs)} answers with. Roll it back first.")
        registry.champions.write(champions.put_aside(Change("retired", "", entry.digest, now(), by)))
        return registry.champions.read()


def state_of(entry: Entry, champions: Champions) -> str:
    """Where an adapter stands, in words: champion of its packs, retired or registered, and whether a pack ships it."""
    packs, ship = champions.packs_of(entry.digest), champions.ship(entry.digest)
    stands = f"champion of {', '.join(packs)}" if packs else ""
    if not stands:
        stands = "retired" if entry.digest in champions.retired else "" if ship else "registered"
    return ", ".join(one for one in (stands, f"ships with {', '.join(ship)}" if ship else "") if one)


def against_the_gate(champions: Champions, adapter: str, pack: str) -> str:
    """How the adapter that a pack answers with came through the gate in spite of it; empty where it passed."""
    made = champions.promotion_of(adapter, pack)
    if made is None or not made.against:
        return ""
    return f"promoted against the gate by {made.by}: {made.reason} (against it: {'; '.join(made.against)})"


def shipped_against_the_gate(registry: Registry, pack: str) -> str:
    """What the newest evaluation says against the adapter that a pack ships and answers with; empty: nothing."""
    entry = registry.shipped().get(pack)
    if entry is None or registry.champions.read().of(pack) != entry.digest:
        return ""
    reports = list(registry.evaluations(entry).values())
    against = _reasons(entry, reports[-1], "") if reports else []
    return f"shipped with the pack against the gate (against it: {'; '.join(against)})" if against else ""


def now() -> str:
    """The present moment, as records keep it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _reasons(entry: Entry, report: Evaluation, champion: str) -> list[str]:
    own, forgetting = report.own, report.forgetting
    in_use = f"adapter {champion[:16]}" if champion else "the base model alone"
    found = {
        "its evaluation is of another base model": report.base != entry.origin.base_digest,
        "its evaluation names other training data than its run": report.data != entry.origin.data,
        f"it was compared with something else than what answers now ({in_use}): evaluate it again": (
            report.reference != champion
        ),
        f"it isn't better on the owner's questions: {_percent(own.difference)} ({_percent(own.low)} to "
        f"{_percent(own.high)}) on {own.questions}, and the interval must lie above zero": own.low <= 0,
        f"it forgets: {forgetting.measure} fell from {forgetting.before:.1%} to {forgetting.after:.1%}, more than "
        f"{forgetting.bound:.1%} allow": forgetting.lost > forgetting.bound,
        f"its evaluation allows to forget {forgetting.bound:.1%}; at most {MOST_FORGETTING:.0%} may be": (
            forgetting.bound > MOST_FORGETTING
        ),
        f"the bias audit failed: {report.audit.summary}": not report.audit.passed,
        f"served it differs from what was trained: {report.served.different} of {report.served.compared} answers": (
            report.served.different > 0
        ),
        "served and trained weren't compared: `dossier models check-served` does it": report.served.compared == 0,
        f"served and trained were compared on {report.served.compared} prompts, and it takes {FEWEST_SERVED}": (
            0 < report.served.compared < FEWEST_SERVED
        ),
    }
    return [reason for reason, holds in found.items() if holds]


def _percent(value: float) -> str:
    return f"{100 * value:+.1f} points"
