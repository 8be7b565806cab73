"""Each method on the small model: it learns, trains what it says, and is merged to what was trained."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dossier.errors import EnvironmentProblem, SettingsError, TuningError
from dossier.weights import verify_folder
from tests.training.tuning.killable import STEPS
from tests.training.tuning.tiny import write_data
from training.tuning.merge import merge_run
from training.tuning.recipe import Method, Recipe, Schedule, rate_factor, recipe_from
from training.tuning.run_folder import RunRecord, RunState, read_metrics, read_run, weights_folder
from training.tuning.session import Watch
from training.tuning.tune import Task, tune_model

QUICK = {"rank": 4, "rate": 1e-2, "epochs": 3, "batch_tokens": 400, "precision": "float32", "longest": 512}
QUIET = Watch(lambda progress: None)
Tuned = Callable[..., tuple[Task, RunRecord]]


@pytest.fixture
def tuned(tiny_model: Path, tmp_path: Path) -> Tuned:
    """Tunes the small model in a folder of its own."""

    def tune(**given: object) -> tuple[Task, RunRecord]:
        task = Task("tiny", tiny_model, write_data(tmp_path / "train.jsonl", 6), None, tmp_path / "run")
        return task, tune_model(task, {**QUICK, **given}, False, QUIET)

    return tune


def logits(model: Any, tokens: list[int]) -> Any:
    import torch

    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor([tokens]), use_cache=False).logits


@pytest.mark.slow
@pytest.mark.parametrize("method", list(Method))
def test_each_method_learns_and_merged_is_what_was_trained(tuned: Tuned, tmp_path: Path, method: Method) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    task, record = tuned(method=method, rate=1e-3 if method is Method.FULL else 1e-2)
    losses = [line["loss"] for line in read_metrics(task.out)]
    assert losses[-1] < 0.6 * losses[0]
    verify_folder(weights_folder(task.out, record.recipe))
    merged = tmp_path / "merged"
    merge_run(task.out, task.base_folder, merged)
    verify_folder(merged)
    assert (merged / "chat_template.jinja").is_file()
    base = AutoModelForCausalLM.from_pretrained(task.base_folder, dtype=torch.float32)
    before, after = (logits(model, [1, 40, 50, 60]) for model in (base, AutoModelForCausalLM.from_pretrained(merged)))
    if method is Method.FULL:
        trained = logits(AutoModelForCausalLM.from_pretrained(task.out / "model"), [1, 40, 50, 60])
    else:
        trained = logits(PeftModel.from_pretrained(base, str(task.out / "adapter")), [1, 40, 50, 60])
    torch.testing.assert_close(after, trained, rtol=1e-4, atol=1e-4)
    assert float((after - before).abs().max()) > 0.1
    with pytest.raises(TuningError, match="is there already"):
        merge_run(task.out, task.base_folder, merged)


@pytest.mark.slow
def test_what_is_trained_is_what_the_method_says(tiny_model: Path) -> None:
    import torch
    from bitsandbytes.nn import Linear4bit

    from training.tuning.model import load_learner, make_optimizer

    def learner(**given: object) -> Any:
        return load_learner(tiny_model, recipe_from({**QUICK, **given}))

    lora = learner(method="lora")
    assert len(lora.trained) == 2 * 7 * 2  # two halves for seven linear layers in two blocks
    assert all("lora_" in name for name in lora.trained)
    scaling = lora.causal.model.layers[0].mlp.up_proj.scaling["default"]
    assert scaling == 32 / 4
    assert learner(method="rslora").causal.model.layers[0].mlp.up_proj.scaling["default"] == 32 / math.sqrt(4)
    assert len(learner(method="lora", targets="attention").trained) == 2 * 4 * 2
    assert len(learner(method="lora", targets="q_proj, v_proj").trained) == 2 * 2 * 2
    assert any("magnitude" in name for name in learner(method="dora").trained)
    quantized = learner(method="qlora").causal.model.layers[0].mlp.up_proj.base_layer
    assert isinstance(quantized, Linear4bit)
    assert quantized.weight.dtype is torch.uint8
    assert quantized.weight.quant_state.quant_type == "nf4"
    full = learner(method="full")
    assert set(full.trained) == {name for name, _ in full.causal.named_parameters()}
    plus = learner(method="lora+")
    groups = make_optimizer(plus, recipe_from({**QUICK, "method": "lora+"})).param_groups
    rates = {id(value): group["lr"] for group in groups for value in group["params"]}
    assert {rates[id(value)] for name, value in plus.trained.items() if "lora_B" in name} == {1e-2 * 16}
    assert {rates[id(value)] for name, value in plus.trained.items() if "lora_A" in name} == {1e-2}
    with pytest.raises(SettingsError, match="targets: 'nowhere' doesn't fit"):
        learner(method="lora", targets="nowhere")


@pytest.mark.slow
def test_bf16_computes_in_bf16_and_keeps_what_is_trained_in_float32(tiny_model: Path, data: Path) -> None:
    import torch

    from training.tuning.batches import collate
    from training.tuning.loss import require_exact, target_loss
    from training.tuning.model import load_learner
    from training.tuning.session import computing
    from training.tuning.tune import prepared

    packed, _ = prepared(Task("tiny", tiny_model, data, None, data.parent), recipe_from(QUICK))
    losses = {}
    for precision in ("float32", "bfloat16"):
        recipe = recipe_from({**QUICK, "precision": precision})
        learner = load_learner(tiny_model, recipe)
        assert {value.dtype for value in learner.trained.values()} == {torch.float32}
        assert learner.causal.get_output_embeddings().weight.dtype is getattr(torch, precision)
        with computing(recipe):
            require_exact(learner.causal)
            losses[precision] = float(target_loss(learner.causal, collate(packed.packs)).detach())
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)
    assert losses["bfloat16"] != losses["float32"]


@pytest.mark.slow
def test_the_best_measured_step_is_kept_and_it_ends_early(tiny_model: Path, tmp_path: Path) -> None:
    """Trained on answers that the dev data contradict, the first measurement stays the best."""
    data, dev = write_data(tmp_path / "train.jsonl", 4), write_data(tmp_path / "dev.jsonl", 4, 60)
    told: list[tuple[int, float]] = []
    watch = Watch(lambda progress: None, on_dev=lambda step, loss: told.append((step, loss)))
    given = {**QUICK, "epochs": 40, "dev_every": 1, "patience": 2, "rate": 0.05}
    record = tune_model(Task("tiny", tiny_model, data, dev, tmp_path / "run"), given, False, watch)
    best = min(told, key=lambda one: one[1])
    assert record.state is RunState.FINISHED
    assert record.outcome["step"] == best[0] + 2 < record.counts["steps"]
    assert (record.outcome["best_step"], record.outcome["best_dev_loss"]) == best
    assert [line["dev_loss"] for line in read_metrics(tmp_path / "run")] == [loss for _, loss in told]
    again = tune_model(
        Task("tiny", tiny_model, data, None, tmp_path / "short"), {**given, "patience": 0, "epochs": 40}, False,
        Watch(lambda progress: None, stop=iter([False] * best[0] + [True]).__next__),
    )  # fmt: skip
    (checkpoint,) = (tmp_path / "short").glob("checkpoint-*")
    assert again.outcome["step"] == best[0]
    from safetensors.torch import load_file

    kept = load_file(tmp_path / "run" / "adapter" / "adapter_model.safetensors")
    there = load_file(checkpoint / "weights.safetensors")
    assert all(bool((value == there[name.replace(".weight", ".default.weight")]).all()) for name, value in kept.items())


@pytest.mark.slow
def test_merging_refuses_what_was_changed_or_does_not_fit(tuned: Tuned, tmp_path: Path) -> None:
    from tests.training.tuning.tiny import write_model

    task, record = tuned(epochs=1)
    other = write_model(tmp_path / "other")
    file = other / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(TuningError, match="other weights"):
        merge_run(task.out, other, tmp_path / "merged")
    raw = json.loads((task.out / "run.json").read_text())
    (task.out / "run.json").write_text(json.dumps({**raw, "state": "stopped"}))
    with pytest.raises(TuningError, match="isn't finished"):
        merge_run(task.out, task.base_folder, tmp_path / "merged")
    (task.out / "run.json").write_text(json.dumps(raw))
    (task.out / "adapter" / "adapter_config.json").write_text("{}")
    with pytest.raises(TuningError, match=r"adapter_config\.json isn't what the run wrote"):
        merge_run(task.out, task.base_folder, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    assert read_run(task.out).files == record.files


def test_the_rate_rises_and_falls() -> None:
    for schedule in Schedule:
        recipe = replace(Recipe(), warmup=0.1, schedule=schedule)
        factors = [rate_factor(step, 100, recipe) for step in range(100)]
        assert factors[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
        assert factors[9:] == sorted(factors[9:], reverse=True)
        assert 0 < factors[-1] < 0.02
        assert rate_factor(100, 100, recipe) == pytest.approx(0)
    assert rate_factor(55, 100, replace(Recipe(), warmup=0.1)) == pytest.approx(0.5)
    assert rate_factor(0, 1, Recipe()) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rank": 0}, "rank: must be 1 or more, but is 0"),
        ({"rate": 0}, "rate: must be more than 0"),
        ({"dropout": 1.0}, "dropout: must be from 0"),
        ({"method": "lorra"}, "'lorra' is not a valid Method"),
        ({"ranks": 3}, "unknown tuning setting ranks"),
    ],
)
def test_settings_that_can_not_be_are_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        recipe_from(given)


def test_every_part_of_a_recipe_survives_its_file() -> None:
    recipe = Recipe(method=Method.DORA, schedule=Schedule.LINEAR, rank=3, targets="q_proj")
    assert recipe_from(json.loads(json.dumps(recipe.as_json()))) == recipe


@pytest.mark.slow
def test_nothing_left_to_learn_from_is_said(tiny_model: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(TuningError, match="longer than 10 tokens"):
        tune_model(Task("tiny", tiny_model, data, None, tmp_path / "run"), {**QUICK, "longest": 10}, False, QUIET)
    with pytest.raises(TuningError, match=r"no file .*gone\.jsonl"):
        tune_model(Task("tiny", tiny_model, tmp_path / "gone.jsonl", None, tmp_path / "b"), QUICK, False, QUIET)


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_the_run_with_the_reason(tiny_model: Path, data: Path, tmp_path: Path) -> None:
    task = Task("tiny", tiny_model, data, None, tmp_path / "run")
    with pytest.raises(TuningError, match="lower --rate"):
        tune_model(task, {**QUICK, "method": "full", "rate": 1e30, "warmup": 0.0, "epochs": 9}, False, QUIET)


@pytest.mark.slow
def test_a_folder_that_is_taken_away_is_said(tiny_model: Path, data: Path, tmp_path: Path) -> None:
    task = Task("tiny", tiny_model, data, None, tmp_path / "run")
    with pytest.raises(EnvironmentProblem, match="can't be written"):
        tune_model(task, QUICK, False, Watch(lambda told: told.stage == STEPS and shutil.rmtree(task.out)))
