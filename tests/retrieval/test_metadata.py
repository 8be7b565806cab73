import pytest

from dossier.records import Metadata
from retrieval.metadata import corrections_for, describe
from retrieval.parsing.parsed import ParsedDocument, ParsedPage

COVER = """UNITED STATES
FORM 10-K
For the fiscal year ended January 31, 2023
Blue Heron, Inc.
(Exact name of Registrant as specified in its charter)
Title of each class Trading Symbol(s) Name of each exchange
Common stock, par value $0.01 HRON New York Stock Exchange
"""
RELEASE = """4/25/2023 Media contact
TIN ROOF'S FIRST QUARTER 2023 RESULTS
SPRINGFIELD - Tin Roof Corporation today announced results for the first quarter ended March 31, 2023.
Its Form 8-K of the same day holds the tables.
"""
CONTRACT = """This Supply Agreement is entered into on March 3, 2019 by and between Elm Works LLC and Oak Limited.
Elm Works LLC delivers. Elm Works LLC is the seller."""
GERMAN = (
    "Die Mitarbeiter und die Leitung sind mit der Regelung nicht auf das Jahr beschränkt, den Urlaub im März zu nehmen."
)


def about(text: str, source: str = "x.pdf", **given: str) -> Metadata:
    return describe(ParsedDocument("Title", (ParsedPage(1, text),), metadata=Metadata(**given)), source)


def test_an_annual_report_is_read_from_its_cover() -> None:
    expected = Metadata("Blue Heron, Inc.", "HRON", "10-k", "2023", "2023-01-31", about(COVER).language)
    assert about(COVER) == expected


def test_a_release_is_no_8k_because_it_mentions_one() -> None:
    found = about(RELEASE)
    assert (found.company, found.kind, found.period) == ("Tin Roof Corporation", "earnings release", "2023-Q1")


def test_a_contract_has_the_party_it_names_most_and_its_date() -> None:
    found = about(CONTRACT)
    assert (found.company, found.kind, found.date) == ("Elm Works LLC", "contract", "2019-03-03")


def test_what_the_format_says_wins() -> None:
    assert about(RELEASE, date="2023-04-26").date == "2023-04-26"
    document = ParsedDocument("T", (ParsedPage(1, RELEASE),), metadata=Metadata(date="2023-04-26"))
    found = describe(document, "x.pdf")
    assert (found.date, found.kind) == ("2023-04-26", "earnings release")


@pytest.mark.parametrize(
    ("text", "language"), [(CONTRACT, "en"), (GERMAN, "de"), ("404 17 23", ""), ("Lorem ipsum dolor sit amet", "")]
)
def test_language_is_told_or_left_open(text: str, language: str) -> None:
    assert about(text).language == language


def test_generic_words_are_no_company() -> None:
    text = "The Company and this Corporation agree. The Company pays. A Delaware corporation. The Company."
    assert about(text).company == ""


def test_later_patterns_of_corrections_win() -> None:
    rules = [("*.pdf", {"company": "A", "kind": "10-k"}), ("x/*", {"company": "B"})]
    assert corrections_for("x/1.pdf", rules) == {"company": "B", "kind": "10-k"}
    assert corrections_for("y.txt", rules) == {}
