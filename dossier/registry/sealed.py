"""JSON files that know their own digest: one changed byte, and they are refused."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dossier.errors import RegistryError

_SEAL = "sha256"


def sealed_text(content: Mapping[str, Any]) -> str:
    """The text of a sealed file: the content and the SHA-256 of its canonical form."""
    return _canonical({**content, _SEAL: hashlib.sha256(_canonical(content).encode()).hexdigest()})


def read_sealed(file: Path) -> dict[str, Any]:
    """The content of a sealed file. Raises RegistryError where it can't be read or isn't what was written."""
    try:
        text = file.read_bytes().decode()
        content = json.loads(text)
        del content[_SEAL]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RegistryError(f"{file} can't be read ({error!r}). Restore it from a backup.") from error
    if not isinstance(content, dict) or sealed_text(content) != text:
        raise RegistryError(f"{file} isn't what Dossier wrote: its digest doesn't hold. Restore it from a backup.")
    return content


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
