"""Takes questions such as "what is new about X since Monday?" and lists the items of feeds, newest first."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

from dossier.citations import marker
from dossier.errors import NotFoundError
from dossier.records import Filters, Passage
from dossier.traces import Origin, Trace
from retrieval.search import Searcher
from serving.answering.desks import Given, Taken
from serving.market.asking.spans import Span, span_in
from serving.news.naming import names_all, telling, words_in
from serving.whole_tables.writing import Piece, Wording, plain

MOST_ITEMS = 8
_LOOKED_AT = 40
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ASKED = re.compile(
    r"(?:what(?:['’]s| is| has been)? new|what(?:['’]s| is| are)? the (?:latest |newest )?news"
    r"|(?:is there )?any (?:new )?news|(?:(?:show|give) me )?(?:the )?(?:latest |newest |recent )?news)"
    r" (?:about|on|of) (?P<about>.+)",
    re.IGNORECASE,
)
_SINCE = re.compile(rf"\bsince (?:last )?(?P<day>yesterday|{'|'.join(_WEEKDAYS)})$", re.IGNORECASE)
_NAMED = re.compile(r"\b(?P<when>today|this week|yesterday)$", re.IGNORECASE)
_SENTIMENT = re.compile(r"^sentiment: (\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NewsWish:
    """What news are asked for: words that all must stand in an item, and from which day on (UTC; None: any)."""

    about: str
    since: date | None
    until: date | None = None


def news_wish(question: str, today: date) -> NewsWish | None:
    """What a question asks of the news; None where it isn't one for them, or its period isn't understood."""
    found = _ASKED.fullmatch(" ".join(question.split()).strip().rstrip("?.! "))
    if found is None:
        return None
    about, span = _about(found["about"], today)
    if span is None or re.search(r"\b(?:since|last|past|before|until|between|during)\b", about):
        return None
    about = about.strip(" ,")
    return NewsWish(about, span.since, span.until) if 1 <= len(telling(about)) <= 5 else None


class NewsDesk:
    """Questions for news, recognised by rules; no model takes part."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`now` is the time that "since Monday" counts from."""
        self._now = now

    def take(self, question: str, groups: frozenset[str]) -> Taken | None:
        """The question, where it asks for news."""
        wish = news_wish(question, self._now().date())
        return Taken("Looking through the news", partial(_answer, wish, groups)) if wish else None


def _answer(wish: NewsWish, groups: frozenset[str], searcher: Searcher) -> Given:
    filters = Filters(kinds=("news",), since=str(wish.since or ""), until=str(wish.until or ""))
    found = searcher.search(wish.about, groups, _LOOKED_AT, filters).passages
    items: dict[str, Passage] = {}
    for passage in found:
        if _is_about(passage, wish):
            items.setdefault(passage.chunk.source, passage)
    if not items:
        since = f" since {wish.since}" if wish.since else ""
        raise NotFoundError(f"No item of the feeds that are indexed is about {plain(wish.about)}{since}.")
    newest = sorted(items.values(), key=lambda one: one.chunk.metadata.date, reverse=True)
    shown = tuple(newest[:MOST_ITEMS])
    return Given(_worded(wish, shown, len(newest)), shown)


def _worded(wish: NewsWish, shown: tuple[Passage, ...], count: int) -> Wording:
    text, pieces = "", list[Piece]()

    def say(words: str, trace: Trace) -> None:
        nonlocal text
        pieces.append(Piece(len(text), len(text) + len(words), trace))
        text += words

    since = f" since {wish.since}" if wish.since else ""
    asked = Trace("", -1, -1, Origin.QUESTION)
    say(f"News about {plain(wish.about)}{since}, newest first:", asked)
    for number, passage in enumerate(shown, start=1):
        there = Trace("", -1, -1, Origin.PASSAGE, number, passage.document, passage.chunk.page)
        feeling = _SENTIMENT.search(passage.chunk.text)
        tagged = f" (sentiment: {feeling[1]})" if feeling else ""
        say(f"\n- {_when(passage)}: {plain(passage.chunk.title)}{tagged}, {passage.document}", there)
        say(f" {marker(number)}", there)
    if count > len(shown):
        say(
            f"\nAnd {count - len(shown)} older ones.",
            Trace("", -1, -1, Origin.COMPUTED, expression="items found less shown"),
        )
    return Wording(text, tuple(pieces))


def _when(passage: Passage) -> str:
    said = passage.chunk.metadata.date
    return f"{said[:10]} {said[11:16]} UTC" if len(said) > 10 else said or "without a date"


def _is_about(passage: Passage, wish: NewsWish) -> bool:
    return names_all(words_in(f"{passage.chunk.title} {passage.chunk.text}"), telling(wish.about))


def _about(said: str, today: date) -> tuple[str, Span | None]:
    """Whom or what the news are about, and the period; None where it can't be one."""
    if match := _SINCE.search(said):
        return said[: match.start()], Span(_day_before(match["day"].lower(), today))
    if match := _NAMED.search(said):
        when = match["when"].lower()
        if when == "yesterday":
            day = today - timedelta(days=1)
            return said[: match.start()], Span(day, day)
        since = today if when == "today" else today - timedelta(days=today.weekday())
        return said[: match.start()], Span(since)
    spanned = span_in(said.lower(), today)
    if spanned is None:
        return said, None
    span, rest = spanned
    return (said if span == Span() else rest), span


def _day_before(named: str, today: date) -> date:
    """The last such day: a weekday's is today where today is one."""
    if named == "yesterday":
        return today - timedelta(days=1)
    return today - timedelta(days=(today.weekday() - _WEEKDAYS.index(named)) % 7)
