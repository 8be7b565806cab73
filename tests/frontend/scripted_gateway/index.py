"""The admins' index: its job, files and generations."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from tests.frontend.scripted_gateway.keeping import Admin, Failure, state

routes = APIRouter()


async def work() -> None:
    for done in range(0, 41):
        if state.job["state"] != "running":
            return
        left = (40 - done) / 8
        state.job = {"state": "running", "stage": "Embedding passages", "done": done, "total": 40, "seconds_left": left}
        await asyncio.sleep(0.125)
    report = {"generation": "g2", "documents": 5, "chunks": 445, "embedded": 14, "removed": 1, "files": []}
    state.job = {"state": "done", "report": report}


@routes.get("/admin/index")
async def index(name: Admin) -> dict[str, Any]:
    return {"stage": "", "done": 0, "total": 0, "seconds_left": None, "message": "", "report": None, **state.job}


@routes.post("/admin/index", status_code=202)
async def index_start(name: Admin, request: Request) -> dict[str, Any]:
    if state.job["state"] == "running":
        raise Failure(409, "conflict", "An indexing run is under way. Wait for it.")
    state.job = {"state": "running", "stage": "starting"}
    request.app.state.work = asyncio.create_task(work())
    return state.job


@routes.delete("/admin/index", status_code=202)
async def index_cancel(name: Admin) -> Response:
    state.job = {"state": "failed", "message": "The run was cancelled. The present index stays in use."}
    return Response(status_code=202)


@routes.get("/admin/index/files")
async def index_files(name: Admin) -> list[dict[str, Any]]:
    heads = ("source", "state", "reason", "chunks", "pages", "groups")
    return [dict(zip(heads, file, strict=True)) for file in state.files]


@routes.get("/admin/documents/kinds")
async def document_kinds(name: Admin) -> dict[str, Any]:
    return {"read": [".md", ".pdf"], "not_read": {}, "largest": 1 << 26, "problem": ""}


@routes.get("/admin/index/generations")
async def index_generations(name: Admin) -> list[dict[str, Any]]:
    heads = ("name", "created", "documents", "chunks", "bytes", "current", "problem")
    return [dict(zip(heads, one, strict=True)) for one in state.generations]


@routes.post("/admin/index/rollback", status_code=202)
async def index_rollback(name: Admin, request: Request) -> dict[str, Any]:
    chosen = (await request.json())["generation"]
    state.generations = [(*one[:5], one[0] == chosen, one[6]) for one in state.generations]
    state.job = {"state": "done", "kind": "rollback", "result": {"name": chosen}}
    return state.job


@routes.post("/admin/index/verify", status_code=202)
async def index_verify(name: Admin) -> dict[str, Any]:
    state.job = {"state": "done", "kind": "verify", "result": {}}
    return state.job
