"""The parts that the gateway is made of, and the shapes that it needs of those written elsewhere."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dossier.pins import Pin
from dossier.records import Answer, AnswerEvent, FileReport, Turn
from dossier.settings import Settings
from retrieval.chunk_store import StoredDocument
from retrieval.content import Content
from retrieval.labelling.labeller import Labeller
from retrieval.news.reading import NewsItem
from retrieval.page_view import PageView, Spot
from retrieval.search import Searcher
from retrieval.upkeep import GenerationState
from serving.market.projections.projecting import Projector
from serving.market.provider import NoPrices, PriceProvider
from serving.models.administration import Completed, ModelList
from serving.models.served import ModelState
from serving.originals import Originals
from serving.store import Store


class Answerer(Protocol):
    """The answer chain."""

    def answer(self, question: str, history: Sequence[Turn], groups: frozenset[str]) -> AsyncIterator[AnswerEvent]:
        """Steps and pieces of text, then exactly one Answer. Closing the iterator stops the model."""
        ...

    async def replay(self, pin: Pin, groups: frozenset[str]) -> tuple[Answer, str]:
        """The answer to a question asked again, and why it isn't from the generation of then (empty: it is)."""
        ...


class IndexStatus(Protocol):
    """The generation that answers come from. An empty `generation`: there is none, `message` says why."""

    @property
    def generation(self) -> str:
        """Name of the generation."""
        ...

    @property
    def documents(self) -> int:
        """How many documents it has."""
        ...

    @property
    def chunks(self) -> int:
        """How many chunks it has."""
        ...

    @property
    def message(self) -> str:
        """What is wrong with it, in plain words."""
        ...


class Index(Protocol):
    """The index as the gateway uses it."""

    def status(self) -> IndexStatus:
        """The current generation. Doesn't raise when there is none."""
        ...

    def files(self) -> Sequence[FileReport]:
        """Every file of the current generation, and how it ended."""
        ...

    def stored_documents(self) -> Sequence[StoredDocument]:
        """Every document of the current generation, whoever may read it."""
        ...

    def page_texts(self, source: str, page: int | None = None) -> Sequence[str]:
        """The texts of a document's chunks (of one page's), whoever may read them."""
        ...

    def page(self, spot: Spot, groups: frozenset[str]) -> PageView:
        """A page of a document. Raises NotFoundError where there is none that the groups may read."""
        ...

    def readable_documents(self, groups: frozenset[str]) -> Sequence[StoredDocument]:
        """The documents of the current generation that the groups may read, by source. Raises IndexMissingError."""
        ...

    def news(self, groups: frozenset[str]) -> Sequence[NewsItem]:
        """The newest items of feeds that the groups may read. Raises IndexMissingError."""
        ...

    def content(self, source: str, groups: frozenset[str]) -> Content:
        """A whole document. Raises NotFoundError where there is none that the groups may read."""
        ...

    def searcher(self) -> Searcher:
        """The current generation, to be searched. Raises IndexMissingError when there is none."""
        ...

    def correct(self, source: str, values: Mapping[str, str]) -> dict[str, str]:
        """Keep a correction of a document's metadata. Raises NotFoundError, QuestionError."""
        ...

    def generations(self) -> Sequence[GenerationState]:
        """The generations on disk, oldest first."""
        ...

    def warm_up(self) -> None:
        """Load what searching needs. Takes seconds; does nothing when there is no generation."""
        ...

    def reopen(self) -> None:
        """Use the newest generation for new questions."""
        ...


class Engine(Protocol):
    """The supervised model server. It is up when `state` is `ready`."""

    @property
    def state(self) -> str:
        """One word."""
        ...

    @property
    def message(self) -> str:
        """What is wrong or being waited for, in plain words."""
        ...

    @property
    def seconds_left(self) -> float | None:
        """How long a start under way will still take; None when it isn't starting."""
        ...

    async def start(self) -> None:
        """Begin to start the model server and return at once. Raises EngineError, EnvironmentProblem."""
        ...

    async def stop(self) -> None:
        """End the model server."""
        ...


class Models(Protocol):
    """The adapters of this pack: what answers, and what could."""

    @property
    def state(self) -> ModelState:
        """What answers now."""
        ...

    async def watch(self, is_up: Callable[[], bool]) -> None:
        """Follow promotions made elsewhere until cancelled."""
        ...

    async def listed(self) -> ModelList:
        """All adapters, and what is damaged."""
        ...

    async def promote(self, name: str, by: str, despite: str) -> ModelState:
        """Let an adapter answer. Raises PromotionError, AdapterError, NotFoundError."""
        ...

    async def rollback(self, by: str, to_base: bool) -> ModelState:
        """Let the adapter before answer. Raises PromotionError, AdapterError."""
        ...

    async def complete(self, name: str, prompts: Sequence[Sequence[int]], most: int) -> Completed:
        """Go on greedily behind prompts of token ids as an adapter does. Raises NotFoundError, AdapterError."""
        ...

    async def retire(self, name: str, by: str) -> None:
        """Put an adapter aside. Raises PromotionError, NotFoundError."""
        ...


@dataclass(frozen=True, slots=True)
class PackInfo:
    """What the page shows about the domain pack."""

    name: str
    title: str
    description: str
    starter_questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that the API speaks to. `model` is the served model's name, e.g. `dossier-finance`.

    Without an `engine` the model server is somebody else's business and counts as ready; without `models` it serves
    its base model alone.
    """

    settings: Settings
    store: Store
    answerer: Answerer
    index: Index
    pack: PackInfo
    model: str
    engine: Engine | None = None
    index_command: tuple[str, ...] = (sys.executable, "-m", "dossier", "index", "--json")
    models: Models | None = None
    prices: PriceProvider = field(default_factory=NoPrices)
    projector: Projector = field(default_factory=Projector)
    labeller: Labeller | None = None
    originals: Originals = field(default_factory=Originals)

    @property
    def engine_up(self) -> bool:
        """Whether the model server answers."""
        return self.engine is None or str(self.engine.state) == "ready"
