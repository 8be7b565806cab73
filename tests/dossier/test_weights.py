import json
from dataclasses import replace
from pathlib import Path

import pytest

from dossier import weights
from dossier.base_model import PROVENANCE, prepare_base_model, tuned_to_read
from dossier.errors import WeightsError
from dossier.prompt import PROMPT_VERSION
from dossier.reply import TargetFormat
from dossier.settings import load_settings


def model_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"numbers")
    (folder / "config.json").write_text("{}")
    return folder


@pytest.mark.parametrize("packaged", [*weights.BASE_MODELS.values(), *weights.EMBEDDERS.values()])
def test_packaged_weights_are_the_pinned_ones(packaged: weights.Packaged) -> None:
    assert weights.packaged_file(packaged).suffix in (".safetensors", ".gguf")
    with pytest.raises(WeightsError, match="isn't the file that Dossier was tested with"):
        weights.packaged_file(replace(packaged, sha256="0" * 64))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "deep/model.PKL", "a.ckpt", "modeling_x.py", "x.so"])
def test_formats_that_can_run_code_are_refused(tmp_path: Path, name: str) -> None:
    folder = model_folder(tmp_path / "model")
    weights.verify_folder(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x")
    with pytest.raises(WeightsError, match=Path(name).name):
        weights.verify_folder(folder)


def test_a_config_that_asks_for_code_is_refused(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model")
    (folder / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "x.Y"}}))
    with pytest.raises(WeightsError, match="auto_map"):
        weights.verify_folder(folder)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(WeightsError, match="no weights"):
        weights.verify_folder(tmp_path / "model")


def test_a_changed_file_of_a_prepared_model_is_caught(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model")
    weights.write_manifest(folder)
    weights.verify_folder(folder)
    (folder / "model.safetensors").write_bytes(b"numberz")
    with pytest.raises(WeightsError, match=r"model\.safetensors doesn't match"):
        weights.verify_folder(folder)


def test_unknown_models_and_embedders_are_told_with_the_known(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, embedder="nowhere")
    with pytest.raises(WeightsError, match="smollm2-135m-instruct"):
        prepare_base_model(settings, "nowhere", lambda progress: None)
    with pytest.raises(WeightsError, match="all-minilm-l6-v2"):
        weights.verified_embedder(settings)


@pytest.mark.model
def test_the_base_model_is_prepared_once_and_a_broken_off_try_is_not_taken_for_it(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    name = "smollm2-135m-instruct"
    (settings.models_folder / f".{name}-1").mkdir(parents=True)
    folder = prepare_base_model(settings, name, lambda progress: None)
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert "<|im_start|>" in (folder / "chat_template.jinja").read_text()
    assert prepare_base_model(settings, name, lambda progress: None) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    assert [entry.name for entry in settings.models_folder.iterdir()] == [name]


@pytest.mark.parametrize(
    ("told", "said"), [({}, None), ({"form": "evidence", "prompt": PROMPT_VERSION}, TargetFormat.EVIDENCE)]
)
def test_a_model_tells_whether_it_was_tuned_to_read(tmp_path: Path, told: dict[str, str], said: object) -> None:
    assert tuned_to_read(tmp_path) is None
    (tmp_path / PROVENANCE).write_text(json.dumps({"base": "b", **told}))
    assert tuned_to_read(tmp_path) is said


@pytest.mark.parametrize("told", ['{"form": "evidence", "prompt": "0"}', '{"form": "songs", "prompt": "1"}', "[", "[]"])
def test_a_model_tuned_on_other_prompts_is_refused(tmp_path: Path, told: str) -> None:
    (tmp_path / PROVENANCE).write_text(told)
    with pytest.raises(WeightsError, match=r"tuned on prompts of version|can't be read"):
        tuned_to_read(tmp_path)
