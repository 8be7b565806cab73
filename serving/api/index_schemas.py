"""What the routes of the index take and reply."""

from dataclasses import asdict
from typing import Any, Self

from pydantic import BaseModel, Field

from dossier.records import FileReport, FileState
from retrieval.chunk_store import StoredDocument
from retrieval.clearing import KEEP
from serving.api.schemas import Body
from serving.jobs import JobKind, JobState


class IndexBody(Body):
    """How to index."""

    rebuild: bool = Field(default=False, description="Read every file anew instead of only what changed.")
    retry: bool = Field(default=False, description="Read files again that couldn't be read before.")


class RollbackBody(Body):
    """Where to go back to."""

    generation: str = Field(
        default="", pattern=r"^(g\d{6})?$", description="Left out: the one before.", examples=["g000004"]
    )


class ClearBody(Body):
    """What stays."""

    keep: int = Field(default=KEEP, ge=1, le=1000, description="Generations that stay, the current one among them.")


class GenerationReply(BaseModel):
    """A generation on disk."""

    name: str = Field(examples=["g000005"])
    created: str
    documents: int
    chunks: int
    bytes: int
    current: bool = Field(description="Whether answers come from it.")
    problem: str = Field(description="Why it can't be used; empty: nothing is known against it.")


class JobReply(BaseModel):
    """Where the index job stands."""

    state: JobState
    stage: str = Field(examples=["embedding"])
    done: int
    total: int = Field(description="0: not known yet.")
    seconds_left: float | None
    message: str = Field(description="What went wrong, in plain words.")
    report: dict[str, Any] | None = Field(description="What the last finished build did, with every file.")
    kind: JobKind = Field(description="What the job does.")
    result: dict[str, Any] | None = Field(description="What a job of another kind found or did.")


class MetadataFields(Body):
    """What a document is about. A field left out stays; an empty one takes its correction back."""

    company: str | None = Field(None, max_length=200, examples=["Acme Inc."])
    ticker: str | None = Field(None, max_length=200, examples=["ACME"])
    kind: str | None = Field(None, max_length=200, examples=["10-k"])
    period: str | None = Field(None, max_length=200, examples=["2023-Q1"])
    date: str | None = Field(None, max_length=200, examples=["2023-03-31"])
    language: str | None = Field(None, max_length=200, examples=["en"])


class DocumentReply(BaseModel):
    """A document of the current generation."""

    source: str = Field(examples=["reports/annual-2025.pdf"])
    title: str
    pages: int
    chunks: int
    groups: list[str] = Field(description="Who may read it; empty: everyone.")
    metadata: dict[str, str] = Field(description="Company, ticker, kind, period, date and language.")

    @classmethod
    def of(cls, stored: StoredDocument) -> Self:
        """From the record."""
        document = stored.document
        return cls(
            source=document.source,
            title=document.title,
            pages=document.pages,
            chunks=stored.chunks,
            groups=sorted(document.groups),
            metadata=asdict(document.metadata),
        )


class CorrectionReply(BaseModel):
    """What is kept of an admin's corrections of one document."""

    source: str
    corrections: dict[str, str] = Field(description="They hold from the next indexing run on.")


class KindsReply(BaseModel):
    """What can be added to the documents."""

    read: list[str] = Field(description="Endings of names.", examples=[[".md", ".pdf"]])
    not_read: dict[str, str] = Field(description="Well-known others, and what to do with them.")
    largest: int = Field(description="Bytes of one file.")
    problem: str = Field(description="Why nothing can be added; empty: files can.")


class UploadedReply(BaseModel):
    """What became of a document that was sent."""

    source: str = Field(examples=["hr/leave.pdf"])
    stored: bool = Field(description="Whether it is in the documents folder now.")
    reason: str = Field(description="Why not, in plain words.")
    pages: int
    warning: str = Field(description="What reading it leaves out.")


class FileReply(BaseModel):
    """How one file ended in the run that built the current generation."""

    source: str = Field(examples=["reports/annual-2025.pdf"])
    state: FileState
    reason: str
    chunks: int
    pages: int
    groups: list[str] = Field(description="Who may read it; empty: everyone.")

    @classmethod
    def of(cls, file: FileReport) -> Self:
        """From the record."""
        return cls(
            source=file.source,
            state=file.state,
            reason=file.reason,
            chunks=file.chunks,
            pages=file.pages,
            groups=sorted(file.groups),
        )
