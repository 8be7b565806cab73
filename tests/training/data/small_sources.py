"""Small files of each kind that sources come in."""

import json
from pathlib import Path

TABLE = [["", "2019", "2018"], ["Fixed Price", "$  1,452.4", "$  1,146.2"], ["Other", "44.1", "56.7"]]
PARAGRAPH = "Sales by contract type follow in the table below. We are paid our costs. Nothing else is due."
MESSAGES = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "Where is my card?"},
    {"role": "assistant", "content": "On its way."},
    {"role": "user", "content": [{"type": "text", "text": "Since when?"}]},
    {"role": "assistant", "content": "Since Monday."},
]


def tatqa(file: Path, *more: dict[str, object], table: list[list[str]] | None = None) -> Path:
    """A TAT-QA file of one context; `more` questions are added to its three."""

    def question(text: str, answer: object, kind: str, derivation: str = "", scale: str = "") -> dict[str, object]:
        return {
            "question": text, "answer": answer, "answer_type": kind, "derivation": derivation, "scale": scale,
            "answer_from": "table", "rel_paragraphs": [],
        }  # fmt: skip

    questions = [
        question("What was the change in Other in 2019 from 2018?", -12.6, "arithmetic", "44.1-56.7", "million"),
        question("Which contract types are there?", ["Fixed Price", "Other"], "multi-span"),
        question("How many years are shown?", 2, "count", "2019##2018"),
        *more,
    ]
    paragraphs = [{"order": 1, "text": PARAGRAPH}]
    context = {"table": {"table": table or TABLE}, "paragraphs": paragraphs, "questions": questions}
    file.write_text(json.dumps([context]))
    return file


def convfinqa(file: Path) -> Path:
    """A conversation in the form with `programs`."""
    item = {
        "id": "Single_MRO/2007/page_134.pdf-1",
        "questions": ["what was the price in 2007?", "and what was the change since 2005?", "was it more than half?"],
        "programs": ["ans = 60.94", "ans = 60.94 - 25.14", "x0 = 60.94 - 25.14; ans = x0 > 25.14"],
        "answer": "yes",
        "text": "the plan grants options . in 2007 , it did .",
        "table": "- | 2007 | 2005\nprice per share | $ 60.94 | $ 25.14\nvolatility | 27% ( 27 % ) | 28%\n",
        "golden_table": "- | 2007 | 2005\nprice per share | $ 60.94 | $ 25.14\n",
        "golden_text": "",
    }
    file.write_text(json.dumps([item]))
    return file


def published_convfinqa(file: Path) -> Path:
    """A conversation in the form that the set was published in."""
    item = {
        "filename": "UNP/2008/page_77.pdf",
        "pre_text": ["we capitalize all costs ."],
        "post_text": ["see note 3 ."],
        "table_ori": [["millions", "2008", "2007"], ["equipment rents payable", "93", "103"]],
        "annotation": {
            "dialogue_break": ["what was it in 2008?", "and the percentage change?"],
            "turn_program": ["93", "subtract(93, 103), divide(#0, 103)"],
            "exe_ans_list": [93.0, -0.09709],
        },
    }
    file.write_text(json.dumps([item], indent=1))
    return file


def chat(file: Path, **more: object) -> Path:
    """A conversation of two replies, as OpenAI's format writes it; `more` fields beside the messages."""
    file.write_text(json.dumps({"messages": MESSAGES, **more}) + "\n")
    return file


def cuad(folder: Path) -> Path:
    """One contract with one clause."""
    (folder / "contracts").mkdir(parents=True, exist_ok=True)
    text = (
        "This Agreement is made today. " * 60 + "It is governed by\n the laws of Ohio. " + "Fees are due monthly. " * 60
    )
    (folder / "contracts" / "ACME_2001-Supply.txt").write_text(text)
    (folder / "master_clauses.csv").write_text(
        "Filename,Document Name-Answer,Governing Law,Insurance\n"
        "ACME_2001-Supply.pdf,Supply Agreement,\"['It is governed by the laws of Ohio']\",[]\n"
    )
    return folder


def rows(file: Path, *lines: str) -> Path:
    """A file of these lines."""
    file.write_text("\n".join(lines) + "\n")
    return file
