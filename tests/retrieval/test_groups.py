"""Groups hold in each half of the search by itself, and for ids that a caller brings along."""

from pathlib import Path

import pytest

from dossier.settings import load_settings
from retrieval import generation
from retrieval.build import BuildPlan, build
from retrieval.chunk_store import ChunkStore
from retrieval.parsing.isolate import Limits
from retrieval.readers import Readers
from retrieval.scan import scan
from retrieval.scope import Scopes
from retrieval.search import DEPTH, Searcher
from retrieval.word_search import WordSearch
from tests.retrieval.index_loop import HashedWords

QUESTION = "severance terms of the finance director"
EVERYONE: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More restricted documents that say exactly what is asked than a search looks at, and one open document."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "board").mkdir()
    for number in range(DEPTH + 20):
        (folder / "board" / f"{number}.txt").write_text(f"{QUESTION} {number} {number**2} {number**3} {number**4}\n")
    (folder / "open.txt").write_text("The terms of the canteen are on the notice board of the finance floor.\n")
    (folder / "groups.toml").write_text('[groups]\n"board/*" = ["board"]\n')
    place = tmp_path_factory.mktemp("index")
    found = scan(folder, Readers.read(folder, (), load_settings().groups_file, place))
    build(BuildPlan(place, found, Limits(20, 1 << 30), 180, 1 << 20), HashedWords, lambda progress: None)
    return place


def test_restricted_documents_take_no_rank_in_either_half(index: Path) -> None:
    (only,) = Searcher(index, HashedWords()).search(QUESTION, EVERYONE, 10).passages
    assert only.document == "open.txt"
    assert (only.dense_rank, only.lexical_rank) == (1, 1)
    members = Searcher(index, HashedWords()).search(QUESTION, frozenset({"board"}), 10).passages
    assert len(members) == 10
    assert members[0].document != "open.txt"


def test_the_words_and_the_store_filter_by_themselves(index: Path) -> None:
    store = ChunkStore(index / generation.current_name(index) / generation.CHUNKS)
    every = range(1, store.last_chunk_id() + 1)
    words, open_only, everything = WordSearch(store), Scopes(store).of(EVERYONE), Scopes(store).of(frozenset({"board"}))
    assert len(words.search(["severance", "terms"], everything, everything, 500)) == DEPTH + 21
    assert len(words.search(["severance", "terms"], open_only, open_only, 500)) == 1
    assert {chunk.source for chunk in store.get(every, EVERYONE).values()} == {"open.txt"}
    assert len(store.get(every, frozenset({"board"}))) == DEPTH + 21
    assert words.frequency("severance", open_only) == 0
    store.close()
