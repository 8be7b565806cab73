"""Answers from prices: the figures of the measures, with file and rows, traces and a chart; and through the chain."""

import json
import shutil
from pathlib import Path

import pytest

from dossier.errors import MarketDataError
from dossier.packs import index_folder, load_pack
from dossier.records import Answer, Verdict
from dossier.settings import Settings, load_settings
from dossier.traces import Origin
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from serving.answering.chain import DocumentChain
from serving.answering.desks import Given
from serving.answering.model_client import ModelClient
from serving.index_view import IndexView
from serving.market.asking.desk import MarketDesk
from serving.market.measures import maximum_drawdown, volatility
from serving.market.projections.projecting import Projector, project
from serving.market.provider import FolderPrices, provider_of
from tests.serving.answering.scripted_model import ask

NOBODY: frozenset[str] = frozenset()


class NoDocuments:
    """An index without the files of prices."""

    def tables(self, source, groups, page=None):
        return []

    def passage_at(self, source, page, start, groups):
        return None


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> MarketDesk:
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    pack = load_pack(settings)
    return MarketDesk(provider_of(settings, pack), Projector(), pack.documents)


def answer(desk: MarketDesk, question: str) -> Given:
    wish = desk.wish(question, NOBODY)
    assert wish is not None
    return desk.answer(wish, NOBODY, NoDocuments())


def test_volatility_with_period_definition_file_and_rows(desk: MarketDesk) -> None:
    found = answer(desk, "What was LKFD's volatility over the last year?")
    text = found.wording.text
    wish = desk.wish("What was LKFD's volatility over the last year?", NOBODY)
    assert wish is not None
    measured = volatility(wish.prices.between(wish.span.since))
    assert text.startswith("LKFD's volatility from 2024-10-31 to 2025-10-31 was ")
    assert f"{measured.value:.2%} a year" in text and measured.definition in text
    assert "Read 252 closing prices: lines 88 to 339 of prices.csv." in text
    assert text.endswith("not investment advice.")
    assert found.chart["$schema"].endswith("/v5.json")


def test_every_number_is_traced(desk: MarketDesk) -> None:
    for question in (
        "What was the highest close in 2025?",
        "How did LKFD's price develop since June?",
        "What was LKFD's largest drawdown?",
        "What were the highest and lowest closes in 2025?",
        "What was LKFD's average closing price in March 2025?",
        "At what price did LKFD close on 31 March 2025?",
        "What was LKFD's volatility in 2025?",
    ):
        wording = answer(desk, question).wording
        traces = wording.traces(wording.text, ())
        assert traces and all(trace.is_traced for trace in traces)
        for trace in traces:
            assert wording.text[trace.start : trace.end] == trace.text


def test_cells_name_their_line(desk: MarketDesk) -> None:
    wording = answer(desk, "What was the highest close in 2025?").wording
    cell = next(trace for trace in wording.traces(wording.text, ()) if trace.text == "62.18")
    assert (cell.origin, cell.document, cell.row, cell.column) == (Origin.CELL, "prices.csv", "2025-10-31", "close")
    pack = load_pack(load_settings())
    line = int(cell.place.removeprefix("line "))
    assert (pack.documents / "prices.csv").read_text().splitlines()[line - 1].startswith("2025-10-31,62.18")


def test_change_and_fall_are_the_measures(desk: MarketDesk) -> None:
    said = answer(desk, "How did LKFD's price develop from July 2024 to June 2025?").wording.text
    assert "from 44.18 on 2024-07-01 to 55.27 on 2025-06-30: +25.10%" in said
    wish = desk.wish("What was LKFD's largest drawdown?", NOBODY)
    assert wish is not None
    fall = maximum_drawdown(wish.prices)
    assert f"{fall.depth:.2%}, from {fall.peak_close:,.2f} on {fall.peak}" in answer(desk, "LKFD drawdown").wording.text


