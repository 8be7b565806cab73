"""Runs a plan as SQL over one table in DuckDB, in memory, closed to files and network, bounded in memory and time."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dossier.errors import DossierError
from serving.whole_tables.filters import Filter
from serving.whole_tables.plans import Plan
from serving.whole_tables.questions import Aggregate, Order
from serving.whole_tables.sheets import Sheet
from serving.whole_tables.values import Kind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TYPES = {Kind.NUMBER: "DECIMAL(38, 10)", Kind.DATE: "DATE", Kind.TEXT: "VARCHAR"}
SHOWN = 20
"""Rows or groups of a result that are told."""
_CELLS = 12
"""Rows of a result whose cells are named."""


class TooLargeError(DossierError):
    """A question over a table needed more time or memory than it may take."""

    http_status = 503
    code = "table_too_large"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a question over a table may take."""

    seconds: float = 5.0
    memory: str = "256MB"
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One row, group or value of a result: its first row (from 0), its number or date, and how many rows are in it."""

    row: int
    value: Decimal | str | None
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out: one value, or items of which at most SHOWN are told.

    `rows` is how many rows the conditions leave, `used` those of them with a value, `found` how many items there are,
    `cells` the first rows that were used, `different` how many values of the subject there are.
    """

    rows: int
    used: int
    value: Decimal | None = None
    items: tuple[Item, ...] = ()
    found: int = 0
    cells: tuple[int, ...] = ()
    different: int = 0


def run_plan(plan: Plan, sheet: Sheet, limits: Limits | None = None) -> Outcome:
    """Run a plan. Raises TooLargeError when it takes more than the limits."""
    with opened(limits or Limits()) as database:
        load(database, sheet, _needed(plan))
        where, values = _where(plan.filters, sheet)
        if plan.group is not None:
            return _groups(database, plan, sheet, where, values)
        if plan.order:
            return _ranked(database, plan, sheet, where, values)
        if plan.aggregate is None:
            return _values(database, plan, sheet, where, values)
        return _single(database, plan, sheet, where, values)


@contextmanager
def opened(limits: Limits) -> Iterator["DuckDBPyConnection"]:
    """An empty database in memory that reaches no file, no network and no extension, and can't be set otherwise.

    Raises TooLargeError when what is done with it takes more than the limits.
    """
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": limits.threads,
        "memory_limit": limits.memory,
        "enable_external_access": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": "",
    }
    database = duckdb.connect(":memory:", config=settings)
    timer = threading.Timer(limits.seconds, database.interrupt)
    timer.daemon = True
    try:
        database.execute("SET lock_configuration = true")
        timer.start()
        yield database
    except (duckdb.InterruptException, duckdb.OutOfMemoryException) as error:
        raise TooLargeError(
            f"the table is too large for the question: more than {limits.seconds:g} seconds or {limits.memory} of "
            "memory were needed. Ask about fewer columns, or split the file."
        ) from error
    finally:
        timer.cancel()
        timer.join()
        database.close()


def load(database: "DuckDBPyConnection", sheet: Sheet, columns: Sequence[int]) -> None:
    """Put columns of a table into the database's table `sheet`, with each row's number; heads are only names there."""
    parts = ['unnest($1::INTEGER[]) AS "row"']
    values: list[list[Any]] = [list(range(len(sheet.rows)))]
    for at in columns:
        column = sheet.columns[at]
        values.append([None if value is None else str(value) for value in column.values])
        parts.append(f"unnest(${len(values)}::{_TYPES[column.kind]}[]) AS {name_of(sheet, at)}")
    database.execute(f"CREATE TABLE sheet AS SELECT {', '.join(parts)}", values)


def name_of(sheet: Sheet, at: int) -> str:
    """A column's name in SQL: its number and head, quoted, so that any head is just a name and no two are alike."""
    head = sheet.columns[at].head[:60].replace("\x00", "").replace('"', '""')
    return f'"{at + 1} {head}"'


def _needed(plan: Plan) -> list[int]:
    used = [*(one.column for one in plan.filters), plan.measure, plan.subject, plan.group]
    return sorted({at for at in used if at is not None})


def _where(filters: Sequence[Filter], sheet: Sheet) -> tuple[str, list[Any]]:
    """The conditions with placeholders, and the values for them."""
    parts, values = ["true"], list[Any]()
    for one in filters:
        name, kind = name_of(sheet, one.column), _TYPES[sheet.columns[one.column].kind]
        if one.sign == "in":
            parts.append(f"{name} IN (SELECT unnest(?::{kind}[]))")
            values.append(list(one.values))
        else:
            sign = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "="}[one.sign]
            parts.append(f"{name} {sign} ?::{kind}")
            values.append(one.values[0])
    return " AND ".join(parts), values


