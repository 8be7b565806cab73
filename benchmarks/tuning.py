"""Fine-tuning: questions a second of `dossier tune` beside TRL's SFTTrainer, in one run.

python -m benchmarks.tuning TATQA [--contexts N] [--rank N] [--batch N] [--checkpointing]

TATQA is the folder of TAT-QA's dev set. The same questions (table and paragraphs as context), base model, adapter and
precision on both sides, one epoch each, each side in a process of its own. The trainer is set up as its documentation
has it (prompt and completion columns, loss on the completion); gradient checkpointing, which is on there by default and
trades speed for memory, is on with --checkpointing alone.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dossier.base_model import prepare_base_model
from dossier.packs import load_pack
from dossier.prompt import Message
from dossier.settings import load_settings
from training.tuning.items import Branch, TuningItem, as_line, read_items
from training.tuning.model import load_learner, load_tokenizer, resolved
from training.tuning.recipe import Precision, Recipe
from training.tuning.session import Session, Watch
from training.tuning.trunk import Whole
from training.tuning.tune import Task, prepared

PARTS = ("body", "logits", "backward", "optimizer")
PROFILED = 2
"""Steps that are profiled after the timed ones."""
_ASKS = "Answer from the table and the text below."


@dataclass(frozen=True, slots=True)
class Side:
    """What one side is asked to do."""

    base: Path
    data: Path
    rank: int
    batch: int
    checkpointing: bool


def tatqa_items(file: Path, contexts: int) -> list[TuningItem]:
    """Contexts of TAT-QA with all their questions; answers with their scale."""
    items = []
    for raw in json.loads(file.read_text(encoding="utf-8"))[:contexts]:
        rows = "\n".join(" | ".join(row) for row in raw["table"]["table"])
        text = "\n".join(one["text"] for one in raw["paragraphs"])
        branches = []
        for one in raw["questions"]:
            answer = one["answer"] if isinstance(one["answer"], list) else [one["answer"]]
            worded = ", ".join(str(part) for part in answer) + (f" {one['scale']}" if one["scale"] else "")
            branches.append(Branch((Message("user", one["question"]),), worded))
        items.append(TuningItem((Message("system", f"{_ASKS}\n\n{rows}\n\n{text}"),), tuple(branches)))
    return items


def ours(side: Side) -> dict[str, float]:
    """One epoch of the product's session, then a few profiled steps."""
    import torch

    recipe = Recipe(rank=side.rank, alpha=2 * side.rank, epochs=1, precision=resolved(Precision.AUTO))
    packed, _ = prepared(Task("", side.base, side.data, None, Path()), recipe)
    learner = load_learner(side.base, recipe)
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder), learner, recipe, Whole(learner.causal, packed.packs))
        began = clocks()
        session.go_on(Watch(lambda progress: print(progress.done, progress.note, file=sys.stderr)))
        spent = figures(packed.questions, began)
    with tempfile.TemporaryDirectory() as folder, torch.profiler.profile() as profile:
        taken: list[int] = []
        again = Session(Path(folder), learner, recipe, Whole(learner.causal, packed.packs))
        again.go_on(Watch(lambda progress: taken.append(progress.done), lambda: len(taken) == PROFILED))
    found = {row.key: row.cpu_time_total for row in profile.key_averages() if row.key in PARTS}
    shares = {part: found[part] / sum(found.values()) for part in PARTS}
    return {
        **spent, "loss_tokens": packed.targets, "tokens": packed.tokens,
        "plain_tokens": packed.plain_tokens, **shares,
    }  # fmt: skip


