"""A projection in words for people, and as a record for programs."""

import math
from typing import Any

from serving.market.projections.backtest import COVERAGE, ERROR, SCALED_ERROR, Score
from serving.market.projections.candidates import DEFINITIONS, LEVELS
from serving.market.projections.projecting import Projection
from serving.market.series import day

_SHOWN = 10
"""Days that a table shows at most, spread over all of them."""


def projection_lines(found: Projection) -> list[str]:
    """The projection as tables."""
    prices = found.prices
    company = f" ({prices.company})" if prices.company else ""
    head = (
        f"{prices.symbol}{company}: closing prices projected to {found.until}, from {len(prices):,} closing prices in "
        f"{prices.source}, {prices.first} to {prices.last} (last close {prices.close[-1]:,.2f})"
    )
    return [
        head,
        "",
        *_days(found),
        "",
        found.verdict,
        "",
        *_scores(found),
        "",
        f"Error: {ERROR}.",
        f"Scaled error: {SCALED_ERROR}.",
        f"Held: {COVERAGE}.",
        *(f"{score.model}: {DEFINITIONS[score.model]}." for score in found.backtest.scores),
        *found.notes,
        found.advice,
    ]


def projection_record(found: Projection) -> dict[str, Any]:
    """For programs: prices in the file's currency, ratios and fractions, ISO 8601 days."""
    prices, made = found.prices, found.forecast
    return {
        "symbol": prices.symbol,
        "company": prices.company,
        "source": prices.source,
        "first": prices.first.isoformat(),
        "last": prices.last.isoformat(),
        "observations": len(prices),
        "last_close": float(prices.close[-1]),
        "model": found.backtest.chosen,
        "verdict": found.verdict,
        "dates": [day(when).isoformat() for when in found.dates],
        "middle": made.middle.tolist(),
        "intervals": [
            {"level": level / 100, "low": made.low[level].tolist(), "high": made.high[level].tolist()}
            for level in LEVELS
        ],
        "backtest": {
            "origins": found.backtest.origins,
            "models": [_score_record(score) for score in found.backtest.scores],
            "error_definition": ERROR,
            "scaled_error_definition": SCALED_ERROR,
            "coverage_definition": COVERAGE,
        },
        "notes": list(found.notes),
        "advice": found.advice,
    }


def _score_record(score: Score) -> dict[str, Any]:
    return {
        "model": score.model,
        "definition": DEFINITIONS[score.model],
        "error": _number(score.error),
        "scaled_error": _number(score.scaled_error),
        "error_on_earlier_half": _number(score.earlier),
        "error_on_later_half": _number(score.later),
        "gain_in_standard_errors": _number(score.gain),
        "coverage": [{"level": level / 100, "held": held} for level, held in score.coverage.items()],
        "problem": score.problem,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _days(found: Projection) -> list[str]:
    made = found.forecast
    step = math.ceil(len(found.dates) / _SHOWN)
    shown = sorted({*range(step - 1, len(found.dates), step), len(found.dates) - 1})
    heads = "".join(f"{f'{level}% interval':>24}" for level in LEVELS)
    rows = [f"  {'day':<12}{'middle':>12}{heads}"]
    for at in shown:
        bands = "".join(
            f"{f'{made.low[level][at]:,.2f} to {made.high[level][at]:,.2f}':>24}" for level in sorted(LEVELS)
        )
        rows.append(f"  {day(found.dates[at])!s:<12}{made.middle[at]:>12,.2f}{bands}")
    return rows


def _scores(found: Projection) -> list[str]:
    heads = "".join(f"{f'held by {level}%':>14}" for level in LEVELS)
    rows = [f"  {'model':<8}{'error':>8}{'later half':>12}{'scaled error':>14}{heads}"]
    for score in found.backtest.scores:
        if score.problem:
            rows.append(f"  {score.model:<8}{'out':>8}")
            continue
        held = "".join(f"{score.coverage[level]:>14.0%}" for level in LEVELS)
        taken = "  taken" if score.model == found.backtest.chosen else ""
        rows.append(
            f"  {score.model:<8}{score.error:>8.3f}{score.later:>12.3f}{score.scaled_error:>14.2f}{held}{taken}"
        )
    return rows
