"""The loss of packed sequences: the decoder runs once, and logits exist only where an answer is predicted."""

from typing import TYPE_CHECKING, Any

from dossier.errors import WeightsError
from training.tuning.batches import Batch, collate
from training.tuning.packing import pack
from training.tuning.rendering import Rendered

if TYPE_CHECKING:
    import torch

_TOLERANCE = 5e-3
"""Relative difference that rounding may make in bf16 or NF4; a wrong mask or scale makes tenths."""


def block_causal_mask(branches: "torch.Tensor") -> "torch.Tensor":
    """Which token sees which, `[sequences, 1, tokens, tokens]`, True: sees.

    A token sees those before it that are in the prefix (branch 0) or in its own branch.
    """
    import torch

    size = branches.shape[1]
    causal = torch.ones(size, size, dtype=torch.bool, device=branches.device).tril()
    same = branches[:, :, None] == branches[:, None, :]
    return ((same | (branches == 0)[:, None, :]) & causal)[:, None]


def read(model: Any, batch: Batch) -> "torch.Tensor":  # noqa: ANN401 (a class that is imported late)
    """What the decoder's layers make of a batch, `[sequences, tokens, width]`, on the model's device."""
    batch = batch.on(model.device)
    begun = {"input_ids": batch.ids} if batch.hidden is None else {"inputs_embeds": batch.hidden}
    found: torch.Tensor = model.get_decoder()(
        **begun,
        attention_mask=block_causal_mask(batch.branches),
        position_ids=batch.positions,
        use_cache=False,
    ).last_hidden_state
    return found


def target_loss(model: Any, batch: Batch) -> "torch.Tensor":  # noqa: ANN401 (a class that is imported late)
    """Sum of the cross-entropy over a batch's targets, a scalar in float32. `model` is a causal language model."""
    import torch

    batch = batch.on(model.device)
    with torch.profiler.record_function("body"):
        hidden = read(model, batch)
    with torch.profiler.record_function("logits"):
        chosen = hidden.flatten(0, 1).index_select(0, batch.where)
        logits = model.get_output_embeddings()(chosen).float()
        return torch.nn.functional.cross_entropy(logits, batch.targets, reduction="sum")


def require_exact(model: Any) -> None:  # noqa: ANN401 (a class that is imported late)
    """Make sure that packing changes nothing for this model. Raises WeightsError where it would.

    Two questions of a few tokens are packed and compared with the model's own loss of each. Models that don't attend to
    everything, or change their logits after the last layer, are told by that or by their configuration.
    """
    import torch

    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    if kinds != {"full_attention"} or window:
        raise WeightsError(
            f"the base model ({config.model_type}) looks back through a window or without attention in some layers. "
            "Questions on one context can't share its tokens then. Use a model with full attention, as Llama's."
        )
    first, second = Rendered((5, 6, 7, 8, 9), (10, 11, 12)), Rendered((5, 6, 7, 8, 13), (14, 15))
    with torch.no_grad():
        packed = float(target_loss(model, collate([pack([first, second], 4)])))
        plain = sum(_own_loss(model, one) for one in (first, second))
    if abs(packed - plain) > _TOLERANCE * abs(plain):
        raise WeightsError(
            f"the base model ({config.model_type}) computes questions that share a context differently from single "
            f"ones (loss {packed:.4f}, should be {plain:.4f}). Use another base model."
        )


def _own_loss(model: Any, one: Rendered) -> float:  # noqa: ANN401 (a class that is imported late)
    import torch

    ids = torch.tensor([[*one.prompt, *one.target]], device=model.device)
    labels = torch.tensor([[-100] * len(one.prompt) + list(one.target)], device=model.device)
    return float(model(input_ids=ids, labels=labels, use_cache=False).loss) * len(one.target)
