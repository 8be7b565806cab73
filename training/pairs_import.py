"""Reads question sets that people have: TAT-QA, TAT-HQA, ConvFinQA, CUAD, and question files like a pack's."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dossier.errors import SettingsError
from dossier.packs import load_questions
from training.pairs import Asked, Examples
from training.pairs_cuad import read_cuad
from training.pairs_names import named_file, with_name

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_FOLLOW_UP = re.compile(r"^(?:and|so|what about|how about|then|now|but|or)\b", re.IGNORECASE)


def read_examples(path: Path) -> Examples:
    """Read a question set, its kind found from its content. Raises SettingsError saying what can be read.

    TAT-QA and TAT-HQA (JSON), ConvFinQA (JSON, conversations with `golden_table`), CUAD (a folder with
    `master_clauses.csv` and `contracts/`), or JSON lines like packs/finance/questions.jsonl.
    """
    if path.is_dir():
        return read_cuad(path)
    try:
        if path.suffix == ".jsonl":
            return _question_file(path)
        items = json.loads(path.read_text(encoding="utf-8"))
        first = items[0]
        if "paragraphs" in first and "table" in first:
            return _tatqa(path.stem, items)
        if "golden_table" in first:
            return _convfinqa(path.stem, items)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise SettingsError(f"{path} can't be read as questions with evidence: {error!r}. {_KNOWN}") from error
    raise SettingsError(f"{path} isn't of a known kind. {_KNOWN}")


_KNOWN = "Known are TAT-QA, TAT-HQA, ConvFinQA, CUAD and JSON lines like packs/finance/questions.jsonl."


def _question_file(path: Path) -> Examples:
    asked = tuple(
        Asked(question.question, place.document, (place.text,), place.document, place.page)
        for question in load_questions(path)
        for place in question.evidence[:1]
    )
    return Examples(path.stem, asked)


def _tatqa(name: str, contexts: list[dict[str, Any]]) -> Examples:
    """TAT-QA (Zhu et al. 2021) and TAT-HQA (Li et al. 2022). The same table makes the same document in both."""
    texts: dict[str, str] = {}
    asked: list[Asked] = []
    for context in contexts:
        table = context["table"]["table"]
        group = hashlib.sha256(json.dumps(table).encode()).hexdigest()[:12]
        paragraphs = [part["text"] for part in sorted(context["paragraphs"], key=lambda part: part["order"])]
        text = _page(paragraphs, _rows(table))
        source = f"{group}/{named_file(group, text)}"
        texts[source] = text
        for question in context["questions"]:
            evidence = tuple(_tatqa_evidence(question, context, _rows(table)))
            if evidence:
                asked.append(Asked(with_name(question["question"], group), source, evidence, group))
    return Examples(name, tuple(asked), texts)


def _tatqa_evidence(question: dict[str, Any], context: dict[str, Any], rows: list[str]) -> Iterator[str]:
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


def _convfinqa(name: str, conversations: list[dict[str, Any]]) -> Examples:
    """ConvFinQA (Chen et al. 2022): the questions of a conversation that stand alone, one report on one side."""
    texts: dict[str, str] = {}
    asked: list[Asked] = []
    for item in conversations:
        place = re.sub(r"^(?:Single|Double)_|\.pdf(?:-\d+)?$", "", item["id"])
        company, year, page = place.split("/")
        source = f"{place}/{company}_{year}_annual_report.txt"
        rows = [_plain_row(row.split(" | ")) for row in item["table"].strip().splitlines()]
        texts[source] = _page(_paragraphs(item["text"]), rows)
        golden = [_plain_row(row.split(" | ")) for row in item["golden_table"].strip().splitlines()[1:]]
        evidence = tuple(piece for piece in (*golden, *_paragraphs(item["golden_text"])) if piece.strip())
        first = item["questions"][0]
        if evidence and not _FOLLOW_UP.match(first) and len(first.split()) > 5:
            asked.append(Asked(first, source, evidence, f"{company}/{year}"))
    return Examples(name, tuple(asked), texts)


def _rows(table: list[list[str]]) -> list[str]:
    return [line for row in table if (line := _plain_row(row))]


def _plain_row(cells: list[str]) -> str:
    """A row as a page's text shows it; ConvFinQA's doubled values (`27% ( 27 % )`) once."""
    text = " ".join(" ".join(cells).split())
    text = re.sub(r"(\S+) \( [\d.,]+ %? ?\)", r"\1", text)
    return re.sub(r"\$ (?=\d)", "$", text).removeprefix("- ")


def _page(paragraphs: list[str], rows: list[str]) -> str:
    """The table after the first paragraph that announces one, as in a report, else in front."""
    announced = (n for n, text in enumerate(paragraphs, 1) if re.search(r"\b(?:table|following|below)\b", text.lower()))
    at = next(announced, 0)
    blocks = ["\n\n".join(paragraphs[:at]), "\n".join(rows), "\n\n".join(paragraphs[at:])]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _paragraphs(text: str) -> list[str]:
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
