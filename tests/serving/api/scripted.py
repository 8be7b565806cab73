"""Working parts with fixed answers, for what the API does around them.

What the answerer does is set by a word in the question: `wait` stops after the first words until somebody opens the
gate, `break` ends in an EngineError, `fault` in an error of no known kind, `busy` in a BusyError, `silent` ends without
an Answer, `weather` isn't in the documents, `refine` corrects at the end what was said, `doubt` is borne out in part,
`invent` not at all; `before` was a follow-up, `chart` has one.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dossier.citations import parse_citations
from dossier.errors import BusyError, EngineError, IndexMissingError, NotFoundError
from dossier.pins import Pin
from dossier.records import (
    Answer,
    AnswerEvent,
    Chunk,
    Delta,
    Document,
    FileReport,
    FileState,
    Metadata,
    Passage,
    Step,
    Turn,
    Usage,
    Verdict,
)
from dossier.traces import Fault, Unsupported
from retrieval.chunk_store import ChunkStore, StoredDocument
from retrieval.content import Content, read_content
from retrieval.news.reading import NewsItem, read_news
from retrieval.page_view import PageView, Spot, view_page
from retrieval.search import Searcher
from retrieval.upkeep import GenerationState
from serving.answering.replaying import pinned
from serving.integrity.tracing import Basis, trace_numbers

MODEL = "dossier-test"
GENERATION = "g-000001"
INSIDE = "the inside of the gateway"
TEXT = "Net sales were **$4.2 billion** – “up 3.5%” [1]. The margin was 12.1% [2]."
REFUSAL = "The answer is not in the documents."
CHART = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "title": "ACME: closing prices, 2024-01-02 to 2024-01-04",
    "description": "ACME: closing prices. 3 closing prices from acme.csv.",
    "width": 640,
    "height": 280,
    "data": {
        "values": [{"date": f"2024-01-0{day}", "value": value} for day, value in ((2, 100.0), (3, 120.0), (4, 60.0))]
    },
    "mark": {"type": "line", "tooltip": True},
    "encoding": {
        "x": {"field": "date", "type": "temporal", "title": None, "scale": {"type": "utc"}},
        "y": {"field": "value", "type": "quantitative", "title": "close"},
    },
}
PASSAGES = tuple(
    Passage(number, Chunk(f"reports/{name}", title, page, 0, len(text), section, text), 1 / number)
    for number, (name, title, page, section, text) in enumerate(
        [
            ("annual.pdf", "Annual report", 12, ("Review", "Net sales"), "Net sales were $4.2 billion, up 3.5%."),
            ("annual.pdf", "Annual report", 14, ("Review", "Margins"), "The margin was 12.1%."),
            ("minutes.docx", "Board minutes", 1, (), "The board met. <script>alert(1)</script>"),
        ],
        start=1,
    )
)


def pin(question: str) -> Pin:
    """What every answer is made with."""
    return Pin(question, GENERATION, MODEL, "", "1", {"answer_style": "point"}, pinned(PASSAGES), groups=("hr",))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answerer was asked."""

    question: str
    history: tuple[Turn, ...]
    groups: frozenset[str]


