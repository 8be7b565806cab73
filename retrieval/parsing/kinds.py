"""What a file is by its bytes, so that one whose name says something else is told so instead of being misread."""

import io
import re
import zipfile
from pathlib import Path

HEAD = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC = (
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\x00", "a picture (TIFF)"),
    (b"MM\x00*", "a picture (TIFF)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"{\\rtf", "a rich text file (RTF); save it as DOCX"),
)
_OFFICE = {"word/": ".docx", "xl/": ".xlsx", "ppt/": ".pptx"}
_OFFICE_NAMES = {".docx": "a Word document", ".xlsx": "an Excel workbook", ".pptx": "a PowerPoint presentation"}
_OFFICE_SUFFIXES = {".docx": ".docx", ".pptx": ".pptx", ".xlsx": ".xlsx", ".xlsm": ".xlsx"}
_MARKUP = re.compile(rb"\s*(?:<!doctype html|<html|<head|<body|<script)", re.IGNORECASE)

LEGACY = {
    ".doc": "the old Word format isn't read. Save it as DOCX.",
    ".xls": "the old Excel format isn't read. Save it as XLSX.",
    ".ppt": "the old PowerPoint format isn't read. Save it as PPTX.",
    ".xlsb": "binary Excel workbooks aren't read. Save it as XLSX.",
    ".docm": "Word documents with macros aren't read. Save it as DOCX.",
    ".pptm": "presentations with macros aren't read. Save it as PPTX.",
    ".rtf": "rich text isn't read. Save it as DOCX.",
    ".odt": "OpenDocument texts aren't read. Save it as DOCX.",
    ".ods": "OpenDocument sheets aren't read. Save it as XLSX.",
    ".odp": "OpenDocument presentations aren't read. Save it as PPTX.",
    ".msg": "Outlook's own mail format isn't read. Save it as EML.",
}
"""What to do with files of kinds that aren't read, by suffix."""


def why_not_this_kind(suffix: str, data: bytes | Path) -> str:
    """Why a file can't be what its suffix says, empty when it can be. `data`: its bytes or its place."""
    if isinstance(data, bytes):
        return _compare(suffix, data[:HEAD], data)
    with data.open("rb") as file:
        head = file.read(HEAD)
    return _compare(suffix, head, data)


def _compare(suffix: str, head: bytes, data: bytes | Path) -> str:
    if head.startswith(_OLE):
        return _about_ole(suffix, data)
    wanted = _OFFICE_SUFFIXES.get(suffix, "")
    if head.startswith(b"PK\x03\x04"):
        found = _office_kind(data)
        if found and found != wanted:
            return f"its content is {_OFFICE_NAMES[found]}, though its name ends in {suffix}. Rename it to {found}."
        return "" if wanted else f"its content is a zip archive, though its name ends in {suffix}. Unpack it."
    if b"%PDF-" in head[:1024] and head.lstrip()[:5] == b"%PDF-":
        return "" if suffix == ".pdf" else f"its content is a PDF, though its name ends in {suffix}. Rename it to .pdf."
    for magic, what in _MAGIC:
        if head.startswith(magic) and (len(magic) > 2 or b"\x00" in head or suffix in (*_OFFICE_SUFFIXES, ".pdf")):
            return f"its content is {what}, though its name ends in {suffix}."
    if suffix == ".pdf" and b"%PDF-" not in head and _MARKUP.match(head):
        return "its content is HTML, though its name ends in .pdf. Rename it to .html."
    if wanted and not head.startswith(b"PK"):
        what = "HTML" if _MARKUP.match(head) else "something else, or damaged at its start"
        return f"it isn't {_OFFICE_NAMES[wanted]}: its content is {what}. Get a good copy."
    return ""


def _about_ole(suffix: str, data: bytes | Path) -> str:
    """The container of old Office files, and of new ones locked by a password."""
    whole = data if isinstance(data, bytes) else data.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in whole:
        return "it is encrypted with a password. Save it without one."
    modern = {".docx": "DOCX", ".xlsx": "XLSX", ".xlsm": "XLSX", ".pptx": "PPTX"}.get(suffix, "DOCX, XLSX or PPTX")
    return f"it is in the old binary Office format, though its name ends in {suffix}. Save it as {modern}."


def _office_kind(data: bytes | Path) -> str:
    """`.docx`, `.xlsx` or `.pptx` by the folders in a zip archive; empty for others and damaged ones."""
    try:
        with zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError):
        return ""
    kinds = {suffix for name in names for folder, suffix in _OFFICE.items() if name.lower().startswith(folder)}
    return kinds.pop() if len(kinds) == 1 else ""
