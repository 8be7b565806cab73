"""`dossier run` before anything starts: what would stop it is told at once."""

from pathlib import Path

import pytest

from dossier.errors import IndexingError
from dossier.packs import load_pack
from dossier.settings import load_settings
from serving.running import Page, run
from tests.frontend.processes import free_port


@pytest.mark.parametrize(("there", "message"), [(False, "doesn't exist. Create it"), (True, "no documents to index")])
def test_without_documents_it_says_so_before_a_model_is_prepared(tmp_path: Path, there: bool, message: str) -> None:
    folder = tmp_path / "documents"
    if there:
        folder.mkdir()
        (folder / "photo.heic").write_bytes(b"\0" * 10)
    settings = load_settings(
        home=tmp_path / "home", documents=folder, port=free_port(), page_port=free_port(), engine_port=free_port()
    )
    with pytest.raises(IndexingError, match=message):
        run(settings, load_pack(settings), Page([], {}))
    assert not (tmp_path / "home").exists()
