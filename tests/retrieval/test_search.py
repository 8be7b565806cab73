"""Search over a real index: why passages come, filters, folding, joining and what the question names."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.cli import app
from dossier.packs import index_folder, load_pack
from dossier.records import Filters
from dossier.settings import Settings, load_settings
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from retrieval.retriever import DossierRetriever
from retrieval.search import EVERYONE, Searcher, SearchOptions

pytestmark = pytest.mark.model

RELEASE = """# {company} Reports {quarter} Quarter {year} Results

{company} ({exchange}: {ticker}) today announced results for its {quarter} quarter ended June 30, {year}.

## Revenue

Revenue was {revenue} million, helped by demand for pumps.
"""
LONG = " ".join(
    f"Clause {number} says that the supplier delivers valve number {number} on time." for number in range(60)
)

HEADCOUNT = """# Cyan plc

## Employees

How many employees Cyan needs is planned with the employees' council. Cyan's employees and their number are a matter of
the council, and so are the employees of partners.

## Places of work

Most people work in Leeds; some at sites of customers. On 31 December 2023 Cyan had 4,200 employees.
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    documents = folder / "documents"
    (documents / "board").mkdir(parents=True)
    first = {"company": "Ardent Inc.", "ticker": "ARDT", "exchange": "NYSE", "quarter": "Second"}
    other = {"company": "Borealis Corp.", "ticker": "BRLS", "exchange": "Nasdaq", "quarter": "Second"}
    (documents / "a.md").write_text(RELEASE.format(**first, year=2023, revenue=412))
    (documents / "b.md").write_text(RELEASE.format(**first, year=2024, revenue=455))
    (documents / "c.md").write_text(RELEASE.format(**other, year=2023, revenue=980))
    (documents / "copy of c.md").write_text(RELEASE.format(**other, year=2023, revenue=980))
    (documents / "long.txt").write_text(LONG)
    (documents / "board" / "pay.md").write_text("# Pay\n\nThe severance of the Ardent Inc. chairman is 3 million.\n")
    (documents / "groups.toml").write_text('[groups]\n"board/*" = ["board"]\n')
    (documents / "headcount.md").write_text(HEADCOUNT)
    settings = load_settings(home=folder / "home", documents=documents)
    build_index(settings, load_pack(settings))
    return folder


@pytest.fixture
def settings(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("DOSSIER_HOME", str(place / "home"))
    monkeypatch.setenv("DOSSIER_DOCUMENTS", str(place / "documents"))
    yield load_settings()


def searcher(settings: Settings, embedder: Embedder, options: SearchOptions | None = None) -> Searcher:
    pack = load_pack(settings)
    folder = index_folder(settings, pack.documents)
    return Searcher(folder, embedder, pack.synonyms, options=options or SearchOptions())


def test_a_passage_tells_both_ranks_and_what_its_document_gained(settings: Settings, embedder: Embedder) -> None:
    best = searcher(settings, embedder).search("What was Ardent's revenue in 2024?", EVERYONE, 3).passages[0]
    assert best.document == "b.md"
    assert best.dense_rank and best.lexical_rank and best.similarity
    assert best.boost > 1
    assert "the question names it" in best.reasons
    about = best.chunk.metadata
    assert (about.company, about.ticker, about.kind) == ("Ardent Inc.", "ARDT", "earnings release")
    assert about.period == "2024-Q2"


def test_the_year_decides_between_two_releases_of_one_company(settings: Settings, embedder: Embedder) -> None:
    found = searcher(settings, embedder)
    for year, document in (("2023", "a.md"), ("2024", "b.md")):
        best = found.search(f"Revenue of Ardent in the second quarter of {year}", EVERYONE, 1).passages[0]
        assert best.document == document


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(companies=("borealis",)), {"c.md", "copy of c.md"}),
        (Filters(companies=("ARDT",)), {"a.md", "b.md"}),
        (Filters(periods=("2024",)), {"b.md"}),
        (Filters(kinds=("Earnings Release",), documents=("a.*",)), {"a.md"}),
        (Filters(documents=("nothing/*",)), set()),
        (Filters(companies=("%", "' OR 1=1 --")), set()),
    ],
)
def test_filters_hold_in_both_halves(
    settings: Settings, embedder: Embedder, filters: Filters, expected: set[str]
) -> None:
    for options in (SearchOptions(lexical=False, fold=False), SearchOptions(dense=False, fold=False)):
        passages = searcher(settings, embedder, options).search("revenue pumps", EVERYONE, 20, filters).passages
        assert {passage.document for passage in passages} == expected


