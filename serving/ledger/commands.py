"""The command `dossier ledger check`."""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.durable import write_text
from serving.ledger.checks import FEWEST, Finding, check_entries
from serving.ledger.entries import read_ledger

ledger_commands = command_group("Entries of a ledger: which of them are unusual, and why.")


@ledger_commands.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="CSV with the heads date, account, amount, maybe counterparty.")],
    out: Annotated[Path | None, typer.Option(help="CSV to write; left out: printed.")] = None,
    share: Annotated[float, typer.Option(help="Share that is named as rarest.", min=0.0001, max=0.2)] = 0.01,
) -> None:
    """Find entries worth a look: duplicates, odd amounts, week-ends, rare combinations. CSV in, CSV out.

    Example: dossier ledger check ledger.csv --out unusual.csv
    """
    ledger = read_ledger(file)
    found = check_entries(ledger.entries, share)
    text = findings_csv(ledger.heads, found)
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
    said = f"{len(found):,} of {len(ledger.entries):,} entries are worth a look; none of them need be wrong."
    if len(ledger.entries) < FEWEST:
        said += f" Rare combinations are looked for from {FEWEST} entries on."
    print(said, file=sys.stderr)


def findings_csv(heads: Sequence[str], found: Sequence[Finding]) -> str:
    """Line, score and reasons of each finding, then its cells as they were."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["line", "score", "reasons", *heads])
    for one in found:
        score = "" if one.score is None else f"{one.score:.3f}"
        writer.writerow([one.entry.line, score, "; ".join(one.reasons), *one.entry.cells])
    return text.getvalue()
