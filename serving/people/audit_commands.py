"""The `dossier audit` commands."""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dossier.command_group import command_group
from dossier.errors import QuestionError
from dossier.settings import load_settings
from serving.people.commands import opened_store
from serving.store import Action, AuditFilter, AuditLine
from serving.terminal import printable

audit_commands = command_group("Who signed in, asked, read, changed and promoted what, and when.")


@audit_commands.command("show")
def show_audit(
    user: Annotated[str, typer.Option(help="Only this user's lines.")] = "",
    action: Annotated[Action | None, typer.Option(help="Only of this kind.")] = None,
    since: Annotated[
        str, typer.Option(help="Only from this day or moment on, as 2026-11-26 or 2026-11-26T09:30.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest lines.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON lines.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
) -> None:
    """Show the newest lines of the audit log, the newest first. Times are UTC.

    Example: dossier audit show --user mira --since 2026-11-01 --csv
    """
    wanted = AuditFilter(user, action, _moment(since))
    with opened_store(load_settings()) as store:
        lines = store.audit.list(wanted, limit)
    if as_json:
        for line in lines:
            print(json.dumps(_fields(line), ensure_ascii=False))
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, fieldnames=_HEADS)
        writer.writeheader()
        writer.writerows({**_fields(line), "documents": "; ".join(line.documents)} for line in lines)
    else:
        _print_table(lines)


_HEADS = ("id", "at", "name", "action", "route", "target", "documents", "status", "outcome", "times")


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise QuestionError(f"--since {text!r} is no day or moment. Write it as 2026-11-26.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _fields(line: AuditLine) -> dict[str, object]:
    return {name: getattr(line, name) for name in _HEADS} | {
        "at": line.at.isoformat(timespec="seconds"),
        "action": line.action.value,
        "documents": list(line.documents),
    }


def _print_table(lines: Sequence[AuditLine]) -> None:
    if not lines:
        print("No lines.")
        return
    table = Table(box=None, pad_edge=False)
    for head in ("When", "Who", "What", "Route", "About", "Result"):
        table.add_column(head, overflow="fold")
    for line in lines:
        result = f"{line.outcome} ({line.status})" + (f" × {line.times}" if line.times > 1 else "")
        about = ", ".join(filter(None, (line.target, *line.documents)))
        cells = (line.at.strftime("%Y-%m-%d %H:%M:%S"), line.name or "nobody known", line.action, line.route)
        table.add_row(*(printable(cell) for cell in (*cells, about, result)))
    Console(markup=False, highlight=False).print(table)