def test_the_same_text_comes_once_and_says_where_else_it_stands(settings: Settings, embedder: Embedder) -> None:
    passages = searcher(settings, embedder).search("Borealis revenue second quarter 2023", EVERYONE, 10).passages
    named = [passage for passage in passages if passage.chunk.metadata.company == "Borealis Corp."]
    assert len({passage.document for passage in named}) == 1
    assert named[0].folded and "c.md, page 1" in named[0].folded[0]
    options = SearchOptions(fold=False)
    passages = searcher(settings, embedder, options).search("Borealis revenue", EVERYONE, 10).passages
    assert {"c.md", "copy of c.md"} <= {passage.document for passage in passages}


def test_the_passage_whose_line_could_be_the_answer_comes_first(settings: Settings, embedder: Embedder) -> None:
    question = "How many employees did Cyan have at the end of 2023?"
    before = searcher(settings, embedder, SearchOptions(lines=False)).search(question, EVERYONE, 3).passages
    assert "council" in before[0].chunk.text  # it is about employees more than the other one is
    assert before[0].line is None
    first, second = searcher(settings, embedder).search(question, EVERYONE, 3).passages[:2]
    assert "4,200 employees" in first.chunk.text and "council" in second.chunk.text
    assert first.line is not None and second.line is not None
    assert 1 >= first.line > second.line >= 0 and first.score > second.score


def test_neighbours_are_one_passage_with_true_offsets(settings: Settings, embedder: Embedder) -> None:
    question = "On time delivery of valves by the supplier"
    apart = searcher(settings, embedder, SearchOptions(join=False)).search(question, EVERYONE, 10).passages
    whole = searcher(settings, embedder).search(question, EVERYONE, 10).passages
    pieces = [passage for passage in apart if passage.document == "long.txt"]
    (joined,) = [passage for passage in whole if passage.document == "long.txt"]
    assert len(pieces) > 1
    assert len(joined.chunk.text) > max(len(piece.chunk.text) for piece in pieces)
    said = "".join(joined.chunk.text.split())
    assert said in "".join(LONG.split())
    assert LONG[joined.chunk.start : joined.chunk.end].split() == joined.chunk.text.split()


def test_rarity_and_names_tell_nothing_of_what_may_not_be_read(settings: Settings, embedder: Embedder) -> None:
    found = searcher(settings, embedder)
    outside = found.search("severance of the chairman", EVERYONE, 10)
    inside = found.search("severance of the chairman", frozenset({"board"}), 10)
    assert "pay.md" in {passage.document for passage in inside.passages}
    assert "pay.md" not in {passage.document for passage in outside.passages}
    unknown = found.search("xylophone of the chairman", EVERYONE, 10)
    assert outside.rarity["severance"] == unknown.rarity["xylophone"]
    assert inside.rarity["severance"] < outside.rarity["severance"]


def test_search_command_prints_reasons_and_json(settings: Settings) -> None:
    shown = CliRunner().invoke(app, ["search", "Ardent revenue 2024", "--top", "2"])
    assert shown.exit_code == 0, shown.output
    said = " ".join(shown.output.split())
    assert "by meaning rank" in said and "the question names it" in said
    reply = CliRunner().invoke(app, ["search", "Ardent revenue 2024", "--top", "2", "--json"])
    records = json.loads(reply.output)
    assert len(records) == 2
    assert records[0]["document"] == "b.md"
    assert records[0]["page"] == 1 and records[0]["text"] and records[0]["score"] > 0
    refused = CliRunner().invoke(app, ["search", "severance chairman", "--json", "--document", "board/*"])
    assert json.loads(refused.output) == []


def test_the_retriever_serves_in_a_langchain_chain(settings: Settings, embedder: Embedder) -> None:
    from langchain_core.runnables import RunnableLambda

    retriever = DossierRetriever(searcher=searcher(settings, embedder), limit=2, least_relevance=0.0)
    chain = retriever | RunnableLambda(lambda documents: [document.metadata["document"] for document in documents])
    assert chain.invoke("Ardent revenue 2024")[0] == "b.md"
    assert retriever.batch(["Ardent revenue 2024", "Borealis revenue"])[1][0].metadata["company"] == "Borealis Corp."
    strict = DossierRetriever(searcher=searcher(settings, embedder), least_relevance=1.0)
    assert strict.invoke("Who painted the ceiling of the Sistine Chapel?") == []
