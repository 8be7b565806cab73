"""BEIR folders: `corpus.jsonl`, `queries.jsonl` and `qrels/*.tsv` (Thakur et al. 2021), checked as they are read.

Two additions of ours, both optional and both in the `metadata` that BEIR allows: a document's `format` (`txt`, `md` or
`html`; how its text is read), and a query's `evidence` (a list of `document`, `page`, `text`), which says where in a
document the answer stands.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dossier.errors import SettingsError
from retrieval.evaluation.cases import Case, Level, Place, Target

FORMATS = ("txt", "md", "html")
_HEAD = ("query-id", "corpus-id", "score")
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of the corpus."""

    id: str
    title: str
    text: str
    format: str = "txt"


@dataclass(frozen=True, slots=True)
class Beir:
    """A folder that was read: its documents, and the questions of one split."""

    corpus: tuple[Entry, ...]
    cases: tuple[Case, ...]
    split: str


def read_beir(folder: Path, split: str | None = None) -> Beir:
    """Read a BEIR folder. `split` names a file in qrels; without it `test`, or the only one there is.

    Raises SettingsError naming the file and the line that is wrong.
    """
    if not folder.is_dir():
        raise SettingsError(f"{folder} isn't a folder. Name a BEIR folder (corpus.jsonl, queries.jsonl, qrels/).")
    chosen = _qrels_file(folder, split)
    corpus = _corpus(folder / "corpus.jsonl")
    queries = {str(raw["_id"]): raw for _, raw in _records(folder / "queries.jsonl", ("_id", "text"))}
    wanted = _qrels(chosen, set(queries), {entry.id for entry in corpus})
    cases = tuple(_case(queries[number], relevant) for number, relevant in wanted.items())
    if not cases:
        raise SettingsError(f"{chosen} names no relevant document. Give it at least one line with a score above 0.")
    return Beir(corpus, cases, chosen.stem)


def write_documents(beir: Beir, folder: Path) -> dict[str, str]:
    """Write each document as a file of its own, as a company would keep it; returns file name to document id.

    The file is named after the document's title. Files that are there already and unchanged are left alone, so that
    they aren't indexed again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, str] = {}
    taken: set[str] = set()
    for number, entry in enumerate(beir.corpus, start=1):
        stem = re.sub(r"[^\w,()&'’-]+", " ", entry.title)[:_LONGEST_NAME].strip() or f"{number:06d}"
        stem = f"{stem} {number}" if stem.lower() in taken else stem
        taken.add(stem.lower())
        names[f"{stem}.{entry.format}"] = entry.id
        file, content = folder / f"{stem}.{entry.format}", entry.text.encode("utf-8", "replace")
        if not file.is_file() or file.read_bytes() != content:
            file.write_bytes(content)
    for file in folder.iterdir():
        if file.name not in names:
            file.unlink()
    return names


def _qrels_file(folder: Path, split: str | None) -> Path:
    there = sorted((folder / "qrels").glob("*.tsv"))
    if not there:
        raise SettingsError(f"{folder / 'qrels'} holds no .tsv file. A BEIR folder says there what is relevant.")
    by_name = {file.stem: file for file in there}
    if split is None and "test" in by_name:
        return by_name["test"]
    if split is None and len(there) == 1:
        return there[0]
    if split in by_name:
        return by_name[split]
    said = f"has no split {split!r}" if split else "has several splits"
    raise SettingsError(f"{folder / 'qrels'} {said}. Name one with --split: {', '.join(by_name)}.")


def _corpus(file: Path) -> tuple[Entry, ...]:
    entries: dict[str, Entry] = {}
    for number, raw in _records(file, ("_id", "text")):
        metadata = raw.get("metadata")
        kind = metadata.get("format", "txt") if isinstance(metadata, dict) else "txt"
        if kind not in FORMATS:
            raise SettingsError(f"{file}, line {number}: format {kind!r} isn't known. Use one of {', '.join(FORMATS)}.")
        entry = Entry(str(raw["_id"]), str(raw.get("title") or ""), str(raw["text"]), str(kind))
        if entry.id in entries:
            raise SettingsError(f"{file}, line {number}: the _id {entry.id!r} is there twice. Remove one.")
        entries[entry.id] = entry
    if not entries:
        raise SettingsError(f"{file} is empty. Put one JSON object a line with _id, title and text.")
    return tuple(entries.values())


def _records(file: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, dict[str, object]]]:
    """The JSON objects of a file with their line numbers."""
    try:
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                try:
                    raw = json.loads(line)
                except ValueError as error:
                    raise SettingsError(f"{file}, line {number}: not JSON ({error}). Correct the line.") from error
                missing = [field for field in fields if not isinstance(raw, dict) or field not in raw]
                if missing:
                    raise SettingsError(f"{file}, line {number}: {' and '.join(missing)} missing. Add it.")
                yield number, raw
    except OSError as error:
        raise SettingsError(f"{file} can't be read: {error.strerror}. A BEIR folder needs it.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} isn't UTF-8 text ({error.reason}). Save it as UTF-8.") from error


def _qrels(file: Path, queries: set[str], documents: set[str]) -> dict[str, dict[str, float]]:
    """Query id to its relevant documents with their gains."""
    wanted: dict[str, dict[str, float]] = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} can't be read ({error}). Save it as UTF-8 text.") from error
    for number, line in enumerate(lines, start=1):
        cells = tuple(line.split("\t"))
        if not line.strip() or (number == 1 and cells == _HEAD):
            continue
        if len(cells) != len(_HEAD):
            raise SettingsError(f"{file}, line {number}: {len(cells)} columns instead of {', '.join(_HEAD)}.")
        query, document, score = cells
        for what, name, ids in (("query", query, queries), ("document", document, documents)):
            if name not in ids:
                raise SettingsError(f"{file}, line {number}: there is no {what} {name!r}. Correct the id.")
        try:
            gain = float(score)
        except ValueError as error:
            raise SettingsError(f"{file}, line {number}: the score {score!r} isn't a number. Correct it.") from error
        if gain > 0:
            wanted.setdefault(query, {})[document] = gain
    return wanted


def _case(raw: Mapping[str, object], relevant: Mapping[str, float]) -> Case:
    """A query with its relevant documents, each a target of its own; its evidence, if any, is one target."""
    targets = {Level.DOCUMENT: tuple(Target((Place(name),), gain) for name, gain in relevant.items())}
    metadata = raw.get("metadata")
    evidence = metadata.get("evidence", ()) if isinstance(metadata, dict) else ()
    if evidence:
        try:
            places = [Place(str(item["document"]), int(item["page"]), str(item["text"])) for item in evidence]
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(
                f"query {raw['_id']}: its evidence is wrong ({error!r}). Give document, page and text."
            ) from error
        targets[Level.PASSAGE] = (Target(tuple(places)),)
        targets[Level.PAGE] = (Target(tuple(Place(place.document, place.page) for place in places)),)
    kind = str(metadata.get("kind", "")) if isinstance(metadata, dict) else ""
    return Case(str(raw["_id"]), str(raw["text"]), kind, targets, all_needed=False)
