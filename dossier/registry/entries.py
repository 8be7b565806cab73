"""The registry's entries: a folder for each adapter, named by its digest, written once and checked at every use."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dossier.adapters import ADAPTER, CONFIG
from dossier.base_model import reading_problem
from dossier.durable import flush, flush_all
from dossier.errors import AdapterError, NotFoundError, RegistryError
from dossier.packs import load_pack
from dossier.registry.champions import ChampionsFile
from dossier.registry.checking import Base, Contents, check_contents, in_bf16, read_contents
from dossier.registry.evaluation import Evaluation, evaluation_from, evaluation_text
from dossier.registry.sealed import read_sealed, sealed_text
from dossier.reply import TargetFormat
from dossier.settings import Settings
from dossier.weights import replace_file

ENTRY, EVALUATIONS, CARD = "entry.json", "evaluations", "MODEL_CARD.md"
_NAME = 16
"""Characters of the digest that name a folder."""
_FILES = frozenset([ADAPTER, CONFIG, ENTRY, EVALUATIONS])
_RESTORE = (
    "It comes with the pack: install that again, or take the line `adapter` out of its pack.toml, and the base model "
    "answers alone."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an adapter comes from: its base model, the digest of what it learned from, and the whole run's record."""

    base: str
    base_digest: str
    data: str
    run: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One adapter. `name` is for people and needn't be unique; `digest` is; `files` are the SHA-256 of its files."""

    digest: str
    name: str
    created: str
    origin: Origin
    files: Mapping[str, str]
    folder: Path

    @property
    def short(self) -> str:
        """The beginning of its digest, as folders, commands and answers name it."""
        return self.digest[:_NAME]

    @property
    def reads(self) -> TargetFormat | None:
        """The format of its replies, None when it wasn't tuned to read excerpts. Raises AdapterError."""
        form, prompt = str(self.origin.run.get("form", "")), str(self.origin.run.get("prompt", ""))
        if problem := reading_problem(form, prompt):
            raise AdapterError(f"{self.name} ({self.short}) {problem}")
        return TargetFormat(form) if form else None


