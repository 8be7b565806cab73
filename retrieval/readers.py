"""Who may read a document and why: an admin's choice, else `groups.toml` beside the documents and the collections."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from dossier.errors import IndexingError
from dossier.packs import Collection, Pack, index_folder
from dossier.records import EVERYONE
from dossier.settings import Settings
from retrieval.choices import Choices, read_choices


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who may read a document (empty: everyone) and the rules that say so, in words."""

    groups: frozenset[str]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readers:
    """The rules of one documents folder, as they were when they were read."""

    collections: Sequence[Collection]
    written: Mapping[str, Sequence[str]]
    groups_file: str
    choices: Choices

    @classmethod
    def read(cls, documents: Path, collections: Sequence[Collection], groups_file: str, index: Path) -> "Readers":
        """Read them. `index` is the documents' index folder, which has an admin's choices. Raises IndexingError."""
        return cls(collections, _written(documents / groups_file), groups_file, read_choices(index))

    def of(self, source: str) -> Ruling:
        """Who may read a document, by its path in the folder, whether it is there or not.

        The nearest choice wins; without one, all collections and patterns that hold the document count together.
        """
        file = source if source in self.choices.chosen else file_of(source)
        if place := self.choices.place_of(file):
            return Ruling(self.choices.chosen[place], (_told(place),))
        groups: set[str] = set()
        why = []
        for collection in self.collections:
            if collection.groups and (collection.holds(source) or collection.holds(file)):
                groups |= collection.groups
                why.append(f"collection {collection.name}")
        for pattern, names in self.written.items():
            if names and (fnmatch(source, pattern) or fnmatch(file, pattern)):
                groups.update(names)
                why.append(f"{self.groups_file}: {pattern}")
        return Ruling(frozenset(groups), tuple(why)) if groups else Ruling(EVERYONE, ("no rule limits it",))

    def groups(self, source: str) -> frozenset[str]:
        """The groups of `of`."""
        return self.of(source).groups

    @property
    def known(self) -> frozenset[str]:
        """Every group that a rule names."""
        named = [*self.choices.chosen.values(), *self.written.values(), *(one.groups for one in self.collections)]
        return frozenset(group for groups in named for group in groups)


def file_of(source: str) -> str:
    """The file of a document that is an item of one: what stands before a `#` in its name. Folders may have one."""
    folder, slash, name = source.rpartition("/")
    return f"{folder}{slash}{name.partition('#')[0]}"


def readers_of(settings: Settings, pack: Pack) -> Readers:
    """The rules of a pack's documents as they are now. Raises IndexingError when a file of them is wrong."""
    index = index_folder(settings, pack.documents)
    return Readers.read(pack.documents, pack.collections, settings.groups_file, index)


def _told(place: str) -> str:
    return f"set for the folder {place}" if place.endswith("/") else "set here"


def _written(file: Path) -> dict[str, list[str]]:
    """`groups.toml`: a table `[groups]` of file name pattern to list of groups."""
    if not file.is_file():
        return {}
    try:
        rules = tomllib.loads(file.read_text(encoding="utf-8"))["groups"]
        if not all(isinstance(names, list) and all(map(_is_group, names)) for names in rules.values()):
            raise ValueError("each pattern needs a list of group names")
    except (ValueError, KeyError, AttributeError) as error:
        # Never guess here: a rule that is misread could open a document to everyone
        raise IndexingError(f'{file} is wrong ({error!r}). Write [groups] and lines like "hr/*" = ["hr"].') from error
    return dict(rules)


def _is_group(name: object) -> bool:
    return isinstance(name, str) and bool(name) and "\x00" not in name
