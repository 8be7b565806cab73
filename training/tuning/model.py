"""The model that is tuned: loaded in the right precision, with what is trained on top."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dossier.errors import EnvironmentProblem, SettingsError, WeightsError
from dossier.processor import computes_bf16
from training.tuning.recipe import ALL_LINEAR, ATTENTION, Method, Precision, Recipe

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

_ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
_BETAS = (0.9, 0.999)


@dataclass(frozen=True, slots=True)
class Learner:
    """A causal language model and its trained part: `outer` is peft's wrapper, or the model itself when all is trained.

    `trained` are the parameters that learn, by name.
    """

    outer: Any
    causal: Any
    trained: "dict[str, torch.nn.Parameter]"


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a verified model folder. Raises WeightsError where it has no chat template."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    if not tokenizer.chat_template:
        raise WeightsError(f"{folder} has no chat template, so it can't be tuned to answer. Use a model for chats.")
    return tokenizer


def resolved(precision: Precision, device: str = "cpu") -> Precision:
    """float32 or bfloat16, chosen by what the device has where nothing is said."""
    if precision is not Precision.AUTO:
        return precision
    return Precision.BFLOAT16 if device == "cuda" or computes_bf16() else Precision.FLOAT32


def require_device(device: str) -> None:
    """Raises EnvironmentProblem where there is no such device."""
    if device != "cuda":
        return
    import torch

    if not torch.cuda.is_available():
        raise EnvironmentProblem(
            "setting device: it is cuda, but PyTorch sees no GPU here. Set DOSSIER_DEVICE=cpu, or install the GPU "
            "build and its driver."
        )


def load_learner(folder: Path, recipe: Recipe, device: str = "cpu") -> Learner:
    """Load a verified model folder and put on it what the recipe trains. Raises SettingsError, WeightsError.

    The trained part is always float32. In bf16 a frozen base is held in bf16 and a trained one stays float32, whose
    products are computed in bf16.
    """
    import torch

    torch.manual_seed(recipe.seed)  # the adapter's first values
    model = _load(folder, recipe, device)
    model.config.use_cache = False
    if recipe.method is Method.FULL:
        model.requires_grad_(True)
        return Learner(model, model, dict(model.named_parameters()))
    outer = _with_adapter(model, recipe)
    trained = {name: value for name, value in outer.named_parameters() if value.requires_grad}
    return Learner(outer, outer.get_base_model(), trained)


def make_optimizer(learner: Learner, recipe: Recipe) -> "torch.optim.Optimizer":
    """AdamW (Loshchilov and Hutter 2019); lora+ gives B its own, higher rate (Hayou et al. 2024, section 4).

    Each group keeps its full rate as `full_rate`.
    """
    import torch

    if recipe.method is Method.LORA_PLUS:
        from peft.optimizers import create_loraplus_optimizer

        optimizer: torch.optim.Optimizer = create_loraplus_optimizer(
            learner.outer,
            torch.optim.AdamW,
            lr=recipe.rate,
            loraplus_lr_ratio=recipe.ratio,
            loraplus_weight_decay=recipe.decay,
            betas=_BETAS,
        )
    else:
        values = list(learner.trained.values())
        optimizer = torch.optim.AdamW(values, lr=recipe.rate, betas=_BETAS, weight_decay=recipe.decay)
    for group in optimizer.param_groups:
        group["full_rate"] = group["lr"]
    return optimizer


def save_weights(learner: Learner, base: str, folder: Path) -> None:
    """Write the trained part: in PEFT's format with `base` as its base model, or the whole model. Safetensors only."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    if learner.outer is learner.causal:
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        learner.causal.save_pretrained(folder, safe_serialization=True)
        return
    from peft import get_peft_model_state_dict

    state = get_peft_model_state_dict(learner.outer, save_embedding_layers=False)
    config = learner.outer.peft_config["default"]
    state |= _zeros_below(state, config.layers_to_transform)
    save_file({name: value.contiguous() for name, value in state.items()}, folder / "adapter_model.safetensors")
    upper, config.layers_to_transform = config.layers_to_transform, None
    config.base_model_name_or_path, config.inference_mode = base, True
    config.target_modules = sorted(config.target_modules)  # a set, whose order changes from process to process
    config.save_pretrained(str(folder))
    config.inference_mode, config.layers_to_transform = False, upper


def _zeros_below(state: "dict[str, torch.Tensor]", upper: list[int] | None) -> "dict[str, torch.Tensor]":
    """Zeros for the blocks that didn't learn: model servers know adapters of all blocks alone."""
    import torch

    if not upper:
        return {}
    first = f".layers.{upper[0]}."
    alike = {name: value for name, value in state.items() if first in name}
    return {
        name.replace(first, f".layers.{block}."): torch.zeros_like(value)
        for block in range(upper[0])
        for name, value in alike.items()
    }


def _load(folder: Path, recipe: Recipe, device: str) -> Any:  # noqa: ANN401 (a class that is imported late)
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    half = resolved(recipe.precision, device) is Precision.BFLOAT16
    options: dict[str, Any] = {
        "dtype": torch.bfloat16 if half and recipe.method is not Method.FULL else torch.float32,
        "device_map": {"": device},
    }
    if recipe.method is Method.QLORA:
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=options["dtype"],
        )
    return AutoModelForCausalLM.from_pretrained(
        str(folder), attn_implementation="sdpa", local_files_only=True, use_safetensors=True, **options
    )


def _linear(model: Any, count: int) -> str | list[str]:  # noqa: ANN401
    """All linear layers as peft is told: by its own word, or by their names where only some blocks learn."""
    import torch

    if not count:
        return ALL_LINEAR
    inside = model.get_decoder().layers.named_modules()
    return sorted({name.rsplit(".", 1)[-1] for name, module in inside if isinstance(module, torch.nn.Linear)})


def _uppermost(model: Any, count: int) -> list[int] | None:  # noqa: ANN401
    """The numbers of the uppermost blocks. Raises SettingsError where there are fewer."""
    every = int(model.config.get_text_config().num_hidden_layers)
    if count >= every:
        raise SettingsError(f"tuning setting layers: the model has {every} blocks. Use fewer, or 0 for all.")
    return list(range(every - count, every)) if count else None


def _with_adapter(model: Any, recipe: Recipe) -> Any:  # noqa: ANN401 (a class that is imported late)
    from peft import LoraConfig, get_peft_model

    named = _ATTENTION if recipe.targets == ATTENTION else [name.strip() for name in recipe.targets.split(",")]
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=_linear(model, recipe.layers) if recipe.targets == ALL_LINEAR else named,
        use_rslora=recipe.method is Method.RSLORA,
        use_dora=recipe.method is Method.DORA,
        layers_to_transform=_uppermost(model, recipe.layers),
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise SettingsError(
            f"tuning setting targets: {recipe.targets!r} doesn't fit this model ({error}). Use attention, all-linear "
            "or names of its linear layers."
        ) from error
