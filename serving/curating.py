"""What admins decide about a document: who may read it, and what it is about."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from dossier.errors import NotFoundError
from dossier.packs import Pack, index_folder, load_pack
from dossier.records import FileReport, Metadata
from dossier.settings import Settings
from retrieval.choices import Choices, choose
from retrieval.chunk_store import StoredDocument
from retrieval.corrections import read_corrections
from retrieval.generation import digest_of
from retrieval.metadata import FIELDS, corrections_for
from retrieval.readers import Ruling, file_of, readers_of
from retrieval.scan import CORRECTIONS_FILE


class Indexed(Protocol):
    """What is in the index."""

    def files(self) -> Sequence[FileReport]:
        """How each file ended in the run that built it."""
        ...

    def stored_documents(self) -> Sequence[StoredDocument]:
        """Every document, whoever may read it."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """One field of what a file is about: as its content says (of each of its documents), and as people wrote down.

    `written` is from the file beside the documents, `corrected` from an admin, which wins; empty: nothing.
    """

    field: str
    found: tuple[str, ...]
    written: str
    corrected: str


@dataclass(frozen=True, slots=True)
class CuratedFile:
    """A file as an admin sees it. `report` is of the last indexing run, `ruling` what the next one will go by.

    `choices` are those for the file and for the folders that it is in, by place; the nearest comes first.
    """

    report: FileReport
    ruling: Ruling
    choices: tuple[tuple[str, frozenset[str]], ...]
    about: tuple[Told, ...]
    known_groups: frozenset[str]


class Curating:
    """The decisions about the documents of one gateway. Everything is read anew: commands change it too."""

    def __init__(self, settings: Settings, index: Indexed) -> None:
        """Nothing is read yet."""
        self._settings, self._index = settings, index

    def file(self, source: str) -> CuratedFile:
        """A file of the index. Raises NotFoundError, IndexingError where a file of rules is damaged."""
        report = next((one for one in self._index.files() if one.source == source), None)
        if report is None:
            raise NotFoundError(f"there is no file {source!r} in the index. Update the index, or choose another one.")
        pack = load_pack(self._settings)
        readers = readers_of(self._settings, pack)
        chosen = readers.choices.chosen
        return CuratedFile(
            report=report,
            ruling=readers.of(source),
            choices=tuple((place, chosen[place]) for place in places_of(source) if place in chosen),
            about=self._about(source, pack),
            known_groups=readers.known | report.groups,
        )

    def choose(self, place: str, groups: frozenset[str] | None) -> Choices:
        """Keep who may read a file or all of a folder; None takes it back. It holds from the next indexing run on.

        Raises NotFoundError where there is no such place, QuestionError for groups that can't be, IndexingError.
        """
        pack = load_pack(self._settings)
        known = readers_of(self._settings, pack).choices.chosen
        files = [one.source for one in self._index.files() if one.source == place or _within(one.source, place)]
        on_disk = _is_path(place) and _is_there(pack.documents, place)
        if not place or not (files or on_disk or place in known):
            raise NotFoundError(
                f"there is no file or folder {place[:200]!r} among the documents. A folder ends in `/`."
            )
        digests = {
            one.document.source: one.document.digest
            for one in self._index.stored_documents()
            if one.document.source in files
        }
        if on_disk and not place.endswith("/") and place not in digests:
            digests[place] = digest_of(pack.documents / place)
        return choose(index_folder(self._settings, pack.documents), place, groups, digests)

    def _about(self, source: str, pack: Pack) -> tuple[Told, ...]:
        folder = index_folder(self._settings, pack.documents)
        corrections = read_corrections(pack.documents, CORRECTIONS_FILE, folder)
        written = corrections_for(source, corrections.written)
        by_admin = corrections.by_admin.get(source, {})
        found = [
            _found(one)
            for one in self._index.stored_documents()
            if source in (one.document.source, file_of(one.document.source))
        ]
        return tuple(
            Told(field, _values(found, field), written.get(field, ""), by_admin.get(field, "")) for field in FIELDS
        )


def places_of(source: str) -> list[str]:
    """A file and the folders that it is in, the innermost first; folders end with a slash."""
    parents = PurePosixPath(source).parents
    return [source, *(f"{parent}/" for parent in parents if str(parent) not in ("", "."))]


def _within(source: str, place: str) -> bool:
    return place.endswith("/") and source.startswith(place)


def _is_path(place: str) -> bool:
    """Whether it is a path that stays in the folder, and says by a slash that it is one of a folder."""
    parts = place.removesuffix("/").split("/")
    return place.isprintable() and not any(part in ("", ".", "..") or part.startswith(".") for part in parts)


def _is_there(documents: Path, place: str) -> bool:
    path = documents / place
    return os.path.isdir(path) if place.endswith("/") else os.path.isfile(path)  # noqa: PTH112, PTH113 (pathlib's raise)


def _found(stored: StoredDocument) -> Metadata:
    return stored.found or stored.document.metadata


def _values(found: Sequence[Metadata], field: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for one in found if (value := str(getattr(one, field)))))
