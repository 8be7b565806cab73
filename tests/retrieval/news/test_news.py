"""Feeds: what is fetched and kept, what is refused, and how soon a new item is found."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.errors import SettingsError
from dossier.packs import index_folder, load_pack
from dossier.records import Filters
from dossier.settings import load_settings
from retrieval.embedder import Embedder
from retrieval.news.commands import feed_reader, news_commands
from retrieval.news.fetching import Feed, read_feeds
from retrieval.news.keeping import FeedReader
from retrieval.parsing.isolate import Limits
from serving.index_view import IndexView
from tests.retrieval.news.feed_server import FeedServer, feed_server

LIMITS = Limits(30, 1 << 30)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


def lines(folder: Path, name: str = "wire") -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "news" / f"{name}.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_new_items_are_kept_once_with_time_and_sentiment(server: FeedServer, tmp_path: Path) -> None:
    server.publish("Acme wins an order", "Acme won <b>a large</b> order.", datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    told: list[str] = []
    reader = FeedReader((Feed("wire", server.url),), tmp_path, LIMITS, lambda texts: ["positive"] * len(texts))
    assert reader.poll(told.append) == 1
    assert reader.poll(told.append) == 0
    server.publish("Acme cuts jobs", "Acme cuts 200 jobs.", datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
    assert reader.poll(told.append) == 1
    first, second = lines(tmp_path)
    assert (first["title"], first["published"]) == ("Acme wins an order", "2026-03-02T09:30:00+00:00")
    assert (second["title"], second["sentiment"], second["kind"]) == ("Acme cuts jobs", "positive", "news")
    assert first["text"] == "Acme won a large order." and not told
    assert server.asked == ["", '"1"', '"1"']  # what hasn't changed isn't sent again
    again = FeedReader((Feed("wire", server.url),), tmp_path, LIMITS)  # after a restart
    assert again.poll(told.append) == 0 and len(lines(tmp_path)) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (None, 500, "its server says 500"),
        (b"<html>no feed</html>", 200, "neither an RSS nor an Atom feed|feed|format"),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><rss><channel/></rss>', 200, "entities"),
    ],
)
def test_a_feed_that_fails_is_told_and_the_others_go_on(
    server: FeedServer, tmp_path: Path, body: bytes | None, status: int, told: str
) -> None:
    import re

    server.body, server.status = body, status
    with feed_server() as good:
        good.publish("Fine", "All is well.")
        said: list[str] = []
        feeds = (Feed("bad", server.url), Feed("gone", "http://127.0.0.1:9/feed"), Feed("wire", good.url))
        assert FeedReader(feeds, tmp_path, LIMITS).poll(said.append) == 1
    assert len(said) == 2 and re.search(told, said[0]) and said[1].startswith("gone: ")
    assert [file.name for file in (tmp_path / "news").iterdir()] == ["wire.jsonl"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("feeds = 1", "can't be used"),
        ("[[feeds]]\nname = 'a'", "can't be used"),
        ("[[feeds]]\nname = '../a'\nurl = 'https://x'", "must be of letters"),
        ("[[feeds]]\nname = 'a'\nurl = 'file:///etc/passwd'", "must begin with http"),
        ("[[feeds]]\nname = 'a'\nurl = 'https://x'\n[[feeds]]\nname = 'a'\nurl = 'https://y'", "same name"),
    ],
)
def test_a_bad_file_of_feeds_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "feeds.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=told):
        read_feeds(file)


def test_nothing_is_fetched_unless_it_is_configured(tmp_path: Path) -> None:
    own = load_settings(home=tmp_path)
    with pytest.raises(SettingsError, match="nothing is fetched"):
        feed_reader(own, load_pack(own), None)
    named = load_settings(home=tmp_path, feeds=tmp_path / "feeds.toml")
    with pytest.raises(SettingsError, match="your own documents"):
        feed_reader(named, load_pack(named), None)


@pytest.fixture
def configured(server: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "about.md").write_text("# About\n\nAcme makes valves.\n")
    feeds = tmp_path / "feeds.toml"
    feeds.write_text(f'[[feeds]]\nname = "wire"\nurl = "{server.url}"\n')
    for name, value in (("HOME", tmp_path / "home"), ("DOCUMENTS", documents), ("FEEDS", feeds)):
        monkeypatch.setenv(f"DOSSIER_{name}", str(value))
    return documents


@pytest.mark.model
def test_one_poll_fetches_tags_and_indexes(configured: Path, server: FeedServer, embedder: Embedder) -> None:
    server.publish("Acme shares plunge", "Acme shares plunged 20% after a profit warning.")
    result = CliRunner().invoke(news_commands, ["poll"], catch_exceptions=False)
    assert result.exit_code == 0 and "1 new item, index g000001." in result.output
    (line,) = lines(configured)
    assert line["sentiment"] in ("negative", "unsure")
    settings = load_settings()
    view = IndexView(index_folder(settings, load_pack(settings).documents), embedder, {})
    found = view.searcher().search("Acme shares", frozenset(), 5, Filters(kinds=("news",)))
    assert found.passages[0].chunk.title == "Acme shares plunge"


@pytest.mark.model
@pytest.mark.slow
def test_a_new_item_is_found_within_a_minute(configured: Path, server: FeedServer, embedder: Embedder) -> None:
    server.publish("Old story", "Acme was founded long ago.", datetime(2020, 1, 1, tzinfo=UTC))
    line = [sys.executable, "-m", "dossier", "news", "watch", "--every", "5"]
    watching = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None
        told = iter(watching.stdout.readline, "")
        assert any("1 new item" in one for one in told)
        settings = load_settings()
        view = IndexView(index_folder(settings, load_pack(settings).documents), embedder, {})
        server.publish("Acme buys Bolt", "Acme agreed to buy Bolt Fittings for 40 million.")
        end = time.monotonic() + 60  # what is promised
        while "Acme buys Bolt" not in _titles(view):
            assert time.monotonic() < end, "the item wasn't found within a minute"
            time.sleep(0.5)
    finally:
        os.kill(watching.pid, signal.SIGTERM)
        assert watching.wait(60) == 0


def _titles(view: IndexView) -> list[str]:
    found = view.searcher().search("Who buys Bolt Fittings?", frozenset(), 5, Filters(kinds=("news",)))
    return [passage.chunk.title for passage in found.passages]