class Registry:
    """The adapters in one folder and those that packs ship, with their evaluations and the champions."""

    def __init__(self, folder: Path, shipped: Mapping[str, Path] | None = None) -> None:
        """Describe the registry in a folder, which needn't exist yet. `shipped` names what a pack brings along."""
        self.folder, self._shipped = folder, dict(shipped or {})
        self.champions = ChampionsFile(folder, lambda: {pack: one.digest for pack, one in self.shipped().items()})

    @classmethod
    def of(cls, settings: Settings) -> "Registry":
        """The registry of these settings."""
        pack = load_pack(settings)
        return cls(settings.models_folder / "adapters", {pack.name: pack.adapter} if pack.adapter else {})

    def shipped(self) -> dict[str, Entry]:
        """What each pack ships. Raises AdapterError where it can't be read."""
        try:
            return {pack: _entry_in(folder) for pack, folder in self._shipped.items()}
        except RegistryError as error:
            raise AdapterError(f"the pack's adapter can't be used: {error} {_RESTORE}") from error

    def entries(self) -> list[Entry]:
        """All adapters whose entry can be read, oldest first. Raises AdapterError where what a pack ships can't."""
        return self._read_all()[0]

    def problems(self) -> list[str]:
        """What is wrong with the entries that can't be read."""
        return self._read_all()[1]

    def get(self, digest: str) -> Entry:
        """The adapter of a digest. Raises NotFoundError, RegistryError."""
        for entry in self.shipped().values():
            if entry.digest == digest:
                return entry
        folder = self.folder / digest[:_NAME]
        if not set(digest) <= set("0123456789abcdef") or len(digest) != 64 or not folder.is_dir():
            raise NotFoundError(f"there is no adapter {digest[:_NAME]!r}. `dossier models list` shows them.")
        return self._read(folder)

    def find(self, name: str) -> Entry:
        """The adapter that a name or the beginning of a digest (6 characters or more) means. Raises NotFoundError."""
        entries, problems = self._read_all()
        found = [one for one in entries if one.name == name or (len(name) >= 6 and one.digest.startswith(name))]
        if len(found) != 1:
            several = ", ".join(one.short for one in found)
            damaged = f" among those that can be read ({len(problems)} can't)" if problems else ""
            told = f"{name!r} means several adapters: {several}" if found else f"there is no adapter {name!r}{damaged}"
            raise NotFoundError(f"{told}. `dossier models list` shows them; name one by its digest.")
        return found[0]

    def register(self, source: Path, allowed: frozenset[str], origin: Origin, base: Base, half: bool = False) -> Entry:
        """Check the adapter in a folder and take it in, with `half` in bf16; the same again changes nothing.

        Raises AdapterError.
        """
        contents = read_contents(source, allowed, base)
        contents = in_bf16(contents, source) if half else contents
        _require_base(origin, base, source)
        check_contents(contents, base, source)
        folder = self.folder / contents.digest[:_NAME]
        if not folder.exists():
            name = source.parent.resolve().name
            created = datetime.now(UTC).isoformat(timespec="seconds")
            self._write(Entry(contents.digest, name, created, origin, contents.files, folder), contents)
        return self._read(folder)

    def verify(self, entry: Entry, base: Base) -> None:
        """Check an adapter again, byte for byte. Raises AdapterError, RegistryError."""
        if entry.folder not in self._shipped.values():
            self._read(entry.folder)
            _verify(entry, base, _FILES)
            return
        try:
            _verify(_entry_in(entry.folder), base, _FILES | {CARD})
        except (AdapterError, RegistryError) as error:
            raise AdapterError(f"the pack's adapter can't be used: {error} {_RESTORE}") from error

    def attach(self, entry: Entry, evaluation: Evaluation) -> None:
        """Keep an evaluation of an adapter. Raises RegistryError where it is of another one."""
        if evaluation.adapter != entry.digest:
            raise RegistryError(f"the report is about adapter {evaluation.adapter[:_NAME]}, not {entry.short}.")
        text = evaluation_text(evaluation)
        folder = self._evaluations(entry)[-1]
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / f"{hashlib.sha256(text.encode()).hexdigest()}.json", text)
        flush(folder)

    def evaluations(self, entry: Entry) -> dict[str, Evaluation]:
        """The evaluations of an adapter by their digests, oldest first. Raises RegistryError where one is damaged."""
        found = {}
        for file in (file for folder in self._evaluations(entry) for file in folder.glob("*.json")):
            content = file.read_bytes()
            if hashlib.sha256(content).hexdigest() != file.stem:
                raise RegistryError(f"{file} isn't what the evaluation wrote: its digest differs. Remove it.")
            found[file.stem] = evaluation_from(content.decode(), str(file))
        return dict(sorted(found.items(), key=lambda item: (item[1].created, item[0])))

    def export(self, entry: Entry, out: Path, base: Base) -> None:
        """Copy a checked adapter with its record and evaluations to a new folder, as a pack ships it.

        Built aside, flushed, renamed. Raises AdapterError, RegistryError.
        """
        self.verify(entry, base)
        if out.exists():
            raise RegistryError(f"{out} is there already. Name a folder that doesn't exist yet, or remove it.")
        out.parent.mkdir(parents=True, exist_ok=True)
        building = out.parent / f".{out.name}-{os.getpid()}"
        (building / EVALUATIONS).mkdir(parents=True)
        for name in (ADAPTER, CONFIG, ENTRY):
            shutil.copyfile(entry.folder / name, building / name)
        for file in (file for folder in self._evaluations(entry) for file in folder.glob("*.json")):
            shutil.copyfile(file, building / EVALUATIONS / file.name)
        flush_all(building)
        building.rename(out)
        flush(out.parent)

    def _evaluations(self, entry: Entry) -> tuple[Path, ...]:
        """Where its evaluations are, the last place for new ones: nothing is written into a pack."""
        own = entry.folder / EVALUATIONS
        shipped = entry.folder in self._shipped.values()
        return (own, self.folder / f"reports-{entry.short}") if shipped else (own,)

    def _read_all(self) -> tuple[list[Entry], list[str]]:
        found, problems = {entry.digest: entry for entry in self.shipped().values()}, []
        for folder in self.folder.glob("[0-9a-f]*"):
            try:
                entry = self._read(folder)
                found.setdefault(entry.digest, entry)
            except RegistryError as error:
                problems.append(str(error))
        return sorted(found.values(), key=lambda entry: (entry.created, entry.digest)), sorted(problems)

    def _read(self, folder: Path) -> Entry:
        entry = _entry_in(folder)
        if entry.short != folder.name:
            raise RegistryError(f"{folder} holds the entry of another adapter ({entry.short}). Remove the folder.")
        return entry

    def _write(self, entry: Entry, contents: Contents) -> None:
        """Built aside, flushed, renamed: a kill leaves nothing that counts as an entry."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob(f".{entry.short}-*"):
            shutil.rmtree(leftover)
        building = self.folder / f".{entry.short}-{os.getpid()}"
        building.mkdir()
        (building / CONFIG).write_bytes(contents.config)
        (building / ADAPTER).write_bytes(contents.weights)
        written = {name: value for name, value in asdict(entry).items() if name != "folder"}
        (building / ENTRY).write_text(sealed_text(written), encoding="utf-8")
        flush_all(building)
        building.rename(entry.folder)
        flush(self.folder)


def _entry_in(folder: Path) -> Entry:
    """What the entry in a folder says. Raises RegistryError."""
    content = read_sealed(folder / ENTRY)
    try:
        origin = Origin(**content.pop("origin"))
        return Entry(**content, origin=origin, folder=folder)
    except (KeyError, TypeError) as error:
        raise RegistryError(f"{folder / ENTRY} is of another version of Dossier ({error!r}). Use that.") from error


def _verify(entry: Entry, base: Base, allowed: frozenset[str]) -> None:
    contents = read_contents(entry.folder, allowed, base)
    if contents.files != dict(entry.files) or contents.digest != entry.digest:
        wrong = next((name for name, digest in contents.files.items() if entry.files.get(name) != digest), ENTRY)
        raise AdapterError(
            f"{entry.folder / wrong} isn't what was registered: its digest differs. Register it again from its run."
        )
    _require_base(entry.origin, base, entry.folder)
    check_contents(contents, base, entry.folder)


def _require_base(origin: Origin, base: Base, where: Path) -> None:
    if origin.base_digest != base.digest:
        raise AdapterError(
            f"{where} was tuned on other weights ({origin.base}) than the base model {base.name} has. Serve the base "
            "that it was tuned on, or tune it again on this one."
        )
