"""The registry for people."""

from typing import Any

from dossier.registry import Champions, Entry, Evaluation, Registry, Served
from dossier.registry.promotion import against_the_gate, judge, shipped_against_the_gate, state_of


def list_text(registry: Registry) -> str:
    """All adapters in a table, the packs' champions, and what is damaged."""
    champions, entries = registry.champions.read(), registry.entries()
    lines = ["No adapter is registered. `dossier models register RUN` takes one in."] if not entries else []
    if entries:
        lines.append(f"{'adapter':16}  {'name':20}  {'state':40}  {'better by (95% interval)':30}  registered")
    for entry in entries:
        lines.append(
            f"{entry.short}  {entry.name[:20]:20}  {state_of(entry, champions)[:40]:40}  "
            f"{_gain(newest_report(registry, entry)):30}  {entry.created[:16].replace('T', ' ')}"
        )
    lines += _overridden(registry, champions)
    lines += [f"damaged: {problem}" for problem in registry.problems()]
    return "\n".join(lines)


def entry_text(registry: Registry, entry: Entry, pack: str) -> str:
    """One adapter: origin, newest evaluation, what speaks against it for a pack, and its history."""
    champions, report = registry.champions.read(), newest_report(registry, entry)
    lines = [f"{entry.name} ({entry.digest})", *(f"{name}: {value}" for name, value in _rows(entry, report).items())]
    lines.append(f"state: {state_of(entry, champions)}")
    for name in champions.packs_of(entry.digest):
        if told := against_the_gate(champions, entry.digest, name) or shipped_against_the_gate(registry, name):
            lines.append(f"{name}: {told}")
    if champions.of(pack) != entry.digest:
        against = judge(registry, entry, pack).against
        lines.append(f"against promoting it for pack {pack}: {'nothing' if not against else ''}".rstrip())
        lines += [f"  - {reason}" for reason in against]
    for change in champions.history:
        if change.adapter == entry.digest:
            lines.append(f"{change.when}  {change.what}  {change.pack}  by {change.by}".replace("    ", "  "))
    return "\n".join(lines)


def comparison_text(registry: Registry, one: Entry, other: Entry) -> str:
    """Two adapters side by side, row by row; `*` marks what differs."""
    left, right = _rows(one, newest_report(registry, one)), _rows(other, newest_report(registry, other))
    lines = [f"  {'':26}  {one.name + ' ' + one.short:38}  {other.name} {other.short}"]
    for name in {**left, **right}:
        here, there = left.get(name, "-"), right.get(name, "-")
        lines.append(f"{'*' if here != there else ' '} {name:26}  {here:38}  {there}")
    return "\n".join(lines)


def served_text(served: Served) -> str:
    """How many replies of the served model were those of the trained one."""
    if not served.compared:
        return "not compared"
    ties = f", {served.ties} of {served.tokens:,} tokens chosen by rounding" if served.tokens else ""
    return f"{served.compared - served.different} of {served.compared} replies alike{ties}"


def _rows(entry: Entry, report: Evaluation | None) -> dict[str, str]:
    recipe: dict[str, Any] = dict(entry.origin.run.get("recipe", {}))
    loss = entry.origin.run.get("outcome", {}).get("best_dev_loss")
    rows = {
        "base": f"{entry.origin.base} ({entry.origin.base_digest[:16]})",
        "training data": entry.origin.data[:16],
        "method": f"{recipe.get('method', '?')}, rank {recipe.get('rank', '?')}, alpha {recipe.get('alpha', '?')}",
        "rate and epochs": f"{recipe.get('rate', '?')}, {recipe.get('epochs', '?')}",
        "dev loss": f"{loss:.4f}" if loss is not None else "-",
        "better by (95% interval)": _gain(report),
    }
    if report is None:
        return rows
    kept, served = report.forgetting, report.served
    return rows | {
        "right answers": f"{report.own.candidate:.1%} (before {report.own.reference:.1%})",
        "questions": f"{report.own.questions} ({report.questions[:16]})",
        "compared with": report.reference[:16] or "the base model alone",
        "forgetting": f"{kept.measure} {kept.before:.1%} to {kept.after:.1%} (bound {kept.bound:.1%})",
        "bias audit": f"{'passed' if report.audit.passed else 'failed'}: {report.audit.summary}",
        "served as trained": served_text(served),
        "evaluated": report.created,
    }


def _gain(report: Evaluation | None) -> str:
    if report is None:
        return "not evaluated"
    own = report.own
    return f"{100 * own.difference:+.1f} points ({100 * own.low:+.1f} to {100 * own.high:+.1f})"


def _overridden(registry: Registry, champions: Champions) -> list[str]:
    told = {pack: against_the_gate(champions, champions.of(pack), pack) for pack in champions.lines}
    for pack in registry.shipped():
        told[pack] = told.get(pack) or shipped_against_the_gate(registry, pack)
    return [f"pack {pack}: {text}" for pack, text in sorted(told.items()) if text]


def newest_report(registry: Registry, entry: Entry) -> Evaluation | None:
    """The evaluation of an adapter that promotion judges by; None: it has none."""
    reports = list(registry.evaluations(entry).values())
    return reports[-1] if reports else None
