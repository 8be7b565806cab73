"""Kept items of two feeds, as `dossier news` writes them, beside a report; those of `board` are for the group `hr`."""

import json
from pathlib import Path

from retrieval.chunk_store import ChunkStore
from tests.retrieval.stored import stored

ITEMS = (
    ("a1", "Acme wins an order", "Acme won a large order from Borealis.", "2026-03-02T09:30:00+00:00", "positive"),
    ("a2", "Acme cuts jobs", "Acme's plants lose 200 jobs.", "2026-03-03T08:00:00+00:00", "negative"),
    ("a3", "Rain expected", "It may rain.", "2026-03-04T07:00:00+00:00", "neutral"),
    ("a4", "Acme's outlook <b>", "Nobody knows how it goes on.", "2026-03-04T10:00:00+00:00", "unsure"),
)


def line(item: tuple[str, str, str, str, str], feed: str) -> str:
    names = ("id", "title", "text", "published", "sentiment")
    return json.dumps({**dict(zip(names, item, strict=True)), "kind": "news", "feed": feed})


def news_folder(folder: Path) -> Path:
    """A documents folder with them."""
    (folder / "news").mkdir(parents=True)
    (folder / "news" / "wire.jsonl").write_text("".join(f"{line(item, 'wire')}\n" for item in ITEMS))
    secret = ("b1", "Acme is for sale", "A secret.", "2026-03-05T10:00:00+00:00", "positive")
    (folder / "news" / "board.jsonl").write_text(line(secret, "board") + "\n")
    (folder / "acme.md").write_text(
        "# Acme Inc. reports second quarter 2025 results\n\nAcme Inc. (NYSE: ACME) today announced results for its "
        "second quarter ended June 30, 2025.\n"
    )
    (folder / "groups.toml").write_text('[groups]\n"news/board*" = ["hr"]\n')
    return folder


def news_store(home: Path) -> ChunkStore:
    """They, indexed without vectors."""
    return stored(news_folder(home / "documents"), home / "chunks.sqlite")
