"""The bodies of the route that labels texts."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, Field

from retrieval.labelling.head import Head, LabelTask
from retrieval.labelling.labeller import CANDIDATES, Labelling
from serving.api.schemas import Body

MOST_TEXTS, LONGEST_TEXT = 256, 10_000
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class LabelsBody(Body):
    """Texts to label."""

    task: LabelTask = Field(examples=["sentiment"])
    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MOST_TEXTS)] = Field(
        description=f"One text, or up to {MOST_TEXTS}.", examples=["Shares fell 6% after a profit warning."]
    )

    @property
    def texts(self) -> list[str]:
        """The texts as a list."""
        return [self.input] if isinstance(self.input, str) else self.input


class CandidateReply(BaseModel):
    """A label that a text may have."""

    label: str
    probability: float = Field(description="Calibrated, 0 to 1.")


class LabelReply(BaseModel):
    """What was found of one text."""

    label: str | None = Field(description="Null: unsure.", examples=["negative"])
    probability: float = Field(description="Of the most probable label, 0 to 1.")
    unsure: bool = Field(description="Whether the probability is below the head's threshold.")
    candidates: list[CandidateReply] = Field(description=f"The {CANDIDATES} most probable labels, best first.")


class HeadReply(BaseModel):
    """The head that labelled, and how it was measured on texts that it never saw."""

    labels: list[str]
    source: str = Field(description="What it was trained on.")
    licence: str
    attribution: str
    threshold: float
    accuracy: float = Field(description="Right of all test texts, unsure or not; a fraction.")
    majority: float = Field(description="What the most frequent label gets.")
    answered: float = Field(description="Share of the test texts of which it was sure.")
    accuracy_answered: float = Field(description="Right of those.")


class LabelsReply(BaseModel):
    """A result for each text, in their order."""

    task: LabelTask
    head: HeadReply
    results: list[LabelReply]

    @classmethod
    def of(cls, task: LabelTask, head: Head, found: Sequence[Labelling]) -> Self:
        """From the records."""
        facts, measured = head.facts, head.facts.measured
        return cls(
            task=task,
            head=HeadReply(
                labels=list(facts.labels),
                source=facts.source,
                licence=facts.licence,
                attribution=facts.attribution,
                threshold=facts.threshold,
                accuracy=measured.accuracy,
                majority=measured.majority,
                answered=measured.answered,
                accuracy_answered=measured.accuracy_answered,
            ),
            results=[
                LabelReply(
                    label=one.label or None,
                    probability=one.probability,
                    unsure=not one.label,
                    candidates=[
                        CandidateReply(label=best.label, probability=best.probability) for best in one.candidates
                    ],
                )
                for one in found
            ],
        )
