from hypothesis import given
from hypothesis import strategies as st

from dossier.citations import marker, parse_citations


def test_valid_markers_are_found_where_they_stand() -> None:
    text, citations = parse_citations("Sales rose [1]. Costs fell [2].", 2)
    assert text == "Sales rose [1]. Costs fell [2]."
    assert [(c.number, text[c.start : c.end]) for c in citations] == [(1, "[1]"), (2, "[2]")]


def test_markers_that_point_at_nothing_are_removed() -> None:
    text, citations = parse_citations("Sales rose [3] and [0] fell [99999].", 2)
    assert citations == ()
    assert "[" not in text


def test_grouped_markers_are_split_and_checked_one_by_one() -> None:
    text, citations = parse_citations("Both [1, 7, 2].", 2)
    assert text == "Both [1][2]."
    assert [citation.number for citation in citations] == [1, 2]


@given(st.text(alphabet="ab [],0123456789\n", max_size=60), st.integers(0, 5))
def test_every_citation_stands_in_the_text_and_in_bounds(text: str, passages: int) -> None:
    clean, citations = parse_citations(text, passages)
    for citation in citations:
        assert 1 <= citation.number <= passages
        assert clean[citation.start : citation.end] == marker(citation.number)
    again, same = parse_citations(clean, passages)
    assert len(same) == len(citations)
    assert again == clean
