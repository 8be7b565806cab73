"""The API key of whoever operates this machine, for its command line."""

import os
from pathlib import Path

from dossier.errors import SignInError
from dossier.operator_key import operator_key_file
from dossier.settings import Settings
from serving.store import FirstAdmin, Store, open_store


def open_store_with_operator(settings: Settings) -> tuple[Store, FirstAdmin | None, str]:
    """Open the store and make sure that this machine's operator has an API key, in a file only they can read.

    Returns the store, the first admin if just made, and the key.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    store, first = open_store(settings)
    return store, first, _operator_key(operator_key_file(settings), store)


def _operator_key(file: Path, store: Store) -> str:
    key = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if key and _is_valid(key, store):
        return key
    # one with a password: an identity provider can take the role away with each sign-in
    local = [user for user in store.users.all() if user.role == "admin" and not user.suspended and not user.issuer]
    admin = local[0]
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
