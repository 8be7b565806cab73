"""Where only the uppermost blocks learn, what is below is computed once, and nothing else changes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dossier.adapters import ADAPTER, CONFIG, load_tensors
from dossier.errors import SettingsError
from tests.training.tuning.killable import RECIPE, STEPS
from tests.training.tuning.tiny import write_data
from training.tuning.merge import merge_run
from training.tuning.recipe import recipe_from
from training.tuning.run_folder import RunState
from training.tuning.session import Watch
from training.tuning.tune import Task, prepared, tune_model

UPPER = {**RECIPE, "layers": 1, "dropout": 0.0, "epochs": 2}


@pytest.fixture
def task(tiny_model: Path, tmp_path: Path) -> Task:
    data, dev = write_data(tmp_path / "train.jsonl", 6), write_data(tmp_path / "dev.jsonl", 2, 20)
    return Task("tiny", tiny_model, data, dev, tmp_path / "run")


def gradients(learner: Any, loss: Any) -> dict[str, Any]:
    loss.backward()
    found = {name: value.grad.clone() for name, value in learner.trained.items()}
    for value in learner.trained.values():
        value.grad = None
    return found


@pytest.mark.slow
def test_loss_and_gradients_are_those_of_the_whole_model(task: Task, tmp_path: Path) -> None:
    import torch

    from training.tuning.batches import collate
    from training.tuning.loss import target_loss
    from training.tuning.model import load_learner
    from training.tuning.trunk import Trunk

    recipe = recipe_from(UPPER)
    packs = prepared(task, recipe)[0].packs
    learner = load_learner(task.base_folder, recipe)
    with torch.no_grad():  # B is zero at first, and A has no gradient then
        for value in learner.trained.values():
            value.add_(0.05 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1)))
    assert all(".layers.1." in name for name in learner.trained)
    trunk = Trunk(tmp_path / "trunk-test.f32", learner.causal, 1, packs)
    trunk.prepare("x", lambda progress: None)
    apart = trunk.loss(trunk.batch(range(len(packs))))
    whole = target_loss(learner.causal, collate(packs))
    torch.testing.assert_close(apart, whole, rtol=1e-5, atol=1e-5)
    expected = gradients(learner, whole)
    for name, value in gradients(learner, apart).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5)
        assert float(value.abs().max()) > 0


@pytest.mark.slow
def test_the_blocks_below_stay_as_they_are_and_the_adapter_fits_every_server(task: Task, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    record = tune_model(task, UPPER, False, Watch(lambda progress: None))
    assert record.state is RunState.FINISHED
    assert not list(task.out.glob("trunk-*"))
    tensors = load_tensors(task.out / "adapter" / ADAPTER)
    assert '"layers_to_transform": null' in (task.out / "adapter" / CONFIG).read_text()
    for name, value in tensors.items():
        assert tensors[name.replace(".layers.1.", ".layers.0.")].shape == value.shape
        assert bool(value.any()) == (".layers.1." in name), name
    merge_run(task.out, task.base_folder, tmp_path / "merged")
    tokens = torch.tensor([[1, 40, 50, 60]])
    base, merged = (AutoModelForCausalLM.from_pretrained(one) for one in (task.base_folder, tmp_path / "merged"))
    before = base(tokens).logits
    trained = PeftModel.from_pretrained(base, str(task.out / "adapter")).eval()(tokens).logits
    torch.testing.assert_close(merged(tokens).logits, trained, rtol=1e-4, atol=1e-4)
    assert float((trained - before).abs().max()) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("harm", [False, True])
def test_stopped_it_goes_on_to_the_same_weights(task: Task, tmp_path: Path, harm: bool) -> None:
    undisturbed = replace(task, out=tmp_path / "undisturbed")
    tune_model(undisturbed, UPPER, False, Watch(lambda progress: None))
    steps: list[int] = []
    watch = Watch(lambda told: steps.extend([told.done] * (told.stage == STEPS)), stop=lambda: len(steps) == 2)
    assert tune_model(task, UPPER, False, watch).state is RunState.STOPPED
    if harm:  # a trunk that was cut by a kill has no description yet: it is computed again
        for file in task.out.glob("trunk-*.json"):
            file.unlink()
    assert tune_model(task, {}, True, Watch(lambda progress: None)).state is RunState.FINISHED
    adapters = [(run.out / "adapter" / ADAPTER).read_bytes() for run in (task, undisturbed)]
    assert adapters[0] == adapters[1]


@pytest.mark.slow
def test_what_cannot_be_is_named(task: Task) -> None:
    from training.tuning.model import load_learner

    with pytest.raises(SettingsError, match="the model has 2 blocks"):
        load_learner(task.base_folder, recipe_from({**UPPER, "layers": 2}))
    with pytest.raises(SettingsError, match="layers"):
        recipe_from({**UPPER, "method": "full"})
