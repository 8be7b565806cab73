"""Which examples everyone may read: what is limited to groups never becomes training data."""

from pathlib import Path

from dossier.packs import Pack
from dossier.settings import Settings
from retrieval.readers import file_of, readers_of
from retrieval.scan import scan
from training.data.example import Example


class Limited:
    """The documents of a pack that are limited to groups: by an admin, its `groups.toml` or its collections."""

    def __init__(self, pack: Pack, settings: Settings) -> None:
        """Look at the pack's documents. Raises IndexingError when the folder or a file of its rules is wrong."""
        self._folder = pack.documents
        readers = readers_of(settings, pack)
        self._groups = readers.groups
        found = scan(pack.documents, readers)
        limited = [file.source for file in found.found if file.groups]
        limited += [file.source for file in found.left_out if self._groups(file.source)]
        self._names = {name for source in limited for name in _names(source)}

    def holds(self, example: Example) -> bool:
        """Whether an example must stay out.

        It must when it says so itself, when a pattern limits its document, or when a limited document has the same
        file name: an example that names no folder could be from either of two files.
        """
        origin = example.origin
        return bool(origin.readers) or any(map(self.holds_document, (origin.document, *origin.also)))

    def holds_document(self, name: str) -> bool:
        """Whether a document is limited now, whatever it was when it was indexed."""
        document = self._source(name)
        return bool(document) and (bool(self._groups(document)) or bool(_names(document) & self._names))

    def _source(self, document: str) -> str:
        """A document's path as the index has it: relative to the folder, forward slashes, no item behind a `#`."""
        plain = file_of(document.replace("\\", "/").strip()).strip().removeprefix("./")
        path = Path(plain)
        if path.is_absolute() and path.is_relative_to(self._folder):
            return path.relative_to(self._folder).as_posix()
        return plain


def _names(source: str) -> set[str]:
    """A file's name with and without its ending, without case."""
    name = source.rsplit("/", 1)[-1].lower()
    stem = Path(name).stem
    return {name, stem}
