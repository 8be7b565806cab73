"""Documents as plain LangChain takes them: a PDF's pages and other files as text, cut at 1,000 characters."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pypdfium2
from langchain_text_splitters import RecursiveCharacterTextSplitter

from retrieval.evaluation.cases import Hit

SIZE, OVERLAP = 1000, 200
"""As LangChain's documentation sets them ("Build a RAG agent with LangChain", section "Splitting documents")."""


def pieces_of(folder: Path, names: Mapping[str, str]) -> Iterator[Hit]:
    """The pieces of a folder's files; `names` gives for each path in it what questions call the document."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=SIZE, chunk_overlap=OVERLAP)
    for source, document in names.items():
        for page, text in _pages(folder / source):
            for piece in splitter.split_text(text):
                yield Hit(document, page, piece)


def _pages(file: Path) -> Iterator[tuple[int, str]]:
    if file.suffix.lower() != ".pdf":
        yield 1, file.read_text(encoding="utf-8", errors="replace")
        return
    with pypdfium2.PdfDocument(file) as pdf:
        for number in range(len(pdf)):
            yield number + 1, pdf[number].get_textpage().get_text_range()
