"""Which reader reads which kind of file."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from dossier.errors import DocumentError
from retrieval.parsing.delimited import read_csv, read_tsv
from retrieval.parsing.feeds import read_feed
from retrieval.parsing.html import read_html
from retrieval.parsing.json_lines import read_json_lines
from retrieval.parsing.kinds import why_not_this_kind
from retrieval.parsing.mail import MailReader
from retrieval.parsing.markup import read_markdown, read_text
from retrieval.parsing.parsed import ParsedDocument
from retrieval.parsing.pdf import read_pdf
from retrieval.parsing.sheets import read_workbook
from retrieval.parsing.slides import read_slides
from retrieval.parsing.word import read_word

Documents = tuple[ParsedDocument, ...]
Read = Callable[[Path], Documents]
_OfBytes = Callable[[str, bytes], ParsedDocument]


def _read_attachment(name: str, data: bytes) -> Documents | None:
    """Read a mail's attachment by the suffix of its name; None for kinds that aren't read."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in READERS or suffix == ".eml":
        return None
    why = why_not_this_kind(suffix, data)
    if why:
        raise DocumentError(why)
    if suffix == ".pdf":
        return (read_pdf(Path(name), data),)
    if suffix in _SEVERAL:
        return _SEVERAL[suffix](name, data)
    return (_SINGLE[suffix](name, data),)


_SINGLE: dict[str, _OfBytes] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".txt": read_text,
    ".docx": read_word,
    ".pptx": read_slides,
    ".xlsx": read_workbook,
    ".xlsm": read_workbook,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".eml": MailReader(_read_attachment).read,
}
_SEVERAL: dict[str, Callable[[str, bytes], Documents]] = {
    ".jsonl": read_json_lines,
    ".xml": read_feed,
    ".rss": read_feed,
    ".atom": read_feed,
}


def _one(read: _OfBytes) -> Read:
    """A reader of files that hold one document each."""
    return lambda path: (read(path.name, path.read_bytes()),)


def _several(read: Callable[[str, bytes], Documents]) -> Read:
    return lambda path: read(path.name, path.read_bytes())


READERS: dict[str, Read] = {
    ".pdf": lambda path: (read_pdf(path),),
    **{suffix: _one(read) for suffix, read in _SINGLE.items()},
    **{suffix: _several(read) for suffix, read in _SEVERAL.items()},
}
"""Reader by file name suffix, in lower case."""


def read_file(path: Path) -> Documents:
    """Read a file by its suffix, after a look at whether its bytes can be that. Raises DocumentError."""
    suffix = path.suffix.lower()
    why = why_not_this_kind(suffix, path)
    if why:
        raise DocumentError(why)
    return READERS[suffix](path)
