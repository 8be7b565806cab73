"""Makes retrieval sets in BEIR's format from public data that isn't in the repository.

python -m benchmarks.dev_sets OUTDIR [--data FOLDER]

tatqa: TAT-QA's questions against all of its contexts; convfinqa: the first question of each ConvFinQA conversation
against all report pages; cuad: questions about clauses that lawyers labelled, against the contracts. Documents are
split in halves by retrieval/evaluation/splits.py; a set's `qrels` hold `dev` and `held-out`, over the whole corpus.

Questions that could be asked about almost any document ("What was the total in 2019?") can't be answered without being
told which document is meant. The rule: a question is *specific* when it has at least three words that are neither stop
words, nor numbers, nor among the generic words below. `dev-specific` and `held-out-specific` hold those alone.
"""

import argparse
import ast
import csv
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retrieval.evaluation.splits import Side, side_of, table_identity
from retrieval.query import STOP_WORDS, stem

SPECIFIC = 3
"""Telling words that a question needs to be specific."""
GENERIC = frozenset(
    stem(word)
    for word in """amount average balance biggest calculate change changed compared company compare cost count date day
    decline decrease decreased difference end ended ending figure financial fiscal following fraction growth high higher
    highest increase increased item large larger largest last least less list low lower lowest many maximum mean million
    minimum month much next number overall part percent percentage period per portion prior proportion quarter rate
    ratio reported represent respective respectively share sum thousand times total two three type types value year
    years billion beginning billions millions thousands combined current first second third given""".split()  # noqa: SIM905
)
_DATES = "Agreement Date|Effective Date|Expiration Date|Document Name|Parties"
_CLAUSE_WORDS = {
    "Rofr/Rofo/Rofn": "a right of first refusal, first offer or first negotiation",
    "Ip Ownership Assignment": "who owns intellectual property that is created",
    "Joint Ip Ownership": "joint ownership of intellectual property",
    "Affiliate License-Licensor": "licences granted by affiliates of the licensor",
    "Affiliate License-Licensee": "licences granted to affiliates of the licensee",
    "Unlimited/All-You-Can-Eat-License": "unlimited usage licences",
    "Irrevocable Or Perpetual License": "an irrevocable or perpetual licence",
    "Anti-Assignment": "assigning the contract to someone else",
    "Competitive Restriction Exception": "exceptions to competitive restrictions",
    "Notice Period To Terminate Renewal": "the notice needed to stop renewal",
}
"""How people call what the data set's headings abbreviate; the other headings are plain words already."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question with the document that answers it, and the words there (any one will do)."""

    id: str
    text: str
    document: str
    kind: str
    evidence: tuple[str, ...] = ()


@dataclass(slots=True)
class DevSet:
    """A set in the making: document id to BEIR entry, and queries.

    `identities` is what documents are split by, where that isn't their id.
    """

    name: str
    corpus: dict[str, dict[str, object]] = field(default_factory=dict)
    queries: list[Query] = field(default_factory=list)
    identities: dict[str, str] = field(default_factory=dict)

    def side_of(self, document: str) -> Side:
        """The side that a document and its questions are on."""
        return side_of(self.identities.get(document, document))


def is_specific(question: str) -> bool:
    """Whether a question says what it is about in at least `SPECIFIC` telling words (see the module's head)."""
    words = {word for word in re.findall(r"[^\W\d_]+", question.lower()) if word not in STOP_WORDS and len(word) > 1}
    return len({stem(word) for word in words} - GENERIC) >= SPECIFIC


def tatqa(data: Path) -> DevSet:
    """TAT-QA: a context is one Markdown document, its paragraphs and its table."""
    made = DevSet("tatqa")
    for context in json.loads((data / "tatqa" / "tatqa_dataset_dev.json").read_text(encoding="utf-8")):
        uid, rows = context["table"]["uid"], context["table"]["table"]
        paragraphs = sorted(context["paragraphs"], key=lambda paragraph: paragraph["order"])
        parts = [paragraph["text"] for paragraph in paragraphs] + [markdown_table(rows)]
        made.corpus[uid] = _entry(uid, "", "\n\n".join(parts) + "\n", "md")
        made.identities[uid] = table_identity(rows)
        by_order = {str(paragraph["order"]): paragraph["text"] for paragraph in paragraphs}
        for raw in context["questions"]:
            evidence = _tatqa_evidence(raw, by_order)
            made.queries.append(Query(raw["uid"], raw["question"], uid, raw["answer_type"], evidence))
    return made


