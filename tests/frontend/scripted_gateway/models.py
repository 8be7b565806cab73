"""The models that there are, promoted and rolled back."""

from typing import Any

from fastapi import APIRouter

from tests.frontend.scripted_gateway.contents import MODEL
from tests.frontend.scripted_gateway.keeping import Admin, Failure, Name, state

routes = APIRouter()


@routes.get("/v1/models")
async def models(name: Name) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": MODEL, "object": "model"}]}


def answering() -> dict[str, str]:
    digest = state.promoted[-1] if state.promoted else ""
    answers = "" if state.trouble else digest
    return {"adapter": answers, "promoted": digest, "problem": state.trouble, "against_the_gate": ""}


@routes.get("/admin/models")
async def model_list(name: Admin) -> dict[str, Any]:
    now = answering()
    stand = dict.fromkeys(state.promoted[-1:], "champion of finance")
    models = [{"state": "registered", **one} for one in state.models]
    models = [{**one, "state": stand.get(one["digest"], one["state"])} for one in models]
    return {"models": models, "problems": [], "now": now}


@routes.post("/admin/models/rollback")
async def roll_back(name: Admin) -> dict[str, str]:
    if not state.promoted:
        raise Failure(409, "not_promoted", "There is nothing to go back from.")
    state.promoted.pop()
    state.save()
    return answering()


@routes.post("/admin/models/{digest}/promote")
async def promote(digest: str, name: Admin) -> dict[str, str]:
    found = next(one for one in state.models if one["digest"] == digest)
    if found["against"]:
        raise Failure(409, "not_promoted", f"{found['name']} stays out: {'; '.join(found['against'])}.")
    state.promoted.append(digest)
    state.save()
    return answering()
