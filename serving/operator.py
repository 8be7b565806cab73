"""The API key of whoever operates this machine, for its command line."""

import os
from pathlib import Path

from dossier.errors import EnvironmentProblem, SignInError
from dossier.settings import Settings
from serving.store import FirstAdmin, Store, open_store

_OPERATOR_KEY = "operator.key"


def open_store_with_operator(settings: Settings) -> tuple[Store, FirstAdmin | None, str]:
    """Open the store and make sure that this machine's operator has an API key, in a file only they can read.

    Returns the store, the first admin if just made, and the key.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    store, first = open_store(settings)
    return store, first, _operator_key(settings.home / _OPERATOR_KEY, store)


def read_operator_key(settings: Settings) -> str:
    """The API key of whoever operates this machine. Raises EnvironmentProblem when Dossier was never started here."""
    file = settings.home / _OPERATOR_KEY
    if not file.is_file():
        raise EnvironmentProblem(f"there is no {file}. Start Dossier once with `dossier run`.")
    return file.read_text(encoding="utf-8").strip()


def _operator_key(file: Path, store: Store) -> str:
    key = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if key and _is_valid(key, store):
        return key
    admin = next(user for user in store.users.all() if user.role == "admin" and not user.suspended)
    issued = store.credentials.issue_key(admin.id, "this machine's command line")
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(issued.key + "\n")
    new.replace(file)
    return issued.key


def _is_valid(key: str, store: Store) -> bool:
    try:
        store.credentials.caller(key)
    except SignInError:
        return False
    return True
