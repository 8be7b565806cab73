"""The gateway's index while generations come and go: every answer is from one generation, and none fails."""

import threading
import time
from pathlib import Path

import pytest

from dossier.settings import Settings
from retrieval import generation, upkeep
from serving.index_view import IndexView
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now

pytestmark = pytest.mark.slow

READERS, SWAPS = 20, 20


def change(documents: Path, run: int) -> None:
    for name in ("leave.md", "rules.md"):
        new = documents / f".{name}"
        new.write_text(f"# Leave\n\nIn run {run} everyone has days of annual leave by {name}.\n")
        new.replace(documents / name)


def test_each_answer_is_from_one_generation_while_others_are_made(settings: Settings, documents: Path) -> None:
    change(documents, 0)
    made = {index_now(settings).generation: 0}
    view = IndexView(index_folder_of(settings), HashedWords(), {})
    answers: list[tuple[str, list[str]]] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                found = view.searcher().search("everyone has days of annual leave", frozenset(), 2)
            except Exception as error:  # noqa: BLE001 (whatever it is, it is what this test looks for)
                failures.append(error)
                return
            answers.append((found.generation, [passage.chunk.text for passage in found.passages]))
            time.sleep(0.02)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for run in range(1, SWAPS + 1):
        change(documents, run)
        made[index_now(settings).generation] = run
        upkeep.clear(index_folder_of(settings), keep=1)
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert len({name for name, _ in answers}) > SWAPS / 2
    for name, texts in answers:
        assert len(texts) == 2
        assert all(f"In run {made[name]} " in text for text in texts), (name, made[name], texts)


def test_a_rollback_is_followed_and_a_damaged_pointer_answered_through(settings: Settings, documents: Path) -> None:
    index = index_folder_of(settings)
    for run in (1, 2):
        change(documents, run)
        index_now(settings)
    view = IndexView(index, HashedWords(), {})
    upkeep.rollback(index)
    found = view.searcher().search("everyone has days of annual leave", frozenset(), 2)
    assert "In run 1 " in found.passages[0].chunk.text
    (index / generation.CURRENT).write_bytes(b"g00")
    assert view.searcher().search("annual leave", frozenset(), 2).generation == "g000001"
    fresh = IndexView(index, HashedWords(), {})
    assert fresh.searcher().search("annual leave", frozenset(), 2).generation == "g000002"
    assert "CURRENT is damaged" in fresh.status().message


@pytest.mark.parametrize("moved", [False, True])
def test_an_older_generation_isnt_asked_for_who_lost_a_right_since(
    settings: Settings, documents: Path, moved: bool
) -> None:
    index = index_folder_of(settings)
    change(documents, 1)
    index_now(settings)
    view = IndexView(index, HashedWords(), {})
    if moved:
        (documents / "rules.md").rename(documents / "rules of the board.md")
    (documents / "groups.toml").write_text('[groups]\n"rules*" = ["board"]\n')
    index_now(settings)
    with view.searcher_of("g000001", frozenset()) as (searcher, why):
        assert searcher.manifest.name == "g000002" and why == "who may read a document of that time has changed since."
        sources = {one.document for one in searcher.search("everyone has days of leave", frozenset(), 9).passages}
        assert "leave.md" in sources and not any(name.startswith("rules") for name in sources)
    with view.searcher_of("g000001", frozenset({"board"})) as (searcher, why):
        assert (searcher.manifest.name, why) == ("g000001", "")  # they lost nothing


def test_a_document_that_is_gone_may_still_be_asked_of_its_generation(settings: Settings, documents: Path) -> None:
    change(documents, 1)
    index_now(settings)
    view = IndexView(index_folder_of(settings), HashedWords(), {})
    (documents / "rules.md").unlink()
    (documents / "leave.md").write_text("# Leave\n\nNow it is another number of days.\n")
    index_now(settings)
    with view.searcher_of("g000001", frozenset()) as (searcher, why):
        assert (searcher.manifest.name, why) == ("g000001", "")
