import pytest

from dossier.evidence import amounts_of, is_row, lines_of
from dossier.records import Chunk, Passage

STATEMENT = """STATEMENTS OF OPERATIONS
(In millions, except per share amounts)
Years ended June 30, 2025 2024 2023
Products $ 316,199 $ 297,392 $ 220,747
Other income, net (334) 258 —
Growth 8 % (2) % 3 %
See accompanying notes. The notes are part of these statements."""


def passage(text: str, columns: str = "") -> Passage:
    return Passage(1, Chunk("a.pdf", "A", 1, 0, len(text), (), text, columns), 0.03)


@pytest.mark.parametrize(
    ("line", "label", "amounts"),
    [
        ("Products $ 316,199 $ 297,392 $ 220,747", "Products", ["$316,199", "$297,392", "$220,747"]),
        ("Other income, net (334) 258 —", "Other income, net", ["(334)", "258", "—"]),
        ("Growth 8 % (2) % 3 %", "Growth", ["8%", "(2)%", "3%"]),
        ("No amounts at all", "No amounts at all", []),
    ],
)
def test_a_row_is_read_into_label_and_amounts(line: str, label: str, amounts: list[str]) -> None:
    assert amounts_of(line) == (label, amounts)


def test_column_heads_are_not_a_row() -> None:
    assert not is_row("Years ended June 30, 2025 2024 2023")
    assert is_row("Products $ 316,199 $ 297,392")


def test_rows_know_the_heads_above_them() -> None:
    rows = [line for line in lines_of([passage(STATEMENT)]) if is_row(line.text)]
    assert [row.text.split()[0] for row in rows] == ["Products", "Other", "Growth"]
    assert all(row.heading.endswith("2025 2024 2023") for row in rows)


def test_heads_from_an_earlier_chunk_are_carried() -> None:
    (row,) = lines_of([passage("Services 78,129 68,425", columns="Years ended 2025 2024")])
    assert row.heading == "Years ended 2025 2024"


def test_prose_becomes_sentences_across_line_breaks() -> None:
    text = "The company leases its\nheadquarters in Utrecht. Acme Inc. owns the plant.\n\n- One rule.\n- Another rule."
    texts = [line.text for line in lines_of([passage(text)])]
    assert "The company leases its headquarters in Utrecht." in texts
    assert "Acme Inc. owns the plant." in texts
    assert "- One rule." in texts


def test_offsets_point_into_the_passage() -> None:
    found = passage(STATEMENT)
    for line in lines_of([found]):
        assert " ".join(found.chunk.text[line.start : line.end].split()) == line.text


def test_a_heading_in_capitals_is_no_part_of_the_sentence_below_it() -> None:
    text = "Before it.\nACCOUNTANT FEES AND SERVICES\nFees of Ernst & Young LLP are in the proxy statement."
    assert [line.text for line in lines_of([passage(text)])] == [
        "Before it.",
        "ACCOUNTANT FEES AND SERVICES",
        "Fees of Ernst & Young LLP are in the proxy statement.",
    ]
