"""The search on the small model: trials are kept, bad ones end early, a killed one is replaced."""

from dataclasses import replace
from pathlib import Path

import pytest

from dossier.errors import TuningError
from tests.training.tuning.tiny import write_data
from training.tuning.report import trials_text
from training.tuning.run_folder import RunState, read_run
from training.tuning.search import IMPORTANCES, Found, Space, search
from training.tuning.tune import Task

SPACE = Space(slowest=1e-6, fastest=3e-2, ranks=(2, 4), epochs=2)


@pytest.mark.slow
def test_a_search_goes_on_where_it_was_broken_off(tiny_model: Path, tmp_path: Path) -> None:
    import optuna
    from optuna.trial import TrialState

    data, dev = write_data(tmp_path / "train.jsonl", 6), write_data(tmp_path / "dev.jsonl", 2, 9)
    task = Task("tiny", tiny_model, data, dev, tmp_path / "search")
    stops = iter([False, False, False])
    first = search(task, SPACE, 2, 1, lambda progress: None, lambda: next(stops, False))
    assert len(first) == 2
    study = optuna.load_study(study_name="tuning", storage=f"sqlite:///{task.out / 'trials.sqlite'}")
    study.ask()  # as a killed process leaves it
    (task.out / "trial-003").mkdir()
    found = search(task, SPACE, 7, 1, lambda progress: None, lambda: False)
    assert [one.state for one in found].count("fail") == 1
    assert len(found) == 8
    losses = [one.loss for one in found if one.state == "complete"]
    assert losses == sorted(losses, key=lambda loss: loss or 0)
    assert len({one.settings["rate"] for one in found if one.settings}) == 7
    for one in found:
        folder = task.out / f"trial-{one.number:03d}"
        assert folder.is_dir() is (one.state == "complete")
        if folder.is_dir():
            record = read_run(folder)
            assert record.state is RunState.FINISHED
            assert record.outcome["best_dev_loss"] == one.loss
            assert record.recipe.rate == one.settings["rate"]
    if sum(trial.state is TrialState.COMPLETE for trial in study.trials) >= 4:
        assert (task.out / IMPORTANCES).read_text().startswith("<?xml")
    with pytest.raises(TuningError, match="other data"):
        search(replace(task, dev=data), SPACE, 9, 1, lambda progress: None, lambda: False)


@pytest.mark.slow
def test_a_search_without_dev_data_is_refused(tiny_model: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(TuningError, match="--dev"):
        search(Task("tiny", tiny_model, data, None, tmp_path), SPACE, 1, 1, lambda progress: None, lambda: False)


def test_trials_are_shown_with_what_they_tried() -> None:
    text = trials_text([Found(3, "complete", {"rate": 0.00012, "rank": 8}, 1.5), Found(1, "fail", {}, None)])
    assert "    3  complete    1.5000  rate 0.00012, rank 8" in text
    assert "    1  fail             -" in text
