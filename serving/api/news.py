"""The route of what the feeds have brought."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_thread
from serving.news.overview import overview
from serving.store import Caller

router = APIRouter(prefix="/v1", tags=["news"], route_class=GuardedRoute)


class NewsQuery(BaseModel):
    """Which items."""

    model_config = ConfigDict(extra="forbid")

    about: str = Field("", max_length=200, description="A name whose words all stand in an item; empty: all.")
    limit: int = Field(50, ge=1, le=200, description="The newest so many.")


class NewsItemReply(BaseModel):
    """An item of a feed."""

    source: str = Field(description="As GET /v1/documents/page takes it.", examples=["news/wire.jsonl#id-7"])
    feed: str
    title: str
    text: str = Field(description="Its beginning.")
    published: str = Field(description="ISO 8601; empty: not known.")
    sentiment: str = Field(description="positive, neutral, negative, unsure; empty: it isn't labelled.")
    companies: list[str] = Field(description="Companies of the documents that it names.")


class NewsReply(BaseModel):
    """What the feeds have brought, newest first."""

    items: list[NewsItemReply]
    total: int = Field(description="How many there are about the name, among the newest 2,000 of all.")
    companies: list[str] = Field(description="The companies of the documents.")
    chart: dict[str, Any] | None = Field(description="Sentiment over time as Vega-Lite; null: there is too little.")


@router.get("/news", summary="News from the feeds", responses=failures(401, 422, 503))
async def get_news(asked: Annotated[NewsQuery, Query()], parts: Parts, caller: SignedInCaller) -> NewsReply:
    """Give the newest items that the caller may read. Nothing is fetched: `dossier news` does, and indexes them."""
    return await in_thread(_news, asked, parts, caller)


def _news(asked: NewsQuery, parts: Running, caller: Caller) -> NewsReply:
    index = parts.gateway.index
    documents = index.readable_documents(caller.groups)
    companies = {stored.document.metadata.company for stored in documents} - {""}
    found = overview(index.news(caller.groups), companies, asked.about, asked.limit)
    items = [
        NewsItemReply(
            source=item.source,
            feed=item.feed,
            title=item.title,
            text=item.text,
            published=item.published,
            sentiment=item.sentiment,
            companies=list(named),
        )
        for item, named in found.items
    ]
    chart = None if found.chart is None else dict(found.chart)
    return NewsReply(items=items, total=found.total, companies=sorted(companies), chart=chart)
