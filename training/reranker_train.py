"""Trains a cross-encoder on questions, the passages that answer them and the index's near-misses."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dossier.processor import computes_bf16
from retrieval.build import OnProgress
from training.embedder_train import reporter
from training.pairs_gather import Part


@dataclass(frozen=True, slots=True)
class Judged:
    """A question and a passage as the search gives them to the reranker, and whether the passage answers."""

    question: str
    passage: str
    right: bool


@dataclass(frozen=True, slots=True)
class RerankRecipe:
    """How to train; `wrong` near-misses are shown beside each right passage; `device` is cpu or cuda."""

    seed: int = 7
    epochs: float = 2.0
    batch: int = 16
    rate: float = 5e-5
    wrong: int = 4
    tokens: int = 320
    device: str = "cpu"


def judged_of(parts: Sequence[Part], recipe: RerankRecipe) -> list[Judged]:
    """A right passage of each question and some of its near-misses, mostly hard ones."""
    random_ = random.Random(recipe.seed)  # noqa: S311 (draws training data, guards nothing)
    judged: list[Judged] = []
    for part in parts:
        for pair in part.train:
            question = part.corpus.query_text(pair.question)
            judged.append(Judged(question, part.corpus.texts[random_.choice(pair.right)], True))
            wrong = random_.sample(pair.wrong, min(recipe.wrong, len(pair.wrong)))
            judged.extend(Judged(question, part.corpus.texts[number], False) for number in wrong)
    return judged


def train_reranker(
    folder: Path, judged: Sequence[Judged], recipe: RerankRecipe, work: Path, on_progress: OnProgress
) -> None:
    """Train a cross-encoder that begins as the encoder in `folder`; write it to `work`.

    Binary cross-entropy on single pairs (Nogueira and Cho 2019, section 3), right ones weighed up to balance.
    """
    import torch
    from datasets import Dataset
    from sentence_transformers import CrossEncoder
    from sentence_transformers.cross_encoder import CrossEncoderTrainer
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss

    torch.manual_seed(recipe.seed)
    model = CrossEncoder(
        str(folder), num_labels=1, max_length=recipe.tokens, device=recipe.device, local_files_only=True,
        activation_fn=torch.nn.Identity(),
    )  # fmt: skip
    # a few thousand questions teach a thirtieth of the words: the others would drift
    model.model.get_input_embeddings().weight.requires_grad_(False)
    columns = {
        "question": [item.question for item in judged],
        "passage": [item.passage for item in judged],
        "label": [float(item.right) for item in judged],
    }
    right = max(1, sum(item.right for item in judged))
    weight = torch.tensor((len(judged) - right) / right)
    trainer = CrossEncoderTrainer(
        model=model,
        args=_arguments(recipe, work),
        train_dataset=Dataset.from_dict(columns),
        loss=BinaryCrossEntropyLoss(model, pos_weight=weight),
        callbacks=[reporter(on_progress)],
    )
    trainer.train()
    model.save_pretrained(str(work / "reranker"), create_model_card=False)


def _arguments(recipe: RerankRecipe, work: Path) -> Any:  # noqa: ANN401 (a class that is imported late)
    from sentence_transformers.cross_encoder import CrossEncoderTrainingArguments

    return CrossEncoderTrainingArguments(
        output_dir=str(work / "trainer"),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        learning_rate=recipe.rate,
        warmup_steps=0.1,
        seed=recipe.seed,
        data_seed=recipe.seed,
        bf16=recipe.device == "cuda" or computes_bf16(),
        use_cpu=recipe.device == "cpu",
        save_strategy="no",
        eval_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
