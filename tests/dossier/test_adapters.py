"""Adapters on a base: exact arithmetic, whole or not at all, and one pointer to the embedder in use."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dossier import adapters, weights
from dossier.errors import WeightsError
from dossier.merging import merge
from dossier.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
NAME = "encoder.layer.0.attention.self.query"


def adapter_folder(folder: Path, rank: int = 2, width: int = 3, alpha: float = 4) -> Path:
    folder.mkdir()
    random = np.random.default_rng(1)
    parts = {
        f"base_model.model.{NAME}.lora_A.weight": random.normal(size=(rank, width)).astype(np.float16),
        f"base_model.model.{NAME}.lora_B.weight": random.normal(size=(4, rank)).astype(np.float16),
    }
    adapters.save_tensors(parts, folder / adapters.ADAPTER)
    config = {"base_model_name_or_path": "all-minilm-l6-v2", "r": rank, "lora_alpha": alpha}
    (folder / adapters.CONFIG).write_text(json.dumps(config))
    return folder


def base_folder(folder: Path) -> Path:
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "README.md").write_text("not needed")
    values = {f"{NAME}.weight": np.ones((4, 3), np.float32), "other": np.zeros(2, np.float32)}
    adapters.save_tensors(values, folder / "model.safetensors")
    return folder


def test_the_product_is_added_to_its_weight_alone(tmp_path: Path) -> None:
    adapter = adapters.read_adapter(adapter_folder(tmp_path / "adapter"))
    merge(adapter, base_folder(tmp_path / "base"), tmp_path / "models" / "merged")
    merged = adapters.load_tensors(tmp_path / "models" / "merged" / "model.safetensors")
    parts = adapters.load_tensors(tmp_path / "adapter" / adapters.ADAPTER)
    down, up = (parts[f"base_model.model.{NAME}.lora_{side}.weight"].astype(np.float64) for side in "AB")
    np.testing.assert_allclose(merged[f"{NAME}.weight"], 1 + 2 * (up @ down), rtol=1e-5)
    np.testing.assert_array_equal(merged["other"], 0)
    weights.verify_folder(tmp_path / "models" / "merged")
    assert not (tmp_path / "models" / "merged" / "README.md").exists()


def test_what_a_killed_merge_left_is_cleared_and_never_used(tmp_path: Path) -> None:
    leftover = tmp_path / "models" / ".merged-99999"
    leftover.mkdir(parents=True)
    adapter = adapters.read_adapter(adapter_folder(tmp_path / "adapter"))
    merge(adapter, base_folder(tmp_path / "base"), tmp_path / "models" / "merged")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["merged"]


def test_an_adapter_that_does_not_fit_leaves_no_model(tmp_path: Path) -> None:
    adapter = adapters.read_adapter(adapter_folder(tmp_path / "adapter", width=5))
    with pytest.raises(WeightsError, match="doesn't fit"):
        merge(adapter, base_folder(tmp_path / "base"), tmp_path / "models" / "merged")
    assert not (tmp_path / "models" / "merged").exists()


def test_damaged_or_unmergeable_adapters_are_named(tmp_path: Path) -> None:
    folder = adapter_folder(tmp_path / "adapter")
    config = json.loads((folder / adapters.CONFIG).read_text())
    (folder / adapters.CONFIG).write_text(json.dumps({**config, "use_dora": True}))
    with pytest.raises(WeightsError, match="DoRA"):
        adapters.read_adapter(folder)
    (folder / adapters.CONFIG).write_text("{")
    with pytest.raises(WeightsError, match="isn't a readable adapter"):
        adapters.read_adapter(folder)


def test_the_digest_tells_base_adapter_and_factor_apart(tmp_path: Path) -> None:
    adapter = adapters.read_adapter(adapter_folder(tmp_path / "a"))
    stronger = adapters.read_adapter(adapter_folder(tmp_path / "b", alpha=8))
    assert len({adapter.digest("x"), adapter.digest("y"), stronger.digest("x")}) == 3
    assert adapter.digest("x") == adapters.read_adapter(tmp_path / "a").digest("x")


@pytest.mark.slow
def test_a_promoted_embedder_takes_the_defaults_place_until_reset(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    before = weights.verified_embedder(settings)
    name = weights.promote_embedder(settings, built(tmp_path / "first"), "a" * 64)
    assert weights.verified_embedder(settings) == (settings.models_folder / name, "a" * 64)
    assert weights.verified_embedder(named(settings)) == before
    assert weights.forget_promoted_embedder(settings)
    assert weights.verified_embedder(settings) == before
    assert not weights.forget_promoted_embedder(settings)


def test_a_damaged_promoted_embedder_is_refused(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    name = weights.promote_embedder(settings, built(tmp_path / "first"), "a" * 64)
    with (settings.models_folder / name / "model.safetensors").open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x01")
    with pytest.raises(WeightsError, match="doesn't match its digest"):
        weights.verified_embedder(settings)


def built(folder: Path) -> Path:
    base_folder(folder)
    adapters.write_manifest(folder)
    return folder


def named(settings: Settings) -> Settings:
    return load_settings(home=settings.home, embedder="all-minilm-l6-v2")


CHILD = """
import sys
from pathlib import Path
from dossier import adapters, weights
from dossier.merging import merge
from dossier.settings import load_settings

folder, number = Path(sys.argv[1]), int(sys.argv[2])
settings = load_settings(home=folder / "home")
adapter = adapters.read_adapter(folder / "adapter")
while True:
    number += 1
    built = settings.home / "tuning" / f"merged-{number}"
    merge(adapter, folder / "base", built)
    weights.promote_embedder(settings, built, f"{number:012d}" + 52 * "0")
    print(number, flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_a_whole_embedder_is_in_use(tmp_path: Path) -> None:
    adapter_folder(tmp_path / "adapter")
    base_folder(tmp_path / "base")
    settings = load_settings(home=tmp_path / "home")
    number, random = 0, np.random.default_rng(3)
    for _ in range(8):
        command = [sys.executable, "-c", CHILD, str(tmp_path), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
            assert child.stdout
            number = int(child.stdout.readline())
            time.sleep(float(random.uniform(0, 0.05)))
            child.send_signal(signal.SIGKILL)
            number = max([number, *map(int, child.stdout.read().split())])
        folder, digest = weights.verified_embedder(settings)
        assert int(digest[:12]) >= number
        assert (folder / "model.safetensors").is_file()
        number = int(digest[:12]) + 1
