"""The report of a tuning run: JSON for programs, Markdown for people."""

import json
from dataclasses import asdict
from pathlib import Path

from training.embedder_tune import TuneReport


def write_report(report: TuneReport, folder: Path) -> Path:
    """Write `report.json` and `report.md`; returns the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(asdict(report), indent=1), encoding="utf-8")
    file = folder / "report.md"
    file.write_text(as_markdown(report), encoding="utf-8")
    return file


def as_markdown(report: TuneReport) -> str:
    """The report for people."""
    lines = ["# Tuning the embedder", "", report.verdict, "", "| measured on | questions | before | after | gain |"]
    lines.append("|---|---|---|---|---|")
    for item in (*report.comparisons, *([report.general] if report.general else [])):
        gain = f"{100 * item.difference:+.1f} ({100 * item.low:+.1f} to {100 * item.high:+.1f})"
        figures = f"{item.questions} | {100 * item.before:.1f} | {100 * item.after:.1f} | {gain}"
        lines.append(f"| {item.name} | {figures} |")
    lines += ["", "nDCG@10 in points; in brackets the 95% interval of the gain (paired bootstrap)."]
    lines += ["After the @ stands how many values of each vector were used.", "", counts_table(report.counts), ""]
    lines.append(f"Trained on {report.triplets} triplets: {json.dumps(report.recipe)}")
    return "\n".join(lines) + "\n"


def counts_table(counts: dict[str, dict[str, int]]) -> str:
    """How many pairs of which kind."""
    rows = [
        f"- {part}: " + ", ".join(f"{kind} {count}" for kind, count in found.items()) for part, found in counts.items()
    ]
    return "\n".join(["Pairs", *rows])