def trl(side: Side) -> dict[str, float]:
    """One epoch of SFTTrainer over prompt and completion columns."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    half = resolved(Precision.AUTO) is Precision.BFLOAT16
    model = AutoModelForCausalLM.from_pretrained(side.base, dtype=torch.bfloat16 if half else torch.float32)
    rows = [
        {"prompt": plain((*item.prefix, *one.suffix)), "completion": plain([Message("assistant", one.target)])}
        for item in read_items(side.data)
        for one in item.branches
    ]
    with tempfile.TemporaryDirectory() as folder:
        arguments = SFTConfig(
            output_dir=folder, num_train_epochs=1, per_device_train_batch_size=side.batch, learning_rate=2e-4,
            max_length=Recipe().longest, gradient_checkpointing=side.checkpointing, bf16=half, use_cpu=True,
            save_strategy="no", report_to="none", logging_steps=1,
        )  # fmt: skip
        trainer = SFTTrainer(
            model=model, args=arguments, train_dataset=Dataset.from_list(rows),
            processing_class=load_tokenizer(side.base),
            peft_config=LoraConfig(
                r=side.rank, lora_alpha=2 * side.rank, target_modules="all-linear", task_type="CAUSAL_LM"
            ),
        )  # fmt: skip
        began = clocks()
        trainer.train()
        return figures(len(rows), began)


def plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    """As the trainer's datasets have them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def clocks() -> tuple[float, float]:
    """Seconds on the clock and of the processor; on a busy machine the latter tell more."""
    return time.perf_counter(), time.process_time()


def figures(questions: int, began: tuple[float, float]) -> dict[str, float]:
    """Speed since then, and the most memory that this process held."""
    seconds, worked = (now - before for now, before in zip(clocks(), began, strict=True))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    return {"questions": questions, "seconds": seconds, "worked": worked, "gib": most}


def elsewhere(name: str, given: argparse.Namespace, base: Path, data: Path) -> dict[str, Any]:
    """Run one side in a process of its own."""
    line = [sys.executable, "-m", "benchmarks.tuning", str(given.tatqa), "--side", name, "--base", str(base)]
    line += ["--data", str(data), "--rank", str(given.rank), "--batch", str(given.batch)]
    line += ["--checkpointing"] * given.checkpointing
    ended = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(ended.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Print both sides and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tatqa", type=Path)
    parser.add_argument("--contexts", type=int, default=40)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--batch", type=int, default=4, help="questions of a batch of the trainer")
    parser.add_argument("--checkpointing", action="store_true")
    for name in ("--side", "--base", "--data"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        side = Side(Path(given.base), Path(given.data), given.rank, given.batch, given.checkpointing)
        print(json.dumps({"ours": ours, "trl": trl}[given.side](side)))
        return
    settings = load_settings(home=Path(tempfile.gettempdir()) / "dossier-benchmarks")
    base = prepare_base_model(settings, load_pack(settings).base_model, lambda progress: None)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as stream:
        items = tatqa_items(given.tatqa / "tatqa_dataset_dev.json", given.contexts)
        stream.write("\n".join(map(as_line, items)))
        stream.flush()
        mine, theirs = (elsewhere(name, given, base, Path(stream.name)) for name in ("ours", "trl"))
    report(mine, theirs)


def report(mine: dict[str, float], theirs: dict[str, float]) -> None:
    """The table."""
    print(
        f"{mine['questions']:.0f} questions, {mine['tokens']:.0f} tokens packed, {mine['plain_tokens']:.0f} one by one"
    )
    for name, side in (("dossier tune", mine), ("SFTTrainer", theirs)):
        speed = f"{side['questions'] / side['seconds']:.3f} questions/s"
        print(f"{name:14} {speed}  {side['worked']:6.0f} processor s  {side['gib']:5.2f} GiB at most")
    fast, work = theirs["seconds"] / mine["seconds"], theirs["worked"] / mine["worked"]
    print(
        f"{fast:.2f} times the speed ({work:.2f} by processor time), {mine['gib'] / theirs['gib']:.2f} times the memory"
    )
    print("time by part: " + ", ".join(f"{part} {100 * mine[part]:.0f}%" for part in PARTS))


if __name__ == "__main__":
    main()