class ScriptedAnswerer:
    """Answers as its module says. `closed` is set when an answer was stopped before its end."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.gate = threading.Event()
        self.closed = threading.Event()

    async def answer(
        self, question: str, history: Sequence[Turn], groups: frozenset[str]
    ) -> AsyncIterator[AnswerEvent]:
        """The scripted events."""
        self.asked.append(Asked(question, tuple(history), groups))
        if "busy" in question:
            raise BusyError("Too many questions at once. Try again in a moment.")
        yield Step("Searching the documents")
        ended = False
        try:
            async for event in self._said(question):
                yield event
            ended = True
        finally:
            if not ended:
                await asyncio.sleep(0)  # what cleans up may have to wait, also while it is being cancelled
                self.closed.set()

    async def replay(self, pin: Pin, groups: frozenset[str]) -> tuple[Answer, str]:
        """The same answer once more; with `gone` from another generation, other words and passages."""
        self.asked.append(Asked(pin.question, (), groups))
        if "gone" not in pin.question:
            return Answer(TEXT, Verdict.ANSWERED, PASSAGES, pin=replace(pin, groups=tuple(sorted(groups)))), ""
        now = replace(pin, generation="g-000002", adapter="1f" * 32, passages=pinned(PASSAGES[1:]))
        return Answer("It is 7 [1].", Verdict.ANSWERED, PASSAGES[1:], pin=now), "the generation isn't kept any more."

    async def _said(self, question: str) -> AsyncIterator[AnswerEvent]:
        text = REFUSAL if "weather" in question else TEXT
        words = text.split(" ")
        for number, word in enumerate(words):
            yield Delta(word if number == 0 else f" {word}")
            if number == 2:
                await self._interlude(question)
        if "silent" in question:
            return
        clean, citations = parse_citations(text, len(PASSAGES))
        if "invent" in question or "doubt" in question:
            yield self._marked(question)
            return
        yield Answer(
            text=clean.replace("4.2", "4.3") if "refine" in question else clean,
            verdict=Verdict.NOT_IN_DOCUMENTS if "weather" in question else Verdict.ANSWERED,
            passages=PASSAGES,
            citations=citations,
            generation=GENERATION,
            model=MODEL,
            usage=Usage(120, 30),
            pin=pin(question),
            asked_as="What were net sales in 2024?" if "before" in question else "",
            note="The passages below come closest." if "weather" in question else "",
            traces=trace_numbers(clean, citations, Basis.of(PASSAGES, {})),
            chart=CHART if "chart" in question else None,
        )

    def _marked(self, question: str) -> Answer:
        whole = Unsupported(0, len(TEXT), Fault.WRONG, "4.2 can't be found in [1].")
        answer = Answer(TEXT, Verdict.UNSUPPORTED, PASSAGES, generation=GENERATION, model=MODEL)
        if "doubt" in question:
            start = TEXT.index("The margin")
            return replace(answer, unsupported=(replace(whole, start=start),))
        verdict = Verdict.NOT_IN_DOCUMENTS
        return replace(answer, text=REFUSAL, verdict=verdict, withdrawn=TEXT, unsupported=(whole, whole))

    async def _interlude(self, question: str) -> None:
        if "break" in question:
            raise EngineError("The model server stopped. Ask again in a minute.")
        if "fault" in question:
            raise LookupError(INSIDE)
        while "wait" in question and not self.gate.is_set():
            await asyncio.sleep(0.01)


@dataclass
class ScriptedIndex:
    """An index that is what its fields say."""

    generation: str = GENERATION
    documents: int = 2
    chunks: int = 3
    message: str = ""
    reopened: int = 0
    warmed: int = 0
    store: ChunkStore | None = None
    found_in: Searcher | None = None
    corrected: dict[str, str] = field(default_factory=dict)
    reports: list[FileReport] = field(
        default_factory=lambda: [
            FileReport("reports/annual.pdf", FileState.INDEXED, "", 2, 64, frozenset({"finance", "board"})),
            FileReport("scan.pdf", FileState.FAILED, "It has no text.", 0, 9),
        ]
    )

    def status(self) -> "ScriptedIndex":
        """Itself: it has the fields of a status."""
        return self

    def files(self) -> list[FileReport]:
        """The reports."""
        return self.reports

    def stored_documents(self) -> list[StoredDocument]:
        """The documents of the passages."""
        about = Metadata(company="Acme Inc.", kind="10-k", period="2025")
        return [
            StoredDocument(1, Document("reports/annual.pdf", "Annual report", "d", pages=64, metadata=about), "", 2),
            StoredDocument(2, Document("reports/minutes.docx", "Board minutes", "e"), "", 1),
        ]

    def page_texts(self, source: str, page: int | None = None) -> list[str]:
        """The texts of the passages from there."""
        return [p.chunk.text for p in PASSAGES if p.chunk.source == source and page in (None, p.chunk.page)]

    def page(self, spot: Spot, groups: frozenset[str]) -> PageView:
        """A page of the store that a test put here."""
        view = view_page(self.store, spot, groups) if self.store else None
        if view is None:
            raise NotFoundError("There is no such page that you may read.")
        return view

    def readable_documents(self, groups: frozenset[str]) -> list[StoredDocument]:
        """Those of the store that a test put here."""
        return self.store.readable_documents(groups) if self.store else []

    def news(self, groups: frozenset[str]) -> list[NewsItem]:
        """The items of that store."""
        return read_news(self.store, groups) if self.store else []

    def content(self, source: str, groups: frozenset[str]) -> Content:
        """A document of that store."""
        found = read_content(self.store, source, groups) if self.store else None
        if found is None:
            raise NotFoundError("There is no such document that you may read.")
        return found

    def searcher(self) -> Searcher:
        """The one that a test put here."""
        if self.found_in is None:
            raise IndexMissingError("There is no index yet.")
        return self.found_in

    def correct(self, source: str, values: Mapping[str, str]) -> dict[str, str]:
        """Remember the correction."""
        if source != "reports/annual.pdf":
            raise NotFoundError(f"there is no document {source!r} in the index.")
        self.corrected.update(values)
        return dict(self.corrected)

    def generations(self) -> list[GenerationState]:
        """An old one and the current one."""
        return [
            GenerationState("g000001", "2026-01-01T00:00:00+00:00", 2, 2, 900, problem="chunks.sqlite is missing."),
            GenerationState("g000002", "2026-01-02T00:00:00+00:00", 2, 3, 1000, current=True),
        ]

    def warm_up(self) -> None:
        """Count."""
        self.warmed += 1

    def reopen(self) -> None:
        """Count."""
        self.reopened += 1


@dataclass
class ScriptedEngine:
    """A model server that is what its fields say."""

    state: str = "ready"
    message: str = ""
    seconds_left: float | None = None
    calls: list[str] = field(default_factory=list)

    async def start(self) -> None:
        """Note the call."""
        self.calls.append("start")

    async def stop(self) -> None:
        """Note the call."""
        self.calls.append("stop")
