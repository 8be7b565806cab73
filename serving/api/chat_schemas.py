"""The bodies of `/v1`: OpenAI's shapes, with Dossier's sources, verdict and note as extra fields."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from dossier.pins import Pin
from dossier.records import Answer, Passage, Usage
from dossier.traces import Trace, Unsupported

_UNUSED = "Accepted for compatibility and without effect: Dossier chooses how the model is sampled."

TRACES, UNSUPPORTED = TypeAdapter(tuple[Trace, ...]), TypeAdapter(tuple[Unsupported, ...])
"""Both as JSON."""


class ChatMessage(BaseModel):
    """One message. Messages of `system` and `developer` have no effect: the pack sets the instructions."""

    role: str = Field(description="`user`, `assistant`, `system` or `developer`.", examples=["user"])
    content: str | list[dict[str, Any]] | None = Field(None, examples=["What was net income in fiscal 2025?"])


class ChatBody(BaseModel):
    """A question with what was said before. Fields of OpenAI's that aren't named here are ignored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "dossier-finance",
                    "stream": True,
                    "messages": [{"role": "user", "content": "What was net income in fiscal 2025?"}],
                }
            ]
        }
    )

    model: str = Field(description="A name from GET /v1/models.")
    messages: list[ChatMessage] = Field(description="The last one is the question; earlier ones are its history.")
    stream: bool | None = Field(None, description="Send the answer in pieces, as server-sent events.")
    conversation: str | None = Field(None, description="Id of a conversation that keeps question and answer.")
    n: int | None = Field(None, description="Only 1.")
    temperature: float | None = Field(None, description=_UNUSED)
    top_p: float | None = Field(None, description=_UNUSED)
    max_tokens: int | None = Field(None, description=_UNUSED)
    max_completion_tokens: int | None = Field(None, description=_UNUSED)
    seed: int | None = Field(None, description=_UNUSED)
    stop: str | list[str] | None = Field(None, description=_UNUSED)
    tools: list[Any] | None = Field(None, description="Not supported: leave it out.")
    functions: list[Any] | None = Field(None, description="Not supported: leave it out.")
    response_format: dict[str, Any] | None = Field(None, description="Only `text`.")
    modalities: list[str] | None = Field(None, description="Only `text`.")
    logprobs: bool | None = Field(None, description="Only false.")


class FoundReply(BaseModel):
    """Why a passage was found: the parts of its score."""

    similarity: float | None = Field(description="Cosine of question and passage; null: only its words matched.")
    dense_rank: int | None = Field(description="Its rank among the passages nearest in meaning, from 1.")
    lexical_rank: int | None = Field(description="Its rank by the question's words (BM25), from 1.")
    boost: float = Field(description="What it gained by what the question names: `reasons`.")
    line: float | None = Field(
        description="What its best line shows of the question, 0 to 1; null: not among the first."
    )
    rerank: float | None = Field(description="The reranker's verdict, where there is one.")
    reasons: list[str]
    folded: list[str] = Field(description="Where else the same is said.")

    @classmethod
    def of(cls, passage: Passage) -> Self:
        """From the record."""
        return cls(
            similarity=passage.similarity,
            dense_rank=passage.dense_rank,
            lexical_rank=passage.lexical_rank,
            boost=passage.boost,
            line=passage.line,
            rerank=passage.rerank,
            reasons=list(passage.reasons),
            folded=list(passage.folded),
        )


class SourceReply(BaseModel):
    """A passage that the answer was drawn from. `number` is what the text cites, as in [1]."""

    number: int
    document: str = Field(examples=["annual-2025.pdf"])
    source: str = Field(description="Path in the documents folder.", examples=["reports/annual-2025.pdf"])
    title: str
    page: int
    section: list[str] = Field(description="The headings above the passage, outermost first.")
    text: str = Field(description="What the page says there, verbatim.")
    score: float
    cited: bool = Field(description="Whether the text cites it.")
    found: FoundReply


class FileCitation(BaseModel):
    """A marker in the text, at characters `start_index` to `end_index`, and where it leads."""

    number: int
    document: str
    page: int
    start_index: int
    end_index: int


