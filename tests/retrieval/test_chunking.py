from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.chunking import chunk_document
from retrieval.parsing.parsed import Heading, ParsedDocument, ParsedPage


def words(texts: list[str] | tuple[str, ...]) -> list[int]:
    """One token per four characters: the tests need no tokenizer to check the rules."""
    return [(len(text) + 3) // 4 for text in texts]


def document(*pages: str) -> ParsedDocument:
    return ParsedDocument("Report", tuple(ParsedPage(number, text) for number, text in enumerate(pages, start=1)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab .,\n1$", max_size=900), min_size=1, max_size=3), st.integers(32, 120))
def test_chunks_are_verbatim_bounded_and_complete(texts: list[str], limit: int) -> None:
    chunks = chunk_document(document(*texts), "a.txt", limit, words)
    for chunk in chunks:
        page = texts[chunk.page - 1]
        assert page[chunk.start : chunk.end] == chunk.text
        assert sum(words([line])[0] for line in [chunk.text]) <= limit + chunk.text.count("\n") + 1
    for number, text in enumerate(texts, start=1):
        kept = "".join("".join(chunk.text.split()) for chunk in chunks if chunk.page == number)
        assert kept == "".join(text.split())


def test_a_chunk_knows_its_section_and_carried_column_heads() -> None:
    rows = "\n".join(f"Row number {number} {number},100 {number},200" for number in range(1, 40))
    text = f"Note 5. Segments\nYears ended 2025 2024\n{rows}\n"
    page = ParsedPage(1, text, (Heading(0, 2, "Note 5. Segments"),))
    chunks = chunk_document(ParsedDocument("Report", (page,)), "a.pdf", 100, words)
    assert len(chunks) > 1
    assert all(chunk.section == ("Note 5. Segments",) for chunk in chunks)
    assert chunks[-1].columns == "Years ended 2025 2024"
