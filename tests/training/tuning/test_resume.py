"""A run that is killed, stopped or interrupted ends as one that never was; another's folder is refused."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dossier.errors import TuningError
from tests.training.tuning.killable import RECIPE, STEPS, Runs, started
from tests.training.tuning.tiny import write_data
from training.tuning.run_folder import RunState, held, read_metrics, read_run
from training.tuning.session import Watch
from training.tuning.tune import Task, tune_model

SAME = ("step", "loss", "rate", "dev_loss")


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with started() as runs:
        yield runs


@pytest.fixture(scope="module")
def task(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Task:
    """Ten steps, five dev measurements and five checkpoints."""
    folder = tmp_path_factory.mktemp("resume")
    data, dev = write_data(folder / "train.jsonl", 9), write_data(folder / "dev.jsonl", 2, 20)
    return Task("tiny", tiny_model, data, dev, folder / "whole")


@pytest.fixture(scope="module")
def whole(runs: Runs, task: Task) -> Path:
    """A run that nobody disturbed."""
    assert runs.run(task) == 0
    assert len(read_metrics(task.out)) >= 8
    return task.out


def assert_same(found: Path, expected: Path) -> None:
    one, other = read_run(found), read_run(expected)
    assert one.state is other.state is RunState.FINISHED
    assert one.files == other.files
    weights = "adapter/adapter_model.safetensors"
    assert (found / weights).read_bytes() == (expected / weights).read_bytes()
    figures = [[{name: line.get(name) for name in SAME} for line in read_metrics(run)] for run in (found, expected)]
    assert figures[0] == figures[1]
    left = {file.name for file in found.iterdir()} - {".lock", "run.json", "metrics.jsonl", "adapter", "loss.svg"}
    assert not left


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 3, 8])
def test_killed_after_a_step_it_goes_on_to_the_same_weights(
    runs: Runs, task: Task, whole: Path, tmp_path: Path, step: int
) -> None:
    again = replace(task, out=tmp_path / "run")
    assert runs.run(again, kill_at_step=step) == -9
    assert not (again.out / "adapter").exists()
    assert read_run(again.out).state is RunState.RUNNING
    assert runs.run(again) == 0
    assert_same(again.out, whole)


@pytest.mark.slow
def test_killed_again_and_again_in_the_middle_of_writing_it_ends_with_the_same_weights(
    runs: Runs, task: Task, whole: Path, tmp_path: Path
) -> None:
    total = runs.calls(replace(task, out=tmp_path / "counted"))
    assert total > 60
    draw = random.Random(5)
    for call in sorted(draw.sample(range(1, total + 1), 2)):
        again = replace(task, out=tmp_path / f"run-{call}")
        assert runs.run(again, kill_at_call=call) == -9
        runs.run(again, kill_at_call=max(2, call // 2))
        assert runs.run(again) == 0
        assert_same(again.out, whole)


@pytest.mark.slow
def test_stopped_it_says_so_and_goes_on_to_the_same_weights(task: Task, tmp_path: Path) -> None:
    """In this process, with its own undisturbed run: how many threads there are is part of the result."""
    undisturbed, again = replace(task, out=tmp_path / "undisturbed"), replace(task, out=tmp_path / "run")
    recipe = {**RECIPE, "epochs": 3}
    tune_model(undisturbed, recipe, False, Watch(lambda progress: None))
    seen: list[int] = []
    watch = Watch(lambda told: seen.extend([told.done] * (told.stage == STEPS)), stop=lambda: len(seen) in (3, 6))
    assert tune_model(again, recipe, False, watch).state is RunState.STOPPED
    assert seen == [1, 2, 3]
    assert read_run(again.out).outcome["step"] == 3
    seen.append(0)  # past the first stop
    assert tune_model(again, {}, True, watch).state is RunState.STOPPED
    seen.append(0)
    assert tune_model(again, {}, True, watch).state is RunState.FINISHED
    assert [step for step in seen if step] == [*range(1, len(read_metrics(again.out)) + 1)]
    assert_same(again.out, undisturbed.out)


@pytest.mark.slow
def test_other_data_settings_or_models_are_refused_by_name(task: Task, tmp_path: Path) -> None:
    out = tmp_path / "run"
    mine = replace(task, out=out)
    stopped = iter([False, False, True])
    record = tune_model(mine, RECIPE, False, Watch(lambda progress: None, lambda: next(stopped)))
    assert record.state is RunState.STOPPED
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    quiet = Watch(lambda progress: None)
    with pytest.raises(TuningError, match="holds a run already"):
        tune_model(mine, {}, False, quiet)
    with pytest.raises(TuningError, match="rank was 4 and is 8 now; seed was 7 and is 1 now"):
        tune_model(mine, {"rank": 8, "seed": 1}, True, quiet)
    with pytest.raises(TuningError, match="training data differ"):
        tune_model(replace(mine, data=write_data(tmp_path / "other.jsonl", 3)), {}, True, quiet)
    with pytest.raises(TuningError, match="dev data differ"):
        tune_model(replace(mine, dev=None), {}, True, quiet)
    with held(out), pytest.raises(TuningError, match="another process"):
        tune_model(mine, {}, True, quiet)
    assert before == {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    (checkpoint,) = out.glob("checkpoint-*")
    damaged = bytearray((checkpoint / "weights.safetensors").read_bytes())
    damaged[-1] ^= 1
    (checkpoint / "weights.safetensors").write_bytes(damaged)
    with pytest.raises(TuningError, match="damaged"):
        tune_model(mine, {}, True, quiet)


def test_a_folder_without_a_run_or_with_a_broken_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(TuningError, match="isn't the folder of a tuning run"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"recipe": {}}))
    with pytest.raises(TuningError, match=r"run\.json can't be read"):
        read_run(tmp_path)
