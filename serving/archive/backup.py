"""Writes a backup while the gateway runs: store, settings that aren't secret, the index that answers, the adapters."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import dossier
from dossier.durable import flush
from dossier.errors import CorruptIndexError, IndexMissingError
from dossier.packs import index_folder, load_pack
from dossier.records import Progress
from dossier.registry import Registry
from dossier.registry.champions import CHAMPIONS, SHIPPED
from dossier.settings import SECRET, Settings
from retrieval import generation
from retrieval.clearing import hold_open
from serving.archive.contents import BESIDE, INDEX, MANIFEST, REGISTRY, SETTINGS, STORE, ArchiveError, Manifest, Member
from serving.store import Store
from serving.store.migrating import newest_schema

OnProgress = Callable[[Progress], None]
_FAST = 1
"""Compression: vectors hardly shrink, and people wait."""


def backup(store: Store | None, settings: Settings, file: Path, on_progress: OnProgress) -> Manifest:
    """Write a backup to a file that isn't there yet, whole or not at all. None: without the store.

    Sign-ins aren't in it: they would come back to life. Raises ArchiveError, and what index and registry raise.
    """
    if file.exists():
        raise ArchiveError(f"{file} is there already. Name another file, or remove it.")
    building = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        with _index_files(settings) as (name, indexed), tempfile.TemporaryDirectory(dir=file.parent or None) as work:
            files = [*indexed, *_registry_files(settings, Path(work))]
            if store is not None:
                files.insert(0, (STORE, _copy_store(store, Path(work) / STORE)))
            descriptor = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                manifest = _write(stream, files, settings, name, on_progress)
                stream.flush()
                os.fsync(stream.fileno())
        building.rename(file)
        flush(file.absolute().parent)
        return manifest
    except OSError as error:
        raise ArchiveError(f"{error.filename or file} can't be written or read: {error.strerror}.") from error
    finally:
        building.unlink(missing_ok=True)


def settings_then(settings: Settings) -> dict[str, str]:
    """The settings that differ from their defaults, without the secret ones."""
    told = {name: getattr(settings, name) for name in Settings.model_fields if name not in SECRET}
    return {name: str(value) for name, value in told.items() if value != Settings.model_fields[name].default}


def _write(
    stream: IO[bytes], files: list[tuple[str, Path]], settings: Settings, index: str, on_progress: OnProgress
) -> Manifest:
    members: dict[str, Member] = {}
    started = datetime.now(UTC)
    total = sum(path.stat().st_size for _, path in files) >> 20
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=_FAST, format=tarfile.PAX_FORMAT) as archive:
        told = json.dumps(settings_then(settings), indent=1).encode()
        members[SETTINGS] = _add(archive, SETTINGS, io.BytesIO(told), len(told))
        for name, path in files:
            with path.open("rb") as reading:
                members[name] = _add(archive, name, reading, os.fstat(reading.fileno()).st_size)
            done = sum(member.size for member in members.values()) >> 20
            on_progress(Progress("Backing up (MiB)", done, max(total, done), started))
        manifest = Manifest(
            created=started.isoformat(timespec="seconds"),
            dossier=dossier.__version__,
            pack=load_pack(settings).name,
            schema=newest_schema() if STORE in members else "",
            generation=index,
            members=members,
        )
        _add(archive, MANIFEST, io.BytesIO(manifest.to_bytes()), len(manifest.to_bytes()))
    return manifest


class _Hashing:
    """A file as the archive reads it, whose digest is known afterwards."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.digest = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read and count in."""
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _add(archive: tarfile.TarFile, name: str, stream: IO[bytes], size: int) -> Member:
    about = tarfile.TarInfo(name)
    about.size, about.mode = size, 0o600
    reading = _Hashing(stream)
    archive.addfile(about, reading)
    return Member(reading.digest.hexdigest(), size)


def _copy_store(store: Store, target: Path) -> Path:
    """A consistent copy of the SQLite store as one file, without sign-ins."""
    source = store.database.file
    if source is None:
        raise ArchiveError(
            "The store isn't in SQLite. Back it up with the database's own tool (PostgreSQL: pg_dump --format=custom "
            "--exclude-table-data=sessions), and the rest with `dossier backup FILE --without-store`."
        )
    try:
        with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
            reading.backup(writing)
            writing.execute("PRAGMA secure_delete = ON")
            writing.execute("DELETE FROM sessions")
            writing.commit()
            writing.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise ArchiveError(f"{source} can't be copied: {error}. Look for free disk space and try again.") from error
    return target


@contextmanager
def _index_files(settings: Settings) -> Iterator[tuple[str, list[tuple[str, Path]]]]:
    """The generation that answers, checked and kept from being cleared away; nothing where nothing is indexed."""
    folder = index_folder(settings, load_pack(settings).documents)
    try:
        name = generation.current_name(folder)
    except IndexMissingError as error:
        if isinstance(error, CorruptIndexError):
            raise
        yield "", []
        return
    held = hold_open(folder / name / generation.CHUNKS)
    try:
        manifest = generation.verify(folder, name)
        files = (*manifest.files, generation.MANIFEST)
        beside = [(f"{INDEX}/{file}", folder / file) for file in BESIDE if (folder / file).exists()]
        yield name, [*((f"{INDEX}/{name}/{file}", folder / name / file) for file in files), *beside]
    finally:
        os.close(held)


def _registry_files(settings: Settings, work: Path) -> list[tuple[str, Path]]:
    """Which adapters were promoted, these adapters with their evaluations, and evaluations of shipped ones."""
    registry = Registry.of(settings)
    if not registry.champions.file.exists():
        return []
    promoted = work / CHAMPIONS
    with registry.champions.held():  # a promotion meanwhile would name an adapter that isn't in the archive
        champions = registry.champions.read()
        shutil.copyfile(registry.champions.file, promoted)
    digests = {digest for line in champions.lines.values() for digest in line if digest != SHIPPED}
    folders = {registry.get(digest).folder for digest in digests} | set(registry.folder.glob("reports-*"))
    ours = sorted(folder for folder in folders if folder.parent == registry.folder)
    files = (file for folder in ours for file in sorted(folder.rglob("*")) if file.is_file())
    named = [(f"{REGISTRY}/{file.relative_to(registry.folder).as_posix()}", file) for file in files]
    return [(f"{REGISTRY}/{CHAMPIONS}", promoted), *named]
