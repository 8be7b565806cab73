"""Check the question files against the documents they were written from.

Usage: python benchmarks/questions/check_questions.py DOCUMENTS [DOCUMENTS ...]

DOCUMENTS are folders that hold the filings (PDF), the handbook pages (Markdown) and the finance pack's documents,
searched with all their subfolders. Every problem is printed on a line of its own, and any problem makes the
exit status 1.
"""

import ast
import json
import operator
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdfium2

Question = dict[str, Any]

KINDS = {"lookup", "arithmetic", "span", "comparison", "list", "unanswerable", "follow-up"}
FIELDS = {"id", "question", "kind", "answer", "expression", "unit", "evidence", "split"}
SPLITS = {"dev", "held-out"}
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def collapse(text: str) -> str:
    """Return the text with every run of white space as one space, so that line breaks don't matter."""
    return " ".join(text.split())


def numbers(text: str) -> list[str]:
    """Return the unsigned numbers that stand in the text, without thousands separators."""
    return [found.replace(",", "") for found in NUMBER.findall(text)]


def evaluate(node: ast.expr) -> float:
    """Return the value of an expression of numbers, + - * / and parentheses; ValueError for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](evaluate(node.left), evaluate(node.right))
    raise ValueError(f"{ast.unparse(node)} is more than numbers, + - * / and parentheses")


class Documents:
    """The texts of the documents in some folders, read when first asked for."""

    def __init__(self, folders: list[Path]) -> None:
        """Note where each document is; ValueError if a folder isn't there."""
        missing = [str(folder) for folder in folders if not folder.is_dir()]
        if missing:
            raise ValueError(f"no such folder: {', '.join(missing)}; give the folders of the documents")
        self._paths: dict[str, list[Path]] = {}
        for path in (p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()):
            self._paths.setdefault(path.name, []).append(path)
        self._pages: dict[str, list[str]] = {}

    def page(self, name: str, number: int) -> str:
        """Return the text of a page (from 1), white space collapsed; ValueError if there's no such page."""
        if name not in self._pages:
            self._pages[name] = [collapse(text) for text in self._read(name)]
        pages = self._pages[name]
        if not 1 <= number <= len(pages):
            raise ValueError(f"{name} has no page {number}, only 1 to {len(pages)}")
        return pages[number - 1]

    def _read(self, name: str) -> list[str]:
        paths = self._paths.get(name, [])
        if len(paths) != 1:
            raise ValueError(f"{name} stands {len(paths)} times in the folders; it must stand there once")
        if paths[0].suffix.lower() != ".pdf":
            return [paths[0].read_text(encoding="utf-8")]
        with pypdfium2.PdfDocument(paths[0]) as document:
            return [page.get_textpage().get_text_range() for page in document]


def form_problems(question: Question) -> Iterator[str]:
    """Yield what's wrong with a question's fields, whatever the documents say."""
    fields = FIELDS | {"before"} if question.get("kind") == "follow-up" else FIELDS
    if set(question) != fields:
        yield f"fields are {sorted(question)}, not {sorted(fields)}"
        return
    if question["kind"] not in KINDS or question["split"] not in SPLITS:
        yield f"kind {question['kind']!r} or split {question['split']!r} isn't a known one"
    if question["kind"] == "arithmetic" and not question["expression"]:
        yield "an arithmetic question needs an expression"
    answerable = bool(question["answer"]) if question["kind"] == "follow-up" else question["kind"] != "unanswerable"
    if answerable != bool(question["answer"]) or answerable != bool(question["evidence"]):
        yield "answerable questions need an answer and evidence, unanswerable ones have neither"


def evidence_problems(question: Question, documents: Documents) -> Iterator[str]:
    """Yield each evidence text that doesn't stand on its page."""
    for entry in question["evidence"]:
        try:
            page = documents.page(entry["document"], entry["page"])
        except ValueError as error:
            yield str(error)
            continue
        if collapse(entry["text"]) not in page:
            yield f"{entry['document']} page {entry['page']} doesn't hold {entry['text']!r}"


def expression_problems(question: Question) -> Iterator[str]:
    """Yield an expression that doesn't give the answer, or whose numbers aren't in the evidence."""
    expression = question["expression"]
    if not expression:
        return
    try:
        value = evaluate(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError) as error:
        yield f"expression {expression!r}: {error}"
        return
    stated = numbers(question["answer"])
    if not any(f"{abs(value):.{len(number.partition('.')[2])}f}" == number for number in stated):
        yield f"expression {expression!r} gives {value}, the answer says {question['answer']!r}"
    if question["kind"] == "arithmetic" and (value < 0) != question["answer"].startswith("-"):
        yield f"expression {expression!r} and answer {question['answer']!r} differ in sign"
    known = {float(n) for entry in question["evidence"] for n in numbers(entry["text"])} | {100.0}
    for number in numbers(expression):
        if float(number) not in known:
            yield f"{number} in the expression stands in no evidence text"


def problems(questions: list[Question], documents: Documents) -> Iterator[str]:
    """Yield every problem of the questions, each with the question's id in front."""
    asked = [" ".join((*question.get("before", ()), str(question.get("question")))) for question in questions]
    for values in ((question.get("id") for question in questions), asked):
        yield from (f"{value!r} stands {count} times" for value, count in Counter(values).items() if count > 1)
    for question in questions:
        found = list(form_problems(question))
        if not found:
            found = [*evidence_problems(question, documents), *expression_problems(question)]
        yield from (f"{question.get('id')}: {problem}" for problem in found)


def main(arguments: list[str]) -> int:
    """Check all question files beside this script; return 0 if they're right, 1 or 2 if not."""
    if not arguments:
        print(__doc__)
        return 2
    try:
        documents = Documents([Path(argument) for argument in arguments])
    except ValueError as error:
        print(error)
        return 2
    files = sorted(Path(__file__).parent.glob("*.jsonl"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    questions: list[Question] = [json.loads(line) for line in lines]
    found = list(problems(questions, documents))
    print("\n".join([*found, f"{len(questions)} questions in {len(files)} files, {len(found)} problems"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
