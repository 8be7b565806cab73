"""Reads question sets that people have: TAT-QA, TAT-HQA, ConvFinQA, CUAD, and question files like a pack's."""

import json
import re
from pathlib import Path
from typing import Any

from dossier.errors import SettingsError
from dossier.packs import load_questions
from training.pairs import Asked, Examples
from training.pairs_cuad import read_cuad
from training.pairs_names import named_file, with_name
from training.report_pages import (
    ordered_paragraphs,
    plain_row,
    plain_rows,
    report_page,
    report_place,
    spaced_paragraphs,
    table_group,
    tatqa_evidence,
)

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
        group = table_group(table)
        text = report_page(ordered_paragraphs(context), plain_rows(table))
        source = f"{group}/{named_file(group, text)}"
        texts[source] = text
        for question in context["questions"]:
            evidence = tuple(tatqa_evidence(question, context, plain_rows(table)))
            if evidence:
                asked.append(Asked(with_name(question["question"], group), source, evidence, group))
    return Examples(name, tuple(asked), texts)


def _convfinqa(name: str, conversations: list[dict[str, Any]]) -> Examples:
    """ConvFinQA (Chen et al. 2022): the questions of a conversation that stand alone, one report on one side."""
    texts: dict[str, str] = {}
    asked: list[Asked] = []
    for item in conversations:
        place = report_place(item["id"])
        company, year, page = place.split("/")
        source = f"{place}/{company}_{year}_annual_report.txt"
        rows = [plain_row(row.split(" | ")) for row in item["table"].strip().splitlines()]
        texts[source] = report_page(spaced_paragraphs(item["text"]), rows)
        golden = [plain_row(row.split(" | ")) for row in item["golden_table"].strip().splitlines()[1:]]
        evidence = tuple(piece for piece in (*golden, *spaced_paragraphs(item["golden_text"])) if piece.strip())
        first = item["questions"][0]
        if evidence and not _FOLLOW_UP.match(first) and len(first.split()) > 5:
            asked.append(Asked(first, source, evidence, f"{company}/{year}"))
    return Examples(name, tuple(asked), texts)
