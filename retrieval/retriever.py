"""Dossier's search as a LangChain retriever, so that it serves in other people's chains."""

from pathlib import Path

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from dossier.packs import load_pack
from dossier.records import Filters, Passage
from dossier.settings import load_settings
from retrieval.opening import open_searcher
from retrieval.search import EVERYONE, Searcher


class DossierRetriever(BaseRetriever):
    """Finds passages of the indexed documents for a question.

    `groups` are those of the person who asks: documents limited to other groups are never found. Without a relevant
    passage (`least_relevance`, a probability from 0 to 1) nothing is returned.

    Example: DossierRetriever.for_documents(Path("contracts")).invoke("Who may terminate?")
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    searcher: Searcher
    groups: frozenset[str] = EVERYONE
    limit: int = Field(6, ge=1)
    filters: Filters = Filters()
    least_relevance: float = Field(0.0, ge=0, le=1)

    @classmethod
    def for_documents(
        cls, documents: Path | None = None, groups: frozenset[str] = EVERYONE, limit: int = 6
    ) -> "DossierRetriever":
        """A retriever over an indexed folder, or the settings' documents. Raises IndexMissingError, WeightsError."""
        settings = load_settings(documents=documents)
        pack = load_pack(settings)
        searcher = open_searcher(settings, pack)
        return cls(searcher=searcher, groups=groups, limit=limit, least_relevance=0.0)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = self.searcher.search(query, self.groups, self.limit, self.filters)
        if found.signals.probability < self.least_relevance:
            return []
        return [_document(passage) for passage in found.passages]


def _document(passage: Passage) -> Document:
    chunk, about = passage.chunk, passage.chunk.metadata
    return Document(
        page_content=chunk.text,
        id=str(passage.chunk_id),
        metadata={
            "source": chunk.source,
            "document": passage.document,
            "title": chunk.title,
            "page": chunk.page,
            "section": list(chunk.section),
            "columns": chunk.columns,
            "start": chunk.start,
            "end": chunk.end,
            "score": passage.score,
            "company": about.company,
            "kind": about.kind,
            "period": about.period,
            "date": about.date,
        },
    )
