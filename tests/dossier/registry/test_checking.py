"""What is refused on the way in and before a load: damage, disguise, another base, another shape."""

import json
import os
import pickle
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dossier.adapters import ADAPTER, CONFIG, load_tensors, save_tensors
from dossier.errors import AdapterError, DossierError
from dossier.registry import Registry
from dossier.registry.checking import RUN_FILES, Base
from tests.dossier.registry.small import origin, register, write_adapter, write_base

FLIPS = 200


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return write_base(tmp_path / "base")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "adapters")


class Harm:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self._mark}",)


def refused(registry: Registry, adapter: Path, base: Base, words: str) -> None:
    with pytest.raises(AdapterError, match=words):
        registry.register(adapter, RUN_FILES, origin(base), base)
    assert registry.entries() == []


def test_a_whole_adapter_is_taken_in_once_under_its_digest(registry: Registry, base: Base, tmp_path: Path) -> None:
    entry = register(registry, base, tmp_path / "runs")
    again = registry.register(tmp_path / "runs" / "first" / "adapter", RUN_FILES, origin(base), base)
    assert again == entry == registry.find("first") == registry.find(entry.digest[:8]) == registry.get(entry.digest)
    assert entry.folder.name == entry.digest[:16]
    registry.verify(entry, base)
    other = register(registry, base, tmp_path / "runs", "second", seed=2)
    assert other.digest != entry.digest


@pytest.mark.slow
def test_each_of_200_flipped_bits_is_noticed(registry: Registry, base: Base, tmp_path: Path) -> None:
    entry = register(registry, base, tmp_path / "runs")
    files = [file for file in sorted(entry.folder.rglob("*")) if file.is_file()]
    assert len(files) == 3
    drawn = random.Random(7)
    for number in range(FLIPS):
        file = files[number % len(files)]
        whole = file.read_bytes()
        at = drawn.randrange(8 * len(whole))
        damaged = bytearray(whole)
        damaged[at // 8] ^= 1 << at % 8
        file.write_bytes(damaged)
        with pytest.raises(DossierError, match="digest|can't be read|another|isn't"):
            registry.verify(entry, base)
        file.write_bytes(whole)
    registry.verify(entry, base)


@pytest.mark.parametrize("name", [ADAPTER, "adapter_model.bin", "adapter_model.pt", "adapter_model.pkl"])
def test_a_pickle_is_refused_under_any_name_and_never_opened(
    registry: Registry, base: Base, tmp_path: Path, name: str
) -> None:
    adapter, mark = write_adapter(tmp_path / "run" / "adapter"), tmp_path / "harmed"
    (adapter / name).write_bytes(pickle.dumps(Harm(mark)))
    refused(registry, adapter, base, "isn't a whole safetensors file|doesn't belong")
    assert not mark.exists()


@pytest.mark.parametrize("name", ["modeling_small.py", "helper.so", "checkpoint/adapter_model.safetensors", ".hidden"])
def test_nothing_but_an_adapter_lies_in_its_folder(registry: Registry, base: Base, tmp_path: Path, name: str) -> None:
    adapter = write_adapter(tmp_path / "run" / "adapter")
    (adapter / name).parent.mkdir(exist_ok=True)
    (adapter / name).write_text("import os")
    refused(registry, adapter, base, "doesn't belong")


def test_another_base_is_refused_on_the_way_in_and_before_a_load(
    registry: Registry, base: Base, tmp_path: Path
) -> None:
    other = write_base(tmp_path / "other", seed=5)
    adapter = write_adapter(tmp_path / "run" / "adapter")
    with pytest.raises(AdapterError, match="other weights"):
        registry.register(adapter, RUN_FILES, origin(base), other)
    entry = register(registry, base, tmp_path / "runs")
    with pytest.raises(AdapterError, match="other weights"):
        registry.verify(entry, other)


def test_a_rank_above_the_servers_is_refused(registry: Registry, base: Base, tmp_path: Path) -> None:
    refused(registry, write_adapter(tmp_path / "run" / "adapter", rank=17), base, "at most 16.*adapter_rank")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"use_dora": True}, "dossier tune merge"),
        ({"r": 2}, "doesn't fit"),
        ({"r": 0}, "r is 0"),
        ({"r": True}, "r is True"),
        ({"lora_alpha": float("nan")}, "lora_alpha"),
        ({"auto_mapping": {"base_model_class": "Evil"}}, "auto_mapping"),
        ({"auto_map": {"AutoModel": "evil.Model"}}, "auto_map"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"rank_pattern": {"q_proj": 2}}, "rank_pattern"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights"),
        ({"bias": "all"}, "bias"),
        ({"peft_type": "IA3"}, "peft_type"),
        ({"a_setting_of_tomorrow": 1}, "a_setting_of_tomorrow"),
        ({"target_modules": ["q_proj", "v_proj", "down_proj", "z_proj"]}, "z_proj"),
        ({"target_modules": ["../../q_proj"]}, "doesn't have"),
        ({"target_modules": ["q_proj", "v_proj"]}, "don't belong"),
        ({"target_modules": "all-linear"}, "target_modules"),
    ],
)
def test_settings_that_cannot_be_served_are_refused(
    registry: Registry, base: Base, tmp_path: Path, config: dict[str, Any], words: str
) -> None:
    refused(registry, write_adapter(tmp_path / "run" / "adapter", **config), base, words)


