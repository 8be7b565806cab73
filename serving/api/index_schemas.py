"""What the routes of the index take and reply."""

from typing import Any, Self

from pydantic import BaseModel, Field

from dossier.records import FileReport, FileState
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
