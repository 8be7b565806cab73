"""Office files are zip archives: looked over before anything is unpacked, and unpacked only into bounded memory."""

import io
import zipfile
import zlib

from dossier.errors import DocumentError

_MAX_MEMBERS = 10_000
_MAX_PART = 250_000_000
"""Largest XML part, unpacked."""
_MAX_TOTAL = 600_000_000
_MAX_RATIO, _RATIO_FROM = 150, 8_000_000
"""Text shrinks by 5 to 30 times; only a bomb shrinks more and is still large."""
_LOOK = 65_536


def check_office_zip(data: bytes) -> None:
    """Raise DocumentError when an Office file's archive is damaged, a bomb, locked, or holds a document type.

    Sizes are the archive's own claims; reading stops at them, so a lie costs nothing. Members are never written
    to disk, so their names (`../../x`) lead nowhere.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_sizes(members)
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    _check_part(archive, member)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DocumentError("it is damaged or cut short (its zip archive can't be read). Get a good copy.") from error


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > _MAX_MEMBERS:
        raise DocumentError(f"its archive holds {len(members):,} parts; at most {_MAX_MEMBERS:,} are read.")
    if sum(member.file_size for member in members) > _MAX_TOTAL:
        raise DocumentError(f"unpacked it is larger than {_MAX_TOTAL // 1_000_000} MB (a zip bomb?). Split the file.")
    for member in members:
        packed = max(member.compress_size, 1)
        if member.file_size > _RATIO_FROM and member.file_size / packed > _MAX_RATIO:
            raise DocumentError(
                f"a part of it unpacks to {member.file_size // packed:,} times its size (a zip bomb?). Get a good copy."
            )
        if member.file_size > _MAX_PART and member.filename.endswith(".xml"):
            raise DocumentError(f"a part of it is larger than {_MAX_PART // 1_000_000} MB unpacked. Split the file.")


def _check_part(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Office files have no document types: with one come entities, which expand or fetch."""
    if member.flag_bits & 1:
        raise DocumentError("it is protected by a password. Save it without one.")
    with archive.open(member) as part:
        head = part.read(_LOOK)
    plain = head.replace(b"\x00", b"")  # UTF-16 without its zeros
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise DocumentError("it holds a document type with entities, which Office files never do. It may be hostile.")
