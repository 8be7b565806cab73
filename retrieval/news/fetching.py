"""Which feeds are fetched, and what they say now. Nothing is fetched that isn't in the file of feeds."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import httpx

from dossier.errors import DocumentError, SettingsError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")
_MOST_BYTES = 10_000_000
_SECONDS = 10.0
_MOST_REDIRECTS = 3
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: its name, which is its file's too, and its address (http or https)."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server says of the version that was fetched last, so that it needn't send it again."""

    etag: str = ""
    modified: str = ""


def read_feeds(file: Path) -> tuple[Feed, ...]:
    """The feeds of a TOML file with `[[feeds]]`, each with name and url. Raises SettingsError."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        feeds = tuple(Feed(str(one["name"]), str(one["url"])) for one in raw["feeds"])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{file} (setting feeds) can't be used ({error}). Write [[feeds]] with name and url for each feed."
        ) from error
    for feed in feeds:
        if not _NAME.fullmatch(feed.name):
            raise SettingsError(f"{file}: the name {feed.name!r} must be of letters, digits, - and _. Correct it.")
        if httpx.URL(feed.url).scheme not in ("http", "https"):
            raise SettingsError(f"{file}: the address of {feed.name} must begin with http:// or https://. Correct it.")
    if len({feed.name for feed in feeds}) != len(feeds):
        raise SettingsError(f"{file}: two feeds have the same name. Rename one.")
    return feeds


def fetch(feed: Feed, seen: Seen) -> tuple[bytes, Seen] | None:
    """What a feed says now; None where it says what it said before. Raises DocumentError where it can't be had."""
    headers = {"Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9"}
    headers |= {"If-None-Match": seen.etag} if seen.etag else {}
    headers |= {"If-Modified-Since": seen.modified} if seen.modified else {}
    try:
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=True, max_redirects=_MOST_REDIRECTS) as client,
            client.stream("GET", feed.url, headers=headers) as reply,
        ):
            if reply.status_code == _NOT_MODIFIED:
                return None
            if reply.status_code != httpx.codes.OK:
                raise DocumentError(f"the feed {feed.name} can't be fetched: its server says {reply.status_code}.")
            data = b""
            for piece in reply.iter_bytes():
                data += piece
                if len(data) > _MOST_BYTES:
                    raise DocumentError(f"the feed {feed.name} is larger than {_MOST_BYTES // 1_000_000} MB.")
            return data, Seen(reply.headers.get("etag", ""), reply.headers.get("last-modified", ""))
    except httpx.HTTPError as error:
        raise DocumentError(f"the feed {feed.name} can't be fetched ({error or type(error).__name__}).") from error
