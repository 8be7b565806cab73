import pytest

from dossier.records import Document, Metadata, Table, TableCell, TableRow
from retrieval.sample import _about_table


def asked(head: str, label: str = "Total net sales", company: str = "Acme Inc.") -> list[str]:
    row = TableRow(0, 9, (TableCell(label), TableCell("$12")))
    document = Document("a.pdf", "Report", "0", metadata=Metadata(company=company))
    return list(_about_table(document, Table(1, 0, 9, "", "", ("", head), (row,))))


def test_a_figure_of_a_year_is_asked_for() -> None:
    assert asked("2025") == ["What were Acme Inc.’s total net sales in 2025?"]
    assert asked("Year ended June 30, 2025", "Gross profit", "") == ["What was gross profit in Report in 2025?"]


@pytest.mark.parametrize("head", ["Q1 fiscal 2025", "Three Months Ended June 30, 2025", "2025 2024", "Change", ""])
def test_a_column_that_is_not_one_year_is_not_asked_for_as_a_year(head: str) -> None:
    assert asked(head) == []
