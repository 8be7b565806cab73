"""Restores a backup: everything is checked before anything is written, and put in place as one."""

import gzip
import hashlib
import json
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from dossier.errors import EnvironmentProblem
from dossier.packs import index_folder, load_pack
from dossier.records import Progress
from dossier.registry import Registry
from dossier.settings import Settings
from dossier.swapping import Move, swap
from retrieval import generation
from retrieval.choices import read_choices
from retrieval.lock import exclusive
from serving.archive.backup import settings_then
from serving.archive.contents import (
    BESIDE,
    INDEX,
    LARGEST_MANIFEST,
    MANIFEST,
    REGISTRY,
    SETTINGS,
    STORE,
    ArchiveError,
    Manifest,
    Member,
    manifest_from,
    require_name,
)
from serving.store.database import sqlite_file
from serving.store.in_use import JOURNAL, InUse
from serving.store.migrating import knows_schema

OnProgress = Callable[[Progress], None]
_STAGED = ".restoring"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `generation` is the index's name here; `settings` those of then that differ from now's."""

    manifest: Manifest
    generation: str
    settings: dict[str, tuple[str, str]]


def restore(file: Path, settings: Settings, on_progress: OnProgress) -> Restored:
    """Put the state of a backup in the place of this one. Settings stay as they are.

    Raises ArchiveError for what can't be restored, EnvironmentProblem while anything uses this home, IndexingError
    while an indexing run is at work. Killed at any point, the old state is whole, or the new one at the next start.
    """
    manifest = examine(file, _room(settings.home), on_progress)
    _require_fitting(manifest, settings)
    hold = InUse(settings.home, alone=True)
    with ExitStack() as ending:
        ending.callback(hold.close)
        folder = index_folder(settings, load_pack(settings).documents)
        if manifest.generation:
            ending.enter_context(exclusive(folder))
        staged = settings.home / _STAGED
        _clear(settings)
        try:
            _extract(file, manifest, staged, on_progress)
            told = json.loads((staged / SETTINGS).read_bytes())
            moves, name = _planned(manifest, staged, folder, settings)
            store, removed = _staged_store(manifest, staged, settings)
            swap(settings.home / JOURNAL, staged, [*moves, *store], removed)
        except BaseException:
            if not (settings.home / JOURNAL).exists():
                _clear(settings)
            raise
    now = settings_then(settings)
    differing = {
        key: (str(told.get(key, "")), now.get(key, "")) for key in {*told, *now} if told.get(key) != now.get(key)
    }
    return Restored(manifest, name, differing)


def examine(file: Path, most: int, on_progress: OnProgress) -> Manifest:
    """Read an archive through and check every name, kind, size and digest, writing nothing. Raises ArchiveError.

    It ends at `most` bytes, since a small file can hold endlessly many.
    """
    found: dict[str, Member] = {}
    told = b""
    started = datetime.now(UTC)
    with _opened(file) as archive:
        for about, stream in _members(archive):
            if told or about.name in found:
                raise ArchiveError(f"The archive holds {about.name!r} where nothing more may come. It isn't restored.")
            if about.name == MANIFEST:
                if about.size > LARGEST_MANIFEST:
                    raise ArchiveError("The archive's manifest is too large. Use another backup.")
                told = stream.read()
                continue
            require_name(about.name)
            done = about.size + sum(member.size for member in found.values())
            if done > most:
                raise ArchiveError(f"What {file} holds is larger than the disk's free space. Free some first.")
            found[about.name] = _counted(stream, None)
            on_progress(Progress("Checking the backup (MiB)", done >> 20, 0, started))
    if not told:
        raise ArchiveError(f"{file} has no manifest: it isn't a backup of Dossier, or was cut off. Use another one.")
    manifest = manifest_from(told)
    for name in sorted({*found, *manifest.members}):
        if found.get(name) != manifest.members.get(name):
            raise ArchiveError(f"{name} in {file} isn't what its manifest says. The file is damaged; use another one.")
    if SETTINGS not in found:
        raise ArchiveError(f"{file} lacks {SETTINGS}. Use another backup.")
    return manifest


def _room(home: Path) -> int:
    """Free bytes of the disk that home is on, or will be."""
    return shutil.disk_usage(next(folder for folder in (home, *home.absolute().parents) if folder.is_dir())).free


def _require_fitting(manifest: Manifest, settings: Settings) -> None:
    if manifest.schema and not knows_schema(manifest.schema):
        raise ArchiveError(
            f"The backup is of a newer Dossier ({manifest.dossier}, tables {manifest.schema}). Install that version."
        )
    pack = load_pack(settings).name
    if manifest.pack != pack:
        raise ArchiveError(f"The backup is of the pack {manifest.pack!r}, not of {pack!r}. Set `pack` to restore it.")
    if manifest.schema and sqlite_file(settings.store_url) is None:
        raise ArchiveError("The backup holds a SQLite store, and database_url names another database. Unset it first.")


def _extract(file: Path, manifest: Manifest, staged: Path, on_progress: OnProgress) -> None:
    started, done = datetime.now(UTC), 0
    with _opened(file) as archive:
        for about, stream in _members(archive):
            if about.name == MANIFEST:
                continue
            require_name(about.name)
            target = staged / about.name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.parent.chmod(0o700)
                with target.open("xb") as writing:
                    target.chmod(0o600)
                    member = _counted(stream, writing)
            except OSError as error:
                raise EnvironmentProblem(
                    f"{target} can't be written: {error.strerror}. Nothing has changed."
                ) from error
            if member != manifest.members.get(about.name):
                raise ArchiveError(f"{file} changed while it was read. Nothing has changed here; try again.")
            done += member.size
            on_progress(Progress("Restoring (MiB)", done >> 20, manifest.size >> 20, started))


def _planned(manifest: Manifest, staged: Path, folder: Path, settings: Settings) -> tuple[list[Move], str]:
    """What is moved where. What is named by its digest and there already stays."""
    moves: list[Move] = []
    name = manifest.generation
    if name:
        name = _unclashing(staged / INDEX, folder, name)
        generation.verify(staged / INDEX, name)
        if not (folder / name).exists():
            moves.append((staged / INDEX / name, folder / name))
        pointer = staged / generation.CURRENT
        pointer.write_bytes(generation.pointer_content(name))
        moves.append((pointer, folder / generation.CURRENT))
        read_choices(staged / INDEX)  # a damaged file would stop every indexing run
        moves += [(staged / INDEX / file, folder / file) for file in BESIDE if (staged / INDEX / file).exists()]
    registry = Registry.of(settings).folder
    if (staged / REGISTRY).is_dir():
        Registry(staged / REGISTRY).champions.read()  # its seal holds
        for path in sorted((staged / REGISTRY).iterdir()):
            if path.is_file() or not (registry / path.name).exists():
                moves.append((path, registry / path.name))
    return moves, name


def _unclashing(staged: Path, folder: Path, name: str) -> str:
    """The name for the restored generation here: another one where a different generation has its own."""
    manifest = generation.read_manifest(staged, name)
    there = folder / name / generation.MANIFEST
    if not (folder / name).exists() or (there.is_file() and there.read_bytes() == manifest.to_bytes()):
        return name
    other = generation.next_name(folder)
    (staged / name / generation.MANIFEST).write_bytes(replace(manifest, name=other).to_bytes())
    (staged / name).rename(staged / other)
    return other


def _staged_store(manifest: Manifest, staged: Path, settings: Settings) -> tuple[list[Move], list[Path]]:
    """The checked store beside the one that it replaces, and what that one leaves behind."""
    target = sqlite_file(settings.store_url)
    if not manifest.schema or target is None:
        return [], []
    try:
        with closing(sqlite3.connect(staged / STORE)) as store:
            whole = store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            schema = str(store.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.Error, TypeError) as error:
        raise ArchiveError(f"The store in the backup can't be read ({error}). Use another backup.") from error
    if not whole or schema != manifest.schema:
        raise ArchiveError("The store in the backup is damaged or isn't the one of its manifest. Use another backup.")
    beside = _beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(staged / STORE, beside)
    except OSError as error:
        raise _unwritable(beside, error) from error
    return [(beside, target)], [target.with_name(f"{target.name}{end}") for end in ("-wal", "-shm", "-journal")]


def _unwritable(path: Path, error: OSError) -> EnvironmentProblem:
    return EnvironmentProblem(f"{path} can't be written: {error.strerror}. Nothing has changed.")


def _clear(settings: Settings) -> None:
    """Remove what a restore that didn't come to its end has laid ready."""
    shutil.rmtree(settings.home / _STAGED, ignore_errors=True)
    if target := sqlite_file(settings.store_url):
        _beside(target).unlink(missing_ok=True)


def _beside(store: Path) -> Path:
    return store.with_name(f".{store.name}.restoring")


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with gzip.open(file) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                yield archive
            if stream.read(_BLOCK).strip(b"\0"):  # its end is read too, where gzip's own checksum is compared
                raise ArchiveError(f"{file} goes on where a backup ends. It isn't restored.")
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveError(f"{file} isn't a backup, or is damaged ({error}). Use another one.") from error
    except OSError as error:
        raise ArchiveError(f"{file} can't be read: {error.strerror or error}. Name a backup file.") from error


def _members(archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for about in archive:
        stream = archive.extractfile(about) if about.isreg() else None
        if stream is None or about.issparse():
            raise ArchiveError(f"The archive holds {about.name[:200]!r}, which isn't a plain file. It isn't restored.")
        yield about, stream


def _counted(stream: IO[bytes], target: IO[bytes] | None) -> Member:
    digest, size = hashlib.sha256(), 0
    while block := stream.read(_BLOCK):
        digest.update(block)
        size += len(block)
        if target is not None:
            target.write(block)
    return Member(digest.hexdigest(), size)
