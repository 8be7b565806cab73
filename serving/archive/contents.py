"""What a backup's archive holds, and its manifest."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dossier.errors import DossierError
from retrieval.choices import CHOICES_FILE
from retrieval.corrections import ADMIN_FILE

FORMAT = 1
MANIFEST, SETTINGS, STORE = "manifest.json", "settings.json", "store.sqlite"
INDEX, REGISTRY = "index", "registry"
BESIDE = (CHOICES_FILE, ADMIN_FILE)
"""What admins chose and corrected, beside the generations: without it the next run would open what they limited."""
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_ADAPTER = rf"(?:reports-)?[0-9a-f]{{16}}(?:/{_PART}){{1,2}}"
_NAME = re.compile(
    rf"{SETTINGS}|{STORE}|{INDEX}/(?:g\d{{6}}/{_PART}|{'|'.join(map(re.escape, BESIDE))})"
    rf"|{REGISTRY}/(?:CHAMPIONS\.json|{_ADAPTER})"
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
LARGEST_MANIFEST = 4 << 20


class ArchiveError(DossierError):
    """A backup can't be written, or what is to be restored isn't one that can be."""

    exit_status = 10
    http_status = 422
    code = "bad_archive"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the archive says of itself: `schema` is the store's (empty: without store), `generation` the index's."""

    created: str
    dossier: str
    pack: str
    schema: str
    generation: str
    members: Mapping[str, Member]

    @property
    def size(self) -> int:
        """Size of everything in it."""
        return sum(member.size for member in self.members.values())

    def to_bytes(self) -> bytes:
        """The manifest as it stands in the archive."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()


def manifest_from(content: bytes) -> Manifest:
    """Decode and check a manifest. Raises ArchiveError."""
    try:
        told: dict[str, Any] = json.loads(content)
        if told.pop("format") != FORMAT:
            raise ArchiveError("The archive is of another version of Dossier. Restore it with that one.")
        members = {str(name): Member(str(one["sha256"]), int(one["size"])) for name, one in told.pop("members").items()}
        manifest = Manifest(members=members, **{name: str(value) for name, value in told.items()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArchiveError(f"The archive's manifest can't be read ({error!r}). Use another backup.") from error
    for name, member in members.items():
        require_name(name)
        if not _DIGEST.fullmatch(member.sha256) or member.size < 0:
            raise ArchiveError(f"The archive's manifest is damaged at {name}. Use another backup.")
    if not re.fullmatch(r"(g\d{6})?", manifest.generation) or not re.fullmatch(r"(\d{4})?", manifest.schema):
        raise ArchiveError("The archive's manifest is damaged. Use another backup.")
    return manifest


def require_name(name: str) -> None:
    """Refuse a member that no backup has: absolute, with dots that lead elsewhere, of another place."""
    if not _NAME.fullmatch(name):
        raise ArchiveError(f"The archive holds {name[:200]!r}, which no backup of Dossier does. It isn't restored.")
