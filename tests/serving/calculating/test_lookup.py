"""Computing from a real index: what is cited is a passage of the answer, and groups hold."""

import pytest

from dossier.packs import Pack, load_pack
from dossier.settings import Settings, load_settings
from retrieval.indexing import build_index
from retrieval.opening import open_searcher
from retrieval.search import Searcher
from serving.answering.reply_wording import word_reply
from serving.calculating import Computed, compute

pytestmark = pytest.mark.model

STATEMENT = """# Acme annual report 2025

## Income statement

In millions

| | 2025 | 2024 |
|---|---|---|
| Total revenue | 180.0 | 150.0 |
| Gross profit | 72.0 | 54.0 |
| Net income | 18.0 | 12.0 |
| Dividends | $6.0 | $5.0 |
"""
PAY = """# Pay at Acme

| in thousands | 2025 | 2024 |
|---|---|---|
| Bonuses of directors | 900 | 600 |
"""
STORES = "Warehouse costs of Acme rose in 2025: warehouse costs grew since warehouse costs follow the rents of halls.\n"
COSTS = """
| | 2025 | 2024 |
|---|---|---|
| Warehouse costs | 40.0 | 32.0 |
| Hall rents | 9.0 | 8.0 |
"""
NEWS = "# Acme news {number}\n\nAcme opened shop {number} and said that gross margin matters to its business in 2025.\n"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Pack, Searcher]:
    folder = tmp_path_factory.mktemp("computing")
    documents = folder / "documents"
    documents.mkdir()
    (documents / "acme-2025.md").write_text(STATEMENT + "\nOther things happened too.\n" * 200)
    (documents / "pay.md").write_text(PAY)
    (documents / "halls.md").write_text(f"# Halls\n\nIn millions\n\n{STORES * 40}{COSTS}")
    (documents / "groups.toml").write_text('[groups]\n"pay.md" = ["board"]\n')
    for number in range(8):
        (documents / f"news-{number}.md").write_text(NEWS.format(number=number))
    settings = load_settings(home=folder / "home", documents=documents)
    pack = load_pack(settings)
    build_index(settings, pack)
    return settings, pack, open_searcher(settings, pack)


def asked(indexed: tuple[Settings, Pack, Searcher], question: str, *groups: str) -> Computed | None:
    _, pack, searcher = indexed
    rights = frozenset(groups)
    found = searcher.search(question, rights, 6)
    return compute(searcher, found, searcher.tables_of_pages(found.passages, rights), rights, pack)


def test_a_figure_is_computed_and_cites_a_passage_of_the_answer(indexed: tuple[Settings, Pack, Searcher]) -> None:
    made = asked(indexed, "By what percentage did total revenue grow in 2025?")
    assert made is not None
    text = word_reply(made.found, made.excerpts)
    assert text.startswith(
        "20% = (180.0 - 150.0) / 150.0 (180.0 million: Total revenue, 2025; 150.0 million: Total revenue, 2024) ["
    )
    number = int(text.rpartition("[")[2].rstrip("]"))
    assert made.passages[number - 1].document == "acme-2025.md"
    assert number in made.tables


def test_the_passage_that_is_cited_holds_the_rows_that_were_computed_with(
    indexed: tuple[Settings, Pack, Searcher],
) -> None:
    """A long page has its words in one passage and its table in another."""
    made = asked(indexed, "By what percentage did warehouse costs grow in 2025?")
    assert made is not None
    text = word_reply(made.found, made.excerpts)
    assert text.startswith("25% = (40.0 - 32.0) / 32.0")
    number = int(text.rpartition("[")[2].rstrip("]"))
    cited = made.passages[number - 1].chunk.text
    assert "40.0" in cited and "32.0" in cited
    assert any("Warehouse costs of Acme rose" in one.chunk.text for one in made.passages)


def test_the_passage_that_holds_the_table_joins_the_answer(indexed: tuple[Settings, Pack, Searcher]) -> None:
    _, pack, searcher = indexed
    found = searcher.search("By what percentage did total revenue grow in 2025?", frozenset(), 6)
    statement = next(passage for passage in found.passages if "180.0" in passage.chunk.text)
    there = searcher.passage_at(statement.chunk.source, statement.chunk.page, statement.chunk.start, frozenset())
    assert there is not None
    assert there.chunk_id == statement.chunk_id
    assert searcher.passage_at("acme-2025.md", 9, 0, frozenset()) is None


def test_tables_of_other_groups_arent_computed_with(indexed: tuple[Settings, Pack, Searcher]) -> None:
    question = "By what percentage did bonuses of directors grow in 2025?"
    assert asked(indexed, question) is None
    made = asked(indexed, question, "board")
    assert made is not None
    assert word_reply(made.found, made.excerpts).startswith("50% = ")
    _, _, searcher = indexed
    assert searcher.passage_at("pay.md", 1, 0, frozenset()) is None
    assert searcher.passage_at("pay.md", 1, 0, frozenset({"board"})) is not None


def test_a_row_asked_for_by_its_name_is_read_with_its_year_and_page(indexed: tuple[Settings, Pack, Searcher]) -> None:
    made = asked(indexed, "What was Acme's total revenue in 2024?")
    assert made is not None and made.looked_up and made.sure
    text = word_reply(made.found, made.excerpts)
    assert text.startswith("Total revenue, 2024: 150.0")
    number = int(text.rpartition("[")[2].rstrip("]"))
    assert made.passages[number - 1].document == "acme-2025.md"
    paid = asked(indexed, "How large were dividends in 2025?")
    assert paid is not None and word_reply(paid.found, paid.excerpts).startswith("Dividends, 2025: $6.0 million [")
    assert asked(indexed, "What was Acme's total revenue in 2019?") is None
    assert asked(indexed, "Which revenue did Acme have in 2024?") is None


def test_somebody_elses_row_of_that_name_is_not_read(indexed: tuple[Settings, Pack, Searcher]) -> None:
    assert asked(indexed, "What was Zenith's total revenue in 2024?") is None


def test_a_row_is_read_only_by_who_may(indexed: tuple[Settings, Pack, Searcher]) -> None:
    question = "What were bonuses of directors in 2025?"
    assert asked(indexed, question) is None
    made = asked(indexed, question, "board")
    assert made is not None and word_reply(made.found, made.excerpts).startswith("Bonuses of directors, 2025: 900")
