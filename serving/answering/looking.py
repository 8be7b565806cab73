"""What a search finds and what would become of the question, for those who look after the documents."""

from dataclasses import dataclass

from dossier.records import Passage
from dossier.settings import Settings
from retrieval.confidence import line_signals
from retrieval.lines import rank_lines
from retrieval.search import Found, Searcher
from serving.answering.readings import LINES_READ


@dataclass(frozen=True, slots=True)
class Look:
    """`found` is what an answer would be given; `passages` are those and then the next that were found.

    `confidence` is the probability that `line`, the first of the lines, answers; None where the answer style doesn't
    ask for it. `reranked`: a reranker had its say.
    """

    found: Found
    passages: tuple[Passage, ...]
    confidence: float | None
    line: str
    reranked: bool

    def is_refused(self, settings: Settings) -> bool:
        """Whether an answer that is drawn from these passages would be refused."""
        unsure = self.confidence is not None and self.confidence < settings.confidence
        return self.found.signals.probability < settings.relevance or unsure or not self.found.passages


def look(searcher: Searcher, question: str, groups: frozenset[str], settings: Settings, limit: int) -> Look:
    """Search as for an answer to somebody in these groups, and up to `limit` passages on."""
    found = searcher.search(question, groups, settings.passages)
    more = searcher.search(question, groups, limit).passages if limit > settings.passages else ()
    further = [passage for passage in more if not any(_overlap(passage, one) for one in found.passages)]
    lines = rank_lines(found.query, found.passages, found.rarity, searcher.embedder, LINES_READ)
    points = settings.answer_style == "point"
    return Look(
        found=found,
        passages=(*found.passages, *further)[:limit],
        confidence=line_signals(found, lines).probability if points else None,
        line=lines[0].line.text if lines else "",
        reranked=any(passage.rerank is not None for passage in found.passages),
    )


def _overlap(one: Passage, other: Passage) -> bool:
    """Whether two share text: what was joined for fewer passages may be joined otherwise for more."""
    mine, its = one.chunk, other.chunk
    return (mine.source, mine.page) == (its.source, its.page) and mine.start < its.end and its.start < mine.end
