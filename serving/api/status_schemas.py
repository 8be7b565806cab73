"""The bodies of the routes that tell how the gateway is."""

from typing import Literal

from pydantic import BaseModel, Field

from retrieval.labelling.head import LabelTask


class HealthReply(BaseModel):
    """The gateway is running."""

    status: Literal["ok"] = "ok"
    version: str


class EngineReply(BaseModel):
    """The model server."""

    state: str = Field(examples=["ready"])
    message: str
    seconds_left: float | None = Field(description="How long a start under way will still take.")


class IndexReply(BaseModel):
    """The generation that answers come from."""

    generation: str = Field(description="Empty: there is none.")
    documents: int
    chunks: int
    message: str


class AnsweringReply(BaseModel):
    """The model that answers."""

    adapter: str = Field(description="Digest of its adapter; empty: the base model alone.")
    degraded: bool = Field(description="It isn't the one that was promoted.")
    message: str = Field(description="Why not, or that it was promoted against the gate.")


class StoreReply(BaseModel):
    """The store of users and conversations."""

    state: Literal["ready", "failed"]
    message: str


class ReadyReply(BaseModel):
    """Whether questions can be answered, and what is missing if not."""

    ready: bool
    engine: EngineReply
    model: AnsweringReply
    index: IndexReply
    store: StoreReply


class PackReply(BaseModel):
    """The domain pack."""

    name: str = Field(examples=["finance"])
    title: str
    description: str
    starter_questions: list[str]
    labels: list[LabelTask] = Field(description="What POST /v1/classify can label texts for.")
