"""What tuning really writes is what the registry takes in."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.registry import Registry
from dossier.settings import load_settings
from tests.training.tuning.tiny import write_data
from training.models_commands import models_commands
from training.tuning.commands import tune_commands


@pytest.mark.slow
@pytest.mark.parametrize("given", [("lora",), ("rslora",), ("lora+",), ("lora", "--layers", "1")])
def test_a_tuned_adapter_is_registered(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOSSIER_BASE_MODEL", str(tiny_model))
    data, out = write_data(tmp_path / "train.jsonl", 3), tmp_path / "tuned"
    words = ["run", str(data), "--out", str(out), "--epochs", "1", "--batch-tokens", "400", "--method", *given]
    assert CliRunner().invoke(tune_commands, words).exit_code == 0
    result = CliRunner().invoke(models_commands, ["register", str(out)])
    assert result.exit_code == 0, result.exception
    entry = Registry.of(load_settings()).find("tuned")
    assert entry.origin.run["recipe"]["method"] == given[0]
