"""Where prices come from: the interface, and the one that reads a folder of CSV and Parquet files."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from dossier.errors import MarketDataError, NotFoundError
from dossier.packs import Pack, PackPrices
from dossier.settings import Settings
from retrieval.readers import readers_of
from serving.market.reading import read_prices
from serving.market.series import Prices
from serving.market.sheets import FORMS, rows_of, symbol_in

NAMES_FILE = "symbols.csv"
"""The file of a folder that says whose shares its symbols are: heads `symbol,company`."""
_TOLD = 12


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All prices by symbol in order, and what is wrong with files that were left out."""

    prices: Mapping[str, Prices]
    problems: tuple[str, ...] = ()

    def readable(self, groups: frozenset[str]) -> "Catalogue":
        """What a member of these groups may read."""
        kept = {name: one for name, one in self.prices.items() if not one.groups or one.groups & groups}
        return replace(self, prices=kept)

    def of(self, symbol: str) -> Prices:
        """The prices of a symbol, written with small or capital letters. Raises NotFoundError."""
        found = self.prices.get(symbol.strip().upper())
        if found is None:
            known = ", ".join(list(self.prices)[:_TOLD]) or "none"
            more = f" and {len(self.prices) - _TOLD} more" if len(self.prices) > _TOLD else ""
            wrong = f" Left out: {' '.join(self.problems)}" if self.problems else ""
            raise NotFoundError(f"There are no prices of {symbol}. Known symbols: {known}{more}.{wrong}")
        return found


class PriceProvider(Protocol):
    """Where prices come from."""

    def catalogue(self) -> Catalogue:
        """All prices there are now. Blocks while files are read. Raises MarketDataError."""
        ...


class NoPrices:
    """For a pack without prices, where no folder is set."""

    def catalogue(self) -> Catalogue:
        """Nothing, and what to set."""
        return Catalogue({}, ("The setting market_data names no folder, and the pack has no prices.",))


class PackFile:
    """The pack's own prices: one file, one symbol. Who may read the document may read its prices."""

    def __init__(self, prices: PackPrices, groups_of: Callable[[str], frozenset[str]]) -> None:
        """`groups_of` says who may read a document, by its path in the documents folder."""
        self._prices, self._groups_of, self._files = prices, groups_of, _Files()

    def catalogue(self) -> Catalogue:
        """The one symbol. Raises MarketDataError."""
        own = self._prices
        found = self._files.read(own.file, own.source)
        if len(found) != 1:
            raise MarketDataError(f"{own.file} has several symbols; the pack names it as {own.symbol}'s alone.")
        prices = next(iter(found.values()))
        named = replace(prices, symbol=own.symbol, company=own.company, groups=self._groups_of(own.source))
        return Catalogue({own.symbol: named})


class FolderPrices:
    """A folder of CSV and Parquet files. A file that can't be read is left out and told; the others serve.

    A file is read again when it changes. `symbols.csv` (heads `symbol,company`) names the companies.
    """

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self._folder, self._files = folder, _Files()

    def catalogue(self) -> Catalogue:
        """All symbols of the folder. Raises MarketDataError where it isn't a folder or has no files of prices."""
        if not self._folder.is_dir():
            raise MarketDataError(f"{self._folder} isn't a folder. Correct the setting market_data.")
        files = [file for file in sorted(self._folder.rglob("*")) if file.suffix.lower() in FORMS]
        found: dict[str, Prices] = {}
        problems: list[str] = []
        twice: set[str] = set()
        companies: dict[str, str] = {}
        for file in files:
            source = file.relative_to(self._folder).as_posix()
            try:
                if source == NAMES_FILE:
                    companies = _companies(file)
                    continue
                read = self._files.read(file, source)
            except MarketDataError as error:
                problems.append(str(error).replace(str(file), source))
                continue
            for symbol, prices in read.items():
                if symbol in found:
                    twice.add(symbol)
                    problems.append(f"{symbol} is in {found[symbol].source} and in {source}. Remove it from one.")
                found[symbol] = prices
        kept = {name: found[name] for name in sorted(found) if name not in twice}
        return Catalogue(
            {name: replace(prices, company=companies.get(name, "")) for name, prices in kept.items()}, tuple(problems)
        )


def provider_of(settings: Settings, pack: Pack) -> PriceProvider:
    """The folder that is set, else the pack's own prices. Nothing is read yet."""
    if settings.market_data is not None:
        return FolderPrices(settings.market_data)
    if pack.prices is None:
        return NoPrices()
    # asked anew each time: an admin may limit the document while the gateway runs
    return PackFile(pack.prices, lambda source: readers_of(settings, pack).groups(source))


class _Files:
    """Files as they were read, kept until they change. May be called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Path, tuple[tuple[int, int], dict[str, Prices]]] = {}

    def read(self, file: Path, source: str) -> dict[str, Prices]:
        with self._lock:
            try:
                state = file.stat()
            except OSError as error:
                raise MarketDataError(f"{file} can't be read ({error.strerror}).") from error
            stamp = (state.st_mtime_ns, state.st_size)
            if file not in self._kept or self._kept[file][0] != stamp:
                self._kept[file] = (stamp, read_prices(file, source))
            return self._kept[file][1]


def _companies(file: Path) -> dict[str, str]:
    rows = rows_of(file)
    heads: Sequence[str] = [head.strip().lower() for head in next(rows, ("", []))[1]]
    if "symbol" not in heads or "company" not in heads:
        raise MarketDataError(f"{file}, line 1: it needs the heads symbol and company.")
    found: dict[str, str] = {}
    for place, cells in rows:
        symbol = symbol_in(cells[heads.index("symbol")]) if len(cells) == len(heads) else None
        if symbol is None:
            raise MarketDataError(f"{file}, {place}: no symbol and company. Write such as AAPL,Apple.")
        found[symbol] = cells[heads.index("company")].strip()
    return found
