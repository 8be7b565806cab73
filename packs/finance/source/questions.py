"""Builds the question set: answers are computed, evidence is looked up, comparisons are proved."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from .build import ANNUAL_REPORT, POLICY, PRICE_PAGE, RELEASE
from .evidence import Evidence
from .expression import evaluate
from .figures import load_figures, read_toml
from .report import make_wording
from .wording import Wording, plain

DOCUMENTS = {"annual": ANNUAL_REPORT, "release": RELEASE, "policy": POLICY, "prices": PRICE_PAGE}
NO_ANSWER = "The documents do not say."


class WrongComparison(ValueError):
    """A comparison that an answer rests on does not hold."""


def build_questions(documents: Path) -> list[dict[str, Any]]:
    """Return all questions with answers and evidence; raises when one cannot be supported."""
    wording = make_wording(load_figures())
    evidence = Evidence(documents)
    entries = read_toml("questions.toml")["question"]
    return [_question(number, entry, wording, evidence) for number, entry in enumerate(entries, start=1)]


def to_jsonl(questions: list[dict[str, Any]]) -> str:
    """Write the questions as one JSON object a line."""
    return "".join(json.dumps(question, ensure_ascii=False) + "\n" for question in questions)


def show(value: Decimal, unit: str) -> str:
    """Write a computed value in its unit, rounded as the answers are."""
    if unit == "percent":
        return plain(value * 100) + "%"
    if unit == "times":
        return plain(value) + " times"
    if unit == "USD":
        return "$" + plain(value, 0)
    if unit == "USD millions":
        return "$" + plain(value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)) + " million"
    raise ValueError(f"no form for {unit!r}")


def _question(number: int, entry: dict[str, Any], wording: Wording, evidence: Evidence) -> dict[str, Any]:
    for rule in entry.get("holds", []):
        _prove(wording.fill(rule).replace(",", ""))
    written = entry.get("expression")
    expression = wording.fill(written).replace(",", "") if written else None
    unit: str | None = entry.get("unit")
    answer = wording.fill(entry.get("answer", NO_ANSWER))
    if expression:
        answer = show(evaluate(expression), unit or "")
    lines = [line for wanted in entry.get("evidence", []) for line in _evidence(wanted, wording, evidence)]
    return {
        "id": f"fin-{number:03d}",
        "question": entry["question"],
        "kind": entry["kind"],
        "answer": answer,
        "expression": expression,
        "unit": unit,
        "evidence": lines,
    }


def _evidence(wanted: list[Any], wording: Wording, evidence: Evidence) -> list[dict[str, Any]]:
    document = DOCUMENTS[wanted[0]]
    words = wording.fill(wanted[1])
    if document.endswith(".pdf"):
        # The PDFs are set with typographic apostrophes, the Markdown pages with plain ones.
        words = words.replace("'", "\u2019")
    found = evidence.find(document, words, *wanted[2:])
    return [{"document": line.document, "page": line.page, "text": line.text} for line in found]


def _prove(rule: str) -> None:
    left, right = rule.split(" > ")
    if not evaluate(left) > evaluate(right):
        raise WrongComparison(rule)
