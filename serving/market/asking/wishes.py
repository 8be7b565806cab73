"""What a question asks of prices. Every word of it must fit; else the question is left to the documents."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from serving.market.asking.spans import Span, span_in
from serving.market.projections.projecting import MOST_DAYS
from serving.market.provider import Catalogue
from serving.market.series import Prices

DAYS_AHEAD = 20
_AHEAD = {"day": 1, "week": 5, "month": 21}
"""Trading days of a unit."""
_NUMBERS = {"": 1, "one": 1, "two": 2, "three": 3, "four": 4, "a": 1}


class Kind(StrEnum):
    """What is asked for."""

    VOLATILITY = "volatility"
    DRAWDOWN = "largest fall"
    EXTREMES = "highest and lowest close"
    HIGH = "highest close"
    LOW = "lowest close"
    AVERAGE = "average close"
    CHANGE = "change"
    CLOSE = "close"
    RELATION = "beta and correlation"
    PROJECTION = "projection"


@dataclass(frozen=True, slots=True)
class Wish:
    """A question about prices: of whose, over which period; `against` for beta, `days` ahead for a projection."""

    kind: Kind
    prices: Prices
    span: Span
    against: Prices | None = None
    days: int = DAYS_AHEAD


_PRICE = r"(?:(?:share|stock|closing|market) prices?|prices?(?! (?:increase|list|rise))|clos(?:e|es|ing))"
_CLEAR_PRICE = re.compile(r"\b(?:share price|stock price|closing price|closing share price|closes?)s?\b")
_ANY_PRICE = re.compile(rf"\b{_PRICE}\b")
_CLOSES = r"(?:clos(?:e|es|ing(?: share| stock)? prices?)|(?:share|stock) prices?|prices?)"
_HIGHEST, _LOWEST = r"(?:highest|maximum|peak)", r"(?:lowest|minimum)"
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        Kind.PROJECTION,
        re.compile(
            r"\b(?:project|projection|forecast|predict|prediction"
            # what moves otherwise has moved; only what is to come is asked for like this
            r"|(?:go on|go|develop|move|evolve|change|be|stand)"
            r"(?= (?:over|in|within|for) (?:the )?(?:next|coming|following)\b))\b"
            r"(?P<tail>.*?\b(?:for|over|of|in|within) (?:the )?(?:(?:next|coming|following) )?"
            r"(?P<count>\d{1,3}|one|two|three|four|a)? ?(?:trading )?(?P<unit>day|week|month)s?\b)?"
        ),
    ),
    (Kind.RELATION, re.compile(r"\b(?:beta|correlations?|correlated?)\b")),
    (Kind.VOLATILITY, re.compile(r"\b(?:annuali[sz]ed |historical |price )?(?:volatility|volatile)\b")),
    (
        Kind.DRAWDOWN,
        re.compile(r"\b(?:(?:maximum|largest|biggest|worst|max) (?:drawdown|fall|drop|decline)|drawdown)\b"),
    ),
    (
        Kind.EXTREMES,
        re.compile(rf"\b(?:{_HIGHEST} and (?:the )?{_LOWEST}|{_LOWEST} and (?:the )?{_HIGHEST}) {_CLOSES}\b"),
    ),
    (Kind.HIGH, re.compile(rf"\b{_HIGHEST} {_CLOSES}\b")),
    (Kind.LOW, re.compile(rf"\b{_LOWEST} {_CLOSES}\b")),
    (Kind.AVERAGE, re.compile(rf"\b(?:average|mean) {_CLOSES}\b")),
    (
        Kind.CHANGE,
        re.compile(
            r"\b(?:develop(?:ed|ment)?|perform(?:ed|ance)?|mov(?:e|ed|ement)|chang(?:e|ed)|ris(?:e|en)|rose|fall(?:en)?|fell"
            r"|gain(?:ed)?|los[et]|drop(?:ped)?|gone up|go up|gone down|go down|returns?)\b"
        ),
    ),
    (Kind.CLOSE, re.compile(rf"\b(?:{_CLOSES}|closed)\b")),
)
_FILLER = (
    "what what's was is were are has have had been the a an of in on at did do does how much far by its it for to and "
    "me show tell give please can you could i that this with against from over percent percentage high low up down "
    "share shares stock closing close closes price prices daily current latest last traded trade about will would be "
    "relative value so might may where within"
)
_FILLERS = frozenset(_FILLER.split())
_WORD = re.compile(r"[a-z0-9^][a-z0-9.^=&-]*")
_POSSESSIVE = re.compile(r"['’]s?(?![a-z])")
_NEEDS_PRICE = frozenset({Kind.CHANGE, Kind.PROJECTION, Kind.CLOSE})


def may_be_about_prices(question: str) -> bool:
    """Quickly, before any prices are read: whether the question has a word that such questions have."""
    said = question.lower()
    return any(pattern.search(said) for _, pattern in _KINDS)


def wish_of(question: str, found: Catalogue) -> Wish | None:
    """What a question asks of these prices; None where a word of it is left over, or it isn't clear whose they are."""
    said = _POSSESSIVE.sub("", " ".join(question.split()).rstrip("?.! "))
    named, rest, by_company = _symbols(said, found.prices)
    rest = rest.lower()
    first = named[0] if named else _only(rest, found)
    if first is None:
        return None
    kind, match = next(((kind, match) for kind, one in _KINDS if (match := one.search(rest))), (None, None))
    if kind is None or match is None or not _says_price(kind, rest, by_company):
        return None
    days = _days_ahead(match) if kind is Kind.PROJECTION else DAYS_AHEAD
    spanned = span_in(_without(rest, match), first.last)
    if days is None or spanned is None or not _fits(kind, spanned[0], len(named), rest):
        return None
    if any(word not in _FILLERS for word in _WORD.findall(spanned[1])):
        return None
    return Wish(kind, first, spanned[0], named[1] if len(named) > 1 else None, days)


