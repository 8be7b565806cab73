"""Who may read documents as an admin chose it: over every other rule, from the next run on, wherever a file goes."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dossier.errors import IndexingError, QuestionError
from dossier.packs import Collection, load_pack
from dossier.settings import Settings
from retrieval import generation, upkeep
from retrieval.build import recipe_of
from retrieval.changes import Difference
from retrieval.choices import CHOICES_FILE, Choices, choose, read_choices
from retrieval.chunk_store import ChunkStore
from retrieval.corrections import correct
from retrieval.indexing import scan_of
from retrieval.readers import Readers, readers_of
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now

EVERYONE: frozenset[str] = frozenset()
HR, BOARD = frozenset({"hr"}), frozenset({"board"})
pytestmark = pytest.mark.slow


def indexed(settings: Settings) -> dict[str, frozenset[str]]:
    """The groups of every document in the index, as the search reads them."""
    index = index_folder_of(settings)
    store = ChunkStore(index / generation.current_name(index) / generation.CHUNKS)
    found = {one.document.source: one.document.groups for one in store.documents()}
    store.close()
    return found


def chosen(settings: Settings, place: str, groups: frozenset[str] | None) -> None:
    """What the Documents page does: the digests come from the index."""
    index = index_folder_of(settings)
    store = ChunkStore(index / generation.current_name(index) / generation.CHUNKS)
    known = {one.document.source: one.document.digest for one in store.documents()}
    store.close()
    about = {source: digest for source, digest in known.items() if source == place or source.startswith(place)}
    choose(index, place, groups, about)


def difference(settings: Settings) -> Difference:
    found = scan_of(settings, load_pack(settings))
    return upkeep.difference_now(index_folder_of(settings), found, recipe_of(HashedWords(), 180), lambda _: None)


def test_the_nearest_choice_wins_and_nothing_is_embedded_again(settings: Settings, documents: Path) -> None:
    index_now(settings)
    assert indexed(settings) == {"hr/salaries.txt": HR, "leave.md": EVERYONE, "sales.html": EVERYONE}
    chosen(settings, "hr/", BOARD)
    chosen(settings, "leave.md", HR)
    assert difference(settings).regrouped == ("hr/salaries.txt", "leave.md")
    report = index_now(settings)
    assert (report.changed, report.embedded, report.removed) == (True, 0, 0)
    assert indexed(settings) == {"hr/salaries.txt": BOARD, "leave.md": HR, "sales.html": EVERYONE}
    assert not index_now(settings).changed
    assert difference(settings).regrouped == ()
    (documents / "hr" / "new.md").write_text("# New\n\nIt came later.\n")
    chosen(settings, "hr/salaries.txt", EVERYONE)
    index_now(settings)
    assert indexed(settings)["hr/new.md"] == BOARD
    assert indexed(settings)["hr/salaries.txt"] == EVERYONE
    for place in ("hr/salaries.txt", "hr/", "leave.md"):
        chosen(settings, place, None)
    index_now(settings)
    assert indexed(settings)["hr/salaries.txt"] == HR
    assert indexed(settings)["leave.md"] == EVERYONE
    assert read_choices(index_folder_of(settings)) == Choices()


def test_every_ruling_says_which_rules_it_comes_from(settings: Settings, documents: Path) -> None:
    index = index_folder_of(settings)
    choose(index, "hr/old/", BOARD, {})
    choose(index, "hr/old/open.md", EVERYONE, {})
    collections = [Collection("filings", "Filings", ("hr/*", "x.pdf"), BOARD), Collection("all", "All", ("*",))]
    readers = Readers.read(documents, collections, "groups.toml", index)
    expected = {
        "hr/old/open.md": (EVERYONE, ("set here",)),
        "hr/old/feed.xml#An item": (BOARD, ("set for the folder hr/old/",)),
        "hr/old/deep/a.md": (BOARD, ("set for the folder hr/old/",)),
        "hr/older.md": (HR | BOARD, ("collection filings", "groups.toml: hr/*")),
        "x.pdf": (BOARD, ("collection filings",)),
        "x.pdf#Part": (BOARD, ("collection filings",)),
        "hr/c#.md": (HR | BOARD, ("collection filings", "groups.toml: hr/*")),
        "y.pdf": (EVERYONE, ("no rule limits it",)),
    }
    assert {source: (readers.of(source).groups, readers.of(source).why) for source in expected} == expected
    assert readers.known == HR | BOARD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"choices": {}}',
        '{"choices": {"leave.md": []}, "seen": {}}',
        '{"choices": {"leave.md": ""}, "seen": {}}',
        '{"choices": {"leave.md": "nobody"}, "seen": {}}',
        '{"choices": {"leave.md": ["hr", 3]}, "seen": {}}',
        '{"choices": {"leave.md": null}, "seen": {}}',
        '{"choices": {"leave.md": ["hr"]}, "seen": ["leave.md"]}',
    ],
)
def test_a_damaged_file_opens_nothing(settings: Settings, text: str) -> None:
    index_now(settings)
    chosen(settings, "leave.md", HR)
    index_now(settings)
    (index_folder_of(settings) / CHOICES_FILE).write_text(text)
    with pytest.raises(IndexingError, match=r"readers\.json is damaged"):
        index_now(settings)
    with pytest.raises(IndexingError, match=r"readers\.json is damaged"):
        chosen(settings, "leave.md", EVERYONE)
    assert indexed(settings)["leave.md"] == HR


@pytest.mark.parametrize("after", ["nothing", "rebuild", "index lost", "corrected"])
def test_a_renamed_and_a_copied_file_keep_their_readers(settings: Settings, documents: Path, after: str) -> None:
    index_now(settings)
    chosen(settings, "leave.md", HR)
    index = index_folder_of(settings)
    if after == "corrected":  # which takes the new name for another document
        correct(index, "leave.md", {"company": "Acme"})
        index_now(settings)
    if after == "index lost":
        for name in generation.names(index):
            shutil.rmtree(index / name)
        (index / generation.CURRENT).unlink()
    shutil.copy(documents / "leave.md", documents / "copy.md")
    (documents / "leave.md").rename(documents / "holidays.md")
    report = index_now(settings, rebuild=after == "rebuild")
    assert {name: groups for name, groups in indexed(settings).items() if groups == HR} == {
        "copy.md": HR, "holidays.md": HR, "hr/salaries.txt": HR,
    }  # fmt: skip
    if after == "nothing":
        assert report.embedded == 0
    assert not index_now(settings).changed
    again = documents / "back.md"
    shutil.copy(documents / "copy.md", again)
    assert difference(settings).copied == (("copy.md", "back.md"),)
    index_now(settings)
    assert indexed(settings)["back.md"] == HR


def test_a_restriction_goes_where_the_file_goes(settings: Settings, documents: Path) -> None:
    for folder in ("hr", "open", "board"):
        (documents / folder).mkdir(exist_ok=True)
    (documents / "hr" / "plan.md").write_text("# Plan\n\nNobody else may know the plan.\n")
    (documents / "hr" / "public.md").write_text("# Public\n\nEverybody may know this part.\n")
    index_now(settings)
    chosen(settings, "hr/", HR)
    chosen(settings, "open/", EVERYONE)
    chosen(settings, "board/", BOARD)
    chosen(settings, "hr/public.md", EVERYONE)
    (documents / "hr" / "salaries.txt").rename(documents / "open" / "salaries.txt")
    shutil.copy(documents / "hr" / "plan.md", documents / "board" / "plan.md")
    shutil.copy(documents / "hr" / "public.md", documents / "board" / "public.md")
    shutil.copy(documents / "hr" / "public.md", documents / "hr" / "public-2.md")
    index_now(settings)
    assert indexed(settings) == {
        "open/salaries.txt": HR,  # the folder is open, and the file was limited
        "board/plan.md": BOARD,  # the other folder is limited by itself
        "board/public.md": BOARD,  # that everyone may read it doesn't open it elsewhere
        "hr/public-2.md": EVERYONE,
        "hr/public.md": EVERYONE,
        "hr/plan.md": HR,
        "leave.md": EVERYONE,
        "sales.html": EVERYONE,
    }
    (documents / "hr").rename(documents / "people")
    index_now(settings)
    assert indexed(settings)["people/plan.md"] == HR


def test_a_file_of_the_same_bytes_that_was_there_before_is_left_alone(settings: Settings, documents: Path) -> None:
    shutil.copy(documents / "leave.md", documents / "twin.md")
    index_now(settings)
    chosen(settings, "leave.md", HR)
    index_now(settings)
    assert (indexed(settings)["leave.md"], indexed(settings)["twin.md"]) == (HR, EVERYONE)
    (documents / "sales.html").write_bytes((documents / "leave.md").read_bytes())
    index_now(settings)
    assert indexed(settings)["sales.html"] == HR


def test_what_is_chosen_during_a_run_stays(settings: Settings) -> None:
    index = index_folder_of(settings)
    index_now(settings)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: choose(index, f"{number}.md", HR, {f"{number}.md": "0"}), range(40)))
    assert len(read_choices(index).chosen) == 40

    def late() -> HashedWords:
        choose(index, "leave.md", BOARD, {})
        return HashedWords()

    index_now(settings, late)
    assert read_choices(index).chosen["leave.md"] == BOARD
    index_now(settings)
    assert indexed(settings)["leave.md"] == BOARD


def test_what_is_no_group_is_refused(tmp_path: Path) -> None:
    for name in ("", " ", " hr", "a\0b", "x" * 101):
        with pytest.raises(QuestionError):
            choose(tmp_path, "a.md", frozenset({name}), {})
    with pytest.raises(QuestionError):
        choose(tmp_path, "a.md", frozenset(map(str, range(101))), {})
    assert read_choices(tmp_path) == Choices()
    choose(tmp_path, "a.md", EVERYONE, {})
    assert json.loads((tmp_path / CHOICES_FILE).read_text())["choices"] == {"a.md": "everyone"}


def test_rules_are_read_anew(settings: Settings) -> None:
    pack = load_pack(settings)
    choose(index_folder_of(settings), "leave.md", HR, {})
    assert readers_of(settings, pack).groups("leave.md") == HR
