"""Keeps the items of feeds as documents: a JSON lines file for each feed, an item a line, oldest first."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dossier.durable import write_text
from dossier.errors import DocumentError, EnvironmentProblem
from retrieval.news.fetching import Feed, Seen, fetch
from retrieval.parsing.isolate import Limits, read_isolated
from retrieval.parsing.parsed import ParsedDocument

FOLDER = "news"
"""In the documents folder: who may read what lies there can be limited as with every document."""
MOST_ITEMS = 10_000
"""Of a feed; older ones go."""
Tag = Callable[[Sequence[str]], Sequence[str]]
"""The sentiment of texts, `unsure` among them."""
_HEAD = 2
"""Lines between an item's title and its time: the feed's name, who wrote it."""


@dataclass(slots=True)
class FeedReader:
    """Feeds with what their servers said last. `tag` names the sentiment of new items; None: it isn't named.

    What is fetched is read in a process of its own, as every document is, within `limits`.
    """

    feeds: tuple[Feed, ...]
    documents: Path
    limits: Limits
    tag: Tag | None = None
    _seen: dict[str, Seen] = field(default_factory=dict)

    def poll(self, tell: Callable[[str], None]) -> int:
        """Fetch every feed and keep what is new; returns how many items are. A feed that fails is told, not raised."""
        new = 0
        for feed in self.feeds:
            try:
                found = fetch(feed, self._seen.get(feed.name, Seen()))
                if found is not None:
                    new += self._keep(feed, _read(found[0], self.limits))
                    self._seen[feed.name] = found[1]
            except DocumentError as error:
                tell(f"{feed.name}: {error}")
        return new

    def _keep(self, feed: Feed, items: Sequence[ParsedDocument]) -> int:
        file = self.documents / FOLDER / f"{feed.name}.jsonl"
        lines = _lines(file)
        known = {json.loads(line)["id"] for line in lines}
        new = [item for item in items if item.item not in known]
        if not new:
            return 0
        new.sort(key=lambda item: item.metadata.date)
        said = self.tag([f"{item.title}. {_text(item)}" for item in new]) if self.tag else [""] * len(new)
        lines += [_line(feed, item, sentiment) for item, sentiment in zip(new, said, strict=True)]
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, "\n".join(lines[-MOST_ITEMS:]) + "\n")
        return len(new)


def _read(data: bytes, limits: Limits) -> tuple[ParsedDocument, ...]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "feed.xml"
        file.write_bytes(data)
        return read_isolated(file, limits)


def _lines(file: Path) -> list[str]:
    try:
        return [line for line in file.read_text(encoding="utf-8").split("\n") if line] if file.is_file() else []
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentProblem(f"{file} can't be read ({error}). Remove it to begin anew.") from error


def _line(feed: Feed, item: ParsedDocument, sentiment: str) -> str:
    told = {
        "id": item.item,
        "title": item.title,
        "text": _text(item),
        "published": item.metadata.date,
        "kind": "news",
        "feed": feed.name,
        "sentiment": sentiment,
    }
    return json.dumps({key: value for key, value in told.items() if value}, ensure_ascii=False)


def _text(item: ParsedDocument) -> str:
    """What an item says below its title and the line with its time, which stand in fields of their own."""
    text = "\n".join(page.text for page in item.pages).strip().removeprefix(item.title).strip()
    head, timed, below = text.partition(f"{item.metadata.date}\n") if item.metadata.date else ("", "", "")
    said = below if timed and head.count("\n") <= _HEAD else text
    return said.strip() or item.title
