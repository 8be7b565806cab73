"""The route for admins that tells how the gateway is and how the last hour was."""

from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from typing import Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field

import dossier
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.status import readiness
from serving.api.status_schemas import ReadyReply
from serving.api.work import in_thread
from serving.health_history import EVERY_SECONDS, Room, Sample
from serving.news.watching import news_state

router = APIRouter(prefix="/admin/health", tags=["administration"], route_class=GuardedRoute)

_EXTERNAL = "Dossier doesn't run the model server itself, so it can't tell whether that is well: it counts as ready."
_QUEUE = (
    "The model server's own queue isn't read. Answers without words yet are searching, wait for it, or belong to a "
    "batch, whose answers say nothing before they are whole."
)
_DISK, _MEMORY = "The disk can't be read.", "The machine doesn't tell its memory."


class RoomReply(BaseModel):
    """How much of something there is, in bytes."""

    used: int
    total: int

    @classmethod
    def of(cls, room: Room | None) -> Self | None:
        """From the record."""
        return None if room is None else cls(**asdict(room))


class SampleReply(BaseModel):
    """How it was at a moment."""

    at: datetime
    engine: bool = Field(description="The model server was ready.")
    index: bool = Field(description="There was an index to answer from.")
    store: bool = Field(description="The store of users and conversations answered.")
    running: int = Field(description="Answers under way.")
    silent: int = Field(description="Those of them that had said nothing yet.")
    spoke: int = Field(description="Answers that said their first words since the sample before.")
    first_typical: float | None = Field(description="Median seconds from their question to that; null: there is none.")
    first_slowest: float | None = Field(description="The longest of these times.")
    disk: RoomReply | None = Field(description="The disk that Dossier writes to; null: it can't be read.")
    memory: RoomReply | None = Field(description="The machine's memory, with all that runs on it; null: not known.")

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """From the record."""
        took = sample.first_seconds
        return cls(
            at=sample.at,
            engine=sample.engine,
            index=sample.index,
            store=sample.store,
            running=sample.running,
            silent=sample.silent,
            spoke=len(took),
            first_typical=median(took) if took else None,
            first_slowest=max(took, default=None),
            disk=RoomReply.of(sample.disk),
            memory=RoomReply.of(sample.memory),
        )


class NewsReply(BaseModel):
    """How the watch of the feeds is."""

    state: Literal["watching", "failing", "not watching"]
    at: datetime | None = Field(description="When it looked last; null: never.")
    message: str


class HealthHistoryReply(BaseModel):
    """How it is and how it was."""

    version: str
    now: ReadyReply
    news: NewsReply | None = Field(description="The watch of the feeds; null: no feeds are set.")
    running: int = Field(description="Answers under way.")
    silent: int = Field(description="Those of them that have said nothing yet.")
    room: int = Field(description="Answers that may be under way at once; who asks beyond them is told to wait.")
    every_seconds: int = Field(description="How often a sample is taken.", examples=[EVERY_SECONDS])
    samples: list[SampleReply] = Field(description="Of the last hour, oldest first; fewer since a start.")
    unknown: list[str] = Field(description="What can't be known here, in plain words.")


@router.get("", summary="How is Dossier, and how was the last hour?", responses=failures(401, 403))
async def health_history(parts: Parts, _: SignedInCaller) -> HealthHistoryReply:
    """Tell the state of each part and the samples of the last hour, which are kept in memory only."""
    samples = parts.history.samples
    news = await in_thread(news_state, parts.gateway.settings, datetime.now(UTC))
    return HealthHistoryReply(
        version=dossier.__version__,
        now=await readiness(parts),
        news=None if news is None else NewsReply(**asdict(news)),
        running=parts.slots.taken,
        silent=parts.slots.silent,
        room=parts.slots.room,
        every_seconds=EVERY_SECONDS,
        samples=[SampleReply.of(sample) for sample in samples],
        unknown=_unknown(parts, samples[-1] if samples else None),
    )


def _unknown(parts: Running, last: Sample | None) -> list[str]:
    told = [_QUEUE] if parts.gateway.engine is not None else [_EXTERNAL, _QUEUE]
    if last is not None:
        told += [sentence for room, sentence in ((last.disk, _DISK), (last.memory, _MEMORY)) if room is None]
    return told
