"""What is in a documents folder, and who may read it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from dossier.errors import IndexingError
from dossier.packs import Collection
from dossier.records import FileReport, FileState
from retrieval.generation import digest_of
from retrieval.parsing.isolate import READERS


@dataclass(frozen=True, slots=True)
class Found:
    """A file that can be indexed: its place, its path relative to the folder, its digest and its groups.

    `corrections` are metadata that a person wrote down for it, by field.
    """

    path: Path
    source: str
    digest: str
    groups: frozenset[str]
    corrections: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scan:
    """The files of a documents folder, and those that are left out with their reasons."""

    found: tuple[Found, ...]
    left_out: tuple[FileReport, ...]


def scan(folder: Path, collections: Sequence[Collection], groups_file: str) -> Scan:
    """List a documents folder. Raises IndexingError when it isn't a folder or its groups file is wrong."""
    if not folder.exists():
        raise IndexingError(f"the documents folder {folder} doesn't exist. Create it or correct the setting documents.")
    if not folder.is_dir():
        raise IndexingError(f"{folder} isn't a folder. Set documents to the folder that holds the documents.")
    rules = _group_rules(folder / groups_file)
    found: list[Found] = []
    left_out: list[FileReport] = []
    for path in sorted(folder.rglob("*")):
        source = path.relative_to(folder).as_posix()
        if path.is_dir() or source == groups_file or _is_hidden(source):
            continue
        reason = _reason_to_skip(path, folder)
        if reason:
            left_out.append(FileReport(_printable(source), FileState.SKIPPED, reason))
            continue
        try:
            digest = digest_of(path)
        except OSError as error:
            left_out.append(FileReport(source, FileState.FAILED, f"it can't be opened: {error.strerror}."))
            continue
        found.append(Found(path, source, digest, _groups_of(source, collections, rules)))
    return Scan(tuple(found), tuple(left_out))


def _is_hidden(source: str) -> bool:
    return any(part.startswith(".") for part in source.split("/"))


def _printable(source: str) -> str:
    return source.encode("utf-8", "replace").decode("utf-8")


def _reason_to_skip(path: Path, folder: Path) -> str:
    if not path.resolve().is_relative_to(folder.resolve()):
        return "it is a link to a place outside the documents folder."
    if not path.is_file():
        return "it isn't a regular file."
    if _printable(path.name) != path.name:
        return "its name isn't valid text. Rename it."
    if path.suffix.lower() not in READERS:
        kinds = ", ".join(sorted(suffix[1:] for suffix in READERS))
        return f"files of this kind aren't read (read are: {kinds})."
    return ""


def _group_rules(file: Path) -> dict[str, list[str]]:
    """`groups.toml`: a table `[groups]` of file name pattern to list of groups."""
    if not file.is_file():
        return {}
    try:
        rules = tomllib.loads(file.read_text(encoding="utf-8"))["groups"]
        if not all(
            isinstance(names, list) and all(isinstance(name, str) for name in names) for names in rules.values()
        ):
            raise ValueError("each pattern needs a list of group names")
    except (ValueError, KeyError, AttributeError) as error:
        # Never guess here: a rule that is misread could open a document to everyone
        raise IndexingError(f'{file} is wrong ({error!r}). Write [groups] and lines like "hr/*" = ["hr"].') from error
    return dict(rules)


def _groups_of(source: str, collections: Sequence[Collection], rules: dict[str, list[str]]) -> frozenset[str]:
    """Groups of the collections that hold the document and of every pattern that matches it."""
    groups = {group for collection in collections if collection.holds(source) for group in collection.groups}
    for pattern, names in rules.items():
        if fnmatch(source, pattern):
            groups.update(names)
    return frozenset(groups)
