"""Takes the questions of the chat that prices answer, and answers them."""

import logging
from dataclasses import dataclass
from pathlib import Path

from dossier.errors import MarketDataError
from dossier.records import Passage
from serving.market.asking.evidence import Documents, PriceWriter, Rows
from serving.market.asking.telling import tell
from serving.market.asking.wishes import Kind, Wish, may_be_about_prices, wish_of
from serving.market.charts import Spec
from serving.market.projections.projecting import Projector
from serving.market.provider import PriceProvider
from serving.whole_tables.writing import Wording

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PriceAnswer:
    """An answer from prices: words, the passages that it cites, and a chart."""

    wording: Wording
    passages: tuple[Passage, ...]
    chart: Spec


class MarketDesk:
    """Questions about prices, recognised by rules; no model takes part."""

    def __init__(self, prices: PriceProvider, projector: Projector, documents: Path) -> None:
        """`documents` is the folder of the documents, which may hold the files of prices."""
        self._prices, self._projector, self._documents = prices, projector, documents.resolve()

    def wish(self, question: str, groups: frozenset[str]) -> Wish | None:
        """What a question asks of prices that the groups may read; None: it is left to the documents. Reads files."""
        if not may_be_about_prices(question):
            return None
        try:
            return wish_of(question, self._prices.catalogue().readable(groups))
        except MarketDataError as error:  # the market's own routes tell it; other questions needn't fail for it
            _log.warning("a question isn't looked up in prices: %s", error)
            return None

    def answer(self, wish: Wish, documents: Documents, groups: frozenset[str]) -> PriceAnswer:
        """Compute and word it; a projection takes seconds. Raises MarketDataError where the prices don't answer."""
        rows = Rows(documents, self._documents, groups)
        writer = PriceWriter(rows)
        chart = tell(wish, writer, self._projector.project)
        return PriceAnswer(writer.done(), tuple(rows.passages), chart)


def step_of(wish: Wish) -> str:
    """What is being done, for people who wait."""
    if wish.kind is Kind.PROJECTION:
        return f"Testing projections of {wish.prices.symbol} on earlier prices"
    return f"Computing from the prices of {wish.prices.symbol}"
