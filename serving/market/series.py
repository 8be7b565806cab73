"""The record of a symbol's prices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dossier.errors import MarketDataError
from dossier.records import EVERYONE

Dates = npt.NDArray[np.datetime64]
"""Days, in order and each once."""
Values = npt.NDArray[np.float64]
"""A number for each day; NaN where there is none."""
Lines = npt.NDArray[np.int64]
"""The line of a file for each day."""

_GAPS_TOLD = 3
_LONGEST_STEP = 1.6
"""Days between two prices that are a gap: more than so many usual steps, and more than a long week-end's."""
_WEEKEND_STEP = 5


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """A symbol's prices from one file: `close[i]` at the end of day `dates[i]`, in the file's own currency.

    `lines[i]` is the line of the file (row of a Parquet file) that has it, None where that isn't known. `more` has
    open, high, low and volume as far as the file does. `source` is the file's path in its folder, `company` whose
    shares they are ("" where unknown), `groups` who may read them (empty: everyone). `notes` say in plain words what
    the file lacks. Compared by identity: arrays have no single equality.
    """

    symbol: str
    dates: Dates
    close: Values
    more: Mapping[str, Values]
    file: Path
    source: str
    company: str = ""
    groups: frozenset[str] = EVERYONE
    notes: tuple[str, ...] = ()
    lines: Lines | None = None

    def __len__(self) -> int:
        return len(self.dates)

    def noted(self, note: str) -> "Prices":
        """The same with a further note."""
        return replace(self, notes=(*self.notes, note))

    @property
    def first(self) -> date:
        """The first day with a price."""
        return day(self.dates[0])

    @property
    def last(self) -> date:
        """The last day with a price."""
        return day(self.dates[-1])

    def between(self, since: date | None = None, until: date | None = None) -> "Prices":
        """The prices from one day to another, both included. Raises MarketDataError where there is none."""
        kept = np.ones(len(self.dates), dtype=bool)
        if since is not None:
            kept &= self.dates >= np.datetime64(since)
        if until is not None:
            kept &= self.dates <= np.datetime64(until)
        if not kept.any():
            raise MarketDataError(
                f"{self.source} has no price of {self.symbol} from {since or 'its beginning'} to {until or 'its end'}. "
                f"Its prices go from {self.first} to {self.last}."
            )
        more = {name: values[kept] for name, values in self.more.items()}
        lines = None if self.lines is None else self.lines[kept]
        return replace(self, dates=self.dates[kept], close=self.close[kept], more=more, lines=lines)


def gaps(dates: Dates) -> tuple[str, ...]:
    """What to say about days that are missing: steps longer than usual, and than a long week-end."""
    if len(dates) < 3:
        return ()
    steps = np.diff(dates).astype("timedelta64[D]").astype(np.int64)
    long = np.flatnonzero(steps > max(_WEEKEND_STEP, _LONGEST_STEP * float(np.median(steps))))
    if not len(long):
        return ()
    told = [f"between {day(dates[at])} and {day(dates[at + 1])}" for at in long[:_GAPS_TOLD]]
    rest = f" and {len(long) - _GAPS_TOLD} times more" if len(long) > _GAPS_TOLD else ""
    return (f"No prices {', '.join(told)}{rest}; the return over a gap counts as that of one period.",)


def day(when: np.datetime64) -> date:
    """A day of an array as a date."""
    found = when.astype("datetime64[D]").item()
    if not isinstance(found, date):
        raise TypeError(f"{when!r} isn't a day")
    return found
