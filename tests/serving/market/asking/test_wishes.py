"""Which questions are about prices: those that ask for them in every word, and none about filings."""

import json
from datetime import date
from pathlib import Path

import pytest

from dossier.packs import load_pack
from dossier.settings import load_settings
from serving.market.asking.spans import Span, span_in
from serving.market.asking.wishes import Kind, may_be_about_prices, wish_of
from serving.market.provider import Catalogue, provider_of

ROOT = Path(__file__).resolve().parents[4]
LAST = date(2025, 10, 31)


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The pack's one symbol, LKFD of Larkfield, to 2025-10-31."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    return provider_of(settings, load_pack(settings)).catalogue()


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("prices")
    for symbol in ("AAPL", "EBAY", "FDX", "MCD", "ORCL", "CRM", "IT"):
        lines = "\n".join(f"2024-01-{day:02},{10 + day % 3}" for day in range(1, 29))
        (folder / f"{symbol}.csv").write_text(f"date,close\n{lines}\n")
    (folder / "symbols.csv").write_text(
        "symbol,company\nAAPL,Apple\nEBAY,eBay\nFDX,FedEx\nMCD,McDonald's\nORCL,Oracle\nCRM,Salesforce\n"
    )
    return provider_of(load_settings(home=folder, market_data=folder), load_pack(load_settings())).catalogue()


@pytest.mark.parametrize(
    ("question", "kind", "since", "until"),
    [
        ("What was LKFD's volatility over the last year?", Kind.VOLATILITY, "2024-10-31", ""),
        ("How volatile was Larkfield in 2025?", Kind.VOLATILITY, "2025-01-01", "2025-12-31"),
        ("How did LKFD's price develop since June?", Kind.CHANGE, "2025-06-01", ""),
        ("How did Larkfield’s shares perform over the past six months?", Kind.CHANGE, "2025-04-30", ""),
        ("How much has LKFD's share price gained this year?", Kind.CHANGE, "2025-01-01", ""),
        (
            "How far did the LKFD share price rise between July 2024 and June 2025?",
            Kind.CHANGE,
            "2024-07-01",
            "2025-06-30",
        ),
        ("What was the highest close in 2025?", Kind.HIGH, "2025-01-01", "2025-12-31"),
        ("the lowest closing price of LKFD in March", Kind.LOW, "2025-03-01", "2025-03-31"),
        ("What were the highest and lowest closes in October 2025?", Kind.EXTREMES, "2025-10-01", "2025-10-31"),
        (
            "What was LKFD's average closing price from 3 March 2025 to March 10, 2025?",
            Kind.AVERAGE,
            "2025-03-03",
            "2025-03-10",
        ),
        ("What was the largest drawdown of LKFD?", Kind.DRAWDOWN, "", ""),
        ("At what price did LKFD close on 31 March 2025?", Kind.CLOSE, "2025-03-31", "2025-03-31"),
        ("What is LKFD's latest close?", Kind.CLOSE, "", ""),
        ("project LKFD's price for 20 days", Kind.PROJECTION, "", ""),
    ],
)
def test_questions_about_prices(prices: Catalogue, question: str, kind: Kind, since: str, until: str) -> None:
    found = wish_of(question, prices)
    assert found is not None and found.kind is kind and found.prices.symbol == "LKFD"
    assert (str(found.span.since or ""), str(found.span.until or "")) == (since, until)
    assert may_be_about_prices(question)


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("Project LKFD's price", 20),
        ("Forecast Larkfield's share price for the next two weeks", 10),
        ("predict the LKFD price over the next 5 trading days", 5),
        ("What is the projection of LKFD's closing price for one month?", 21),
        ("How might LKFD's price go on over the next 20 days?", 20),
        ("How will Larkfield's share price develop in the coming month?", 21),
        ("Where could the LKFD price be within the next two weeks?", 10),
        ("project LKFD's price for 200 days", None),
        ("project LKFD's price and dividends for 20 days", None),
    ],
)
def test_how_far_ahead(prices: Catalogue, question: str, days: int | None) -> None:
    found = wish_of(question, prices)
    assert (found and found.days) == days


