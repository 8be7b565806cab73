"""Questions for what is new: which are taken, and what is answered."""

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dossier.errors import NotFoundError
from dossier.packs import index_folder, load_pack
from dossier.settings import load_settings
from dossier.traces import Origin
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from serving.index_view import IndexView
from serving.news.desk import NewsDesk, news_wish

TODAY = date(2026, 3, 5)  # a Thursday
NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("question", "about", "since", "until"),
    [
        ("What is new about Acme since Monday?", "Acme", "2026-03-02", ""),
        ("what's new about Acme since Thursday?", "Acme", "2026-03-05", ""),
        ("What’s the latest news on Acme Works?", "Acme Works", "", ""),
        ("Any news about Acme this week", "Acme", "2026-03-02", ""),
        ("latest news about Acme since 2026-03-01", "acme", "2026-03-01", ""),
        ("news of Acme yesterday", "Acme", "2026-03-04", "2026-03-04"),
        ("Show me the news about Acme over the last 3 days", "acme", "2026-03-02", ""),
    ],
)
def test_questions_for_news(question: str, about: str, since: str, until: str) -> None:
    found = news_wish(question, TODAY)
    assert found is not None
    assert (found.about, str(found.since or ""), str(found.until or "")) == (about, since, until)


@pytest.mark.parametrize(
    "question",
    [
        "What was Acme's revenue in 2025?",
        "What is new?",
        "What new products did Acme announce?",
        "What is new about the way in which the company reports its many segments and regions?",
        "What is new about Acme since the merger?",
        "What does the news release say about margins?",
    ],
)
def test_other_questions_are_left_to_the_documents(question: str) -> None:
    assert news_wish(question, TODAY) is None


def test_no_question_of_the_sets_is_taken() -> None:
    root = Path(__file__).resolve().parents[3]
    for file in (
        "packs/finance/questions.jsonl",
        "benchmarks/questions/filings.jsonl",
        "benchmarks/questions/handbook.jsonl",
    ):
        for line in (root / file).read_text(encoding="utf-8").splitlines():
            assert news_wish(json.loads(line)["question"], TODAY) is None


@pytest.mark.model
def test_newest_first_each_with_time_sentiment_and_source(tmp_path: Path, embedder: Embedder) -> None:
    documents = tmp_path / "documents"
    (documents / "news").mkdir(parents=True)
    (documents / "acme.md").write_text("# Acme\n\nAcme makes valves; what is new about Acme stands in its report.\n")
    items = [
        ("a", "Acme wins an order", "2026-03-03T09:30:00+00:00", "positive"),
        ("b", "Acme cuts jobs", "2026-03-04T17:05:00+00:00", "negative"),
        ("c", "Acme opens a plant", "2026-02-20T08:00:00+00:00", "positive"),
        ("d", "Bolt wins an order", "2026-03-04T10:00:00+00:00", "positive"),
    ]
    told = [
        {
            "id": one,
            "title": title,
            "text": f"{title}, it was said.",
            "published": when,
            "kind": "news",
            "sentiment": tone,
        }
        for one, title, when, tone in items
    ]
    (documents / "news" / "wire.jsonl").write_text("\n".join(json.dumps(one) for one in told) + "\n")
    settings = load_settings(home=tmp_path / "home", documents=documents)
    pack = load_pack(settings)
    build_index(settings, pack)
    searcher = IndexView(index_folder(settings, pack.documents), embedder, {}).searcher()
    desk = NewsDesk(lambda: datetime(2026, 3, 5, 12, tzinfo=UTC))
    taken = desk.take("What is new about Acme since Monday?", NOBODY)
    assert taken is not None
    given = asyncio.run(asyncio.to_thread(taken.answer, searcher))
    said, *rest = given.wording.text.split("\n")
    assert said == "News about Acme since 2026-03-02, newest first:"
    assert [line.split(",")[0] for line in rest] == [
        "- 2026-03-04 17:05 UTC: Acme cuts jobs (sentiment: negative)",
        "- 2026-03-03 09:30 UTC: Acme wins an order (sentiment: positive)",
    ]
    assert rest[0].endswith("[1]") and given.passages[0].chunk.title == "Acme cuts jobs"
    traces = given.wording.traces(given.wording.text, ())
    assert {trace.origin for trace in traces} <= {Origin.QUESTION, Origin.PASSAGE}
    none = desk.take("What is new about Zenith since Monday?", NOBODY)
    assert none is not None
    with pytest.raises(NotFoundError, match="about Zenith since 2026-03-02"):
        none.answer(searcher)
