"""The bodies of the routes for kept answers."""

from typing import Self

from pydantic import BaseModel, Field, TypeAdapter

from dossier.pins import Difference, Pin
from dossier.records import Answer
from serving.answering.replaying import differences
from serving.store import KeptAnswer

PIN = TypeAdapter(Pin)
"""A pin as JSON."""


class ReplayedAnswer(BaseModel):
    """An answer and what it was made with."""

    text: str
    verdict: str
    note: str
    pin: Pin = Field(description="What it was made with.")


class ReplayReply(BaseModel):
    """A kept answer and the one that the same question gets now."""

    id: str
    owner: str = Field(description="Whose conversation it is in.")
    question: str = Field(description="As it was asked; `pin.question` is what was answered.")
    then: ReplayedAnswer
    now: ReplayedAnswer
    same_generation: bool = Field(description="Whether it was asked of the generation of then.")
    note: str = Field(description="Why not; empty if it was.")
    differences: list[Difference] = Field(description="Empty: all of it is the same.")

    @classmethod
    def of(cls, kept: KeptAnswer, then: Pin, again: Answer, problem: str) -> Self:
        """From the records. `problem` is why the generation of then can't be asked."""
        said = kept.message
        instead = f"Asked of the current generation instead: {problem}" if problem else ""
        if again.pin is None:
            raise ValueError("the answer has no pin")
        return cls(
            id=said.answer_id,
            owner=kept.owner,
            question=kept.question,
            then=ReplayedAnswer(text=said.text, verdict=said.verdict, note=said.note, pin=then),
            now=ReplayedAnswer(text=again.text, verdict=again.verdict, note=again.note, pin=again.pin),
            same_generation=not problem,
            note=instead,
            differences=list(differences(said.text, said.verdict, then, again)),
        )