@pytest.mark.parametrize(
    "question",
    [
        "What is the forecast for Larkfield's revenue?",
        "Forecast for LKFD",
        "What is Larkfield's outlook for fiscal 2026?",
        "How did Larkfield's price increases change margin?",
        "How did Larkfield's prices change in 2025?",
        "How did Larkfield's stock change in 2025?",
        "How did Larkfield's inventory change in 2025?",
        "How did Larkfield's revenue develop since 2023?",
        "What was the size of the backlog at the close of fiscal 2025?",
        "What is the highest price of a hotel?",
        "What was LKFD's highest revenue in 2025?",
        "What was the exercise price of options in 2025?",
        "What was the average price paid per share in 2025?",
        "How many LKFD shares were bought back at the closing price?",
        "What was the volatility assumed for LKFD's options?",
        "What was MSFT's volatility over the last year?",
        "What was LKFD's beta?",
        "What was the highest close in fiscal 2025?",
        "How did LKFD's price develop since 31 February 2025?",
        "Did Larkfield close in 2025?",
        "close",
        "",
    ],
)
def test_what_isnt_clearly_about_prices_is_left_to_the_documents(prices: Catalogue, question: str) -> None:
    assert wish_of(question, prices) is None


def test_no_question_of_the_sets_is_taken(prices: Catalogue, several: Catalogue) -> None:
    """Three of them ask about prices in words that the rules don't know; none is taken for what it isn't."""
    asked = []
    for file in (
        "packs/finance/questions.jsonl",
        "benchmarks/questions/filings.jsonl",
        "benchmarks/questions/handbook.jsonl",
    ):
        asked += [json.loads(line)["question"] for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    assert len(asked) > 200
    assert [question for question in asked if wish_of(question, prices) or wish_of(question, several)] == []


def test_no_question_over_public_reports_is_taken(prices: Catalogue, several: Catalogue, shared_data: Path) -> None:
    file = shared_data / "tatqa" / "tatqa_dataset_dev.json"
    if not file.is_file():
        pytest.skip(f"the public questions {file} aren't there")
    contexts = json.loads(file.read_text(encoding="utf-8"))
    asked = [one["question"] for context in contexts for one in context["questions"]]
    assert len(asked) > 1600
    assert [question for question in asked if wish_of(question, prices) or wish_of(question, several)] == []


def test_two_symbols_and_symbols_that_are_words(several: Catalogue) -> None:
    found = wish_of("What is AAPL's beta to EBAY in 2024?", several)
    assert found is not None and found.kind is Kind.RELATION
    assert (found.prices.symbol, found.against and found.against.symbol) == ("AAPL", "EBAY")
    reverse = wish_of("How is Oracle correlated with Apple?", several)
    assert reverse is not None and reverse.prices.symbol == "ORCL"
    assert wish_of("What was the highest close in 2024?", several) is None  # whose?
    assert wish_of("What was its volatility? How volatile was it?", several) is None
    taken = wish_of("What was IT's volatility?", several)
    assert taken is not None and taken.prices.symbol == "IT"
    assert wish_of("What was the volatility of AAPL and EBAY?", several) is None


@pytest.mark.parametrize(
    ("words", "since", "until"),
    [
        ("since the beginning of 2025", "2025-01-01", None),
        ("since december", "2024-12-01", None),
        ("in june", "2025-06-01", "2025-06-30"),
        ("in february 2024", "2024-02-01", "2024-02-29"),
        ("over the last 30 days", "2025-10-01", None),
        ("over the past 52 weeks", "2024-11-01", None),
        ("over the last month", "2025-09-30", None),
        ("on the 3rd of march 2025", None, None),
        ("on 3rd of march 2025", "2025-03-03", "2025-03-03"),
        ("on 2025-03-03", "2025-03-03", "2025-03-03"),
        ("from january to march 2025", "2025-01-01", "2025-03-31"),
        ("year to date", "2025-01-01", None),
        ("", None, None),
    ],
)
def test_periods(words: str, since: str | None, until: str | None) -> None:
    found = span_in(f"the close {words}", LAST)
    assert found is not None
    wanted = [one and date.fromisoformat(one) for one in (since, until)]
    assert [found[0].since, found[0].until] == wanted


def test_periods_that_cant_be() -> None:
    assert span_in("between 2025 and 2024", LAST) is None
    assert span_in("on 2025-02-30", LAST) is None
    assert span_in("over the last 0 days", LAST) is None
    assert span_in("nothing named", LAST) == (Span(), "nothing named")
