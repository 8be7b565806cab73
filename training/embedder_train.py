"""Trains a LoRA adapter for the embedder, with sentence-transformers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from dossier.adapters import ADAPTER, CONFIG, save_tensors
from dossier.processor import computes_bf16
from dossier.records import Progress
from retrieval.build import OnProgress

DIMENSIONS = (384, 256, 128)
"""Lengths at which a vector may be cut off (Matryoshka representation learning, Kusupati et al. 2022)."""
TARGETS = r"encoder\.layer\.\d+\..*(query|key|value|dense)"
"""Every linear layer of a BERT encoder."""


@dataclass(frozen=True, slots=True)
class Triplet:
    """What one step sees: a question, the passage that answers it and one that doesn't, as the embedder reads them."""

    question: str
    right: str
    wrong: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. `rank` 0 trains all weights instead of an adapter; `device` is cpu or cuda."""

    seed: int = 7
    epochs: float = 2.0
    batch: int = 48
    rate: float = 2e-4
    rank: int = 16
    alpha: int = 32
    tokens: int = 256
    scale: float = 20.0
    device: str = "cpu"


def train(
    folder: Path, base: str, triplets: Sequence[Triplet], recipe: Recipe, work: Path, on_progress: OnProgress
) -> None:
    """Train an adapter for the model in `folder` and write it, in PEFT's format, into the folder `work`.

    Multiple negatives ranking (van den Oord et al. 2018; Henderson et al. 2017) over the batch and one near-miss a
    question, at every Matryoshka length.
    """
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss, MultipleNegativesRankingLoss
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    torch.manual_seed(recipe.seed)
    model = SentenceTransformer(str(folder), device=recipe.device, local_files_only=True)
    model.model_card_data.generate_widget_examples = False
    model.max_seq_length = recipe.tokens
    if recipe.rank:
        model.add_adapter(LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=0.05, target_modules=TARGETS))
    columns = {
        "anchor": [item.question for item in triplets],
        "positive": [item.right for item in triplets],
        "negative": [item.wrong for item in triplets],
    }
    loss = MultipleNegativesRankingLoss(model, scale=recipe.scale)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(recipe, work),
        train_dataset=Dataset.from_dict(columns),
        loss=MatryoshkaLoss(model, loss, list(DIMENSIONS)),
        callbacks=[reporter(on_progress)],
    )
    trainer.train()
    if recipe.rank:
        _save(model, base, recipe, work)
    else:
        model.save_pretrained(str(work), create_model_card=False)


def _arguments(recipe: Recipe, work: Path) -> Any:  # noqa: ANN401 (a class that is imported late)
    from sentence_transformers import SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import BatchSamplers

    return SentenceTransformerTrainingArguments(
        output_dir=str(work / "trainer"),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        learning_rate=recipe.rate,
        warmup_steps=0.1,
        lr_scheduler_type="cosine",
        seed=recipe.seed,
        data_seed=recipe.seed,
        bf16=recipe.device == "cuda" or computes_bf16(),
        use_cpu=recipe.device == "cpu",
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        save_strategy="no",
        eval_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def reporter(on_progress: OnProgress) -> Any:  # noqa: ANN401 (a class that is imported late)
    """A trainer's callback that reports each step."""
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:  # noqa: ANN401
            self.started = datetime.now(UTC)

        def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:  # noqa: ANN401
            on_progress(Progress("Training (steps)", state.global_step, state.max_steps, self.started))

    return Reporter()


def _save(model: Any, base: str, recipe: Recipe, work: Path) -> None:  # noqa: ANN401 (a class that is imported late)
    """Write the adapter in half precision, in PEFT's format."""
    state = {
        f"base_model.model.{name}": value.float().cpu().numpy().astype(np.float16)
        for name, value in model.get_adapter_state_dict().items()
    }
    save_tensors(state, work / ADAPTER)
    config = {
        "peft_type": "LORA",
        "task_type": "FEATURE_EXTRACTION",
        "base_model_name_or_path": base,
        "r": recipe.rank,
        "lora_alpha": recipe.alpha,
        "lora_dropout": 0.0,
        "target_modules": TARGETS,
        "bias": "none",
    }
    (work / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
