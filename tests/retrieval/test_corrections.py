"""What people write down about documents wins over what was found in them, from the next indexing run on."""

from pathlib import Path

import pytest

from dossier.errors import IndexingError, QuestionError
from dossier.records import Metadata
from dossier.settings import Settings
from retrieval import generation
from retrieval.chunk_store import ChunkStore
from retrieval.corrections import correct, read_corrections
from tests.retrieval.index_loop import index_folder_of, index_now

WRITTEN = '["*.md"]\ncompany = "Acme"\nperiod = "2023"\n["leave*"]\nkind = "policy"\n'
WRONG = ["colour = 1", '["*"]\ncolour = "red"', '["*"]\ndate = "soon"', "[", '["*"]\ncompany = 3']


def about(settings: Settings, source: str) -> Metadata:
    index = index_folder_of(settings)
    store = ChunkStore(index / generation.current_name(index) / generation.CHUNKS)
    found = next(one for one in store.documents() if one.document.source == source)
    store.close()
    return found.document.metadata


@pytest.mark.slow
def test_the_file_beside_the_documents_and_then_the_admin_win(settings: Settings, documents: Path) -> None:
    index_now(settings)
    assert about(settings, "leave.md").company == ""
    (documents / "documents.toml").write_text(
        '["*.md"]\ncompany = "Acme"\nperiod = "2023"\n["leave*"]\nkind = "policy"\n'
    )
    assert index_now(settings).changed
    found = about(settings, "leave.md")
    assert (found.company, found.period, found.kind) == ("Acme", "2023", "policy")
    assert about(settings, "sales.html").company == ""
    correct(index_folder_of(settings), "leave.md", {"company": "Borealis"})
    index_now(settings)
    found = about(settings, "leave.md")
    assert (found.company, found.period) == ("Borealis", "2023")
    assert correct(index_folder_of(settings), "leave.md", {"company": ""}) == {}
    index_now(settings)
    assert about(settings, "leave.md").company == "Acme"
    assert not index_now(settings).changed


@pytest.mark.parametrize(
    "text", ["colour = 1", '["*"]\ncolour = "red"', '["*"]\ndate = "soon"', "[", '["*"]\ncompany = 3']
)
def test_a_wrong_file_is_named_and_nothing_is_indexed(settings: Settings, documents: Path, text: str) -> None:
    (documents / "documents.toml").write_text(text)
    with pytest.raises(IndexingError, match=r"documents\.toml is wrong"):
        index_now(settings)


def test_an_admin_cannot_write_what_is_no_metadata(tmp_path: Path) -> None:
    for values in ({"groups": "hr"}, {"company": "x" * 201}, {"date": "31.12.2023"}, {"company": "a\0b"}):
        with pytest.raises(QuestionError):
            correct(tmp_path, "a.md", values)
    assert read_corrections(tmp_path, "documents.toml", tmp_path).by_admin == {}