def _tatqa_evidence(raw: Mapping[str, Any], paragraphs: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a `span` answer from a paragraph; for other answers the place within the context isn't labelled."""
    if raw["answer_type"] != "span" or raw["answer_from"] != "text":
        return ()
    holding = [paragraphs[order] for order in raw["rel_paragraphs"] if order in paragraphs]
    return tuple(answer for answer in raw["answer"] if any(answer in text for text in holding))


def convfinqa(data: Path) -> DevSet:
    """ConvFinQA: a report page is one Markdown document; only first questions stand on their own."""
    made = DevSet("convfinqa")
    pages: dict[str, str] = {}
    for raw in json.loads((data / "convfinqa" / "convfinqa_dev.json").read_text(encoding="utf-8")):
        page = re.sub(r"^(?:Single|Double)_|(?:\.pdf).*$", "", raw["id"])
        rows = [row.split(" | ") for row in raw["table"].strip().splitlines()]
        text = f"{raw['text']}\n\n{markdown_table(rows)}\n"
        if len(text) > len(pages.get(page, "")):
            pages[page] = text
        made.queries.append(Query(raw["id"], raw["questions"][0], page, "first question"))
    made.corpus = {page: _entry(page, page.replace("/", " "), text, "md") for page, text in pages.items()}
    return made


def cuad(data: Path) -> DevSet:
    """CUAD: "What does the <kind> between <parties> say about <clause>?", answered by the labelled clauses."""
    made = DevSet("cuad")
    files = {_key(file.stem): file for file in sorted((data / "cuad" / "contracts").glob("*.txt"))}
    for file in files.values():
        made.corpus[file.stem] = _entry(file.stem, file.stem, file.read_text(encoding="utf-8", errors="replace"), "txt")
    with (data / "cuad" / "master_clauses.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            contract = files.get(_key(re.sub(r"\.pdf$", "", row["Filename"], flags=re.IGNORECASE)))
            if contract is not None:
                text = _key(str(made.corpus[contract.stem]["text"]))
                made.queries.extend(_clause_queries(row, contract.stem, text))
    return made


def _clause_queries(row: Mapping[str, str], contract: str, letters: str) -> Iterable[Query]:
    kind = next(iter(_labelled(row["Document Name"])), "agreement")
    name = f"{kind.strip().title()} of {_party(row['Parties-Answer'] or row['Parties'], contract)}"
    for heading in row:
        if heading.endswith("-Answer") or heading.endswith("- Answer") or heading == "Filename":
            continue
        if re.fullmatch(_DATES, heading):
            continue
        clauses = tuple(clause for clause in _labelled(row[heading]) if _stands_in(clause, letters))
        if clauses:
            about = _CLAUSE_WORDS.get(heading, heading.lower().replace("/", " or "))
            question = f"What does the {name} say about {about}?"
            yield Query(f"{contract}|{heading}", question, contract, heading, clauses)


def markdown_table(rows: list[list[str]]) -> str:
    """Rows of cells as a Markdown table; the first row is the head."""
    width = max(map(len, rows))
    clean = [[cell.replace("|", "/").replace("\n", " ").strip() for cell in row] for row in rows]
    lines = [cells + [""] * (width - len(cells)) for cells in clean]
    head, *body = lines
    drawn = [head, ["---"] * width, *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in drawn)


def write(made: DevSet, folder: Path) -> str:
    """Write a set as a BEIR folder; returns a line that says what is in it."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "corpus.jsonl", made.corpus.values())
    _write_lines(folder / "queries.jsonl", map(_query_record, made.queries))
    counts = []
    for side in Side:
        queries = [query for query in made.queries if made.side_of(query.document) is side]
        for name, chosen in (
            (side.value, queries),
            (f"{side.value}-specific", [query for query in queries if is_specific(query.text)]),
        ):
            rows = ["query-id\tcorpus-id\tscore", *(f"{query.id}\t{query.document}\t1" for query in chosen)]
            (folder / "qrels" / f"{name}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
            counts.append(f"{name} {len(chosen)}")
    return f"{made.name}: {len(made.corpus)} documents, questions: {', '.join(counts)}"


def _query_record(query: Query) -> dict[str, object]:
    evidence = [{"document": query.document, "page": 1, "text": text} for text in query.evidence]
    return {"_id": query.id, "text": query.text, "metadata": {"kind": query.kind, "evidence": evidence}}


def _entry(number: str, title: str, text: str, kind: str) -> dict[str, object]:
    return {"_id": number, "title": title, "text": text, "metadata": {"format": kind}}


def _write_lines(file: Path, records: Iterable[object]) -> None:
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _labelled(cell: str) -> list[str]:
    """The labelled texts of a cell, which is written as a Python list; `<omitted>` cuts a text in two."""
    try:
        texts = ast.literal_eval(cell) if cell.strip() else []
    except (ValueError, SyntaxError):
        return []
    parts = [part.strip() for text in texts if isinstance(text, str) for part in text.split("<omitted>")]
    return [part for part in parts if len(part) > 3]


def _party(parties: str, contract: str) -> str:
    """The first party's name; without one, the company that the file name begins with."""
    first = re.split(r"[(;\[]", parties.strip().lstrip("['\""))[0].strip(" ,'\"")
    return first or contract.split("_")[0]


def _stands_in(clause: str, letters: str) -> bool:
    """Whether a labelled clause is in a text of which only letters and digits are left."""
    return len(clause) >= 20 and _key(clause)[:200] in letters


def main() -> None:
    """Write all sets and say what is in them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outdir", type=Path)
    default = Path(os.environ.get("DOSSIER_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--data", type=Path, default=default, help="folder with tatqa, convfinqa and cuad")
    given = parser.parse_args()
    if not given.data.is_dir():
        raise SystemExit(f"{given.data} isn't there. Name the folder with tatqa/, convfinqa/ and cuad/ with --data.")
    for make in (tatqa, convfinqa, cuad):
        made = make(given.data)
        print(write(made, given.outdir / made.name), flush=True)


if __name__ == "__main__":
    main()
