"""`dossier models` as a user has it: from a run to a champion and back, with every refusal in words."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import deserialize
from typer.testing import CliRunner

from dossier.adapters import load_tensors, widened
from dossier.errors import AdapterError, DossierError, NotFoundError, PromotionError, RegistryError, TuningError
from dossier.registry import Audit, Registry
from dossier.registry.evaluation import evaluation_text
from dossier.settings import load_settings
from dossier.weights import sha256_of
from tests.dossier.registry.small import DATA, report, write_adapter, write_base
from training.models_commands import models_commands
from training.tuning.recipe import Method, Recipe
from training.tuning.run_folder import RunRecord, RunState, read_run, write_run

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a home of its own, whose base model is small; returns what it printed."""
    write_base(tmp_path / "base")
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOSSIER_BASE_MODEL", str(tmp_path / "base"))

    def call(*words: str) -> str:
        result = CliRunner().invoke(models_commands, list(words))
        if isinstance(result.exception, DossierError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return call


def finished(folder: Path, base: Path, method: Method = Method.LORA, seed: int = 1) -> Path:
    """The folder of a finished run."""
    adapter = write_adapter(folder / "adapter", seed=seed, use_dora=method is Method.DORA)
    files = {file.name: sha256_of(file) for file in adapter.iterdir()}
    digest = write_base(base.parent / f"copy-{folder.name}").digest
    recipe = Recipe(method=method, rank=4)
    record = RunRecord(str(base), digest, DATA, "", recipe, 1, state=RunState.FINISHED, files=files)
    write_run(folder, replace(record, outcome={"best_dev_loss": 0.25}))
    return folder


def registry() -> Registry:
    return Registry.of(load_settings())


def test_from_a_run_to_a_champion_and_back(run: Run, tmp_path: Path) -> None:
    assert "No adapter is registered" in run("list")
    assert "is registered as" in run("register", str(finished(tmp_path / "first", tmp_path / "base")))
    entry = registry().find("first")
    with pytest.raises(PromotionError, match="hasn't been evaluated"):
        run("promote", "first")
    (tmp_path / "report.json").write_text(evaluation_text(report(entry)))
    run("attach", "first", str(tmp_path / "report.json"))
    shown = run("show", "first")
    assert "against promoting it for pack finance: nothing" in shown
    assert "+25.0 points (+12.5 to +37.5)" in shown
    assert "Back: dossier models rollback --pack finance" in run("promote", "first", "--pack", "finance")
    assert "champion of finance" in run("list")
    assert "promoted  finance  by" in run("show", entry.short)
    with pytest.raises(PromotionError, match="Roll it back first"):
        run("retire", "first")
    assert "the base model alone" in run("rollback", "--pack", "finance")
    assert "is retired" in run("retire", "first")
    assert "retired" in run("list")


def test_what_is_exported_is_what_a_pack_ships(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = finished(tmp_path / "first", tmp_path / "base")
    assert "is registered as" in run("register", str(folder), "--half")
    entry = registry().find("first")
    weights = entry.folder / "adapter_model.safetensors"
    assert weights.stat().st_size < 0.75 * (folder / "adapter" / "adapter_model.safetensors").stat().st_size
    full, half = load_tensors(folder / "adapter" / "adapter_model.safetensors"), dict(deserialize(weights.read_bytes()))
    for name, value in full.items():
        assert half[name]["dtype"] == "BF16"
        there = widened(np.frombuffer(half[name]["data"], "<u2"), "BF16").reshape(value.shape)
        np.testing.assert_allclose(there, value, rtol=2**-8)
    pack = tmp_path / "pack"
    pack.mkdir()
    assert 'adapter = "tuned"' in run("export", "first", str(pack / "tuned"))
    text = (Path(__file__).parents[2] / "packs" / "finance" / "pack.toml").read_text()
    text = re.sub(r"(?m)^base = .*$", f'base = "{tmp_path / "base"}"', text)
    (pack / "pack.toml").write_text(re.sub(r"(?m)^adapter = .*$", 'adapter = "tuned"', text))
    monkeypatch.delenv("DOSSIER_BASE_MODEL")
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("DOSSIER_PACK", str(pack))
    assert "champion of finance, ships with finance" in run("list")
    assert "the base model alone" in run("rollback", "--pack", str(pack))
    assert f"Pack finance answers with first ({entry.short})" in run("promote", "first", "--despite", "a test")


def test_a_promotion_against_the_gate_is_shown_wherever_it_is(run: Run, tmp_path: Path) -> None:
    run("register", str(finished(tmp_path / "first", tmp_path / "base")))
    run("promote", "first", "--despite", "a demonstration")
    for said in (run("list"), run("show", "first")):
        assert "promoted against the gate by" in said
        assert "a demonstration" in said
        assert "hasn't been evaluated" in said


def test_two_adapters_are_compared(run: Run, tmp_path: Path) -> None:
    for number, name in enumerate(("first", "second")):
        run("register", str(finished(tmp_path / name, tmp_path / "base", seed=number)))
    first = registry().find("first")
    registry().attach(first, report(first, audit=Audit(False, "women fare worse")))
    said = run("compare", "first", "second")
    assert "* bias audit" in said
    assert "failed: women fare worse" in said
    assert "  training data" in said


@pytest.mark.parametrize("method", [Method.DORA, Method.FULL])
def test_what_cannot_be_loaded_beside_its_base_is_to_be_merged(run: Run, tmp_path: Path, method: Method) -> None:
    folder = finished(tmp_path / "first", tmp_path / "base", method)
    with pytest.raises(TuningError, match="dossier tune merge .*first --out"):
        run("register", str(folder))


def test_a_run_that_is_not_what_it_was_is_refused(run: Run, tmp_path: Path) -> None:
    folder = finished(tmp_path / "first", tmp_path / "base")
    record = read_run(folder)
    write_run(folder, replace(record, state=RunState.STOPPED))
    with pytest.raises(TuningError, match="isn't finished"):
        run("register", str(folder))
    write_run(folder, replace(record, base_digest="a" * 64))
    with pytest.raises(AdapterError, match="other weights"):
        run("register", str(folder))
    write_run(folder, record)
    (folder / "adapter" / "adapter_config.json").write_text("{}")
    with pytest.raises(TuningError, match="isn't what the run wrote"):
        run("register", str(folder))


def test_strange_reports_and_names_are_refused(run: Run, tmp_path: Path) -> None:
    run("register", str(finished(tmp_path / "first", tmp_path / "base")))
    (tmp_path / "report.json").write_text(json.dumps({"own": 1}))
    with pytest.raises(RegistryError, match="isn't an evaluation report"):
        run("attach", "first", str(tmp_path / "report.json"))
    with pytest.raises(RegistryError, match="can't be read"):
        run("attach", "first", str(tmp_path / "none.json"))
    with pytest.raises(NotFoundError, match="models list"):
        run("show", "third")
