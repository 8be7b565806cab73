"""Base models with an adapter in them, kept beside the base: made at the first start, and found at the next."""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from dossier.adapters import read_adapter
from dossier.merging import OnProgress, merge
from dossier.registry.checking import Base
from dossier.registry.entries import Entry
from dossier.settings import Settings
from dossier.weights import verify_folder

_START = "merged-"
_OURS = re.compile(r"\.?merged-[0-9a-f]{16}(-.*)?")
"""Names that this module gives; whatever else lies there is somebody's own."""


def merged_model(settings: Settings, entry: Entry, base: Base, base_folder: Path, on_progress: OnProgress) -> Path:
    """The folder of the base with a checked adapter added, named by what it is made of. Raises WeightsError.

    `base_folder` is the verified folder of `base`. Raises EnvironmentProblem where the disk is too full.
    """
    told = {"base": base.name, "base_sha256": base.digest, "adapter": entry.digest}
    told |= {name: str(entry.origin.run.get(name, "")) for name in ("form", "prompt")}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    folder = settings.models_folder / f"{_START}{digest[:16]}"
    if not folder.is_dir():
        merge(read_adapter(entry.folder), base_folder, folder, told, on_progress)
    verify_folder(folder)
    return folder


def forget_merged(settings: Settings, kept: Path | None) -> None:
    """Remove the merged models but the one in use, and what removing or merging left when it was killed."""
    for folder in sorted(settings.models_folder.glob("*")):
        if folder == kept or not _OURS.fullmatch(folder.name):
            continue
        going = folder.with_name(f".{folder.name.lstrip('.')}-gone-{os.getpid()}")
        folder.rename(going)  # at once, so that half of a folder is never taken for a model
        shutil.rmtree(going)
