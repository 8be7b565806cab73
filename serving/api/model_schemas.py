"""The bodies of the routes about adapters."""

from typing import Annotated, Self

from pydantic import BaseModel, Field

from serving.api.schemas import Body
from serving.models.administration import Completed, ListedModel, ModelList
from serving.models.served import ModelState


class PromoteBody(Body):
    """How to promote."""

    despite: str = Field(
        default="", max_length=500, description="Reason to do so against the gate; it is kept and shown."
    )


TokenIds = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=1 << 16)]


class CompleteBody(Body):
    """Prompts of the adapter's own token ids, and how far to go on."""

    prompts: list[TokenIds] = Field(min_length=1, max_length=16)
    tokens: int = Field(default=32, ge=1, le=512, description="Most tokens behind each prompt.")


class CompletionReply(BaseModel):
    """What was written behind one prompt."""

    tokens: list[int]
    likeliest: list[list[tuple[int, float]]] = Field(
        description="For each token the two likeliest at its place, with their natural log-probability."
    )


class CompletedReply(BaseModel):
    """What was written behind the prompts, in their order."""

    adapter: str = Field(description="Digest of the adapter that wrote it.")
    precision: str = Field(description="What it computes in, or its weights were rounded to.", examples=["bfloat16"])
    completions: list[CompletionReply]

    @classmethod
    def of(cls, found: Completed) -> Self:
        """From the record."""
        made = [
            CompletionReply(tokens=list(one.tokens), likeliest=[list(pairs) for pairs in one.likeliest])
            for one in found.completions
        ]
        return cls(adapter=found.adapter, precision=found.precision, completions=made)


class RollbackModelBody(Body):
    """How far to go back."""

    to_base: bool = Field(default=False, description="To the base model alone, past earlier adapters.")


class ModelStateReply(BaseModel):
    """What answers and what should."""

    adapter: str = Field(description="Digest of the adapter that answers; empty: the base model alone.")
    promoted: str = Field(description="Digest of the adapter that should.")
    problem: str = Field(description="Why the two differ.")
    against_the_gate: str = Field(description="By whom and why it was promoted against the gate; empty: it passed.")

    @classmethod
    def of(cls, state: ModelState) -> Self:
        """From the record."""
        return cls(
            adapter=state.adapter,
            promoted=state.promoted,
            problem=state.problem,
            against_the_gate=state.against_the_gate,
        )


class FiguresReply(BaseModel):
    """The newest evaluation of an adapter. Shares are from 0 to 1."""

    right: float
    right_before: float
    difference: float
    low: float = Field(description="Lower end of the difference's 95% interval.")
    high: float
    questions: int
    forgetting: float = Field(description="How much of an earlier ability is lost.")
    forgetting_bound: float
    audit_passed: bool
    audit: str
    served_compared: int = Field(description="Prompts that the served and the trained model both answered; 0: none.")
    served_differently: int = Field(description="Of these, how many were answered otherwise served than trained.")
    created: str


class AdapterReply(BaseModel):
    """An adapter."""

    digest: str
    name: str
    created: str
    state: str = Field(examples=["registered", "champion of finance", "retired"])
    base: str
    data: str = Field(description="Digest of the training data.")
    figures: FiguresReply | None
    against: list[str] = Field(description="What speaks against promoting it.")
    against_the_gate: str = Field(description="By whom and why it was promoted against the gate.")

    @classmethod
    def of(cls, model: ListedModel) -> Self:
        """From the record."""
        entry = model.entry
        return cls(
            digest=entry.digest,
            name=entry.name,
            created=entry.created,
            state=model.state,
            base=entry.origin.base,
            data=entry.origin.data,
            figures=_figures(model),
            against=list(model.against),
            against_the_gate=model.against_the_gate,
        )


class ModelListReply(BaseModel):
    """All adapters, oldest first."""

    models: list[AdapterReply]
    problems: list[str] = Field(description="Entries that can't be read.")
    now: ModelStateReply

    @classmethod
    def of(cls, found: ModelList, state: ModelState) -> Self:
        """From the records."""
        models = [AdapterReply.of(model) for model in found.models]
        return cls(models=models, problems=list(found.problems), now=ModelStateReply.of(state))


def _figures(model: ListedModel) -> FiguresReply | None:
    report = model.evaluation
    if report is None:
        return None
    return FiguresReply(
        right=report.own.candidate,
        right_before=report.own.reference,
        difference=report.own.difference,
        low=report.own.low,
        high=report.own.high,
        questions=report.own.questions,
        forgetting=report.forgetting.lost,
        forgetting_bound=report.forgetting.bound,
        audit_passed=report.audit.passed,
        audit=report.audit.summary,
        served_compared=report.served.compared,
        served_differently=report.served.different,
        created=report.created,
    )
