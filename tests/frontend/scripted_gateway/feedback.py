"""What people say of answers, and what admins make of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from tests.frontend.scripted_gateway.contents import HOSTILE
from tests.frontend.scripted_gateway.conversations import mine
from tests.frontend.scripted_gateway.keeping import Admin, Failure, Name, now, state

routes = APIRouter()


@routes.get("/v1/feedback")
async def my_feedback(conversation: str, name: Name) -> list[dict[str, Any]]:
    own = {message["id"] for message in mine(name, conversation)["messages"]}
    return [one for one in state.feedback.values() if one["message"] in own]


@routes.post("/v1/feedback")
async def give_feedback(body: dict[str, Any], name: Name) -> dict[str, Any]:
    if "down" in state.trouble:
        raise Failure(503, "environment", state.trouble)
    found = next(
        (found, at) for found in state.conversations.values()
        for at, message in enumerate(found["messages"])
        if message["id"] == body["message"] and found["owner"] == name
    )  # fmt: skip
    messages, at = found[0]["messages"], found[1]
    made = {
        **body, "id": len(state.feedback) + 1, "state": "new", "triage": None, "user": name, "created_at": now(),
        "question": messages[at - 1]["text"], "answer": messages[at]["text"], "sources": messages[at]["sources"],
        "suggestion": "generation", "evidence": ["The page is passage 1 of the answer.", HOSTILE],
    }  # fmt: skip
    before = state.feedback.get(str(body["message"]))
    state.feedback[str(body["message"])] = {**made, "id": before["id"] if before else made["id"]}
    state.save()
    return state.feedback[str(body["message"])]


@routes.get("/admin/feedback")
async def feedback(
    name: Admin, offset: int, limit: int, state_wanted: Annotated[str, Query(alias="state")] = ""
) -> Any:
    found = [one for one in reversed(state.feedback.values()) if state_wanted in ("", one["state"])]
    return found[offset : offset + limit]


@routes.patch("/admin/feedback/{number}")
async def decide(number: int, body: dict[str, str], name: Admin) -> dict[str, Any]:
    found = next(one for one in state.feedback.values() if one["id"] == number)
    found.update({"state": "triaged"} if "triage" in body else {}, **body)
    state.save()
    return found