@pytest.mark.slow
def test_a_projection_is_the_models_own(desk: MarketDesk) -> None:
    wish = desk.wish("project LKFD's price for 1 day", NOBODY)
    assert wish is not None
    found = answer(desk, "project LKFD's price for 1 day")
    made = project(wish.prices, 1)
    text = found.wording.text
    assert f"{made.forecast.middle[-1]:,.2f} in the middle" in text and made.verdict in text
    assert f"{made.forecast.low[95][-1]:,.2f} to {made.forecast.high[95][-1]:,.2f}" in text
    assert f"held {made.backtest.score.coverage[80]:.0%}" in text and "not investment advice" in text
    assert all(trace.is_traced for trace in found.wording.traces(text, ()))
    assert "layer" in found.chart


def test_days_without_a_price_are_told(desk: MarketDesk) -> None:
    wish = desk.wish("What was LKFD's close on 2030-01-02?", NOBODY)
    assert wish is not None
    with pytest.raises(MarketDataError, match="go from 2024-07-01 to 2025-10-31"):
        desk.answer(wish, NOBODY, NoDocuments())


def test_who_may_not_read_the_prices_is_not_answered_from_them(tmp_path: Path) -> None:
    from dataclasses import replace

    from serving.market.provider import Catalogue

    own = load_settings(home=tmp_path)
    catalogue = provider_of(own, load_pack(own)).catalogue()
    limited = Catalogue({name: replace(one, groups=frozenset({"traders"})) for name, one in catalogue.prices.items()})

    class Limited:
        def catalogue(self) -> Catalogue:
            return limited

    desk = MarketDesk(Limited(), Projector(), tmp_path)
    assert desk.wish("What was LKFD's volatility?", NOBODY) is None
    assert desk.wish("What was LKFD's volatility?", frozenset({"traders"})) is not None


def test_prices_that_cant_be_read_leave_the_question_to_the_documents(tmp_path: Path) -> None:
    desk = MarketDesk(FolderPrices(tmp_path / "gone"), Projector(), tmp_path)
    assert desk.wish("What was LKFD's volatility?", NOBODY) is None


@pytest.fixture
def made(settings: Settings, embedder: Embedder, documents: Path) -> DocumentChain:
    """A chain over documents with a file of prices, whose model server isn't there."""
    own = load_settings(home=settings.home)
    folder = documents / "market"
    folder.mkdir()
    shutil.copy(load_pack(own).documents / "prices.csv", folder / "LKFD.csv")
    pack = load_pack(settings)
    build_index(settings, pack)

    class Nowhere:
        url, api_key, model_name = "http://127.0.0.1:9/v1", "k", "m"

    view = IndexView(index_folder(settings, pack.documents), embedder, {})
    # the path in the documents folder is what both call the file
    desk = MarketDesk(FolderPrices(documents), Projector(), pack.documents)
    return DocumentChain(view, ModelClient(Nowhere(), None), settings, pack, (desk,))


@pytest.mark.model
def test_the_chain_answers_from_prices_without_a_model(made: DocumentChain) -> None:
    found: Answer = ask(made, "What was LKFD's highest close in 2025?")
    assert found.verdict is Verdict.ANSWERED and found.chart is not None
    assert found.text.startswith("LKFD's highest close from 2025-01-02 to 2025-10-31 was 62.18 on 2025-10-31 [1].")
    assert "of market/LKFD.csv" in found.text
    (cited,) = {citation.number for citation in found.citations}
    passage = found.passages[cited - 1]
    assert (
        passage.chunk.source == "market/LKFD.csv"
        and "2025-10-31" in passage.chunk.text
        and "62.18" in passage.chunk.text
    )
    assert any(trace.text == "62.18" and trace.passage == cited for trace in found.traces)
    assert json.dumps(found.chart) and found.pin is not None and found.pin.passages[0].source == "market/LKFD.csv"
    refused = ask(made, "What was LKFD's close on 2030-01-02?")
    assert refused.verdict is Verdict.NOT_IN_DOCUMENTS and "go from 2024-07-01" in refused.note
