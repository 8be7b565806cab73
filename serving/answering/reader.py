"""Reads the index for one question: passages and lines, what code computes or counts, and the lines that may answer."""

from collections.abc import Sequence
from dataclasses import replace

from dossier.packs import Pack
from dossier.settings import Settings
from retrieval.confidence import line_signals
from retrieval.lines import RankedLine, rank_lines
from retrieval.search import Searcher
from serving.answering.desks import Desk
from serving.answering.fitting import fitting
from serving.answering.model_client import ServedModel
from serving.answering.readings import LINES_READ, Asked, Reading
from serving.answering.rules import Rules
from serving.calculating import compute
from serving.index_view import IndexView
from serving.whole_tables import over_whole_table

_LINES_SHOWN = 6
"""Lines that the model chooses from."""


class Reader:
    """What the chain knows of a question before any model is asked."""

    def __init__(self, index: IndexView, settings: Settings, pack: Pack, desks: Sequence[Desk], rules: Rules) -> None:
        """Join the parts; `desks` take the questions that they know before the documents are read."""
        self._index, self._settings, self._pack, self._rules = index, settings, pack, rules
        self._desks = tuple(desks)

    def read(self, asked: Asked, model: ServedModel, searcher: Searcher) -> Reading:
        """Search, rank the lines, and compute or count what the question asks for in so many words. Blocks."""
        found = searcher.search(asked.question, asked.groups, self._settings.passages)
        if taken := next(filter(None, (desk.take(asked.question, asked.groups) for desk in self._desks)), None):
            return Reading(asked, model, searcher, found, [], {}, taken=taken)
        lines = rank_lines(found.query, found.passages, found.rarity, self._index.embedder, LINES_READ)
        tables = searcher.tables_of_pages(found.passages, asked.groups)
        style, rules = self._settings.answer_style, self._rules
        computes = style == "point" and rules.computing
        computed = compute(searcher, found, tables, asked.groups, self._pack, rules.comparing) if computes else None
        if computed is not None:
            found = replace(found, passages=computed.passages)
            return Reading(asked, model, searcher, found, lines, computed.tables, computed)
        # whatever words the answers: a model sees a few rows of a long table
        counts = style != "read" and rules.counting
        whole = over_whole_table(searcher, found, asked.groups) if counts else None
        confidence = line_signals(found, lines).probability
        found = replace(found, passages=whole.passages) if whole else found
        return Reading(asked, model, searcher, found, lines, tables, whole=whole, confidence=confidence)

    def lines_of(self, reading: Reading) -> list[RankedLine]:
        """The lines that may answer, best first; none where it isn't likely that the first one does."""
        lines = reading.lines[:_LINES_SHOWN]
        if not lines or reading.confidence < self._settings.confidence:
            return []
        found = reading.found
        return fitting(lines, found.query, found.passages, reading.tables) if self._rules.fitting else lines
