"""The lower layers of a model whose upper layers alone learn: computed once, kept on disk, and never again.

Nothing below the lowest layer that learns changes in a run, so what those layers make of each sequence doesn't either
(as in Brock et al. 2017, FreezeOut, section 2, but frozen from the first step). Only the upper layers are computed in
each epoch, forwards and backwards.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dossier.errors import WeightsError
from dossier.records import Progress
from dossier.weights import replace_file
from training.tuning.batches import Batch, collate
from training.tuning.loss import read, target_loss
from training.tuning.packing import Pack

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

FILES = "trunk-*"
"""The files in a run's folder, which only a run that isn't finished needs."""
_STAGE = "Reading through the layers that stay as they are (tokens)"
_TOLERANCE = 1e-4


class Sequences(Protocol):
    """The sequences of a data file, and how their loss is computed."""

    packs: Sequence[Pack]

    def batch(self, indices: Sequence[int]) -> Batch:
        """Some of them as tensors."""

    def loss(self, batch: Batch) -> "torch.Tensor":
        """Sum of the cross-entropy over a batch's targets."""


class Whole:
    """Sequences that are computed through all layers each time."""

    def __init__(self, model: Any, packs: Sequence[Pack]) -> None:  # noqa: ANN401 (a class that is imported late)
        """The sequences for a causal model."""
        self.packs = packs
        self._model = model

    def batch(self, indices: Sequence[int]) -> Batch:
        """Some of them as tensors."""
        return collate([self.packs[index] for index in indices])

    def loss(self, batch: Batch) -> "torch.Tensor":
        """Sum of the cross-entropy over a batch's targets."""
        return target_loss(self._model, batch)


class Trunk:
    """What the lower layers make of each sequence of one data file: `[tokens, width]` in float32, in a mapped file.

    Sequences are computed one by one, so that a batch's padding changes nothing and a run that goes on finds the same.
    """

    def __init__(self, file: Path, model: Any, lower: int, packs: Sequence[Pack]) -> None:  # noqa: ANN401
        """Describe the file of `packs` for a causal model whose lowest `lower` layers don't learn."""
        self.packs = packs
        self._file, self._model, self._lower = file, model, lower
        self._starts = [0]
        for pack in packs:
            self._starts.append(self._starts[-1] + len(pack))
        self._width = int(model.config.get_text_config().hidden_size)
        self._values: NDArray[np.float32] | None = None

    def prepare(self, identity: str, on_progress: Callable[[Progress], None]) -> None:
        """Open the file, or write it where there is none for `identity`. Raises WeightsError for unfit models."""
        import numpy as np

        shape = (self._starts[-1], self._width)
        told = self._file.with_suffix(".json")
        done = json.dumps({"identity": identity, "shape": shape, "lower": self._lower})
        if not (told.is_file() and told.read_text(encoding="utf-8") == done and self._file.is_file()):
            told.unlink(missing_ok=True)
            self._write(np.memmap(self._file, np.float32, "w+", shape=shape), on_progress)
            replace_file(told, done)
        self._values = np.memmap(self._file, np.float32, "r", shape=shape)
        self._require_same()

    def batch(self, indices: Sequence[int]) -> Batch:
        """The sequences with what the lower layers made of them."""
        import torch

        made = collate([self.packs[index] for index in indices])
        if self._values is None:
            raise WeightsError("the lower layers weren't computed before they were asked for.")
        hidden = torch.zeros(*made.ids.shape, self._width)
        for row, index in enumerate(indices):
            start, end = self._starts[index], self._starts[index + 1]
            hidden[row, : end - start] = torch.from_numpy(self._values[start:end].copy())
        return made.above(hidden.to(self._model.get_input_embeddings().weight.dtype))

    def loss(self, batch: Batch) -> "torch.Tensor":
        """Sum of the cross-entropy over a batch's targets, by the upper layers alone."""
        with _layers(self._model, slice(self._lower, None)):
            return target_loss(self._model, batch)

    def _write(self, values: "NDArray[np.float32]", on_progress: Callable[[Progress], None]) -> None:
        import torch

        started = datetime.now(UTC)
        with torch.no_grad(), _layers(self._model, slice(0, self._lower)), _without_norm(self._model):
            for number, pack in enumerate(self.packs):
                hidden = read(self._model, collate([pack]))
                start, end = self._starts[number], self._starts[number + 1]
                values[start:end] = hidden[0].float().cpu().numpy()
                on_progress(Progress(_STAGE, end, self._starts[-1], started))
        values.flush()  # type: ignore[attr-defined]

    def _require_same(self) -> None:
        """Make sure that the first sequence's loss is that of the whole model. Raises WeightsError where it isn't."""
        import torch

        with torch.no_grad():
            apart = float(self.loss(self.batch([0])))
            whole = float(target_loss(self._model, collate([self.packs[0]])))
        if abs(apart - whole) > _TOLERANCE * abs(whole):
            raise WeightsError(
                f"the base model gives another loss when its layers are computed apart ({apart:.4f}, should be "
                f"{whole:.4f}). Tune all of its layers: --layers 0."
            )


def layers_of(model: Any) -> Any:  # noqa: ANN401
    """The decoder's list of layers. Raises WeightsError where a model is built otherwise."""
    decoder = model.get_decoder()
    if not hasattr(decoder, "layers") or not hasattr(decoder, "norm"):
        raise WeightsError("this base model's layers can't be computed apart. Tune all of them: --layers 0.")
    return decoder.layers


@contextmanager
def _layers(model: Any, part: slice) -> Iterator[None]:  # noqa: ANN401
    """Only a part of the layers, as long as the context lasts."""
    every = layers_of(model)
    model.get_decoder().layers = every[part]
    try:
        yield
    finally:
        model.get_decoder().layers = every


@contextmanager
def _without_norm(model: Any) -> Iterator[None]:  # noqa: ANN401
    import torch

    norm = model.get_decoder().norm
    model.get_decoder().norm = torch.nn.Identity()
    try:
        yield
    finally:
        model.get_decoder().norm = norm
