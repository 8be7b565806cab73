"""Conversations and what is kept in them."""

import json
import time
from typing import Any

from fastapi import APIRouter

from tests.frontend.scripted_gateway.keeping import Failure, Name, now, state

routes = APIRouter()


def mine(name: str, conversation_id: str) -> dict[str, Any]:
    found = state.conversations.get(conversation_id)
    if found is None or found["owner"] != name:
        raise Failure(404, "not_found", "There is no such conversation of yours.")
    return found


@routes.get("/conversations")
async def conversations(name: Name, offset: int = 0, limit: int = 50, search: str = "") -> list[dict[str, Any]]:
    own = [one for one in state.conversations.values() if one["owner"] == name and search in json.dumps(one)]
    newest = sorted(own, key=lambda one: str(one["updated_at"]), reverse=True)
    return [{key: value for key, value in one.items() if key != "messages"} for one in newest[offset : offset + limit]]


@routes.post("/conversations", status_code=201)
async def start(name: Name) -> dict[str, Any]:
    made = {
        "id": f"c{time.time_ns()}", "title": "", "created_at": now(), "updated_at": now(), "owner": name,
        "messages": [],
    }  # fmt: skip
    state.conversations[made["id"]] = made
    state.save()
    return made


@routes.get("/conversations/{conversation_id}")
async def conversation(conversation_id: str, name: Name) -> dict[str, Any]:
    return mine(name, conversation_id)


@routes.patch("/conversations/{conversation_id}")
async def rename(conversation_id: str, body: dict[str, str], name: Name) -> dict[str, Any]:
    mine(name, conversation_id)["title"] = body["title"]
    state.save()
    return mine(name, conversation_id)


@routes.delete("/conversations/{conversation_id}", status_code=204)
async def delete(conversation_id: str, name: Name) -> None:
    mine(name, conversation_id)
    del state.conversations[conversation_id]
    state.save()


def keep(conversation_id: str, role: str, text: str, **more: Any) -> None:
    found = state.conversations[conversation_id]
    found["messages"].append({
        "id": time.time_ns() // 1000,
        "role": role, "text": text, "sources": [], "verdict": "", "note": "", "interrupted": False,
        "created_at": now(), **more,
    })  # fmt: skip
    found["title"] = found["title"] or text[:80]
    found["updated_at"] = now()
    state.save()
