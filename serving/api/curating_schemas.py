"""What the routes about one document take and reply."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from dossier.records import FileState
from serving.api.schemas import Body, ShortText
from serving.curating import CuratedFile

Groups = Annotated[list[ShortText], Field(max_length=100)]


class ReadersBody(Body):
    """Who may read. That everyone may is said as such, so that a list left empty opens nothing."""

    readers: Literal["groups", "everyone"]
    groups: Groups = Field(default_factory=list, examples=[["hr"]], description="With `groups`: at least one.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.readers == "groups") != bool(self.groups):
            raise ValueError("name groups with `groups`, and none with `everyone`")
        return self

    @property
    def chosen(self) -> frozenset[str]:
        """As the choices have it: empty is everyone."""
        return frozenset(self.groups)


class ReadersReply(BaseModel):
    """A choice of who may read a file or the files of a folder."""

    place: str = Field(examples=["hr/"])
    readers: Literal["groups", "everyone"]
    groups: list[str]

    @classmethod
    def of(cls, place: str, groups: frozenset[str]) -> Self:
        """From the record."""
        return cls(place=place, readers="groups" if groups else "everyone", groups=sorted(groups))


class FieldReply(BaseModel):
    """One field of what a file is about."""

    field: str = Field(examples=["kind"])
    found: list[str] = Field(description="What the content of its documents says, without corrections.")
    written: str = Field(description="From the file `documents.toml` beside the documents; empty: nothing.")
    corrected: str = Field(description="From an admin, which wins; empty: nothing.")


class CuratedReply(BaseModel):
    """A file as it is in the index, and what is decided about it for the next indexing run."""

    source: str = Field(examples=["hr/leave.pdf"])
    state: FileState
    reason: str
    pages: int
    chunks: int
    groups: list[str] = Field(description="Who may read it now; empty: everyone.")
    groups_next: list[str] = Field(description="Who may read it after the next indexing run; empty: everyone.")
    why: list[str] = Field(description="The rules that say so.", examples=[["groups.toml: hr/*"]])
    choices: list[ReadersReply] = Field(description="For the file and the folders that it is in, the nearest first.")
    known_groups: list[str] = Field(description="Groups of users and of rules.")
    about: list[FieldReply]

    @classmethod
    def of(cls, file: CuratedFile, groups: frozenset[str]) -> Self:
        """From the record. `groups` are those of the users."""
        report = file.report
        return cls(
            source=report.source,
            state=report.state,
            reason=report.reason,
            pages=report.pages,
            chunks=report.chunks,
            groups=sorted(report.groups),
            groups_next=sorted(file.ruling.groups),
            why=list(file.ruling.why),
            choices=[ReadersReply.of(place, chosen) for place, chosen in file.choices],
            known_groups=sorted(groups | file.known_groups),
            about=[
                FieldReply(field=one.field, found=list(one.found), written=one.written, corrected=one.corrected)
                for one in file.about
            ],
        )
