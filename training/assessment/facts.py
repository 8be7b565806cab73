"""What a model's folder says of it, without loading the weights."""

import json
import math
import re
from pathlib import Path
from typing import Any

from dossier.errors import WeightsError
from dossier.processor import computes_bf16
from dossier.weights import BASE_MODELS, packaged_file
from training.assessment.record import Facts, Stored

_NOT_STATED = "not stated"
_LICENCE = re.compile(r"^license:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
_NAMES = {"F32": "fp32", "BF16": "bf16", "F16": "fp16"}
_LONGEST_HEADER = 100 << 20


def facts_of(name: str, folder: Path, device: str) -> Facts:
    """What the folder of a candidate says. `device` is cpu or cuda. Raises WeightsError where it can't be read."""
    config = _config(folder)
    files = sorted(folder.glob("*.safetensors"))
    tensors = [tensor for file in files for tensor in _tensors(file)]
    parameters = sum(math.prod(tensor["shape"]) for tensor in tensors)
    inner = config.get("text_config") or config
    return Facts(
        name=name,
        licence=_licence(name, folder),
        parameters=parameters,
        context=int(inner.get("max_position_embeddings") or 0),
        stored=_stored(name, files, tensors, config, device),
    )


def _stored(
    name: str, files: list[Path], tensors: list[dict[str, Any]], config: dict[str, Any], device: str
) -> tuple[Stored, ...]:
    parameters = sum(math.prod(tensor["shape"]) for tensor in tensors)
    kinds = {str(tensor["dtype"]) for tensor in tensors}
    there = _NAMES.get(next(iter(kinds)), "") if len(kinds) == 1 else ""
    size = sum(file.stat().st_size for file in files)
    bf16 = device == "cuda" or computes_bf16()
    forms = [
        Stored("fp32", size if there == "fp32" else 4 * parameters, there == "fp32", "tuned; served where bf16 isn't"),
        Stored(
            "bf16", size if there == "bf16" else 2 * parameters, there == "bf16",
            "served and tuned" if bf16 else "not supported well: this processor has no bf16, it is served as fp32",
        ),
    ]  # fmt: skip
    quantised = (config.get("quantization_config") or {}).get("quant_method")
    if quantised or not there:
        how = str(quantised or ", ".join(sorted(kinds)))
        can = "served on a GPU" if device == "cuda" else "not supported by the model server on a CPU"
        forms.append(Stored(how, size, True, can))
    if name in BASE_MODELS:
        packaged = BASE_MODELS[name]
        form = packaged.file.rsplit(".", 2)[-2]
        remark = "as packaged; not supported by the model server, so unpacked to bf16"
        forms.append(Stored(f"GGUF {form}", packaged_file(packaged).stat().st_size, True, remark))
    forms.append(Stored("nf4", parameters // 2, False, "about; for tuning alone (--method qlora), not served"))
    return tuple(forms)


def _config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file} can't be read ({error}). Name a folder with a whole model in it.") from error
    if not isinstance(found, dict):
        raise WeightsError(f"{file} isn't a model's configuration. Name a folder with a whole model in it.")
    return found


def _tensors(file: Path) -> list[dict[str, Any]]:
    """Kind and shape of each tensor, from the header (8 bytes of its length, then JSON)."""
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > _LONGEST_HEADER:
                raise ValueError(f"its header has {length} bytes")
            header = json.loads(stream.read(length))
        return [tensor for name, tensor in header.items() if name != "__metadata__" and tensor["shape"] is not None]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{file} isn't a whole safetensors file ({error}). Restore it.") from error


def _licence(name: str, folder: Path) -> str:
    """What the model's card says, else the first line of its licence file."""
    if name in BASE_MODELS:
        return BASE_MODELS[name].licence
    card = folder / "README.md"
    if card.is_file():
        head = card.read_text(encoding="utf-8", errors="replace").split("---")
        found = _LICENCE.search(head[1]) if len(head) > 2 else None
        if found:
            return found[1]
    for file in sorted(folder.glob("LICENSE*")):
        lines = [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
        return next((line[:60] for line in lines if line), _NOT_STATED)
    return _NOT_STATED
