"""What the viewer asks for and how it shows a page, without a browser."""

import io

from PIL import Image

from frontend.chat.viewer import _picture_html, _text_html, _why_html
from frontend.gateway.page_records import DocumentPage, place_in
from frontend.gateway.source_records import Source, sources_of

HOSTILE = '<img src=x onerror="window.hurt=1">'
TEXT = "Sales rose.\nTotal revenue was 1,284.6 million.\nCosts fell."
SOURCE = Source(1, "a.pdf", 3, (), TEXT, True, "reports/a.pdf", 100, 100 + len(TEXT), "d" * 64)


def page(**more: object) -> DocumentPage:
    told = {
        "source": "reports/a.pdf", "document": "a.pdf", "page": 3, "pages": 9, "picture": True, "marked": True,
        "available": True, "note": "", "parts": [], "earlier": None, "later": 40, "top": 396.0, **more,
    }  # fmt: skip
    return DocumentPage.read(told)


def test_the_passage_and_the_line_that_the_answer_rests_on_are_asked_for() -> None:
    asked = place_in(SOURCE, "Total revenue was 1,284.6 million [1].")
    line = "Total revenue was 1,284.6 million."
    start = 100 + TEXT.index(line)
    assert asked == {
        "source": "reports/a.pdf", "page": 3, "start": 100, "end": 100 + len(TEXT), "digest": "d" * 64,
        "line_start": start, "line_end": start + len(line),
    }  # fmt: skip


def test_an_answer_that_is_close_to_no_line_has_its_passage_marked_only() -> None:
    assert "line_start" not in place_in(SOURCE, "Something else entirely [1].")


def test_an_old_answer_asks_for_the_page_alone() -> None:
    assert place_in(Source(1, "a.pdf", 3, (), TEXT, True, "reports/a.pdf"), "x [1]") == {
        "source": "reports/a.pdf",
        "page": 3,
    }


def test_sources_take_their_places_from_the_pin() -> None:
    sources = [
        {"number": 1, "document": "a"},
        {"number": 2, "document": "b", "found": {"boost": 1.5, "reasons": ["r"]}},
    ]
    passages = [{"start": 1, "end": 2, "digest": "x"}, {"start": 3, "end": 4, "digest": "y"}]
    one, two = sources_of({"sources": sources, "pin": {"passages": passages}})
    assert [(one.start, one.digest), (two.end, two.digest)] == [(1, "x"), (4, "y")]
    assert one.found is None
    assert two.found is not None and (two.found.boost, two.found.reasons) == (1.5, ("r",))
    assert sources_of({"sources": sources, "pin": None})[0].digest == ""


def test_text_and_tables_stay_text_and_are_marked() -> None:
    cells = [{"text": HOSTILE, "place": '"B7'}]
    table = {"caption": HOSTILE, "unit": "", "columns": [HOSTILE], "rows": [{"cells": cells, "mark": 2}]}
    html = _text_html(page(parts=[{"line": {"text": HOSTILE, "mark": 1}}, {"table": table}]))
    assert "<img" not in html
    assert '<mark class="passage-part">&lt;img' in html
    assert '<tr class="cited-part"><td title="&quot;B7">' in html
    assert _text_html(page()).count("There is no text on this page.") == 1


def test_a_picture_says_what_it_shows_and_where_the_mark_is() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (200, 1584), "white").save(stream, "PNG", dpi=(144, 144))
    html = _picture_html(stream.getvalue(), page(document=HOSTILE))
    assert 'alt="Page 3 of &lt;img src=x onerror=&quot;window.hurt=1&quot;&gt;, with the cited passage marked"' in html
    assert 'style="top: 50.00%"' in html


def test_why_a_passage_was_found_in_words() -> None:
    found = sources_of(
        {"sources": [{"number": 1, "found": {
            "similarity": 0.7123, "dense_rank": 2, "lexical_rank": None, "boost": 1.25, "rerank": -1.5,
            "reasons": ["the question names <b>Larkfield</b>"], "folded": ["b.pdf, page 4"],
        }}]}
    )[0].found  # fmt: skip
    html = _why_html(found)
    for words in ("number 2 nearest in meaning", "0.71 of 1", "not found this way", "b.pdf, page 4", "-1.50"):
        assert words in html
    assert "1.25 times: the question names &lt;b&gt;Larkfield&lt;/b&gt;" in html
    assert "from before Dossier kept why" in _why_html(None)
