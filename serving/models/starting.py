"""What the model server is started with: the base model with room for adapters beside it, or one merged into it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dossier.base_model import prepare_base_model, tuned_to_read
from dossier.errors import AdapterError, NotFoundError, RegistryError
from dossier.merging import OnProgress
from dossier.packs import Pack
from dossier.registry import Champions, Entry, Registry
from dossier.registry.checking import Base, read_base
from dossier.registry.merged import forget_merged, merged_model
from dossier.settings import Settings
from serving.answering.model_client import ServedModel


@dataclass(frozen=True, slots=True)
class ModelStart:
    """What the model server is started with.

    `folder` is the base model, or the base with the adapter of `model` merged into it. With `room` the server takes
    adapters while it runs, which are for the base alone. `read_base` tells what they must fit, and may take seconds.
    """

    folder: Path
    model: ServedModel
    room: bool
    read_base: Callable[[], Base]


def model_start(settings: Settings, pack: Pack, registry: Registry, on_progress: OnProgress) -> ModelStart:
    """Prepare what answers: the promoted adapter, else the one that the pack ships, else the base model alone.

    Raises WeightsError, EnvironmentProblem, and AdapterError where what the pack ships can't be used. A promoted
    adapter that can't be leaves the base model alone, and `Champion` says why.
    """
    folder = prepare_base_model(settings, pack.base_model, on_progress)
    base = cache(lambda: read_base(pack.base_model, folder, settings.adapter_rank))
    entry = _in_use(registry, pack, base)
    room = _has_room(settings, registry, entry)
    merged = merged_model(settings, entry, base(), folder, on_progress) if entry and not room else None
    forget_merged(settings, merged)
    if entry is None or merged is None:
        return ModelStart(folder, ServedModel(pack.model_name, reads=tuned_to_read(folder)), room, base)
    name = f"{pack.model_name}@{entry.short}"
    return ModelStart(merged, ServedModel(name, entry.digest, reads=tuned_to_read(merged)), False, base)


def _in_use(registry: Registry, pack: Pack, base: Callable[[], Base]) -> Entry | None:
    """The checked adapter that the pack answers with; None: the base model alone."""
    shipped, digest = registry.shipped().get(pack.name), ""
    try:
        digest = registry.champions.read().of(pack.name)
        if not digest:
            return None
        entry = registry.get(digest)
        registry.verify(entry, base())
        _ = entry.reads
    except (AdapterError, NotFoundError, RegistryError):
        if shipped and digest == shipped.digest:
            raise
        return None
    return entry


def _has_room(settings: Settings, registry: Registry, in_use: Entry | None) -> bool:
    """`auto`: where an adapter is registered that could be promoted; room costs speed, and a merged one none."""
    if settings.adapters != "auto":
        return settings.adapters == "on"
    known = {entry.digest for entry in registry.entries()} - {entry.digest for entry in registry.shipped().values()}
    return bool(known - {in_use.digest if in_use else ""} - _retired(registry))


def _retired(registry: Registry) -> frozenset[str]:
    try:
        return registry.champions.read().retired
    except RegistryError:  # the champion that follows it says so
        return Champions().retired
