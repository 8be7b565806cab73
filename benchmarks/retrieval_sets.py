"""The corpora that the ablation asks: documents folder, what the questions call each file, and the questions."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import dev_sets
from dossier.packs import load_questions
from retrieval.evaluation.beir import Beir, Entry, read_beir, write_documents
from retrieval.evaluation.cases import Case, case_of

_OWN = Path(__file__).resolve().parent / "questions"
SETS = ("filings", "handbook", "tatqa", "convfinqa", "cuad")
_FOLDERS = {"filings": "filings", "handbook": "handbook/pages"}
_SEED = 11


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents and questions over them. `names`: path in the folder to what the questions call the document."""

    name: str
    documents: Path
    names: dict[str, str]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask: half (`dev` or `held-out`), at most so many questions and documents of each large set (0: all).

    `specific` leaves out questions that name nothing (benchmarks/dev_sets.py has the rule).
    """

    half: str
    questions: int
    documents: int
    specific: bool = False


def open_corpus(name: str, data: Path, work: Path, wanted: Wanted) -> Corpus:
    """Open one of SETS; the sets from public data are made in `work`."""
    if name in _FOLDERS:
        return _written(name, data / _FOLDERS[name], wanted)
    folder = work / "sets" / name
    make = {"tatqa": dev_sets.tatqa, "convfinqa": dev_sets.convfinqa, "cuad": dev_sets.cuad}[name]
    if not (folder / "corpus.jsonl").is_file():
        dev_sets.write(make(data), folder)
    beir = _sampled(read_beir(folder, f"{wanted.half}-specific" if wanted.specific else wanted.half), wanted)
    documents = work / "documents" / f"{name}-{len(beir.corpus)}"
    return Corpus(name, documents, write_documents(beir, documents), beir.cases)


def _written(name: str, documents: Path, wanted: Wanted) -> Corpus:
    """A set that was written by hand: one half of its answerable questions."""
    file = _OWN / f"{name}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    halves = {raw["id"]: raw["split"] for raw in map(json.loads, filter(str.strip, lines))}
    questions = [q for q in load_questions(file) if q.evidence and halves[q.id] == wanted.half]
    paths = [path for path in sorted(documents.rglob("*")) if path.is_file()]
    names = {path.relative_to(documents).as_posix(): path.name for path in paths}
    return Corpus(name, documents, names, tuple(map(case_of, questions)))


def _sampled(beir: Beir, wanted: Wanted) -> Beir:
    """At most so many documents, drawn by seed from all (so that both halves share them), and their questions."""
    draw = random.Random(_SEED)
    corpus: Sequence[Entry] = sorted(beir.corpus, key=lambda entry: entry.id)
    if wanted.documents and len(corpus) > wanted.documents:
        corpus = draw.sample(corpus, wanted.documents)
    kept = {entry.id for entry in corpus}
    cases: Sequence[Case] = [case for case in beir.cases if _documents(case) <= kept]
    if wanted.questions and len(cases) > wanted.questions:
        cases = draw.sample(list(cases), wanted.questions)
    return replace(beir, corpus=tuple(corpus), cases=tuple(cases))


def _documents(case: Case) -> set[str]:
    return {place.document for targets in case.targets.values() for target in targets for place in target.places}
