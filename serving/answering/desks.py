"""Questions that code answers before the documents are read: what a desk for them is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dossier.records import Passage
from retrieval.search import Searcher
from serving.market.charts import Spec
from serving.whole_tables.writing import Wording


@dataclass(frozen=True, slots=True)
class Given:
    """A desk's answer: words, the passages that they cite, perhaps a chart."""

    wording: Wording
    passages: tuple[Passage, ...]
    chart: Spec | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A question that a desk takes: `step` says what is being done, `answer` does it in a thread.

    It raises MarketDataError or NotFoundError where there is nothing to answer with.
    """

    step: str
    answer: Callable[[Searcher], Given]


class Desk(Protocol):
    """Takes the questions that it surely knows, and leaves all others."""

    def take(self, question: str, groups: frozenset[str]) -> Taken | None:
        """What to do for a question of a person of these groups; None: it isn't one for this desk."""
        ...
