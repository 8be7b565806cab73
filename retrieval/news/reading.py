"""The items of feeds as the index has them, newest first."""

import re
from dataclasses import dataclass

from retrieval.chunk_store import READABLE, ChunkStore

MOST_ITEMS = 2_000
"""The newest that are looked at."""
_LONGEST = 600
_ITEMS = (
    "SELECT d.source, d.title, json_extract(d.metadata, '$.date') AS published, "  # noqa: S608
    "(SELECT group_concat(part.text, char(10)) FROM (SELECT c.text FROM chunks c WHERE c.document_id = d.id "
    "ORDER BY c.page, c.start LIMIT 8) part) "
    f"FROM documents d WHERE json_extract(d.metadata, '$.kind') = 'news' AND {READABLE} "
    "ORDER BY published DESC, d.source LIMIT :most"
)
_TOLD = re.compile(r"^(?:feed|sentiment|published|date|kind|id|link|url): .*$\n?", re.MULTILINE)
_SENTIMENT = re.compile(r"^sentiment: (\w+)$", re.MULTILINE)
_FEED = re.compile(r"^feed: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NewsItem:
    """An item: `published` in ISO 8601 (empty: not known), `sentiment` empty where it isn't labelled."""

    source: str
    feed: str
    title: str
    text: str
    published: str
    sentiment: str


def read_news(store: ChunkStore, groups: frozenset[str], most: int = MOST_ITEMS) -> list[NewsItem]:
    """The newest items that the groups may read."""
    return [_item(*row) for row in store.rows(_ITEMS, {"most": most}, groups)]


def _item(source: str, title: str, published: str | None, text: str | None) -> NewsItem:
    said = text or ""
    feeling, feed = _SENTIMENT.search(said), _FEED.search(said)
    name = source.partition("#")[0].rsplit("/", 1)[-1].rsplit(".", 1)[0]
    below = _TOLD.sub("", said).strip().removeprefix(title).strip()
    return NewsItem(
        source=source,
        feed=feed[1].strip() if feed else name,
        title=title,
        text=below[:_LONGEST],
        published=published or "",
        sentiment=feeling[1] if feeling else "",
    )
