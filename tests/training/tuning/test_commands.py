"""The command as a user has it: stopped by Ctrl-C, gone on with, shown, merged."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dossier.weights import verify_folder
from tests.training.tuning.tiny import write_data
from training.tuning.chart import smoothed
from training.tuning.run_folder import RunState, read_metrics, read_run


def start(model: Path, *words: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "DOSSIER_BASE_MODEL": str(model), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    line = [sys.executable, "-m", "dossier", "tune", *words]
    return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, problems = process.communicate()
    return process.returncode, out, problems


@pytest.mark.slow
def test_ctrl_c_checkpoints_and_says_how_to_go_on(tiny_model: Path, tmp_path: Path) -> None:
    data, run = write_data(tmp_path / "my train.jsonl", 6), tmp_path / "run"
    told = ["run", str(data), "--out", str(run), "--epochs", "4000", "--batch-tokens", "400", "--rank", "2"]
    process = start(tiny_model, *told)
    while not read_metrics(run):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    status, out, problems = ended(process)
    assert status == 130
    assert "Stopping after this step" in problems
    assert f"Go on with: dossier tune run '{data}' --out {run} --resume" in problems
    assert f"{run}: stopped" in out
    assert read_run(run).state is RunState.STOPPED
    (checkpoint,) = run.glob("checkpoint-*")
    step = int(checkpoint.name.removeprefix("checkpoint-"))
    assert len(read_metrics(run)) == step

    status, _, problems = ended(start(tiny_model, "run", str(data), "--out", str(run), "--epochs", "9", "--resume"))
    assert status == 7
    assert "epochs was 4000 and is 9 now" in problems
    status, _, problems = ended(start(tiny_model, "merge", str(run), "--out", str(tmp_path / "model")))
    assert status == 7
    assert "isn't finished" in problems


@pytest.mark.slow
def test_a_run_is_made_shown_and_merged(tiny_model: Path, tmp_path: Path) -> None:
    data, dev = write_data(tmp_path / "train.jsonl", 6), write_data(tmp_path / "dev.jsonl", 2, 9)
    run, model = tmp_path / "run", tmp_path / "models" / "mine"
    given = ["--dev", str(dev), "--out", str(run), "--epochs", "2", "--batch-tokens", "400", "--method", "dora"]
    status, out, problems = ended(start(tiny_model, "run", str(data), *given))
    assert status == 0, problems
    assert "tokens/s" in problems and "GiB" in problems
    assert "dora (rank 16, alpha 32)" in out
    assert "times fewer than without sharing" in out
    assert "dev loss: " in out
    assert (run / "loss.svg").read_text().startswith("<?xml")
    assert ended(start(tiny_model, "show", str(run)))[1] in out
    assert ended(start(tiny_model, "merge", str(run), "--out", str(model)))[0] == 0
    verify_folder(model)
    status, _, problems = ended(start(tiny_model, "run", str(data), *given))
    assert status == 7
    assert "--resume" in problems


def test_smoothing_begins_at_the_first_value_and_follows() -> None:
    assert smoothed([3.0]) == pytest.approx([3.0])
    assert smoothed([2.0] * 5) == pytest.approx([2.0] * 5)
    rising = smoothed([0.0, 10.0, 10.0])
    assert 0 < rising[1] < rising[2] < 10
