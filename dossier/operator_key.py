"""Where the API key of whoever operates this machine lies, for the command lines of all packages."""

from pathlib import Path

from dossier.errors import EnvironmentProblem
from dossier.settings import Settings


def operator_key_file(settings: Settings) -> Path:
    """The file, which only the operator can read."""
    return settings.home / "operator.key"


def read_operator_key(settings: Settings) -> str:
    """The API key of whoever operates this machine. Raises EnvironmentProblem when Dossier was never started here."""
    file = operator_key_file(settings)
    if not file.is_file():
        raise EnvironmentProblem(f"there is no {file}. Start Dossier once with `dossier run`.")
    return file.read_text(encoding="utf-8").strip()
