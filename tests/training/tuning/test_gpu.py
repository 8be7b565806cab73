"""Tuning on a GPU: refused where there is none; where there is one, it learns and goes on as it does on a processor."""

from pathlib import Path

import pytest

from dossier.errors import EnvironmentProblem
from tests.training.tuning.tiny import write_data
from training.evaluation.lab import Lab
from training.tuning.recipe import Method, Precision
from training.tuning.run_folder import RunState, read_metrics, weights_folder
from training.tuning.session import Watch
from training.tuning.tune import Task, tune_model

QUICK = {"rank": 4, "rate": 1e-2, "epochs": 3, "batch_tokens": 400, "longest": 512, "save_every": 2}
QUIET = Watch(lambda progress: None)


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture
def task(tiny_model: Path, tmp_path: Path) -> Task:
    data = write_data(tmp_path / "train.jsonl", 6)
    return Task("tiny", tiny_model, data, data, tmp_path / "run", device="cuda")


@pytest.fixture(scope="module")
def gpu() -> None:
    if not has_gpu():
        pytest.skip("PyTorch sees no GPU here")


@pytest.fixture
def gpu_task(gpu: None, task: Task) -> Task:
    return task


@pytest.mark.slow
def test_without_a_gpu_it_says_so_and_writes_nothing(task: Task) -> None:
    if has_gpu():
        pytest.skip("there is a GPU here")
    with pytest.raises(EnvironmentProblem, match="DOSSIER_DEVICE=cpu"):
        tune_model(task, QUICK, False, QUIET)
    assert not task.out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("method", list(Method))
def test_each_method_learns(gpu_task: Task, method: Method) -> None:
    # lora+ lets half of the adapter learn 16 times as fast
    rate = {Method.FULL: 1e-3, Method.LORA_PLUS: 2e-3}.get(method, 1e-2)
    record = tune_model(gpu_task, {**QUICK, "method": method, "rate": rate}, False, QUIET)
    losses = [line["loss"] for line in read_metrics(gpu_task.out)]
    assert losses[-1] < 0.7 * losses[0]
    assert record.device == "cuda"
    assert record.recipe.precision is Precision.BFLOAT16
    assert record.outcome["most_gpu_memory_gib"] > 0


@pytest.mark.slow
def test_upper_layers_alone_learn(gpu_task: Task) -> None:
    tune_model(gpu_task, {**QUICK, "layers": 1, "precision": "float32"}, False, QUIET)
    losses = [line["loss"] for line in read_metrics(gpu_task.out)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.slow
def test_a_stopped_run_goes_on_to_about_the_same_loss(gpu_task: Task) -> None:
    """Sums on a GPU may change from run to run in their last digits."""
    seen: list[int] = []

    def stop() -> bool:
        return len(seen) >= 3

    watch = Watch(lambda progress: seen.append(progress.done) if progress.stage.startswith("Tuning") else None, stop)
    given = {**QUICK, "dropout": 0.1, "precision": "float32"}
    assert tune_model(gpu_task, given, False, watch).state is RunState.STOPPED
    assert tune_model(gpu_task, {}, True, QUIET).state is RunState.FINISHED
    broken = [line["loss"] for line in read_metrics(gpu_task.out)]
    whole = Task(
        "tiny", gpu_task.base_folder, gpu_task.data, gpu_task.dev, gpu_task.out.with_name("whole"), device="cuda"
    )
    tune_model(whole, given, False, QUIET)
    assert broken == pytest.approx([line["loss"] for line in read_metrics(whole.out)], rel=2e-2)


@pytest.mark.slow
def test_replies_are_those_of_the_processor(gpu_task: Task) -> None:
    record = tune_model(gpu_task, {**QUICK, "precision": "float32"}, False, QUIET)
    adapters = {"tuned": weights_folder(gpu_task.out, record.recipe)}
    prompts = [(5, 6, 7, 8, 9, 10), (5, 6, 7, 11), (5, 6, 7, 12, 13)]
    from training.evaluation.decoding import greedy, likelihoods

    said, likely = [], []
    for device in ("cuda", "cpu"):
        lab = Lab(gpu_task.base_folder, adapters, Precision.FLOAT32, device)
        with lab.as_model("tuned"):
            said.append(greedy(lab._causal, prompts, set(), 8))
            likely.append([sum(one) for one in likelihoods(lab._causal, [(prompt, (14, 15)) for prompt in prompts])])
    assert said[0] == said[1]
    assert likely[0] == pytest.approx(likely[1], rel=1e-3)
