"""Takes the questions of the chat that prices answer, and answers them."""

import logging
from functools import partial
from pathlib import Path

from dossier.errors import MarketDataError
from serving.answering.desks import Given, Taken
from serving.market.asking.evidence import Documents, PriceWriter, Rows
from serving.market.asking.telling import tell
from serving.market.asking.wishes import Kind, Wish, may_be_about_prices, wish_of
from serving.market.projections.projecting import Projector
from serving.market.provider import PriceProvider

_log = logging.getLogger(__name__)


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

    def take(self, question: str, groups: frozenset[str]) -> Taken | None:
        """The question, where prices answer it."""
        wish = self.wish(question, groups)
        return Taken(_step_of(wish), partial(self.answer, wish, groups)) if wish else None

    def answer(self, wish: Wish, groups: frozenset[str], documents: Documents) -> Given:
        """Compute and word it; a projection takes seconds. Raises MarketDataError where the prices don't answer."""
        rows = Rows(documents, self._documents, groups)
        writer = PriceWriter(rows)
        chart = tell(wish, writer, self._projector.project)
        return Given(writer.done(), tuple(rows.passages), chart)


def _step_of(wish: Wish) -> str:
    """What is being done, for people who wait."""
    if wish.kind is Kind.PROJECTION:
        return f"Testing projections of {wish.prices.symbol} on earlier prices"
    return f"Computing from the prices of {wish.prices.symbol}"
