"""Pages of the public sets of questions about reports (TAT-QA, TAT-HQA, ConvFinQA), written as reports write them."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def table_group(table: Sequence[Sequence[str]]) -> str:
    """The name of a table by what it says: the same table has the same one in every set."""
    return hashlib.sha256(json.dumps(table).encode()).hexdigest()[:12]


def ordered_paragraphs(context: dict[str, Any]) -> list[str]:
    """The paragraphs of a TAT-QA context as they stand on the page."""
    return [part["text"] for part in sorted(context["paragraphs"], key=lambda part: part["order"])]


def report_place(name: str) -> str:
    """Where a ConvFinQA item is from: `Single_MRO/2007/page_134.pdf-1` gives `MRO/2007/page_134`."""
    return re.sub(r"^(?:Single|Double)_|\.pdf(?:-\d+)?$", "", name)


def tatqa_evidence(question: dict[str, Any], context: dict[str, Any], rows: list[str]) -> Iterator[str]:
    """Rows that hold a number of the derivation or an answer; for answers in the text the sentence that holds them."""
    answer = question["answer"]
    answers = [str(item) for item in answer] if isinstance(answer, list) else []
    wanted = set(_NUMBER.findall(question["derivation"])) | {n for item in answers for n in _NUMBER.findall(item)}
    if question["answer_from"] != "text":
        for row in rows:
            found = {number for number in _NUMBER.findall(row) if len(number) > 1} & wanted
            if found and not re.fullmatch(r"(?:\D*(?:19|20)\d\d\D*)+", row):
                yield row
    if question["answer_from"] == "text":
        order = {str(part["order"]): part["text"] for part in context["paragraphs"]}
        for number in question["rel_paragraphs"]:
            text = order.get(number, "")
            yield from (sentence for item in answers if (sentence := _sentence_with(text, item)))


def plain_rows(table: Sequence[Sequence[str]]) -> list[str]:
    """The rows of a table as a page's text shows them, without empty ones."""
    return [line for row in table if (line := plain_row(row))]


def plain_row(cells: Sequence[str]) -> str:
    """A row as a page's text shows it; ConvFinQA's doubled values (`27% ( 27 % )`) once."""
    text = " ".join(" ".join(cells).split())
    text = re.sub(r"(\S+) \( [\d.,]+ %? ?\)", r"\1", text)
    return re.sub(r"\$ (?=\d)", "$", text).removeprefix("- ")


def report_page(paragraphs: list[str], rows: list[str]) -> str:
    """The table after the first paragraph that announces one, as in a report, else in front."""
    announced = (n for n, text in enumerate(paragraphs, 1) if re.search(r"\b(?:table|following|below)\b", text.lower()))
    at = next(announced, 0)
    blocks = ["\n\n".join(paragraphs[:at]), "\n".join(rows), "\n\n".join(paragraphs[at:])]
    return "\n\n".join(block for block in blocks if block) + "\n"


def spaced_paragraphs(text: str) -> list[str]:
    """ConvFinQA's lower-case, spaced-out text (`in 2012 , sales rose .`), a sentence a line, written as pages are."""
    text = re.sub(r"\s+([.,;:%)])(?=\s|$)", r"\1", text)
    text = re.sub(r"([($])\s+", r"\1", text)
    return [part.strip() for part in re.split(r"(?<=[a-z)\d]\.)\s+(?=[a-z(])", text) if part.strip(" .")]


def _sentence_with(text: str, answer: str) -> str:
    at = text.find(answer)
    if at < 0:
        return ""
    start = max(text.rfind(". ", 0, at) + 2, 0) if ". " in text[:at] else 0
    end = text.find(". ", at + len(answer))
    return text[start : end if end > 0 else len(text)][:600]
