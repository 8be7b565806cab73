"""The records that travel between the packages. All are immutable; one record for one idea."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from dossier.citations import Citation
from dossier.pins import Pin
from dossier.traces import Trace, Unsupported

EVERYONE: frozenset[str] = frozenset()
"""The groups of a document that isn't limited to any group."""


class FileState(StrEnum):
    """How one file ended in an indexing run."""

    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


class Verdict(StrEnum):
    """What an answer is worth: borne out by the documents, not in them, or with sentences that aren't borne out."""

    ANSWERED = "answered"
    NOT_IN_DOCUMENTS = "not_in_documents"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document is about, as far as it is known; empty where it isn't.

    `company` as its own documents write it and its `ticker`; `kind` in lower case (`10-k`, `10-q`, `earnings release`,
    `contract`, `policy`, `e-mail`, `news`, ...); `period` as `2022` or `2023-Q1` (the company's fiscal year); `date`
    in ISO 8601, of publication or of the period's end; `language` an ISO 639-1 code.
    """

    company: str = ""
    ticker: str = ""
    kind: str = ""
    period: str = ""
    date: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was when it was read: a file, or one item of a file that holds several (a feed, JSON lines).

    `source` is the path relative to the documents folder, with forward slashes, and for an item its name after a `#`;
    `digest` the SHA-256 of the file's bytes in hexadecimal; `groups` who may read it (empty: everyone).
    """

    source: str
    title: str
    digest: str
    groups: frozenset[str] = EVERYONE
    pages: int = 1
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def name(self) -> str:
        """The file name without its folders."""
        return self.source.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in points (1/72 inch) from the page's top left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell: what it shows, and where (`place` as `B7` in a spreadsheet, `box` on a PDF page)."""

    text: str
    place: str = ""
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """One body row. `start` and `end` are character offsets into the page's text; the first cell is the label."""

    start: int
    end: int
    cells: tuple[TableCell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A whole table of a page.

    `columns` has a head for each cell of a row (several header rows are joined with a space; empty where there is
    none), so `len(row.cells) == len(columns)`. `caption` is what the document calls the table, `unit` the unit and
    scale as written (`in millions, except per share amounts`). `start` and `end` span it in the page's text.
    """

    page: int
    start: int
    end: int
    caption: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    @property
    def context(self) -> str:
        """Caption, unit and column heads: what a reader of a single row needs to know."""
        heads = " | ".join(head for head in self.columns if head)
        return ". ".join(part for part in (self.caption, self.unit, heads) if part)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one page of a document.

    `page` counts from 1 (formats without pages have one page); `start` and `end` are character offsets into that
    page's text; `section` is the path of headings above it; `text` is what the page says there, verbatim;
    `columns` the caption, column heads and unit of a table that holds or began above the chunk; `boxes` where it
    stands on a PDF page, a box a line; `metadata` the document's.
    """

    source: str
    title: str
    page: int
    start: int
    end: int
    section: tuple[str, ...]
    text: str
    columns: str = ""
    boxes: tuple["Box", ...] = ()
    metadata: Metadata = field(default_factory=Metadata)

    @property
    def context(self) -> str:
        """Title and section path: what a reader would need to know to understand the text on its own."""
        return " > ".join((self.title, *self.section))


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk found for a query, and why.

    `score` orders them (higher is better): reciprocal rank fusion times `boost` (what is named; `reasons`), the first
    ones with what their best line shows (`line`, 0 to 1), or a reranker's verdict (`rerank`). Ranks count from 1; None:
    not found by that half, no cosine (`similarity`). `folded`: places that say the same (`file, page n`).
    """

    chunk_id: int
    chunk: Chunk
    score: float
    similarity: float | None = None
    dense_rank: int | None = None
    lexical_rank: int | None = None
    boost: float = 1.0
    line: float | None = None
    rerank: float | None = None
    reasons: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()

    @property
    def document(self) -> str:
        """File name of the document, as it is cited."""
        return self.chunk.source.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is limited to; an empty field limits nothing.

    `documents` are patterns of paths (`contracts/*.pdf`), `companies` names or tickers, all compared without case;
    `since` and `until` are ISO 8601 dates, both included, and leave out documents without a date.
    """

    documents: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or a table row of a passage: the smallest thing that can be pointed at.

    `passage` is the passage's number in the prompt (from 1); `start` and `end` are offsets into the passage's text;
    `heading` is the row of column heads above a table row, empty elsewhere.
    """

    passage: int
    start: int
    end: int
    text: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the model read and wrote for one answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer with everything that it was made from. `asked_as` is a follow-up's question, made standalone.

    `passages[n - 1]` is what `[n]` in the text cites. `model` names the model that answered, behind an `@` its
    adapter's digest (its first 16 characters); without one the base model did. `note` says in plain words where the
    answer falls short. `traces` are the numbers of the text in order, `unsupported` its sentences that aren't borne
    out. Where none is, `text` is a refusal, `withdrawn` what the model had said, and `unsupported` is about that.
    `chart` draws what was computed from prices, as a Vega-Lite 5 specification.
    """

    text: str
    verdict: Verdict
    passages: tuple[Passage, ...] = ()
    citations: tuple[Citation, ...] = ()
    generation: str = ""
    model: str = ""
    prompt_version: str = ""
    usage: Usage = field(default_factory=Usage)
    note: str = ""
    traces: tuple[Trace, ...] = ()
    unsupported: tuple[Unsupported, ...] = ()
    withdrawn: str = ""
    asked_as: str = ""
    pin: Pin | None = None
    chart: Mapping[str, Any] | None = None

    @property
    def cited(self) -> frozenset[int]:
        """Numbers of the passages that the text cites."""
        return frozenset(citation.number for citation in self.citations)


@dataclass(frozen=True, slots=True)
class Step:
    """The chain says what it is doing, for people who wait."""

    text: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of an answer's text."""

    text: str


AnswerEvent = Step | Delta | Answer
"""What the chain yields: steps and pieces of text, then exactly one Answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation: `role` is `user` or `assistant`."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """How one file ended in an indexing run, and why. `groups` who may read it (empty: everyone)."""

    source: str
    state: FileState
    reason: str = ""
    chunks: int = 0
    pages: int = 0
    groups: frozenset[str] = EVERYONE


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long piece of work has come. `total` 0: not known yet. `note` says how it goes, in a few words."""

    stage: str
    done: int
    total: int
    started: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of an evaluation set, asked after those `before` it in a conversation. No evidence: no answer."""

    id: str
    question: str
    kind: str
    answer: str
    evidence: tuple["Evidence", ...] = ()
    expression: str | None = None
    unit: str | None = None
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place that answers a question: file name, page from 1, and the words there."""

    document: str
    page: int
    text: str
