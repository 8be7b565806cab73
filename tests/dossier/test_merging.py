"""Merged weights: PEFT's own sums, rounded once to the base's type; whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from dossier.adapters import ADAPTER, load_tensors, narrowed, read_adapter, save_tensors, sha256_of, widened
from dossier.errors import EnvironmentProblem, WeightsError
from dossier.merging import merge
from dossier.weights import verify_folder
from tests.dossier.registry.small import layer, write_adapter, write_base
from tests.training.tuning.tiny import write_model


def test_bf16_is_rounded_to_the_nearest_and_to_the_even_of_two() -> None:
    bits = np.array([0x3F800000, 0x3F808000, 0x3F808001, 0x3F818000, 0x3F817FFF, 0xBF808001], "<u4")
    expected = [0x3F80, 0x3F80, 0x3F81, 0x3F82, 0x3F81, 0xBF81]
    assert narrowed(bits.view("<f4"), "BF16").tolist() == expected
    drawn = np.random.default_rng(0).normal(size=10_000).astype(np.float32)
    there = widened(narrowed(drawn, "BF16"), "BF16")
    assert np.abs(there - drawn).max() <= np.abs(drawn).max() / 256
    assert narrowed(there, "BF16").tolist() == narrowed(drawn, "BF16").tolist()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("rslora", [False, True])
def test_merged_is_what_peft_merges(tmp_path: Path, dtype: str, rslora: bool) -> None:
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    made = AutoModelForCausalLM.from_pretrained(write_model(tmp_path / "made"), dtype=getattr(torch, dtype))
    base = tmp_path / "base"
    made.save_pretrained(base, max_shard_size="100KB")  # several files
    assert len(list(base.glob("*.safetensors"))) > 1
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    targets = ["q_proj", "v_proj", "up_proj", "down_proj"]
    outer = get_peft_model(plain, LoraConfig(r=4, lora_alpha=6, target_modules=targets, use_rslora=rslora))
    with torch.no_grad():
        for name, value in outer.named_parameters():
            if "lora_" in name:
                value.normal_(std=0.2)
    outer.save_pretrained(tmp_path / "adapter")
    merge(read_adapter(tmp_path / "adapter"), base, tmp_path / "merged")
    verify_folder(tmp_path / "merged")
    again = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    theirs = PeftModel.from_pretrained(again, str(tmp_path / "adapter")).merge_and_unload().state_dict()
    ours = {
        name: value for file in (tmp_path / "merged").glob("*.safetensors") for name, value in load_file(file).items()
    }
    before = {name: value for file in base.glob("*.safetensors") for name, value in load_file(file).items()}
    assert ours.keys() == before.keys()
    changed = {name for name, value in ours.items() if not bool((value == before[name]).all())}
    assert changed == {name for name in ours if name.split(".")[-2] in targets}
    step = {"float32": 2e-7, "float16": 2**-10, "bfloat16": 2**-7}[dtype]  # one rounding apart at most
    for name, value in ours.items():
        assert value.dtype is getattr(torch, dtype)
        torch.testing.assert_close(value.float(), theirs[name].to(value.dtype).float(), rtol=step, atol=1e-6)


def test_layout_and_everything_beside_the_changed_weights_stay_byte_for_byte(tmp_path: Path) -> None:
    write_base(tmp_path / "base")
    (tmp_path / "base" / "chat_template.jinja").write_text("{{ messages }}")
    (tmp_path / "base" / "README.md").write_text("about the base")
    adapter = write_adapter(tmp_path / "adapter", target_modules=["q_proj"])
    kept = {name: value for name, value in load_tensors(adapter / ADAPTER).items() if "q_proj" in name}
    save_tensors(kept, adapter / ADAPTER)
    merge(read_adapter(adapter), tmp_path / "base", tmp_path / "merged", {"form": "evidence"})
    before, after = (tmp_path / name / "model.safetensors" for name in ("base", "merged"))
    assert before.stat().st_size == after.stat().st_size
    old, new = load_tensors(before), load_tensors(after)
    changed = {name for name in old if not np.array_equal(old[name], new[name])}
    assert changed == {f"{layer(number, 'q_proj')}.weight" for number in range(2)}
    assert sorted(file.name for file in (tmp_path / "merged").iterdir()) == [
        "chat_template.jinja", "dossier-provenance.json", "dossier-weights.json", "model.safetensors",
    ]  # fmt: skip
    digests = json.loads((tmp_path / "merged" / "dossier-weights.json").read_text())
    assert digests["model.safetensors"] == sha256_of(after)


@pytest.mark.parametrize(
    ("rank", "names", "said"),
    [(4, {"q_proj": "k_proj"}, "isn't there"), (4, {"v_proj": "q_proj", "q_proj": "v_proj"}, "doesn't fit its base")],
)
def test_what_does_not_fit_leaves_nothing(tmp_path: Path, rank: int, names: dict[str, str], said: str) -> None:
    write_base(tmp_path / "base")
    adapter = write_adapter(tmp_path / "adapter", rank)
    parts = load_tensors(adapter / ADAPTER)
    renamed = {".".join(names.get(part, part) for part in name.split(".")): value for name, value in parts.items()}
    save_tensors(renamed, adapter / ADAPTER)
    with pytest.raises(WeightsError, match=said):
        merge(read_adapter(adapter), tmp_path / "base", tmp_path / "models" / "merged")
    assert list((tmp_path / "models").iterdir()) == []


def test_numbers_that_overflow_and_odd_weights_are_refused(tmp_path: Path) -> None:
    write_base(tmp_path / "base")
    adapter = write_adapter(tmp_path / "adapter")
    parts = load_tensors(adapter / ADAPTER)
    save_tensors({name: np.full_like(value, 1e30) for name, value in parts.items()}, adapter / ADAPTER)
    with pytest.raises(WeightsError, match="no numbers"):
        merge(read_adapter(adapter), tmp_path / "base", tmp_path / "merged")
    save_tensors({**parts, "base_model.model.x.lora_magnitude_vector": np.ones(2, np.float32)}, adapter / ADAPTER)
    with pytest.raises(WeightsError, match="more than LoRA"):
        merge(read_adapter(adapter), tmp_path / "base", tmp_path / "merged")
    (adapter / ADAPTER).write_bytes(b"\x80\x04pickle")
    with pytest.raises(WeightsError, match="can't be read"):
        merge(read_adapter(adapter), tmp_path / "base", tmp_path / "merged")


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_base(tmp_path / "base")
    adapter = read_adapter(write_adapter(tmp_path / "adapter"))
    monkeypatch.setattr("dossier.merging._KEPT_FREE", 1 << 60)
    with pytest.raises(EnvironmentProblem, match="GiB free"):
        merge(adapter, tmp_path / "base", tmp_path / "models" / "merged")
    assert list((tmp_path / "models").iterdir()) == []
