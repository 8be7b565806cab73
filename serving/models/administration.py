"""The registry as admins of a running gateway use it: what there is, promotion and the way back, followed at once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dossier.registry import Champions, Entry, Evaluation, Registry
from dossier.registry.checking import Base
from dossier.registry.promotion import (
    against_the_gate,
    judge,
    promote,
    retire,
    rollback,
    shipped_against_the_gate,
    state_of,
)
from serving.models.adapter_server import Completion
from serving.models.served import Champion, ModelState


@dataclass(frozen=True, slots=True)
class ListedModel:
    """An adapter with its newest evaluation, where it stands, and what speaks against promoting it."""

    entry: Entry
    state: str
    evaluation: Evaluation | None
    against: tuple[str, ...]
    against_the_gate: str


@dataclass(frozen=True, slots=True)
class ModelList:
    """The adapters, oldest first, and what is wrong with those that can't be read."""

    models: tuple[ListedModel, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Completed:
    """What an adapter wrote behind prompts.

    `precision` is what the model server computes in, or what the weights were rounded to that it is merged into.
    """

    adapter: str
    precision: str
    completions: tuple[Completion, ...]


class ModelAdmin:
    """Changes the registry for one pack and lets the model server follow. All methods belong to one event loop."""

    def __init__(
        self, champion: Champion, registry: Registry, pack: str, read_base: Callable[[], Base], precision: str
    ) -> None:
        """Join the parts. `precision` is what the model server computes in."""
        self._champion, self._registry, self._pack, self._read_base = champion, registry, pack, read_base
        self._precision = precision

    @property
    def state(self) -> ModelState:
        """What answers now."""
        return self._champion.state

    async def watch(self, is_up: Callable[[], bool]) -> None:
        """Follow promotions made elsewhere until cancelled."""
        await self._champion.watch(is_up)

    async def listed(self) -> ModelList:
        """All adapters, and what is damaged. Raises RegistryError where the champions can't be read."""
        return await asyncio.to_thread(self._listed)

    async def promote(self, name: str, by: str, despite: str) -> ModelState:
        """Let an adapter answer. Raises PromotionError, AdapterError, NotFoundError."""
        await asyncio.to_thread(self._promote, name, by, despite)
        await self._champion.follow()
        return self.state

    async def rollback(self, by: str, to_base: bool) -> ModelState:
        """Let the adapter before answer, or the base model alone. Raises PromotionError, AdapterError."""
        await asyncio.to_thread(self._rollback, by, to_base)
        await self._champion.follow()
        return self.state

    async def complete(self, name: str, prompts: Sequence[Sequence[int]], most: int) -> Completed:
        """Go on greedily behind prompts of token ids as an adapter does, whether it answers people now or not.

        Raises NotFoundError, AdapterError, QuestionError, BusyError, EngineError.
        """
        entry = await asyncio.to_thread(self._registry.find, name)
        precision = "bfloat16" if self._champion.is_merged(entry.digest) else self._precision
        return Completed(entry.digest, precision, tuple(await self._champion.complete(entry, prompts, most)))

    async def retire(self, name: str, by: str) -> None:
        """Put an adapter aside. Raises PromotionError, NotFoundError."""
        await asyncio.to_thread(lambda: retire(self._registry, self._registry.find(name), by))

    def _promote(self, name: str, by: str, despite: str) -> None:
        promote(self._registry, self._registry.find(name), self._read_base(), self._pack, by, despite)

    def _rollback(self, by: str, to_base: bool) -> None:
        rollback(self._registry, self._read_base(), self._pack, by, to_base)

    def _listed(self) -> ModelList:
        champions = self._registry.champions.read()
        models = tuple(self._model(entry, champions) for entry in self._registry.entries())
        return ModelList(models, tuple(self._registry.problems()))

    def _gate(self, entry: Entry, champions: Champions) -> str:
        told = against_the_gate(champions, entry.digest, self._pack)
        return told or shipped_against_the_gate(self._registry, self._pack)

    def _model(self, entry: Entry, champions: Champions) -> ListedModel:
        answers = champions.of(self._pack) == entry.digest
        reports = list(self._registry.evaluations(entry).values())
        return ListedModel(
            entry=entry,
            state=state_of(entry, champions),
            evaluation=reports[-1] if reports else None,
            against=() if answers else judge(self._registry, entry, self._pack).against,
            against_the_gate=self._gate(entry, champions) if answers else "",
        )
