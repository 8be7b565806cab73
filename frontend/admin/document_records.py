"""One file as admins see it: its state, who may read it and why, and what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from dossier.records import FileState
from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json

_DOCUMENTS = "/admin/documents"


@dataclass(frozen=True, slots=True)
class Choice:
    """Who may read a file or (with a slash at its end) the files of a folder. No groups: everyone."""

    place: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class About:
    """One field of what a file is about: as found in its content, from the file beside the documents, by an admin."""

    field: str
    found: tuple[str, ...]
    written: str
    corrected: str


@dataclass(frozen=True, slots=True)
class CuratedFile:
    """A file. `groups` may read it now, `groups_next` after the next update, by the rules `why`; none: everyone."""

    source: str
    state: FileState
    reason: str
    pages: int
    chunks: int
    groups: tuple[str, ...]
    groups_next: tuple[str, ...]
    why: tuple[str, ...]
    choices: tuple[Choice, ...]
    known_groups: tuple[str, ...]
    about: tuple[About, ...]

    @property
    def places(self) -> list[str]:
        """The file and the folders that it is in, the innermost first."""
        parts = self.source.split("/")
        return [self.source, *("/".join(parts[:count]) + "/" for count in range(len(parts) - 1, 0, -1))]

    @classmethod
    def read(cls, data: Json) -> "CuratedFile":
        """From the JSON of `GET /admin/documents/file`."""
        return cls(
            source=str(data["source"]),
            state=FileState(data["state"]),
            reason=str(data.get("reason") or ""),
            pages=int(data.get("pages") or 0),
            chunks=int(data.get("chunks") or 0),
            groups=_texts(data["groups"]),
            groups_next=_texts(data["groups_next"]),
            why=_texts(data["why"]),
            choices=tuple(Choice(str(one["place"]), _texts(one["groups"])) for one in data["choices"]),
            known_groups=_texts(data["known_groups"]),
            about=tuple(
                About(str(one["field"]), _texts(one["found"]), str(one["written"]), str(one["corrected"]))
                for one in data["about"]
            ),
        )


def curated_file(gateway: Connection, source: str) -> CuratedFile:
    """A file of the index. Raises NotFoundError where it isn't in it."""
    return CuratedFile.read(gateway.query(f"{_DOCUMENTS}/file", {"source": source}))


def choose_readers(gateway: Connection, place: str, groups: Sequence[str]) -> None:
    """Choose who may read a file or the files of a folder, from the next update on. No groups: everyone."""
    body = {"readers": "groups", "groups": list(groups)} if groups else {"readers": "everyone"}
    gateway.call("PATCH", _at("/readers", place=place), body)


def take_readers_back(gateway: Connection, place: str) -> None:
    """Let the other rules decide again, from the next update on."""
    gateway.call("DELETE", _at("/readers", place=place))


def correct_file(gateway: Connection, source: str, values: Mapping[str, str]) -> None:
    """Correct what a file is about, from the next update on; an empty value takes a correction back."""
    gateway.call("PATCH", _at("", source=source), values)


def _at(path: str, **parameters: str) -> str:
    return f"{_DOCUMENTS}{path}?{httpx.QueryParams(parameters)}"


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(map(str, values))
