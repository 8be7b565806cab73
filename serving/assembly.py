"""Puts the serving parts together: store, engine, index, chain, gateway."""

import os
from dataclasses import dataclass
from pathlib import Path

from dossier.base_model import prepare_base_model
from dossier.errors import EnvironmentProblem, SignInError
from dossier.packs import Pack, index_folder, load_pack
from dossier.settings import Settings
from retrieval.build import OnProgress
from retrieval.indexing import load_embedder
from retrieval.opening import load_reranker
from serving.api import Gateway, PackInfo
from serving.chain import DocumentChain
from serving.engine import Engine
from serving.index_view import IndexView
from serving.model_client import ModelClient
from serving.store import FirstAdmin, Store, open_store

_OPERATOR_KEY = "operator.key"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that answer questions."""

    settings: Settings
    pack: Pack
    engine: Engine
    index: IndexView
    chain: DocumentChain


def assemble(settings: Settings, on_progress: OnProgress) -> Parts:
    """Prepare the model and join the answering parts; nothing is started yet. Raises WeightsError, SettingsError."""
    pack = load_pack(settings)
    folder = prepare_base_model(settings, pack.base_model, on_progress)
    engine = Engine(settings, folder, pack.model_name)
    found_in = index_folder(settings, pack.documents)
    index = IndexView(found_in, load_embedder(settings), pack.synonyms, load_reranker(settings))
    chain = DocumentChain(index, ModelClient(engine), settings, pack.tone)
    return Parts(settings, pack, engine, index, chain)


def gateway(parts: Parts, store: Store) -> Gateway:
    """What the HTTP application is made of."""
    pack = parts.pack
    return Gateway(
        settings=parts.settings,
        store=store,
        answerer=parts.chain,
        index=parts.index,
        pack=PackInfo(pack.name, pack.title, pack.description, pack.starter_questions),
        model=pack.model_name,
        engine=parts.engine,
    )


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
