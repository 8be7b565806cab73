"""A base model of two layers and adapters for it, in the formats of transformers and PEFT, written without either."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from dossier.adapters import ADAPTER, CONFIG, save_tensors
from dossier.registry import Audit, Comparison, Entry, Evaluation, Forgetting, Origin, Registry, Served
from dossier.registry.checking import RUN_FILES, Base, read_base

HIDDEN, WIDE, RANK = 8, 16, 4
SHAPES = {"q_proj": (HIDDEN, HIDDEN), "v_proj": (4, HIDDEN), "down_proj": (HIDDEN, WIDE)}
PACK = "finance"
DATA, QUESTIONS = "d" * 64, "e" * 64


def layer(number: int, name: str) -> str:
    part = "mlp" if name == "down_proj" else "self_attn"
    return f"model.layers.{number}.{part}.{name}"


def write_base(folder: Path, seed: int = 0) -> Base:
    drawn = np.random.default_rng(seed)
    tensors = {
        f"{layer(number, name)}.weight": drawn.normal(size=shape).astype(np.float32)
        for number in range(2)
        for name, shape in SHAPES.items()
    }
    tensors["model.norm.weight"] = np.ones(HIDDEN, np.float32)
    folder.mkdir(parents=True)
    save_tensors(tensors, folder / "model.safetensors")
    return read_base("small", folder, 16)


def write_adapter(folder: Path, rank: int = RANK, seed: int = 1, **config: Any) -> Path:
    """An adapter of all layers. `config` changes PEFT's settings."""
    drawn = np.random.default_rng(seed)
    tensors = {}
    for number in range(2):
        for name, (outputs, inputs) in SHAPES.items():
            start = f"base_model.model.{layer(number, name)}"
            tensors[f"{start}.lora_A.weight"] = drawn.normal(size=(rank, inputs)).astype(np.float32)
            tensors[f"{start}.lora_B.weight"] = drawn.normal(size=(outputs, rank)).astype(np.float32)
    folder.mkdir(parents=True)
    save_tensors(tensors, folder / ADAPTER)
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "small",
        "r": rank,
        "lora_alpha": 8.0,
        "target_modules": sorted(SHAPES),
        "bias": "none",
        "init_lora_weights": True,
        "use_dora": False,
        "megatron_core": "megatron.core",
        "modules_to_save": None,
        "rank_pattern": {},
        **config,
    }
    (folder / CONFIG).write_text(json.dumps(settings, indent=2))
    return folder


def origin(base: Base) -> Origin:
    recipe = {"method": "lora", "rank": RANK, "alpha": 8.0, "rate": 1e-4, "epochs": 1}
    return Origin("small", base.digest, DATA, {"recipe": recipe, "outcome": {"best_dev_loss": 0.5}})


def register(registry: Registry, base: Base, runs: Path, name: str = "first", seed: int = 1) -> Entry:
    return registry.register(write_adapter(runs / name / "adapter", seed=seed), RUN_FILES, origin(base), base)


def report(entry: Entry, **changes: Any) -> Evaluation:
    """One that nothing speaks against."""
    values: dict[str, Any] = {
        "adapter": entry.digest,
        "base": entry.origin.base_digest,
        "data": DATA,
        "questions": QUESTIONS,
        "reference": "",
        "own": Comparison(0.75, 0.5, 0.25, 0.125, 0.375, 60),
        "forgetting": Forgetting("held-out answers", 0.5, 0.49, 0.02),
        "audit": Audit(True, "no difference between groups"),
        "served": Served(60, 0, 1200, 1, 0.01),
        "created": "2026-01-01T00:00:00+00:00",
        **changes,
    }
    return Evaluation(**values)