class Annotation(BaseModel):
    """A citation in OpenAI's form."""

    type: Literal["file_citation"] = "file_citation"
    file_citation: FileCitation


class UsageReply(BaseModel):
    """Tokens read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """From the record."""
        read, written = usage.prompt_tokens, usage.completion_tokens
        return cls(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


class AnswerMessage(BaseModel):
    """The answer's text with its sources."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]
    sources: list[SourceReply]


class AnswerChoice(BaseModel):
    """The only choice."""

    index: Literal[0] = 0
    message: AnswerMessage
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class AnswerFields(BaseModel):
    """What Dossier adds to OpenAI's shapes: of a whole answer, and of a stream's last chunk."""

    sources: list[SourceReply]
    verdict: str = Field(description="`answered`, `not_in_documents` or `unsupported`.", examples=["answered"])
    note: str = Field(description="Where the answer falls short, in plain words.")
    generation: str = Field(description="The build of the index that it comes from.")
    answered_by: str = Field(
        description="The model that answered: behind an @ its adapter's digest, as far as it names it.",
        examples=["dossier-finance@1f0c22a7be94d3e5"],
    )
    asked_as: str = Field(
        description="A follow-up as the question that was answered; empty where that is the question itself.",
        examples=["What was net income in fiscal 2024?"],
    )
    pin: Pin | None = Field(
        description="What the answer was made with; `POST /answers/{id}/replay` asks again with it."
    )
    traces: list[Trace] = Field(description="Each number of the text, in order, with where it comes from.")
    unsupported: list[Unsupported] = Field(description="Sentences that what they cite doesn't bear out, and why.")
    chart: dict[str, Any] | None = Field(
        None,
        description="A Vega-Lite 5 specification with its data in it, where the answer was computed from prices; "
        "nothing in it is loaded from elsewhere.",
    )
    withdrawn: str = Field(
        description="What the model had said, where none of it is borne out: the text is a refusal then, and "
        "`unsupported` is about this. A stream has sent it already and says in its last words that it is withdrawn."
    )

    @classmethod
    def fields_of(cls, answer: Answer) -> dict[str, Any]:
        """What an answer has of these."""
        return {
            "sources": sources_of(answer),
            "verdict": answer.verdict,
            "note": answer.note,
            "generation": answer.generation,
            "answered_by": answer.model,
            "asked_as": answer.asked_as,
            "pin": answer.pin,
            "traces": list(answer.traces),
            "unsupported": list(answer.unsupported),
            "withdrawn": answer.withdrawn,
            "chart": dict(answer.chart) if answer.chart is not None else None,
        }


class ChatReply(AnswerFields):
    """A whole answer."""

    id: str = Field(
        description="The answer's id, which finds it again if a conversation keeps it.", examples=["chatcmpl-0f3a"]
    )
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Seconds since 1970.")
    model: str
    choices: list[AnswerChoice]
    usage: UsageReply


class ModelReply(BaseModel):
    """A served model."""

    id: str = Field(examples=["dossier-finance"])
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["dossier"] = "dossier"
    adapter: str = Field(description="Digest of the adapter that answers now; empty: the base model alone.")


class ModelsReply(BaseModel):
    """The served models."""

    object: Literal["list"] = "list"
    data: list[ModelReply]


def sources_of(answer: Answer) -> list[SourceReply]:
    """The passages of an answer, numbered from 1 as its text cites them."""
    return [
        SourceReply(
            number=number,
            document=passage.document,
            source=passage.chunk.source,
            title=passage.chunk.title,
            page=passage.chunk.page,
            section=list(passage.chunk.section),
            text=passage.chunk.text,
            score=passage.score,
            cited=number in answer.cited,
            found=FoundReply.of(passage),
        )
        for number, passage in enumerate(answer.passages, start=1)
    ]


def annotations_of(answer: Answer) -> list[Annotation]:
    """The citations of an answer, in the order of its text."""
    return [
        Annotation(
            file_citation=FileCitation(
                number=citation.number,
                document=answer.passages[citation.number - 1].document,
                page=answer.passages[citation.number - 1].chunk.page,
                start_index=citation.start,
                end_index=citation.end,
            )
        )
        for citation in answer.citations
    ]
