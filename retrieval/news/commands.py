"""The commands `dossier news poll` and `watch`."""

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from dossier.command_group import command_group
from dossier.errors import DossierError, EnvironmentProblem, SettingsError
from dossier.packs import Pack, load_pack
from dossier.settings import Settings, load_settings
from retrieval.indexing import Choices, build_index, plan_of
from retrieval.labelling.head import LabelTask
from retrieval.labelling.labeller import Labeller
from retrieval.news.fetching import read_feeds
from retrieval.news.keeping import FeedReader, Tag
from retrieval.news.telling import WatchState, tell_state

news_commands = command_group("News from RSS and Atom feeds: fetch and index what is new.")
UNSURE = "unsure"
EVERY = 20.0
"""Seconds between two looks: with the indexing behind it, an item is found within a minute."""


@news_commands.command("poll")
def poll() -> None:
    """Fetch the feeds once and index what is new.

    Example: DOSSIER_FEEDS=feeds.toml dossier news poll
    """
    settings = load_settings()
    pack = load_pack(settings)
    _look(_reader(settings, pack), settings, pack, _print)


@news_commands.command("watch")
def watch_feeds(
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = EVERY,
) -> None:
    """Fetch the feeds now and then until Ctrl-C, and index what is new.

    Example: DOSSIER_FEEDS=feeds.toml dossier news watch
    """
    settings = load_settings()
    pack = load_pack(settings)
    reader = _reader(settings, pack)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    print(f"Watching {len(reader.feeds)} feeds. Ctrl-C ends it.", flush=True)
    due = True  # what an earlier watch kept may not be indexed yet
    while not stop.is_set():
        problems: list[str] = []
        try:
            _look(reader, settings, pack, problems.append, due)
            due = False
        except DossierError as error:  # the disk is full, another run is at work: tried again with the next look
            problems.append(str(error))
            due = True
        _tell(settings, every, problems)
        stop.wait(every)
    print("Stopped.", flush=True)


def feed_reader(settings: Settings, pack: Pack, tag: Tag | None) -> FeedReader:
    """What fetches the feeds of the settings. Raises SettingsError where none are named, or no documents folder is."""
    if settings.feeds is None:
        raise SettingsError("the setting feeds names no file of feeds, so that nothing is fetched. Name one.")
    if settings.documents is None:
        raise SettingsError("news are kept with your own documents: name their folder by the setting documents.")
    limits = plan_of(settings, pack, Choices()).limits
    return FeedReader(read_feeds(settings.feeds), pack.documents, limits, tag)


def _reader(settings: Settings, pack: Pack) -> FeedReader:
    labeller = Labeller(settings, pack.heads)
    tags = LabelTask.SENTIMENT in labeller.tasks()

    def tag(texts: Sequence[str]) -> list[str]:
        return [one.label or UNSURE for one in labeller.label(LabelTask.SENTIMENT, texts)]

    return feed_reader(settings, pack, tag if tags else None)


def _look(reader: FeedReader, settings: Settings, pack: Pack, tell: Callable[[str], None], due: bool = False) -> None:
    """Fetch and keep what is new, and index it; also when nothing is new where that is `due`."""
    new = reader.poll(tell)
    if new or due:
        report = build_index(settings, pack)
        if new:
            print(f"{new} new item{'s' if new != 1 else ''}, index {report.generation}.", flush=True)


def _tell(settings: Settings, every: float, problems: Sequence[str]) -> None:
    for problem in problems:
        _print(problem)
    try:
        tell_state(settings, WatchState(datetime.now(UTC), every, " ".join(problems)))
    except EnvironmentProblem as error:
        _print(str(error))


def _print(told: str) -> None:
    print(f"dossier: {told}", file=sys.stderr, flush=True)
