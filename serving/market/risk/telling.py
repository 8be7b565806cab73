"""The risk of holdings in words for people, and as a record for programs."""

from dataclasses import asdict
from typing import Any

from serving.market.risk.measuring import CORRELATION, SCENARIO, SHORTFALL, VALUE, VALUE_AT_RISK, Risk
from serving.market.summary import NO_ADVICE

_COLUMNS = 10
"""Holdings whose correlations a table shows."""


def risk_lines(found: Risk) -> list[str]:
    """The measures as tables."""
    market = f", beta to {found.market}" if found.market else ""
    lines = [
        f"{len(found.positions)} holding{'s' if len(found.positions) != 1 else ''} worth {found.total:,.2f} on "
        f"{found.last}, measured over {found.returns:,} returns from {found.first}{market}",
        "",
        *_positions(found),
        "",
        f"  Volatility of all: {found.volatility:.2%} a year",
        *(
            f"  {loss.level:.0%} value-at-risk: {loss.at_risk:.2%} ({loss.at_risk_amount:,.2f}); expected shortfall: "
            f"{loss.shortfall:.2%} ({loss.shortfall_amount:,.2f})"
            for loss in found.losses
        ),
        "",
        *_correlations(found),
        *(f"  {one.name}: {one.change:+.2%} ({one.amount:+,.2f})" for one in found.scenarios),
        "",
        *(f"{name}: {said}." for name, said in definitions(found).items()),
    ]
    if not found.market:
        lines.append("Name a market with --against for betas and what its moves would do.")
    return [*lines, *found.notes, NO_ADVICE]


def definitions(found: Risk) -> dict[str, str]:
    """What each measure is."""
    said = {
        "Value": VALUE,
        "Volatility": found.volatility_definition,
        "Value-at-risk": VALUE_AT_RISK,
        "Expected shortfall": SHORTFALL,
        "Correlation": CORRELATION,
    }
    return {**said, "Scenario": SCENARIO} if found.market else said


def risk_record(found: Risk) -> dict[str, Any]:
    """For programs: fractions, amounts in the files' currency, ISO 8601 days once written as JSON."""
    return {**asdict(found), "definitions": definitions(found), "advice": NO_ADVICE}


def _positions(found: Risk) -> list[str]:
    beta = f"{'beta':>8}" if found.market else ""
    rows = [
        f"  {'symbol':<10}{'quantity':>12}{'close':>12}{'value':>16}{'weight':>9}{'volatility':>12}{beta}{'worst':>9}"
    ]
    for one in found.positions:
        beta = f"{one.beta:>8.2f}" if one.beta is not None else ""
        rows.append(
            f"  {one.symbol:<10}{one.quantity:>12,.6g}{one.close:>12,.2f}{one.value:>16,.2f}{one.weight:>9.1%}"
            f"{one.volatility:>12.1%}{beta}{one.worst:>9.1%}"
        )
    return rows


def _correlations(found: Risk) -> list[str]:
    if len(found.positions) < 2:
        return []
    shown = found.positions[:_COLUMNS]
    rows = [f"  {'correlation':<12}" + "".join(f"{one.symbol:>10}" for one in shown)]
    rows += [
        f"  {one.symbol:<12}" + "".join(f"{value:>10.2f}" for value in line[:_COLUMNS])
        for one, line in zip(shown, found.correlation, strict=False)
    ]
    more = len(found.positions) - len(shown)
    return [*rows, *([f"  and {more} more; --json has all."] if more else []), ""]