def _single(database: "DuckDBPyConnection", plan: Plan, sheet: Sheet, where: str, values: list[Any]) -> Outcome:
    measure = name_of(sheet, plan.measure) if plan.measure is not None else "1"
    total = f"sum({measure})" if plan.measure is not None else "count(*)"
    different = f"count(DISTINCT {name_of(sheet, plan.subject)})" if plan.subject is not None else "0"
    sql = f"SELECT count(*), count({measure}), {total}, {different} FROM sheet WHERE {where}"  # noqa: S608 (see name_of)
    rows, used, value, several = _one(database, sql, values)
    cells = database.execute(
        f'SELECT "row" FROM sheet WHERE {where} AND {measure} IS NOT NULL ORDER BY "row" LIMIT {_CELLS + 1}',  # noqa: S608
        values,
    ).fetchall()
    value = None if value is None else Decimal(value)
    if plan.aggregate is Aggregate.AVERAGE:
        value = value / used if value is not None and used else None
    return Outcome(rows, used, value, cells=tuple(row for (row,) in cells), different=several)


def _ranked(database: "DuckDBPyConnection", plan: Plan, sheet: Sheet, where: str, values: list[Any]) -> Outcome:
    measure = name_of(sheet, plan.measure or 0)
    way = "DESC" if plan.order is Order.HIGHEST else "ASC"
    rows, used = _one(database, f"SELECT count(*), count({measure}) FROM sheet WHERE {where}", values)  # noqa: S608
    ranked = (
        f'SELECT "row", {measure} AS value, rank() OVER (ORDER BY {measure} {way}) AS place '  # noqa: S608 (see name_of)
        f"FROM sheet WHERE {where} AND {measure} IS NOT NULL"
    )
    found = database.execute(
        f'SELECT "row", value, count(*) OVER () FROM ({ranked}) WHERE place <= ? ORDER BY place, "row" LIMIT {SHOWN}',  # noqa: S608
        [*values, plan.number],
    ).fetchall()
    items = tuple(Item(row, _told(value)) for row, value, _ in found)
    return Outcome(rows, used, items=items, found=found[0][2] if found else 0)


def _groups(database: "DuckDBPyConnection", plan: Plan, sheet: Sheet, where: str, values: list[Any]) -> Outcome:
    group = name_of(sheet, plan.group or 0)
    measure = name_of(sheet, plan.measure) if plan.measure is not None else "1"
    counted = f"count(DISTINCT {name_of(sheet, plan.subject)})" if plan.subject is not None else "count(*)"
    made = {
        Aggregate.SUM: f"sum({measure})",
        Aggregate.AVERAGE: f"sum({measure})::DOUBLE / count({measure})",
    }.get(plan.aggregate or Aggregate.COUNT, counted)
    way = "ASC" if plan.order is Order.LOWEST else "DESC"
    rows, used = _one(database, f"SELECT count(*), count({measure}) FROM sheet WHERE {where}", values)  # noqa: S608
    grouped = (
        f'SELECT min("row") AS first, {made} AS value, count({measure}) AS rows, sum({measure}) AS total '  # noqa: S608
        f"FROM sheet WHERE {where} AND {group} IS NOT NULL AND {measure} IS NOT NULL GROUP BY {group}"
    )
    ranked = f"SELECT *, rank() OVER (ORDER BY value {way}) AS place FROM ({grouped})"  # noqa: S608
    found = database.execute(
        f"SELECT first, value, rows, total, count(*) OVER () FROM ({ranked}) WHERE place <= ? "  # noqa: S608
        f"ORDER BY place, first LIMIT {SHOWN}",
        [*values, plan.number or 10**9],
    ).fetchall()
    average = plan.aggregate is Aggregate.AVERAGE
    items = tuple(
        Item(first, Decimal(total) / rows if average else Decimal(value), rows)
        for first, value, rows, total, _ in found
    )
    return Outcome(rows, used, items=items, found=found[0][4] if found else 0)


def _values(database: "DuckDBPyConnection", plan: Plan, sheet: Sheet, where: str, values: list[Any]) -> Outcome:
    subject = name_of(sheet, plan.subject or 0)
    rows, used = _one(database, f"SELECT count(*), count({subject}) FROM sheet WHERE {where}", values)  # noqa: S608
    found = database.execute(
        f'SELECT min("row") AS first, count(*), count(*) OVER () FROM sheet WHERE {where} AND {subject} IS NOT NULL '  # noqa: S608
        f"GROUP BY {subject} ORDER BY first LIMIT {SHOWN}",
        values,
    ).fetchall()
    items = tuple(Item(first, None, count) for first, count, _ in found)
    return Outcome(rows, used, items=items, found=found[0][2] if found else 0)


def _one(database: "DuckDBPyConnection", sql: str, values: list[Any]) -> tuple[Any, ...]:
    row = database.execute(sql, values).fetchone()
    if row is None:
        raise RuntimeError("an aggregate without groups gives a row")
    return row


def _told(value: object) -> Decimal | str:
    return value if isinstance(value, Decimal) else str(value)
