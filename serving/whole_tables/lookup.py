"""Answers a question over the rows of a whole table of the documents found, before any model is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dossier.records import Passage
from retrieval.search import Found, Searcher
from serving.whole_tables.plans import Plan, plan_of
from serving.whole_tables.querying import Limits, Outcome, run_plan
from serving.whole_tables.questions import Wish, wish_of
from serving.whole_tables.sheets import LEAST_ROWS, Sheet, joined, sheet_of
from serving.whole_tables.telling import word_result
from serving.whole_tables.writing import Result, Wording

_ADDED = 6
"""Passages that join the answer because they hold rows that it tells."""
_OTHERS = 3


@dataclass(frozen=True, slots=True)
class WholeTable:
    """An answer over all rows of a table, with the passages that it cites: those found, and those that hold rows."""

    wording: Wording
    passages: tuple[Passage, ...]
    rows: int
    place: str


def over_whole_table(
    searcher: Searcher, found: Found, groups: frozenset[str], limits: Limits | None = None
) -> WholeTable | None:
    """Answer from all rows of a table of the documents found; None where that isn't clearly asked for.

    Blocks: it reads the index. Raises TooLargeError when it takes more than the limits.
    """
    wish = wish_of(found.query.asked)
    if wish is None or not found.passages:
        return None
    fitting = _fitting(wish, searcher, found.passages, groups)
    if not fitting:
        return None
    best = max(plan.fit for plan, _ in fitting)
    chosen = [(plan, sheet) for plan, sheet in fitting if plan.fit == best]
    plan, sheet = chosen[0]
    outcome = run_plan(plan, sheet, limits)
    if outcome.value is None and not outcome.items:
        return None
    passages, cited = _with_rows(searcher, found.passages, sheet, _rows_told(outcome), groups)
    if not cited:
        return None
    others = tuple(Result(one, other, outcome, {}).place for one, other in chosen[1 : 1 + _OTHERS])
    result = Result(plan, sheet, outcome, cited, others)
    return WholeTable(word_result(result), passages, len(sheet.rows), result.place)


def _fitting(
    wish: Wish, searcher: Searcher, passages: Sequence[Passage], groups: frozenset[str]
) -> list[tuple[Plan, Sheet]]:
    """The tables that the question can be asked of, those of the best documents first."""
    found = []
    for source in dict.fromkeys(passage.chunk.source for passage in passages):
        for sheet in _sheets(searcher, source, groups):
            if plan := plan_of(wish, sheet):
                found.append((plan, sheet))
    return found


def _sheets(searcher: Searcher, source: str, groups: frozenset[str]) -> Iterator[Sheet]:
    for parts in joined(searcher.tables(source, groups)):
        if sum(len(part.rows) for part in parts) < LEAST_ROWS:
            continue
        there = searcher.passage_at(source, parts[0].page, parts[0].rows[0].start, groups)
        if there is not None and (sheet := sheet_of(parts, there, searcher.left_out(source, groups))):
            yield sheet


def _rows_told(outcome: Outcome) -> list[int]:
    """The rows whose passages are cited: those told, else the first that was used."""
    return [item.row for item in outcome.items] or list(outcome.cells[:1]) or [0]


def _with_rows(
    searcher: Searcher, passages: tuple[Passage, ...], sheet: Sheet, rows: Sequence[int], groups: frozenset[str]
) -> tuple[tuple[Passage, ...], dict[int, int]]:
    """The passages with those that hold these rows, and the number of each row's; of many rows only the first ones."""
    cited: dict[int, int] = {}
    most = len(passages) + _ADDED
    for row in rows:
        page, start = sheet.pages[row], sheet.rows[row].start
        number = next((at for at, one in enumerate(passages, start=1) if _holds(one, sheet.source, page, start)), 0)
        if not number and len(passages) < most:
            there = searcher.passage_at(sheet.source, page, start, groups)
            if there is not None:
                passages = (*passages, replace(there, reasons=("it holds a row of the table",)))
                number = len(passages)
        if number:
            cited[row] = number
    return passages, cited


def _holds(passage: Passage, source: str, page: int, start: int) -> bool:
    chunk = passage.chunk
    return (chunk.source, chunk.page) == (source, page) and chunk.start <= start < chunk.end