def _symbols(said: str, prices: Mapping[str, Prices]) -> tuple[list[Prices], str, bool]:
    """Whose prices are named, in order; what is left of the question; whether by the company's name alone."""
    places: list[tuple[int, int, Prices]] = []
    by_company = True
    for one in prices.values():
        # a short symbol is a word too, so that capitals count
        if found := re.search(rf"(?<![\w.^]){re.escape(one.symbol)}(?![\w^])", said):
            by_company = False
        elif one.company:
            found = re.search(rf"(?<!\w){re.escape(one.company)}(?!\w)", said, re.IGNORECASE)
        if found:
            places.append((*found.span(), one))
    places.sort(key=lambda place: place[:2])
    rest = said
    for start, end, _ in reversed(places):
        rest = f"{rest[:start]} {rest[end:]}"
    return [one for _, _, one in places], rest, bool(places) and by_company


def _only(rest: str, found: Catalogue) -> Prices | None:
    """Without a name the prices must be clear: there is one symbol, and the question says whose price it means."""
    if len(found.prices) == 1 and _CLEAR_PRICE.search(rest):
        return next(iter(found.prices.values()))
    return None


def _says_price(kind: Kind, rest: str, by_company: bool) -> bool:
    """A company has other things that change and are forecast than its price."""
    if kind is Kind.CHANGE and re.search(r"\b(?:shares|stock) (?:perform|develop)", rest):
        return True
    if by_company and kind not in (Kind.VOLATILITY, Kind.RELATION):
        return _CLEAR_PRICE.search(rest) is not None
    return kind not in _NEEDS_PRICE or _ANY_PRICE.search(rest) is not None


def _fits(kind: Kind, span: Span, named: int, rest: str) -> bool:
    if kind is Kind.RELATION:
        return named == 2 and not span.is_day
    if kind is Kind.CLOSE:
        latest = span == Span() and re.search(r"\b(?:current|latest|last)\b", rest) is not None
        return named <= 1 and (span.is_day or latest)
    return named <= 1 and not span.is_day and (kind is not Kind.PROJECTION or span == Span())


def _without(rest: str, match: re.Match[str]) -> str:
    return f"{rest[: match.start()]} {rest[match.end() :]}"


def _days_ahead(match: re.Match[str]) -> int | None:
    """Days of a projection; None where the words between don't fit or there are too many days."""
    tail = match["tail"]
    if tail is None:
        return DAYS_AHEAD
    between = (
        tail[: match.start("count") - match.start("tail")] if match["count"] else tail[: tail.rindex(match["unit"])]
    )
    if any(word not in _FILLERS | {"next", "coming", "following", "trading"} for word in _WORD.findall(between)):
        return None
    said = match["count"] or ""
    days = (int(said) if said.isdigit() else _NUMBERS[said]) * _AHEAD[match["unit"]]
    return days if 1 <= days <= MOST_DAYS else None
