"""Which model answers: the one that the server was started with, or the base with a promoted adapter beside it.

Adapters are exchanged while answers go on where the server has room for them.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from dossier.errors import AdapterError, DossierError, EngineError, RegistryError
from dossier.registry import Entry, Registry
from dossier.registry.promotion import against_the_gate, shipped_against_the_gate
from serving.answering.model_client import Served, ServedModel
from serving.models.adapter_server import AdapterServer, Completion
from serving.models.starting import ModelStart

_POLL_SECONDS = 0.5
_AGAIN_SECONDS = 30.0
_RESTART = (
    "the model server was started without room for adapters, which is faster, and can't change its model while it "
    "runs. Restart Dossier, which takes the change over."
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelState:
    """What answers and what should. `adapter` and `promoted` are digests, empty for the base model alone.

    `problem` is for admins and says why the two differ; `note` is for everybody.
    """

    adapter: str
    promoted: str
    problem: str
    note: str
    against_the_gate: str = ""


class Champion:
    """Keeps the model server in line with the registry. All methods belong to one event loop."""

    def __init__(self, served: Served, registry: Registry, pack: str, start: ModelStart) -> None:
        """Describe whose champion is followed, and what the server answers with by itself."""
        self._server, self._registry, self._pack, self._start = AdapterServer(served), registry, pack, start
        self._now = start.model
        self._lock = asyncio.Lock()
        self._loaded: set[str] = set()
        self._in_use: Counter[str] = Counter()
        self._seen: bytes | None = None
        self._promoted = self._problem = self._gate = ""
        self._tried = self._unload_from = 0.0

    @property
    def state(self) -> ModelState:
        """What answers now."""
        return ModelState(self._now.adapter, self._promoted, self._problem, self._now.note, self._gate)

    @contextmanager
    def held(self) -> Iterator[ServedModel]:
        """The model for one answer, which stays loaded until that has ended, whatever is promoted meanwhile."""
        model = self._now
        self._in_use[model.name] += 1
        try:
            yield model
        finally:
            self._in_use[model.name] -= 1

    def is_merged(self, digest: str) -> bool:
        """Whether this adapter is part of the weights that the server was started with, which were rounded then."""
        return bool(digest) and not self._start.room and self._start.model.adapter == digest

    async def complete(self, entry: Entry, prompts: Sequence[Sequence[int]], most: int) -> list[Completion]:
        """Go on greedily behind prompts of token ids, as an adapter does, which is loaded if it doesn't answer now.

        Raises AdapterError, RegistryError, QuestionError, BusyError, EngineError.
        """
        async with self._lent(entry.digest) as model:
            return await self._server.complete(model.name, prompts, most)

    @asynccontextmanager
    async def _lent(self, digest: str) -> AsyncGenerator[ServedModel]:
        """An adapter beside what answers, kept loaded until the block has ended."""
        async with self._lock:
            model = self._now if self._now.adapter == digest else await self._loaded_model(digest)
            self._in_use[model.name] += 1
        try:
            yield model
        finally:
            self._in_use[model.name] -= 1

    async def load_again(self) -> None:
        """The model server has just started, with nothing loaded."""
        async with self._lock:
            self._loaded.clear()
            self._now = self._start.model
            await self._follow()

    async def follow(self) -> None:
        """Let new questions be answered by what is promoted now. What can't be used changes nothing but the notes."""
        async with self._lock:
            await self._follow()

    async def watch(self, is_up: Callable[[], bool]) -> None:
        """Follow promotions that other processes make, and unload what no answer uses any more. Ends by cancelling."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            if not is_up():
                continue
            async with self._lock:
                again = self._problem and time.monotonic() - self._tried > _AGAIN_SECONDS
                if again or self._registry.champions.seen() != self._seen:
                    await self._follow()
                await self._unload_unused()

    async def _follow(self) -> None:
        self._tried = time.monotonic()
        before, self._seen = self._seen, self._registry.champions.seen()
        try:
            if before and not self._seen:
                self._seen = before
                raise RegistryError(f"{self._registry.champions.file} is gone. Restore it from a backup.")
            champions = self._registry.champions.read()
            self._promoted = champions.of(self._pack)
            if self._promoted != self._now.adapter:
                self._now = await self._loaded_model(self._promoted)
                _log.warning("questions are answered by %s from now on", self._now.name)
            self._problem, self._now = "", replace(self._now, note="")
            gate = against_the_gate(champions, self._promoted, self._pack)
            self._gate = gate or shipped_against_the_gate(self._registry, self._pack)
        except (DossierError, OSError) as error:
            self._problem = str(error)
            self._now = replace(self._now, note=self._note(error))
            _log.warning("questions aren't answered by what was chosen: %s", error)

    async def _loaded_model(self, digest: str) -> ServedModel:
        """Check, load and try an adapter. Raises DossierError; what answers goes on answering then."""
        alone = self._start.model
        if digest == alone.adapter:
            return alone
        if not digest:  # the base has an adapter merged into it
            raise AdapterError(_RESTART)
        entry = self._registry.get(digest)
        reads = entry.reads
        base = await asyncio.to_thread(self._start.read_base)
        await asyncio.to_thread(self._registry.verify, entry, base)
        if not self._start.room:
            raise AdapterError(_RESTART)
        name = f"{alone.name}@{entry.short}"
        if name not in self._loaded:
            await self._server.load(name, entry.folder)
            self._loaded.add(name)
        await self._server.probe(name)
        return ServedModel(name, digest, reads=reads)

    async def _unload_unused(self) -> None:
        if time.monotonic() < self._unload_from:
            return
        try:
            for name in sorted(self._loaded - {self._now.name}):
                if not self._in_use[name]:
                    await self._server.unload(name)
                    self._loaded.discard(name)
        except EngineError as error:
            self._unload_from = time.monotonic() + _AGAIN_SECONDS
            _log.warning("an adapter that nobody uses stays loaded: %s", error)

    def _note(self, error: Exception) -> str:
        answers = _called(self._now.adapter)
        if isinstance(error, RegistryError):
            return f"The registry of models can't be read; this answer is by {answers}."
        if not self._promoted:
            return f"The base model alone should answer, but can't yet; this answer is by {answers}."
        return f"The promoted adapter {self._promoted[:16]} can't be used; this answer is by {answers}."


def _called(digest: str) -> str:
    return f"the adapter {digest[:16]}" if digest else "the base model alone"
