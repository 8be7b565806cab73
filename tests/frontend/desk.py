"""The real gateway over real documents, with an answerer that says what it is told to and cites real passages.

A question with `revenue` gets a line of the annual report, `flight` of the policy, `order` a row of a spreadsheet.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import Workbook

from dossier.citations import parse_citations
from dossier.packs import load_pack
from dossier.records import Answer, AnswerEvent, Chunk, Delta, Passage, Step, Turn, Verdict
from dossier.settings import Settings
from retrieval.chunk_store import ChunkStore
from serving.answering.replaying import pinned
from tests.retrieval.stored import stored
from tests.serving.api import serving_app
from tests.serving.api.scripted import GENERATION, MODEL, REFUSAL, Pin, ScriptedAnswerer
from tests.serving.api.serving_app import Served, served

REPORT = "larkfield-annual-report-2025.pdf"
SALES = "Total revenue, 2025: $1,284.6 (in millions) [1]"
ORDERS = "The order A-120 came to 1,320 [1]."
FLIGHTS = "Premium economy may be booked for flights of more than 6 and up to 10 hours [1]."


@dataclass(frozen=True)
class Told:
    """An answer and the words of the passages that it cites."""

    text: str
    source: str
    words: tuple[str, ...]


ANSWERS = {
    "order": Told(ORDERS, "orders.xlsx", ("A-120",)),
    "flight": Told(FLIGHTS, "travel-and-expense-policy.md", ("Premium economy", "Every trip needs approval")),
    "revenue": Told(SALES, REPORT, ("Europe, Middle East and Africa 378.9", "Products $1,092.9")),
}


class Citing(ScriptedAnswerer):
    """Answers from the table above with passages of the store; `weather` is refused, `slowly` takes its time."""

    def __init__(self, store: ChunkStore) -> None:
        super().__init__()
        self._chunks = store.chunks_after(0, 100_000)

    async def answer(
        self, question: str, history: Sequence[Turn], groups: frozenset[str]
    ) -> AsyncIterator[AnswerEvent]:
        if "fault" in question or "break" in question or "wait" in question:
            async for event in super().answer(question, history, groups):
                yield event
            return
        yield Step("Searching the documents")
        told = next((told for word, told in ANSWERS.items() if word in question.lower()), None)
        text = told.text if told else REFUSAL
        passages = self._passages(told or ANSWERS["revenue"])
        for word in text.split(" "):
            await asyncio.sleep(0.3 if "slowly" in question else 0)
            yield Delta(f"{word} ")
        clean, citations = parse_citations(text, len(passages))
        yield Answer(
            text=clean,
            verdict=Verdict.ANSWERED if told else Verdict.NOT_IN_DOCUMENTS,
            passages=passages,
            citations=citations if told else (),
            generation=GENERATION,
            model=MODEL,
            pin=Pin(question, GENERATION, MODEL, "", "1", {}, pinned(passages)),
        )

    def _passages(self, told: Told) -> tuple[Passage, ...]:
        return tuple(
            Passage(
                chunk_id, chunk, 0.09 / rank, 0.71 - rank / 10, rank, rank + 2, 1.25,
                reasons=("the question names Larkfield",),
            )
            for rank, (chunk_id, chunk) in enumerate((self._with(told.source, words) for words in told.words), 1)
        )  # fmt: skip

    def _with(self, source: str, words: str) -> tuple[int, Chunk]:
        return next(one for one in self._chunks if one[1].source == source and words in one[1].text)


def folder_of_documents(folder: Path) -> Path:
    """The finance pack's documents with a spreadsheet beside them."""
    pack = load_pack(Settings())
    shutil.copytree(pack.documents, folder)
    book = Workbook()
    sheet = book.active
    sheet.title = "Orders"
    sheet.append(["Order", "Country", "Amount"])
    for number in range(1, 401):
        sheet.append([f"A-{number}", ("Germany", "France", "Italy")[number % 3], number * 11])
    book.save(folder / "orders.xlsx")
    return folder


@contextmanager
def desk(home: Path) -> Iterator[Served]:
    """A running gateway over those documents; `mira` is an analyst, `sam` in support."""
    folder = folder_of_documents(home / "documents")
    store = stored(folder, home / "chunks.sqlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving_app, "ScriptedAnswerer", lambda: Citing(store))
        with served(home / "gateway", documents=folder) as running:
            running.index.store = store
            yield running
