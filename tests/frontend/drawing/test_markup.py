"""What documents and the model say stays text."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.drawing.markup import Mark, answer_html, label, passage_html, plain_html, sentence

_ALLOWED = {
    "div", "p", "br", "ul", "ol", "li", "strong", "em", "code", "pre", "span", "mark",
    "table", "thead", "tbody", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
_ALLOWED_ATTRIBUTES = {"class", "title", "start", "style"}


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: dict[str, str | None] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes.update(attrs)


@pytest.mark.parametrize(
    "text",
    [
        '<img src=x onerror="alert(1)">',
        "![pixel](http://198.51.100.7/p.png)",
        "[click](http://198.51.100.7/)",
        "[click](javascript:alert(1))",
        "<http://198.51.100.7/>",
        "http://198.51.100.7/ www.example.com",
        "[a][b]\n\n[b]: http://198.51.100.7/",
        "<script>alert(1)</script>",
        "```html\n<img src=x>\n```",
        "| <img src=x> |\n|---|\n| ![a](http://198.51.100.7) |",
    ],
)
def test_nothing_hostile_becomes_an_element(text: str) -> None:
    elements = Elements(answer_html(text))
    assert elements.found <= _ALLOWED
    assert not {"src", "href", "onerror"} & set(elements.attributes)


_PIECES = st.sampled_from(
    [
        "<",
        ">",
        '"',
        "'",
        "&",
        "[",
        "]",
        "(",
        ")",
        "!",
        "`",
        "*",
        "|",
        "\n",
        "- ",
        "# ",
        "[1]",
        "http://x",
        "<img src=x>",
    ]
)


@given(st.lists(st.one_of(_PIECES, st.text(max_size=6)), max_size=30).map("".join))
def test_no_text_at_all_gets_an_element_or_attribute_in(text: str) -> None:
    for html in (
        answer_html(text), answer_html(text, {1: text}), plain_html(text, "note"), passage_html(text, (0, len(text)))
    ):  # fmt: skip
        elements = Elements(html)
        assert elements.found <= _ALLOWED
        assert set(elements.attributes) <= _ALLOWED_ATTRIBUTES
        assert elements.attributes.get("style", "text-align:left") in (
            "text-align:left", "text-align:right", "text-align:center"
        )  # fmt: skip


def test_markdown_that_answers_use_is_kept() -> None:
    html = answer_html("It grew **fast**.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert {"strong", "li", "table"} <= Elements(html).found


def test_dollars_colons_and_carets_stay_as_they_are() -> None:
    assert answer_html("$5 or $6 :smile: x^2") == '<div class="answer"><p>$5 or $6 :smile: x^2</p>\n</div>'


def test_markers_of_known_sources_are_marked_and_others_stay_text() -> None:
    html = answer_html("So it is [1], not [7].", {1: 'a"b <c>, page 2'})
    assert '<span class="marker" title="a&quot;b &lt;c&gt;, page 2">[1]</span>' in html
    assert "not [7]." in html


def test_while_an_answer_is_written_every_marker_is_marked() -> None:
    assert answer_html("So [1] and [2]").count('class="marker"') == 2


def test_a_marker_in_code_stays_code() -> None:
    assert "marker" not in answer_html("`x[1]`", {1: "a"})


def test_a_label_reads_no_markup() -> None:
    shown = label("![p](http://x/p.png) *a* $b$ :smile: <b>")
    for sign in ("![", "](", "$b$", ":s", "<b>", " *a"):
        assert sign not in shown


def test_a_sentence_keeps_commands_as_code_and_reads_no_other_markup() -> None:
    assert sentence("run `dossier models`: *now* ` <b>") == "run `dossier models`:\u200b \\*now\\* \\` \\<b\\>"


def test_the_line_is_marked_in_the_passage() -> None:
    assert passage_html("a <b> c", (2, 5)) == '<div class="passage">a <mark>&lt;b&gt;</mark> c</div>'


def text_of(html: str) -> str:
    pieces: list[str] = []

    class Texts(HTMLParser):
        def handle_data(self, data: str) -> None:
            pieces.append(data)

    Texts().feed(html)
    return "".join(pieces)


@pytest.mark.slow
@given(st.text(alphabet="ab4.,%*_`|-# [1]\n\ue000\ue100<&", max_size=60), st.data())
def test_marks_change_nothing_but_how_parts_look(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    whole = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if text[a:b].isalnum()]
    marks = [Mark(start, end, "number traced", '"><img src=x>') for start, end in whole]
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    marked = answer_html(text, {}, marks, [Mark(first, last, "doubt", '"><img src=y>')])
    elements = Elements(marked)
    assert elements.found <= _ALLOWED and not {"src", "onerror"} & set(elements.attributes)
    assert not any("\ue000" <= sign <= "\uf8ff" for sign in marked)


def test_a_number_is_marked_wherever_it_stands() -> None:
    text = "**4.2** of 4.2\n- 4.2 [1]"
    starts = [0 + 2, 11, 17]
    html = answer_html(text, {1: "a"}, [Mark(start, start + 3, "number untraced", "Nowhere.") for start in starts])
    assert html.count('<span class="number untraced" title="Nowhere.">4.2</span>') == 3
    assert text_of(html) == text_of(answer_html(text, {1: "a"}))


def test_a_sentence_is_marked_with_all_that_is_in_it() -> None:
    text = "Sales rose. **Costs** fell by 4.2 [1].\n\n- Fine."
    start, number = text.index("**Costs"), text.index("4.2")
    html = answer_html(
        text, {1: "a"}, [Mark(number, number + 3, "number untraced", "n")], [Mark(start, start + 26, "doubt", "why")]
    )
    assert "<p>Sales rose. <strong>" in html
    assert '<strong><span class="doubt" title="why">Costs</span></strong>' in html
    assert '<span class="doubt" title="why"><span class="number untraced" title="n">4.2</span></span>' in html
    assert (
        html.index("marker") < html.index("<li>Fine.</li>")
        and "doubt" not in html[html.index("marker") + 40 :].split("</p>")[1]
    )
    assert text_of(html) == text_of(answer_html(text, {1: "a"}))
