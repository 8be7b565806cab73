"""What the gateway says of itself, and the tests' way in."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tests.frontend.scripted_gateway.contents import QUESTIONS
from tests.frontend.scripted_gateway.keeping import Name, state

routes = APIRouter()


@routes.get("/pack")
async def pack(name: Name) -> dict[str, Any]:
    return {
        "name": "finance", "title": "Company finance",
        "description": "Ask about annual reports, board minutes and policies. Each answer shows where it stands.",
        "starter_questions": QUESTIONS,
    }  # fmt: skip


@routes.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok", "version": "0"}


@routes.get("/ready")
async def ready() -> JSONResponse:
    if state.ready:
        return JSONResponse({"ready": False, **state.ready}, 503)
    index = {"generation": "g1", "documents": 4, "chunks": 445, "message": ""}
    return JSONResponse(
        {"ready": True, "engine": {"state": "ready", "message": ""}, "index": index, "store": {"state": "ready"}}
    )


@routes.post("/script")
async def script(body: dict[str, Any]) -> None:
    """Change what the gateway says: the tests' way in."""
    state.__dict__.update(body)
    state.save()


@routes.get("/script")
async def scripted() -> dict[str, Any]:
    return {name: value for name, value in state.__dict__.items() if name != "file"}
