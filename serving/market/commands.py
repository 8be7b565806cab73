"""The commands `dossier market list`, `show`, `project` and `risk`."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.durable import write_text
from dossier.errors import QuestionError
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.settings import load_settings
from serving.market.projections.drawing import projection_chart
from serving.market.projections.projecting import project
from serving.market.projections.telling import projection_lines, projection_record
from serving.market.provider import Catalogue, provider_of
from serving.market.risk.holdings import prices_of_holdings, read_holdings
from serving.market.risk.measuring import risk_of
from serving.market.risk.telling import risk_lines, risk_record
from serving.market.series import gaps
from serving.market.summary import NO_ADVICE, Summary, summary_of
from serving.terminal import printable

market_commands = command_group("Prices from files: how a share moved, volatility, largest fall, beta.")


@market_commands.command("list")
def list_symbols() -> None:
    """Show the symbols that there are prices of.

    Example: dossier market list
    """
    found = _catalogue()
    for prices in found.prices.values():
        company = f" ({prices.company})" if prices.company else ""
        line = f"{prices.symbol}{company}: {len(prices):,} prices, {prices.first} to {prices.last}, {prices.source}"
        print(printable(line))
        for note in (*prices.notes, *gaps(prices.dates)):
            print(printable(f"    {note}"))
    for problem in found.problems:
        print(printable(f"Left out: {problem}"))


@market_commands.command("show")
def show(
    symbol: Annotated[str, typer.Argument(help="Whose prices, as LKFD.")],
    against: Annotated[str, typer.Option(help="Beta and correlation against this symbol.")] = "",
    since: Annotated[str, typer.Option("--from", help="First day (2024-07-01); left out: the first there is.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day; left out: the last there is.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Show how a share or an index moved: change, volatility, largest fall, beta.

    Example: dossier market show LKFD --from 2024-07-01 --to 2025-06-30
    """
    first, last = _day(since, "--from"), _day(until, "--to")
    found = _catalogue()
    prices = found.of(symbol).between(first, last)
    other = found.of(against).between(first, last) if against else None
    summary = summary_of(prices, other)
    if as_json:
        print(json.dumps(summary_record(summary), indent=1, default=str))
    else:
        print("\n".join(printable(line) for line in summary_lines(summary)))


@market_commands.command("project")
def project_price(
    symbol: Annotated[str, typer.Argument(help="Whose price, as LKFD.")],
    days: Annotated[int, typer.Option(help="Coming days with a price.")] = 20,
    since: Annotated[str, typer.Option("--from", help="First day to learn from; left out: the first there is.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day to learn from; left out: the last there is.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
    chart: Annotated[Path | None, typer.Option(help="File for a Vega-Lite chart.")] = None,
) -> None:
    """Project a price by a model that is tested on earlier prices, with intervals.

    Example: dossier market project LKFD --days 20
    """
    first, last = _day(since, "--from"), _day(until, "--to")
    prices = _catalogue().of(symbol).between(first, last)
    with ProgressDisplay() as display:
        found = project(prices, days, display)
    if chart is not None:
        write_text(chart, json.dumps(projection_chart(found), indent=1))
    if as_json:
        print(json.dumps(projection_record(found), indent=1))
    else:
        print("\n".join(printable(line) for line in projection_lines(found)))


@market_commands.command("risk")
def risk(
    file: Annotated[Path, typer.Argument(help="CSV of holdings with the heads symbol and quantity.")],
    against: Annotated[str, typer.Option(help="Symbol of the market, for betas and scenarios.")] = "",
    since: Annotated[str, typer.Option("--from", help="First day; left out: the first there is.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day; left out: the last there is.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
) -> None:
    """Show what holdings are worth, how they move together, and what they may lose.

    Example: dossier market risk holdings.csv --against SPX
    """
    first, last = _day(since, "--from"), _day(until, "--to")
    holdings, found = read_holdings(file), _catalogue()
    prices = [one.between(first, last) for one in prices_of_holdings(holdings, found)]
    measured = risk_of(holdings, prices, found.of(against).between(first, last) if against else None)
    if as_json:
        print(json.dumps(risk_record(measured), indent=1, default=str))
    else:
        print("\n".join(printable(line) for line in risk_lines(measured)))


def summary_record(summary: Summary) -> dict[str, object]:
    """A summary for programs: fractions and ISO 8601 days, each measure with its definition."""
    record = asdict(summary)
    for name, measure in (("volatility", summary.volatility), ("relation", summary.relation)):
        if measure is not None:
            record[name] = {**record[name], "definition": measure.definition}
    return record


def summary_lines(summary: Summary) -> list[str]:
    """A summary as a table for people."""
    company = f" ({summary.company})" if summary.company else ""
    lines = [
        f"{summary.symbol}{company}, {summary.first} to {summary.last}, {summary.observations:,} closing prices from "
        f"{summary.source}",
        "",
    ]
    rows, footnotes = _rows(summary)
    width = max(len(name) for name, _ in rows)
    lines += [f"  {name:<{width}}  {value}" for name, value in rows]
    lines += ["", *(f"{name}: {definition}." for name, definition in footnotes), *summary.notes, NO_ADVICE]
    return lines


def _rows(summary: Summary) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The table's rows, and the definitions below it."""
    drawdown, spread, relation = summary.drawdown, summary.volatility, summary.relation
    rows = [
        ("First close", f"{summary.first_close:,.2f}"),
        ("Last close", f"{summary.last_close:,.2f}"),
        ("Change", f"{summary.change:+.2%}"),
        ("Highest close", f"{summary.high:,.2f} on {summary.high_on}"),
        ("Lowest close", f"{summary.low:,.2f} on {summary.low_on}"),
    ]
    footnotes: list[tuple[str, str]] = []
    rows.append(("Volatility", f"{spread.value:.2%} a year" if spread else "needs three prices"))
    if spread:
        footnotes.append(("Volatility", spread.definition))
    fell = f"{drawdown.depth:.2%}, from {drawdown.peak_close:,.2f} on {drawdown.peak} to {drawdown.trough_close:,.2f}"
    back = f"back at the high on {drawdown.recovery}" if drawdown.recovery else "not back at the high since"
    rows.append(("Largest fall", f"{fell} on {drawdown.trough}; {back}" if drawdown.depth else "none"))
    footnotes.append(("Largest fall", drawdown.definition))
    if relation:
        rows.append((f"Beta to {relation.against}", f"{relation.beta:.2f}"))
        rows.append((f"Correlation with {relation.against}", f"{relation.correlation:.2f}"))
        footnotes.append(("Beta and correlation", relation.definition))
    return rows, footnotes


def _catalogue() -> Catalogue:
    settings = load_settings()
    return provider_of(settings, load_pack(settings)).catalogue()


def _day(text: str, option: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError(
            f"{option} is {text!r}, which isn't a day. Write year, month and day: 2025-06-30."
        ) from None
