"""The news watch that `dossier run` starts: it finds what is new, is told when it fails, and harms nothing."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dossier.packs import index_folder, load_pack
from dossier.records import Filters
from dossier.settings import Settings, load_settings
from retrieval.embedder import Embedder
from retrieval.news.telling import WatchState, state_told, tell_state
from serving.index_view import IndexView
from serving.news.watching import NewsWatch, news_state, watching_news
from tests.retrieval.news.feed_server import FeedServer, feed_server
from tests.serving.api.serving_app import served, until

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


@pytest.fixture
def configured(server: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a product with a feed, as its processes read them."""
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "about.md").write_text("# About\n\nAcme makes valves.\n")
    feeds = tmp_path / "feeds.toml"
    feeds.write_text(f'[[feeds]]\nname = "wire"\nurl = "{server.url}"\n')
    for name, value in (("HOME", tmp_path / "home"), ("DOCUMENTS", documents), ("FEEDS", feeds)):
        monkeypatch.setenv(f"DOSSIER_{name}", str(value))
    return load_settings()


def ending(word: str, status: int = 1) -> tuple[str, ...]:
    """A command that says a word and ends."""
    return sys.executable, "-c", f"import sys; print({word!r}, file=sys.stderr); sys.exit({status})"


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.model
@pytest.mark.slow
def test_what_run_starts_finds_a_new_item_within_a_minute(
    configured: Settings, server: FeedServer, embedder: Embedder
) -> None:
    server.publish("Old story", "Acme was founded long ago.", datetime(2020, 1, 1, tzinfo=UTC))
    with watching_news(configured) as watch:
        assert watch is not None and (pid := watch.pid)
        until_watched(configured, watch)
        view = IndexView(index_folder(configured, load_pack(configured).documents), embedder, {})
        server.publish("Acme buys Bolt", "Acme agreed to buy Bolt Fittings for 40 million.")
        end = time.monotonic() + 60  # what is promised
        while "Acme buys Bolt" not in titles(view):
            watch.look()
            assert time.monotonic() < end, "the item wasn't found within a minute"
            time.sleep(0.5)
        server.status = 500
        while (found := news_state(configured, datetime.now(UTC))) is not None and found.state == "watching":
            time.sleep(0.2)
        assert found is not None and "its server says 500" in found.message
        assert watch.pid == pid
    assert not lives(pid)


def until_watched(settings: Settings, watch: NewsWatch) -> None:
    while (found := news_state(settings, datetime.now(UTC))) is None or found.state != "watching":
        watch.look()
        time.sleep(0.2)


def titles(view: IndexView) -> list[str]:
    found = view.searcher().search("Who buys Bolt Fittings?", frozenset(), 5, Filters(kinds=("news",)))
    return [passage.chunk.title for passage in found.passages]


def test_without_feeds_nothing_is_started(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with watching_news(settings) as watch:
        assert watch is None
    assert news_state(settings, NOW) is None and not (tmp_path / "home").exists()


def test_a_watch_that_ends_is_told_and_started_again_after_ever_longer_pauses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path, feeds=tmp_path / "feeds.toml")
    now = [0.0]
    watch = NewsWatch(settings, ending("dossier: the file can't be used."), lambda: now[0])
    for pause in (30, 60, 120):
        until(lambda: watch.look() is None and watch.pid is None)
        found = news_state(settings, datetime.now(UTC))
        assert found is not None and found.state == "failing"
        assert "ended by itself: the file can't be used. It is started again in" in found.message
        now[0] += pause - 1
        watch.look()
        assert watch.pid is None
        now[0] += 1
        watch.look()
        assert watch.pid is not None
    until(lambda: watch.look() is None and watch.pid is None)
    now[0] += 3600
    watch.look()
    now[0] += 700  # it ran for a while: the next end is a new one
    until(lambda: watch.look() is None and watch.pid is None)
    watch.close()
    assert "in 30 s" in capsys.readouterr().err.splitlines()[-1]
    assert (tmp_path / "logs" / "news.log").read_text().count("can't be used") == 5


def test_a_watch_that_is_killed_is_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, feeds=tmp_path / "feeds.toml")
    watch = NewsWatch(settings, (sys.executable, "-c", "import time; time.sleep(600)"))
    assert watch.pid is not None
    os.kill(watch.pid, signal.SIGKILL)
    until(lambda: watch.look() is None and watch.pid is None)
    told = state_told(settings)
    assert told is not None and "status -9" in told.problem


def test_the_watch_ends_with_the_product(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, feeds=tmp_path / "feeds.toml")
    watch = NewsWatch(settings, (sys.executable, "-c", "import time; time.sleep(600)"))
    assert (pid := watch.pid) is not None
    watch.close()
    assert not lives(pid)


@pytest.mark.parametrize(
    ("ago", "problem", "state"),
    [
        (10, "", "watching"),
        (200, "", "watching"),
        (300, "", "not watching"),
        (10, "wire: its server says 500.", "failing"),
        (9000, "wire: its server says 500.", "failing"),
    ],
)
def test_how_the_watch_is(tmp_path: Path, ago: float, problem: str, state: str) -> None:
    settings = Settings(home=tmp_path, feeds=tmp_path / "feeds.toml")
    tell_state(settings, WatchState(NOW - timedelta(seconds=ago), 20.0, problem))
    found = news_state(settings, NOW)
    assert found is not None and found.state == state
    assert bool(found.message) == (state != "watching")


def test_a_damaged_word_is_none(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, feeds=tmp_path / "feeds.toml")
    (tmp_path / "news-watch.json").write_text('{"at": 3')
    found = news_state(settings, NOW)
    assert found is not None and (found.state, found.at) == ("not watching", None)


def test_admins_see_it_on_health(tmp_path: Path) -> None:
    with served(tmp_path / "plain") as gateway:
        assert gateway.signed_in("admin").get("/admin/health").json()["news"] is None
    with served(tmp_path / "home", feeds=tmp_path / "feeds.toml") as gateway:
        admin = gateway.signed_in("admin")
        assert admin.get("/admin/health").json()["news"]["state"] == "not watching"
        tell_state(Settings(home=tmp_path / "home"), WatchState(datetime.now(UTC), 20.0, "wire: its server says 500."))
        news = admin.get("/admin/health").json()["news"]
        assert (news["state"], news["message"]) == ("failing", "wire: its server says 500.")
        assert gateway.client().get("/ready").status_code == 200
