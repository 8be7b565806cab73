"""Generations: immutable index folders, checked by digest, with one pointer that is replaced atomically."""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from dossier.durable import flush
from dossier.errors import CorruptIndexError, IndexMissingError

CURRENT = "CURRENT"
MANIFEST = "manifest.json"
VECTORS = "vectors.faiss"
CHUNKS = "chunks.sqlite"
_NAME = re.compile(r"g\d{6}")
_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what an index holds for the same documents. A different recipe rebuilds it all."""

    embedder: str
    embedder_digest: str
    dimension: int
    metric: str
    parser: str
    chunker: str
    chunk_tokens: int
    metadata: str = ""

    def same_vectors(self, other: "Recipe") -> bool:
        """Whether both turn the same text into the same vector, so that vectors can be taken over."""
        mine = (self.embedder, self.embedder_digest, self.dimension, self.metric)
        return mine == (other.embedder, other.embedder_digest, other.dimension, other.metric)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of. `files` gives the SHA-256 of each of its files."""

    name: str
    created: str
    recipe: Recipe
    documents: int
    chunks: int
    files: dict[str, str]

    def to_bytes(self) -> bytes:
        """The manifest file's content: the manifest with its own digest beside it."""
        body = {"format": _FORMAT, **asdict(self)}
        digest = hashlib.sha256(_canonical(body)).hexdigest()
        return json.dumps({"sha256": digest, "manifest": body}, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: Path) -> "Manifest":
        """Decode and check a manifest file. Raises CorruptIndexError."""
        try:
            outer = json.loads(data)
            body = dict(outer["manifest"])
            intact = hashlib.sha256(_canonical(body)).hexdigest() == outer["sha256"]
            if not intact:
                raise CorruptIndexError(f"{where} doesn't match its digest. Index the documents again.")
            if body.pop("format") != _FORMAT:
                raise CorruptIndexError(f"{where} is of another version of Dossier. Index the documents again.")
            return cls(**{**body, "recipe": Recipe(**body["recipe"])})
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptIndexError(f"{where} is damaged ({error!r}). Index the documents again.") from error


def _canonical(body: dict[str, object]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def names(folder: Path) -> list[str]:
    """Names of the finished generations in an index folder, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if _NAME.fullmatch(entry.name) and entry.is_dir())


def current_name(folder: Path) -> str:
    """The generation that CURRENT points to. Raises IndexMissingError when there is none, CorruptIndexError."""
    pointer = folder / CURRENT
    if not pointer.is_file():
        if names(folder):
            raise CorruptIndexError(f"{pointer} is missing. Index the documents again.")
        raise IndexMissingError("nothing is indexed yet. Run `dossier index` first.")
    content = pointer.read_bytes()
    name = content[:7].decode("ascii", "replace")
    if content != pointer_content(name) or not _NAME.fullmatch(name):
        raise CorruptIndexError(f"{pointer} is damaged. Index the documents again.")
    return name


def pointer_content(name: str) -> bytes:
    """What CURRENT holds: the name and its digest, since one flipped bit can make another generation's name of it."""
    return f"{name} {hashlib.sha256(name.encode()).hexdigest()}\n".encode()


def read_manifest(folder: Path, name: str) -> Manifest:
    """A generation's manifest, checked by its own digest; the other files aren't read. Raises CorruptIndexError."""
    where = folder / name / MANIFEST
    try:
        manifest = Manifest.from_bytes(where.read_bytes(), where)
    except OSError as error:
        raise CorruptIndexError(f"{where.parent} is incomplete ({error}). Index the documents again.") from error
    if manifest.name != name:
        raise CorruptIndexError(f"{where.parent} holds the manifest of {manifest.name}. Index the documents again.")
    return manifest


def verify(folder: Path, name: str) -> Manifest:
    """Check every file of a generation against its digest. Raises CorruptIndexError naming the file."""
    manifest = read_manifest(folder, name)
    where = folder / name
    try:
        for file, expected in manifest.files.items():
            if digest_of(where / file) != expected:
                raise CorruptIndexError(f"{where / file} doesn't match its digest. Index the documents again.")
    except OSError as error:
        raise CorruptIndexError(f"{where} is incomplete ({error}). Index the documents again.") from error
    return manifest


def newest_intact(folder: Path) -> tuple[Manifest, str]:
    """The current generation, or the newest older one that is whole, with a warning in plain words (else empty).

    Raises IndexMissingError when nothing was ever indexed, CorruptIndexError when no generation is whole.
    """
    try:
        name = current_name(folder)
    except CorruptIndexError as error:
        return _older(folder, [str(error)])
    try:
        return verify(folder, name), ""
    except CorruptIndexError as error:
        if _moved_on(folder, name):  # a run has just replaced it, and cleared it away while it was being read
            return newest_intact(folder)
        return _older(folder, [str(error)])


def _older(folder: Path, problems: list[str]) -> tuple[Manifest, str]:
    for name in reversed(names(folder)):
        try:
            return verify(folder, name), f"{problems[0]} Until then an older index answers ({name})."
        except CorruptIndexError as error:
            problems.append(str(error))
    raise CorruptIndexError(problems[0])


def _moved_on(folder: Path, name: str) -> bool:
    try:
        return current_name(folder) != name
    except IndexMissingError:
        return False


def promote(building: Path, folder: Path, manifest: Manifest) -> None:
    """Make a built folder the current generation: flush, re-read and check it, rename it, replace the pointer.

    A crash at any point leaves either the old or the new generation current, whole.
    """
    (building / MANIFEST).write_bytes(manifest.to_bytes())
    for file in (*manifest.files, MANIFEST):
        flush(building / file)
    flush(building)
    _check_built(building, manifest)
    with _new_pointer(folder, manifest.name) as pointer:  # takes room, so it comes before anything is in place
        building.rename(folder / manifest.name)
        flush(folder)
        pointer.replace(folder / CURRENT)
    flush(folder)


def point_to(folder: Path, name: str) -> None:
    """Replace CURRENT atomically: from now on the generation `name` answers. Raises OSError."""
    with _new_pointer(folder, name) as pointer:
        pointer.replace(folder / CURRENT)
    flush(folder)


@contextmanager
def _new_pointer(folder: Path, name: str) -> Iterator[Path]:
    """A file to replace CURRENT with; it is gone afterwards, used or not."""
    pointer = folder / f".{CURRENT}.new"
    try:
        pointer.write_bytes(pointer_content(name))
        flush(pointer)
        yield pointer
    finally:
        pointer.unlink(missing_ok=True)


def next_name(folder: Path) -> str:
    """The name for the next generation."""
    last = max((int(name[1:]) for name in names(folder)), default=0)
    return f"g{last + 1:06d}"


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; file systems that can (XFS, Btrfs) share its blocks instead. Raises OSError."""
    with source.open("rb") as reading, target.open("wb") as writing:
        left = source.stat().st_size
        try:
            while left and hasattr(os, "copy_file_range"):
                done = os.copy_file_range(reading.fileno(), writing.fileno(), left)
                if not done:
                    break
                left -= done
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
                raise
    if left:
        shutil.copyfile(source, target)


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_built(building: Path, manifest: Manifest) -> None:
    for file, expected in manifest.files.items():
        if digest_of(building / file) != expected:
            raise CorruptIndexError(f"{building / file} reads back differently than it was written. Check the disk.")
