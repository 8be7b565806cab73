"""Reads any source of examples: what it is, is found from what it holds."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from dossier.adapters import sha256_of
from dossier.errors import DataError
from dossier.feedback import FEEDBACK_FORM
from training.data.example import Example
from training.data.importing import own_files, reports, short_texts, source
from training.data.importing.contracts import cuad_examples
from training.data.importing.feedback import corrected_example
from training.data.importing.records import Content, Item, read_content, reading
from training.data.importing.source import Kind, Source

KNOWN = (
    "Known are TAT-QA, TAT-HQA, ConvFinQA, BANKING77, CLINC150, FinEntity, a CUAD folder (master_clauses.csv and "
    "contracts/), an export of `dossier feedback`, JSON lines with OpenAI messages, Alpaca instructions, tables with a "
    "question and an answer column, and questions like packs/finance/questions.jsonl."
)
_BANKING = {"card_arrival", "card_linking"}
OneOf = Callable[[str, Item], Iterator[Example]]


def read_source(path: Path) -> Source:
    """Read one file, or a CUAD folder. Raises DataError, naming file and line, or SettingsError."""
    if path.is_dir():
        return _cuad(path)
    content = read_content(path)
    digest = sha256_of(path)
    if not content.items:
        raise DataError(f"{path} has no examples in it. Name a file with some.")
    kind, examples = _of_kind(content)
    return Source(kind.name_of(content.name), kind, digest, tuple(examples))


def _cuad(folder: Path) -> Source:
    if not (folder / "master_clauses.csv").is_file():
        raise DataError(f"{folder} is a folder, but not CUAD. Name the files in it. {KNOWN}")
    files = [folder / "master_clauses.csv", *sorted((folder / "contracts").glob("*.txt"))]
    digest = hashlib.sha256("".join(sha256_of(file) for file in files).encode()).hexdigest()
    name = source.CUAD.title
    return Source(name, source.CUAD, digest, tuple(cuad_examples(name, folder)))


def _of_kind(content: Content) -> tuple[Kind, Iterator[Example]]:
    first = content.items[0].raw
    if not isinstance(first, dict):
        raise DataError(f"{content.path}, {content.items[0].place}: it isn't an object. {KNOWN}")
    if first.get("form") == FEEDBACK_FORM:
        return source.FEEDBACK, _each(source.FEEDBACK, content, _one(corrected_example))
    if content.form == "object" and set(first) & set(short_texts.CLINC_PARTS):
        return source.CLINC150, _whole(source.CLINC150, content)
    if "table" in first and "paragraphs" in first:
        with reading(content.path, "its questions"):
            kind = source.TATHQA if reports.is_hypothetical(content.items) else source.TATQA
        return kind, _each(kind, content, reports.tatqa_examples)
    if "golden_table" in first or "annotation" in first:
        return source.CONVFINQA, _each(source.CONVFINQA, content, reports.convfinqa_examples)
    if "content" in first and "annotations" in first:
        return source.FINENTITY, _each(source.FINENTITY, content, _one(short_texts.finentity_example))
    if "messages" in first:
        return source.CHAT, _each(source.CHAT, content, own_files.chat_examples)
    if "instruction" in first and "output" in first:
        return source.ALPACA, _each(source.ALPACA, content, _one(own_files.alpaca_example))
    if content.form == "lines" and {"id", "question", "kind", "evidence"} <= set(first):
        return source.QUESTIONS, own_files.question_examples(content.name, content.path)
    return _by_columns(content, first)


def _by_columns(content: Content, first: dict[str, object]) -> tuple[Kind, Iterator[Example]]:
    columns = own_files.columns_of(first)
    if columns is None and content.form == "table":
        raise own_files.no_columns(content.path, list(first))
    if columns is None:
        raise DataError(f"{content.path}, {content.items[0].place}: examples of this form aren't known. {KNOWN}")
    chosen = columns
    labels = {str(item.raw.get(chosen[1])) for item in content.items if isinstance(item.raw, dict)}
    kind = source.BANKING77 if labels >= _BANKING else source.TABLE
    return kind, _each(kind, content, _one(lambda name, item: own_files.row_example(name, item, chosen)))


def _each(kind: Kind, content: Content, examples: OneOf) -> Iterator[Example]:
    for item in content.items:
        with reading(content.path, item.place):
            found = list(examples(kind.name_of(content.name), item))
            _all_texts(found)
        yield from found


def _all_texts(found: Iterable[Example]) -> None:
    """Raises ValueError when something that must be text isn't."""
    for example in found:
        answer, context, origin = example.answer, example.context, example.origin
        told = (example.question, example.instruction, *(turn.text for turn in example.history))
        asked_on = (context.title, *context.paragraphs, *(cell for row in context.rows for cell in row))
        answered = (*answer.texts, answer.derivation, *answer.evidence, origin.document, origin.group)
        for value in (*told, *asked_on, *answered):
            if not isinstance(value, str):
                raise ValueError(f"{value!r:.60} stands where a text should")


def _one(example: Callable[[str, Item], Example]) -> OneOf:
    def only(name: str, item: Item) -> Iterator[Example]:
        yield example(name, item)

    return only


def _whole(kind: Kind, content: Content) -> Iterator[Example]:
    (item,) = content.items
    with reading(content.path, item.place):
        found = list(short_texts.clinc_examples(kind.title, item.raw))
    yield from found
