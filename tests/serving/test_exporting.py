"""Conversations as files: what is in them, and that what people and documents wrote stays text."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from serving.exporting import ExportForm, exported, file_name
from serving.store import Conversation, Message

WHEN = datetime(2026, 3, 4, 9, 5, tzinfo=UTC)
HOSTILE = '<img src=x onerror="hurt()"> ![p](http://198.51.100.7/p.png) [l](http://a.b) <script>hurt()</script>'
SOURCES = (
    {"number": 1, "document": "annual.pdf", "page": 12, "section": ["Review", "Sales"], "text": "Sales: 4.2\nin 2025"},
    {"number": 2, "document": "unused.pdf", "page": 1, "section": [], "text": "unused", "cited": False},
)
ANSWER = Message(
    "assistant", "Sales were **4.2 billion** [1].\n\n- north\n- south", SOURCES, "answered", "Figures in euros.", False,
    WHEN, "dossier-finance@1f0c", asked_as="What were sales in 2025?",
)  # fmt: skip
QUESTION = Message("user", "And in\n2025?", (), "", "", False, WHEN)
TALK = Conversation("c", "Sales & more", WHEN, WHEN, (QUESTION, ANSWER))


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_markdown_has_questions_answers_and_cited_passages() -> None:
    text = exported(TALK, ExportForm.MARKDOWN)
    assert text.startswith("# Sales & more\n\n*04 March 2026, 09:05 UTC*\n\n## And in 2025?\n\n")
    for part in (
        "*Asked as: What were sales in 2025?*",
        "Sales were **4.2 billion** [1].\n\n- north\n- south",
        "**[1] annual.pdf, page 12, Review › Sales**\n\n> Sales: 4.2\n> in 2025",
        "*Figures in euros.*",
        "*Answered by dossier-finance@1f0c, 04 March 2026, 09:05 UTC*",
    ):
        assert part in text
    assert "unused" not in text


def test_a_page_to_print_has_the_same() -> None:
    read = Elements(exported(TALK, ExportForm.PAGE))
    assert {"h1", "h2", "strong", "li", "blockquote"} <= set(read.found)
    for words in ("Sales & more", "And in 2025?", "4.2 billion", "annual.pdf, page 12", "in 2025"):
        assert words in read.text


@pytest.mark.parametrize("form", [ExportForm.MARKDOWN, ExportForm.PAGE])
def test_hostile_text_becomes_no_element_link_or_image(form: ExportForm) -> None:
    source = {**SOURCES[0], "document": HOSTILE, "text": HOSTILE, "section": [HOSTILE]}
    doubts = ({"start": 0, "end": 20, "reason": HOSTILE},)
    answer = replace(ANSWER, text=HOSTILE, sources=(source,), note=HOSTILE, asked_as=HOSTILE, unsupported=doubts)
    talk = replace(TALK, title=HOSTILE, messages=(replace(QUESTION, text=HOSTILE), answer))
    written = exported(talk, form)
    if form is ExportForm.MARKDOWN:
        import markdown_it

        written = markdown_it.MarkdownIt("commonmark", {"html": True}).render(written)
    read = Elements(written)
    assert not {"img", "a"} & set(read.found)
    assert read.found.count("script") == (form is ExportForm.PAGE)
    assert "http://198.51.100.7/p.png" in read.text


@pytest.mark.parametrize("form", [ExportForm.MARKDOWN, ExportForm.PAGE])
def test_a_chart_is_left_out_in_words(form: ExportForm) -> None:
    chart = {"title": "t", "description": f"ACME: returns. {HOSTILE}", "data": {"values": [{"value": 12345}]}}
    written = exported(replace(TALK, messages=(replace(ANSWER, chart=chart),)), form)
    assert "A chart belongs here: ACME: returns." in written and "the JSON export holds it" in written
    assert "12345" not in written
    if form is ExportForm.PAGE:
        assert not {"img", "a"} & set(Elements(written).found)
    assert "A chart" not in exported(TALK, form)


def test_refusals_and_answers_cut_short_say_so() -> None:
    refusal = replace(ANSWER, verdict="not_in_documents", text="It is not in the documents.", sources=())
    cut = replace(ANSWER, interrupted=True, verdict="", text="Sales we")
    text = exported(replace(TALK, messages=(QUESTION, refusal, QUESTION, cut)), ExportForm.MARKDOWN)
    assert "**Not in the documents**\n\nIt is not in the documents." in text
    assert "Sales we\n\n*Stopped before it was finished.*" in text


@pytest.mark.parametrize(
    ("title", "name"), [("Sales/../2025: “up”?", "Sales2025 up"), ("", "conversation"), ("/..", "conversation")]
)
def test_a_file_is_named_after_the_title(title: str, name: str) -> None:
    assert file_name(replace(TALK, title=title)) == name
