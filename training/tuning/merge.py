"""What a run learned as a whole model that can be served."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dossier.adapters import MANIFEST, install, read_adapter
from dossier.errors import TuningError
from dossier.merging import PROVENANCE, OnProgress, merge
from dossier.weights import folder_digest, verify_folder
from training.tuning.recipe import Method
from training.tuning.run_folder import RunRecord, finished_weights, read_run, weights_folder

if TYPE_CHECKING:
    import torch

_WEIGHTS = (".safetensors", ".index.json")


def merge_run(run: Path, base: Path, out: Path, on_progress: OnProgress = lambda progress: None) -> None:
    """Write a finished run's model, in the base's precision, with its configuration and tokenizer.

    `base` is the verified folder of the run's base model; `out` must not exist. The adapter is added in float32; one
    that was trained on a quantized base is added to the unquantized one. Raises TuningError, WeightsError.
    """
    record = read_run(run)
    _require_mergeable(run, record, base, out)
    told = {"base": record.base, "base_sha256": record.base_digest, "method": record.recipe.method, **record.files}
    told |= {"form": record.form, "prompt": record.prompt}
    if record.recipe.method not in (Method.FULL, Method.DORA):
        merge(read_adapter(weights_folder(run, record.recipe)), base, out, told, on_progress)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    for leftover in out.parent.glob(f".{out.name}-*"):
        shutil.rmtree(leftover)
    building = out.parent / f".{out.name}-{os.getpid()}"
    _whole(run, record, base).save_pretrained(building, safe_serialization=True)
    for file in base.iterdir():
        if file.is_file() and not file.name.endswith(_WEIGHTS) and file.name not in (MANIFEST, PROVENANCE):
            shutil.copyfile(file, building / file.name)
    (building / PROVENANCE).write_text(json.dumps(told, indent=1), encoding="utf-8")
    verify_folder(building)
    install(building, out)


def _require_mergeable(run: Path, record: RunRecord, base: Path, out: Path) -> None:
    if out.exists():
        raise TuningError(f"{out} is there already. Choose a folder that doesn't exist yet.")
    if folder_digest(base) != record.base_digest:
        raise TuningError(
            f"{run} was tuned on other weights than {base} has. Name the base model that it was tuned on."
        )
    finished_weights(run, record)


def _whole(run: Path, record: RunRecord, base: Path) -> Any:  # noqa: ANN401 (a class that is imported late)
    """The model of a run that trained all weights, or whose adapter isn't plain LoRA."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    dtype = _dtype(base)
    folder = weights_folder(run, record.recipe)
    whole = record.recipe.method is Method.FULL
    source = folder if whole else base
    model = AutoModelForCausalLM.from_pretrained(
        str(source), dtype=torch.float32, local_files_only=True, use_safetensors=True
    )
    if not whole:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(folder), local_files_only=True).merge_and_unload(safe_merge=True)
    return model.to(dtype)


def _dtype(base: Path) -> "torch.dtype":
    """The precision that the base's own weights are kept in."""
    import torch
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(str(base), local_files_only=True).dtype or torch.float32
