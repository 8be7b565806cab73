from collections.abc import Sequence

from dossier.records import Chunk, Metadata
from retrieval.embedded_text import HEADS_TOKENS, LINE_CONTEXT_TOKENS, embedded_text, embedded_texts

TABLE = """The statement follows.
Years ended June 30, 2025 2024
Products $ 316 $ 297
Products $ 316 $ 297
Services 78 68
Cost of:
12 13"""


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def chunk(text: str, section: tuple[str, ...] = ("Results",), columns: str = "") -> Chunk:
    about = Metadata(company="Acme Inc.", kind="10-k", period="2025")
    return Chunk("a.pdf", "Report", 1, 0, len(text), section, text, columns, metadata=about)


def test_each_line_is_embedded_with_what_it_is_about() -> None:
    texts = embedded_texts(chunk(TABLE), words)
    assert [text for text in texts if "Services" in text] == [
        text for text in texts if "Services" in text and "Report" in text and "Results" in text and "2025 2024" in text
    ]
    assert len(texts) == len(set(texts))
    assert sum("Products" in text for text in texts) == 1
    assert not any("316" in text or "Cost of" in text for text in texts)


def test_a_chunk_of_one_line_is_embedded_whole() -> None:
    one = chunk("Lunch is at noon.")
    assert embedded_texts(one, words) == [embedded_text(one, words)]
    numbers = chunk("12 13\n14 15")
    assert embedded_texts(numbers, words) == [embedded_text(numbers, words)]


def test_what_stands_around_a_line_is_cut_and_the_line_is_not() -> None:
    long = " ".join(f"word{number}" for number in range(150)) + "."
    heads = " ".join(f"head{number} 2025" for number in range(60))
    texts = embedded_texts(chunk(f"{long}\nProducts $ 316 $ 297", ("deep " * 80,), heads), words)
    assert any(long in text for text in texts)
    assert max(words(texts)) <= LINE_CONTEXT_TOKENS + HEADS_TOKENS + 150
