"""An index's tables as a source: what everyone may read, and nothing else."""

from pathlib import Path

import pytest

from dossier.errors import DataError, IndexMissingError
from dossier.packs import index_folder, load_pack
from dossier.settings import Settings
from retrieval.embedder import Embedder
from training.data.importing.own_index import read_own_tables
from training.data.prepare import Recipe, prepare
from training.pairs_corpus import index_corpus

PAGE = """<title>{title}</title><h1>{title}</h1><p>In millions</p>
<table><caption>Results in millions</caption><tr><th></th><th>2025</th><th>2024</th></tr>
<tr><td>{row} revenue</td><td>412.5</td><td>388.1</td></tr><tr><td>{row} costs</td><td>300.5</td><td>290.0</td></tr>
</table>"""


@pytest.mark.model
def test_questions_come_from_documents_that_everyone_may_read(
    settings: Settings, documents: Path, embedder: Embedder
) -> None:
    (documents / "open.html").write_text(PAGE.format(title="Open report", row="Wholesale"))
    (documents / "hr" / "closed.html").write_text(PAGE.format(title="Closed report", row="Payroll"))
    index = index_corpus(settings, documents, index_folder(settings, documents), embedder, lambda progress: None)
    found = read_own_tables(index)
    assert found.examples
    assert {example.origin.document for example in found} == {"open.html"}
    assert "Payroll" not in repr(found)
    assert found == read_own_tables(index)
    made = prepare((), (), Recipe(tables=True), settings, load_pack(settings), lambda progress: None)
    assert not made.dropped
    assert len(made.examples) == len(found.examples)
    # limited since it was indexed
    (documents / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n"open.*" = ["board"]\n')
    with pytest.raises(DataError, match="limited to groups"):
        prepare((), (), Recipe(tables=True), settings, load_pack(settings), lambda progress: None)


def test_without_an_index_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError):
        read_own_tables(tmp_path)