def damage_weights(adapter: Path, kind: str) -> None:
    tensors = load_tensors(adapter / ADAPTER)
    name = next(iter(sorted(tensors)))
    match kind:
        case "lacks":
            del tensors[name]
        case "no numbers":
            tensors[name] = np.full_like(tensors[name], np.nan)
        case "of type":
            tensors[name] = tensors[name].astype(np.float64)
        case "don't belong":
            tensors["base_model.model.../../etc/passwd.lora_A.weight"] = tensors[name]
        case "doesn't fit":
            tensors[name] = tensors[name].T.copy()
    save_tensors(tensors, adapter / ADAPTER)


@pytest.mark.parametrize("kind", ["lacks", "no numbers", "of type", "don't belong", "doesn't fit"])
def test_weights_that_do_not_fit_are_refused(registry: Registry, base: Base, tmp_path: Path, kind: str) -> None:
    adapter = write_adapter(tmp_path / "run" / "adapter")
    damage_weights(adapter, kind)
    refused(registry, adapter, base, kind)


@pytest.mark.parametrize("kept", [0, 4, 8, 200, -1])
def test_a_truncated_file_is_refused(registry: Registry, base: Base, tmp_path: Path, kept: int) -> None:
    adapter = write_adapter(tmp_path / "run" / "adapter")
    (adapter / ADAPTER).write_bytes((adapter / ADAPTER).read_bytes()[:kept])
    refused(registry, adapter, base, "isn't a whole safetensors file")


@pytest.mark.parametrize("name", [ADAPTER, CONFIG])
def test_links_out_of_the_folder_are_refused(registry: Registry, base: Base, tmp_path: Path, name: str) -> None:
    adapter = write_adapter(tmp_path / "run" / "adapter")
    elsewhere = shutil.move(adapter / name, tmp_path / name)
    (adapter / name).symlink_to(elsewhere)
    refused(registry, adapter, base, "is a link")
    whole = write_adapter(tmp_path / "whole" / "adapter")
    (tmp_path / "linked").symlink_to(whole)
    refused(registry, tmp_path / "linked", base, "isn't a folder of its own")


def test_a_pipe_or_an_endless_file_is_refused_without_being_read(
    registry: Registry, base: Base, tmp_path: Path
) -> None:
    adapter = write_adapter(tmp_path / "run" / "adapter")
    (adapter / ADAPTER).unlink()
    os.mkfifo(adapter / ADAPTER)
    refused(registry, adapter, base, "no ordinary file")
    (adapter / ADAPTER).unlink()
    with (adapter / ADAPTER).open("wb") as stream:
        stream.truncate(1 << 40)
    refused(registry, adapter, base, "no ordinary file")


@pytest.mark.parametrize("name", ["../adapters", "..", "/etc", "", "*", "0" * 64])
def test_names_lead_nowhere_outside(registry: Registry, base: Base, tmp_path: Path, name: str) -> None:
    register(registry, base, tmp_path / "runs")
    for look in (registry.find, registry.get):
        with pytest.raises(DossierError, match="there is no adapter"):
            look(name)


def test_a_damaged_entry_is_told_and_does_not_hide_the_others(registry: Registry, base: Base, tmp_path: Path) -> None:
    entry = register(registry, base, tmp_path / "runs")
    other = register(registry, base, tmp_path / "runs", "second", seed=2)
    raw = json.loads((entry.folder / "entry.json").read_text())
    (entry.folder / "entry.json").write_text(json.dumps({**raw, "name": "better"}, indent=1, sort_keys=True) + "\n")
    assert registry.entries() == [other]
    assert str(entry.folder) in registry.problems()[0]
