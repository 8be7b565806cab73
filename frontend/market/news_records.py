"""What the feeds have brought, as the gateway tells it."""

from dataclasses import dataclass
from datetime import datetime

from frontend.gateway.answer_records import Spec, spec_of
from frontend.gateway.connection import Connection
from frontend.gateway.records import moment
from frontend.gateway.source_records import Json, Source

_A_DAY = 10
"""Characters of a day; a feed may tell the month or year alone."""


@dataclass(frozen=True, slots=True)
class NewsItem:
    """An item of a feed; `published` None: not known, `sentiment` empty: it isn't labelled."""

    source: str
    feed: str
    title: str
    text: str
    published: datetime | None
    sentiment: str
    companies: tuple[str, ...]

    @classmethod
    def read(cls, data: Json) -> "NewsItem":
        """From one of the `items`."""
        return cls(
            source=str(data["source"]),
            feed=str(data["feed"]),
            title=str(data["title"]),
            text=str(data.get("text") or ""),
            published=moment(data["published"]) if len(str(data["published"])) >= _A_DAY else None,
            sentiment=str(data.get("sentiment") or ""),
            companies=tuple(map(str, data.get("companies") or ())),
        )

    @property
    def page(self) -> Source:
        """Its page, as the viewer opens it."""
        return Source(0, self.source.rsplit("/", 1)[-1], 1, (), "", False, self.source)


@dataclass(frozen=True, slots=True)
class News:
    """The newest items about a name, how many there are, the names to choose from, and the chart (None: too little)."""

    items: tuple[NewsItem, ...]
    total: int
    companies: tuple[str, ...]
    chart: Spec | None

    @classmethod
    def read(cls, data: Json) -> "News":
        """From the JSON of `GET /v1/news`."""
        return cls(
            items=tuple(map(NewsItem.read, data["items"])),
            total=int(data["total"]),
            companies=tuple(map(str, data["companies"])),
            chart=spec_of(data.get("chart")),
        )


def news(gateway: Connection, about: str, limit: int) -> News:
    """The newest items about a name (empty: all) that the person may read."""
    return News.read(gateway.query("/v1/news", {"about": about, "limit": limit}))
