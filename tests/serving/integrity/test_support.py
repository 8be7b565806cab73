"""Each sentence of a model's words against what it cites."""

import pytest

from dossier.citations import parse_citations
from dossier.records import Chunk, Metadata, Passage
from dossier.traces import Fault, Origin, Trace
from serving.integrity.support import claims_of, unsupported_reply, unsupported_sentences
from serving.integrity.tracing import Basis

SALES = (
    "Net sales of eBay were $10,271 million in fiscal 2024, up 1.5% from the year before. The Chief Executive Officer "
    "said that advertising grew in the third quarter."
)
LEASE = "The lease of the Memphis hub ends in June 2036. The yearly rent is $599,525.04."
PASSAGES = (
    Passage(1, Chunk("EBAY_2024_10K.pdf", "eBay annual report", 3, 0, len(SALES), ("Review",), SALES), 1.0),
    Passage(
        2,
        Chunk(
            "fedex/lease.docx",
            "Airport lease",
            1,
            0,
            len(LEASE),
            ("Rent",),
            LEASE,
            metadata=Metadata(company="FedEx Corp."),
        ),
        0.5,
    ),
)


def faults(text: str, asked: str = "") -> list[tuple[str, Fault]]:
    clean, citations = parse_citations(text, len(PASSAGES))
    found = unsupported_sentences(clean, citations, Basis.of(PASSAGES, {}, asked))
    return [(clean[one.start : one.end], one.fault) for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "Net sales were $10,271 million in fiscal 2024 [1].",
        "eBay's net sales came to 10271 million in FY24 [1].",
        "In 2024 eBay had net sales of $10.3 billion, 1.5 percent more than before [1].",
        "**Net sales** rose by 1.5% [1]. The rent of FedEx's hub in Memphis is $599,525.04 a year [2].",
        "Advertising grew in Q3, said the CEO [1].",
        "The lease ends in June 2036. [2] Net sales rose 1.5%. [1]",
        "- Net sales: $10,271 million [1]\n- Yearly rent: $599,525.04 [2]",
        "| What | How much |\n|---|---|\n| Net sales | $10,271 million [1] |",
        "Here is what the documents say:\nThe lease ends in 2036 [2].",
        "## Sales\nNet sales were up 1.5% [1]. The passages don't say what profit was.",
        "Net sales were up 1.5% and the lease ends in 2036 [1][2].",
        "Sales were 1.5% higher than in the year before [1].",
        "Which year do you mean?",
    ],
)
def test_sentences_that_are_borne_out(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("Net sales were $10,271 million in fiscal 2024.", Fault.UNCITED),
        ("Net sales were $10,272 million in fiscal 2024 [1].", Fault.WRONG),
        ("Net sales were $10,271 million in fiscal 2024 [2].", Fault.WRONG),
        ("Net sales were $10,271 thousand in fiscal 2024 [1].", Fault.WRONG),
        ("Net sales were $10.4 billion in fiscal 2024 [1].", Fault.WRONG),
        ("Net sales were $10,271 million in fiscal 2023 [1].", Fault.WRONG),
        ("Net sales were $10,271 million in FY23 [1].", Fault.WRONG),
        ("Net sales rose by 10,271% [1].", Fault.WRONG),
        ("Net sales of Amazon rose by 1.5% [1].", Fault.WRONG),
        ("FedEx had net sales of $10,271 million [1].", Fault.WRONG),
        ("Advertising grew in the second quarter [1].", Fault.WRONG),
        ("Advertising grew in Q2 [1].", Fault.WRONG),
        ("Dividends depend on weather and currency hedges [1].", Fault.UNSUPPORTED),
        ("Management expects strong demand next spring [1].", Fault.UNSUPPORTED),
    ],
)
def test_sentences_that_are_not_borne_out_are_marked_alone(sentence: str, fault: Fault) -> None:
    good = "The lease ends in June 2036 [2]."
    asked = "How do eBay and FedEx and Amazon compare in 2023 and 2024?"
    assert faults(sentence, asked) == [(sentence, fault)]
    assert faults(f"{good} {sentence} {good}", asked) == [(sentence, fault)]


def test_the_reason_names_what_is_missing_and_where() -> None:
    clean, citations = parse_citations("Sales were 17 and 18 at Amazon [1].", 2)
    (found,) = unsupported_sentences(clean, citations, Basis.of(PASSAGES, {}))
    assert found.reason == "17, 18 can't be found in [1]."


def test_what_claims_nothing_is_no_claim() -> None:
    text = "# Sales\nAs follows:\nThe answer isn't in the documents. Anything else? Sales rose."
    assert [one.text for one in claims_of(text, ())] == ["Sales rose."]


@pytest.mark.parametrize(
    ("text", "trace", "fault"),
    [
        ("3.5% = (4 - 3) / 3 [1]", Trace("3.5", 0, 3, Origin.COMPUTED), None),
        ("2019: 4 [1]", Trace("4", 6, 7, Origin.CELL, 1), None),
        ("2019: 4 [1]", Trace("4", 6, 7, Origin.CELL, 2), Fault.WRONG),
        ("2019: 4 [1]", Trace("4", 6, 7, Origin.UNTRACED), Fault.WRONG),
        ("2019: 4", Trace("4", 6, 7, Origin.CELL, 1), Fault.UNCITED),
    ],
)
def test_a_checked_reply_is_borne_out_by_its_traces(text: str, trace: Trace, fault: Fault | None) -> None:
    clean, citations = parse_citations(text, 2)
    assert [one.fault for one in unsupported_reply(clean, citations, (trace,))] == ([fault] if fault else [])
