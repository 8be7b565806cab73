"""A working gateway with fixed answers: the contract without model, index and store.

What it says is set by words in the question: `slowly` streams slowly, `break` ends in an error in mid-stream, `hang`
says nothing for long, `image` and `weather` give hostile text and a refusal. People: ada (admin) and ben (analyst),
password `correct horse`. State is kept in a file, so that it can be killed and started again.

Run alone: `python -m tests.frontend.scripted_gateway PORT STATE_FILE`.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

PASSWORD = "correct horse"
MODEL = "dossier-finance"
HOSTILE = (
    'Beware <img src=x onerror="window.hurt=1"> and ![pixel](http://198.51.100.7/pixel.png) and '
    "<script>window.hurt=1</script> cost $5 or $6 :smile: [1]."
)
HOSTILE_FILE = '<img src=x onerror="window.hurt=2">![p](http://198.51.100.7/p.png).pdf'
ANSWER = (
    "Larkfield's net sales were **$4.2 billion** in 2025, up 3.5% on the year before [1]. "
    "Operating margin came to 12.1% [2]."
)
GROWTH = "3.51% = (4,213 - 4,070) / 4,070 [1]. Some 999 people worked on it [2]."
DOUBT = "Net sales were $4.2 billion [1]. **Profit** doubled in Asia [2]."
FAULT = {"message": "The model server doesn't answer. Try again in a moment.", "code": "engine_unavailable"}
REFUSAL = "The documents don't say what the weather will be tomorrow."
PASSAGES = (
    (
        "larkfield-annual-report-2025.pdf", 12, ["Financial review", "Net sales"],
        "Larkfield sells garden tools in eleven countries.\nNet sales for 2025 were $4.2 billion, up 3.5% on the year "
        "before. Growth came from the northern region, where two distribution centres opened in spring.",
    ),
    (
        "larkfield-annual-report-2025.pdf", 14, ["Financial review", "Margins"],
        "Operating margin came to 12.1%, after 11.4% in 2024. Freight costs fell by a tenth.",
    ),
    (
        "board-minutes-2025-03.docx", 1, ["Decisions"],
        "The board approved the opening of a second distribution centre in the northern region.",
    ),
)  # fmt: skip
FILES = [
    ("reports/larkfield-annual-report-2025.pdf", "unchanged", "", 210, 64, []),
    ("reports/larkfield-annual-report-2024.pdf", "indexed", "", 198, 61, []),
    ("board/board-minutes-2025-03.docx", "indexed", "", 14, 1, ["board"]),
    ("policies/travel-and-expenses.md", "unchanged", "", 22, 1, []),
    ("scans/lease-2011.pdf", "failed", "It has no text, only pictures. Run it through text recognition.", 0, 9, []),
    ("archive/old.zip", "skipped", "Files of this kind (.zip) aren't read.", 0, 0, []),
    (HOSTILE_FILE, "indexed", "", 1, 1, []),
]
GENERATIONS = [
    ("g000003", "2026-11-20T08:30:00+00:00", 3, 408, 2_900_000, False, ""),
    ("g000004", "2026-11-23T17:05:00+00:00", 4, 420, 3_100_000, False, "A file of it is missing: vectors.faiss."),
    ("g000005", "2026-11-26T09:12:00+00:00", 5, 445, 3_250_000, True, ""),
]
FIGURES = {
    "right": 0.75, "right_before": 0.5, "difference": 0.25, "low": 0.125, "high": 0.375, "questions": 60,
    "forgetting": 0.01, "forgetting_bound": 0.02, "audit_passed": True, "audit": "no difference", "created": "",
    "served_compared": 60, "served_differently": 0,
}  # fmt: skip
MODELS = [
    {"digest": "a" * 64, "name": "first", "base": "small", "figures": FIGURES, "against": []},
    {
        "digest": "b" * 64,
        "name": "<b>second</b>",
        "base": "small",
        "figures": None,
        "against": ["it wasn't tried"],
    },
]
CHART = {
    "title": "LKFD: closing prices", "description": "LKFD: closing prices. 3 of them.", "width": 640, "height": 280,
    "data": {"values": [{"date": f"2026-01-0{day}", "value": 40 + day} for day in (5, 6, 7)]},
    "mark": {"type": "line", "tooltip": True},
    "encoding": {"x": {"field": "date", "type": "temporal"}, "y": {"field": "value", "type": "quantitative"}},
}  # fmt: skip
QUESTIONS = [
    "What were Larkfield's net sales in 2025?",
    "How did the operating margin change from 2024 to 2025?",
    "What did the board decide about distribution centres?",
]


class Failure(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "error", "code": code}}


class State:
    """Everything that a gateway keeps, in one JSON file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.tokens: dict[str, str] = {}
        self.passwords = {"ada": PASSWORD, "ben": PASSWORD}
        self.conversations: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.ready: dict[str, Any] = {}
        self.job: dict[str, Any] = {"state": "idle"}
        self.closed: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.models: list[dict[str, Any]] = []
        self.promoted: list[str] = []
        self.trouble = ""
        self.feedback: dict[str, dict[str, Any]] = {}
        self.files: list[tuple[str, str, str, int, int, list[str]]] = list(FILES)
        self.generations: list[tuple[Any, ...]] = list(GENERATIONS)
        if file.is_file():
            self.__dict__.update(json.loads(file.read_text("utf-8")), file=file)

    def save(self) -> None:
        kept = {name: value for name, value in self.__dict__.items() if name != "file"}
        self.file.write_text(json.dumps(kept), "utf-8")


app = FastAPI()
state = State(Path("/nonexistent"))


def now() -> str:
    return datetime.now(UTC).isoformat()


@app.exception_handler(Failure)
async def fail(request: Request, error: Failure) -> JSONResponse:
    return JSONResponse(error.body, error.status)


def caller(request: Request) -> str:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token not in state.tokens:
        raise Failure(401, "not_signed_in", "Nobody is signed in. Send `Authorization: Bearer` with a token.")
    return state.tokens[token]


def admin(name: Annotated[str, Depends(caller)]) -> str:
    if name != "ada":
        raise Failure(403, "forbidden", "Only admins may do this. Ask an admin, or sign in as one.")
    return name


Name = Annotated[str, Depends(caller)]
Admin = Annotated[str, Depends(admin)]


def user(name: str) -> dict[str, Any]:
    return {"name": name, "role": "admin" if name == "ada" else "analyst", "groups": ["board"] if name == "ada" else []}


@app.post("/auth/sign-in")
async def sign_in(body: dict[str, str]) -> dict[str, Any]:
    name = body["name"]
    if state.passwords.get(name) != body["password"]:
        raise Failure(401, "not_signed_in", "The name or the password is wrong. Try again, or ask an admin.")
    token = f"token-{name}-{time.time_ns()}"
    state.tokens[token] = name
    state.save()
    return {"token": token, "expires_at": "2099-01-01T00:00:00Z", "user": user(name)}


@app.get("/auth/oidc")
async def provider() -> dict[str, str]:
    return {"name": ""}


@app.post("/auth/sign-out", status_code=204)
async def sign_out(request: Request, name: Name) -> None:
    del state.tokens[request.headers["authorization"].removeprefix("Bearer ")]
    state.save()


@app.get("/auth/me")
async def me(name: Name) -> dict[str, Any]:
    return user(name)


@app.post("/auth/password", status_code=204)
async def password(body: dict[str, str], name: Name) -> None:
    if body["old"] != state.passwords[name]:
        raise Failure(401, "not_signed_in", "The present password is wrong. Nothing was changed.")
    state.passwords[name] = body["new"]
    state.save()


@app.get("/auth/keys")
async def keys(name: Name) -> list[dict[str, Any]]:
    return [key for key in state.keys if key["owner"] == name]


@app.post("/auth/keys")
async def create_key(body: dict[str, str], name: Name) -> dict[str, Any]:
    made = {
        "id": f"k{time.time_ns()}", "label": body["label"], "prefix": "dsr_a1b2", "created_at": now(),
        "last_used_at": None, "owner": name,
    }  # fmt: skip
    state.keys.append(made)
    state.save()
    return {"id": made["id"], "label": made["label"], "key": "dsr_a1b2c3d4e5f6g7h8"}


@app.delete("/auth/keys/{key_id}", status_code=204)
async def revoke_key(key_id: str, name: Name) -> None:
    state.keys[:] = [key for key in state.keys if key["id"] != key_id]
    state.save()


@app.get("/v1/models")
async def models(name: Name) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": MODEL, "object": "model"}]}


@app.get("/pack")
async def pack(name: Name) -> dict[str, Any]:
    return {
        "name": "finance", "title": "Company finance",
        "description": "Ask about annual reports, board minutes and policies. Each answer shows where it stands.",
        "starter_questions": QUESTIONS,
    }  # fmt: skip


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok", "version": "0"}


@app.get("/ready")
async def ready() -> JSONResponse:
    if state.ready:
        return JSONResponse({"ready": False, **state.ready}, 503)
    index = {"generation": "g1", "documents": 4, "chunks": 445, "message": ""}
    return JSONResponse(
        {"ready": True, "engine": {"state": "ready", "message": ""}, "index": index, "store": {"state": "ready"}}
    )


def mine(name: str, conversation_id: str) -> dict[str, Any]:
    found = state.conversations.get(conversation_id)
    if found is None or found["owner"] != name:
        raise Failure(404, "not_found", "There is no such conversation of yours.")
    return found


@app.get("/conversations")
async def conversations(name: Name, offset: int = 0, limit: int = 50, search: str = "") -> list[dict[str, Any]]:
    own = [one for one in state.conversations.values() if one["owner"] == name and search in json.dumps(one)]
    newest = sorted(own, key=lambda one: str(one["updated_at"]), reverse=True)
    return [{key: value for key, value in one.items() if key != "messages"} for one in newest[offset : offset + limit]]


@app.post("/conversations", status_code=201)
async def start(name: Name) -> dict[str, Any]:
    made = {
        "id": f"c{time.time_ns()}", "title": "", "created_at": now(), "updated_at": now(), "owner": name,
        "messages": [],
    }  # fmt: skip
    state.conversations[made["id"]] = made
    state.save()
    return made


@app.get("/conversations/{conversation_id}")
async def conversation(conversation_id: str, name: Name) -> dict[str, Any]:
    return mine(name, conversation_id)


@app.patch("/conversations/{conversation_id}")
async def rename(conversation_id: str, body: dict[str, str], name: Name) -> dict[str, Any]:
    mine(name, conversation_id)["title"] = body["title"]
    state.save()
    return mine(name, conversation_id)


@app.delete("/conversations/{conversation_id}", status_code=204)
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


def sources(*cited: int, hostile: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "number": number, "document": HOSTILE_FILE if hostile else document, "source": f"reports/{document}",
            "title": "Annual report", "page": page, "section": section, "text": HOSTILE if hostile else text,
            "score": 1 / number, "cited": number in cited,
        }
        for number, (document, page, section, text) in enumerate(PASSAGES, 1)
    ]  # fmt: skip


def reply(question: str) -> tuple[str, dict[str, Any]]:
    if "weather" in question:
        return REFUSAL, {"sources": sources(), "verdict": "not_in_documents", "note": ""}
    if "image" in question:
        return HOSTILE, {"sources": sources(1, hostile=True), "verdict": "answered", "note": ""}
    if "doubtful" in question:
        start = DOUBT.index("**Profit")
        marked = {"start": start, "end": len(DOUBT), "fault": "wrong", "reason": "Asia can't be found in [2]."}
        extra = {"sources": sources(1, 2), "verdict": "unsupported", "note": "Check it."}
        return DOUBT, {**extra, "unsupported": [marked], "withdrawn": ""}
    if "invented" in question:
        extra = {"sources": sources(), "verdict": "not_in_documents", "note": "What the model had said was withdrawn."}
        return REFUSAL, {**extra, "text": REFUSAL, "withdrawn": DOUBT, "unsupported": []}
    if "year before" in question:
        extra = {"sources": sources(1, 2), "verdict": "answered", "note": "", "asked_as": "What were sales in 2024?"}
        return ANSWER, extra
    if "chart" in question:
        spec = {**CHART, "mark": "nonsense"} if "bad" in question else CHART
        spec = {**CHART, "data": {"url": "http://198.51.100.7/d.json"}} if "remote" in question else spec
        return ANSWER, {"sources": sources(1, 2), "verdict": "answered", "note": "", "chart": spec}
    if "growth" in question:
        return GROWTH, {"sources": sources(1, 2), "verdict": "answered", "note": "", "traces": growth_traces()}
    return ANSWER, {"sources": sources(1, 2), "verdict": "answered", "note": ""}


def growth_traces() -> list[dict[str, Any]]:
    def trace(text: str, origin: str, **more: Any) -> dict[str, Any]:
        start = GROWTH.find(text)
        return {"text": text, "start": start, "end": start + len(text), "origin": origin, **more}

    place = {"passage": 1, "document": "sales.xlsx", "page": 4, "row": "Net sales"}
    cells = [
        trace("4,213", "cell", column="2025", place="B2", **place),
        trace("4,070", "cell", column="2024", place="C2", **place),
    ]
    expression = "(4213 - 4070) / 4070"
    computed = trace("3.51", "computed", expression=expression, operands=cells)
    return [computed, *cells, trace("999", "untraced")]


def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'model': MODEL, 'choices': [choice], **more})}\n\n"


async def stream(question: str, conversation_id: str) -> AsyncIterator[str]:
    text, extra = reply(question)
    text = extra.get("withdrawn") or text  # said first, and taken back at the end
    pause = 0.25 if "slowly" in question else 0.01
    said, whole = "", False
    try:
        yield event({"role": "assistant", "content": ""})
        for step in ("Looking through the documents", "Reading 3 passages"):
            yield event({}, step=step)
            await asyncio.sleep(pause * 8)  # a step must stay long enough for a busy machine to show it
        if "hang" in question:
            await asyncio.sleep(60)
        for word in text.split(" "):
            if "break" in question and "2025" in said:
                yield f"data: {json.dumps({'error': FAULT})}\n\ndata: [DONE]\n\n"
                return
            piece = word if not said else f" {word}"
            said += piece
            yield event({"content": piece})
            await asyncio.sleep(pause)
        yield event({}, "stop", **extra, annotations=[], generation="g1", usage={})
        yield "data: [DONE]\n\n"
        whole = True
    finally:
        if whole:
            keep(conversation_id, "assistant", **{"text": said, **extra})
        else:
            state.closed.append(question)
            keep(conversation_id, "assistant", said, interrupted=True)


@app.post("/v1/chat/completions")
async def chat(body: dict[str, Any], name: Name) -> StreamingResponse:
    state.asked.append(body)
    question = body["messages"][-1]["content"]
    if body["model"] != MODEL:
        raise Failure(404, "model_not_found", "That model isn't served.")
    if "busy" in question:
        raise Failure(429, "busy", "Too many questions at once. Try again in a moment.")
    mine(name, body["conversation"])
    keep(body["conversation"], "user", question)
    return StreamingResponse(stream(question, body["conversation"]), media_type="text/event-stream")


async def work() -> None:
    for done in range(0, 41):
        if state.job["state"] != "running":
            return
        left = (40 - done) / 8
        state.job = {"state": "running", "stage": "Embedding passages", "done": done, "total": 40, "seconds_left": left}
        await asyncio.sleep(0.125)
    report = {"generation": "g2", "documents": 5, "chunks": 445, "embedded": 14, "removed": 1, "files": []}
    state.job = {"state": "done", "report": report}


@app.get("/admin/index")
async def index(name: Admin) -> dict[str, Any]:
    return {"stage": "", "done": 0, "total": 0, "seconds_left": None, "message": "", "report": None, **state.job}


@app.post("/admin/index", status_code=202)
async def index_start(name: Admin, request: Request) -> dict[str, Any]:
    if state.job["state"] == "running":
        raise Failure(409, "conflict", "An indexing run is under way. Wait for it.")
    state.job = {"state": "running", "stage": "starting"}
    request.app.state.work = asyncio.create_task(work())
    return state.job


@app.delete("/admin/index", status_code=202)
async def index_cancel(name: Admin) -> Response:
    state.job = {"state": "failed", "message": "The run was cancelled. The present index stays in use."}
    return Response(status_code=202)


@app.get("/admin/index/files")
async def index_files(name: Admin) -> list[dict[str, Any]]:
    heads = ("source", "state", "reason", "chunks", "pages", "groups")
    return [dict(zip(heads, file, strict=True)) for file in state.files]


@app.get("/admin/documents/kinds")
async def document_kinds(name: Admin) -> dict[str, Any]:
    return {"read": [".md", ".pdf"], "not_read": {}, "largest": 1 << 26, "problem": ""}


@app.get("/admin/index/generations")
async def index_generations(name: Admin) -> list[dict[str, Any]]:
    heads = ("name", "created", "documents", "chunks", "bytes", "current", "problem")
    return [dict(zip(heads, one, strict=True)) for one in state.generations]


@app.post("/admin/index/rollback", status_code=202)
async def index_rollback(name: Admin, request: Request) -> dict[str, Any]:
    chosen = (await request.json())["generation"]
    state.generations = [(*one[:5], one[0] == chosen, one[6]) for one in state.generations]
    state.job = {"state": "done", "kind": "rollback", "result": {"name": chosen}}
    return state.job


@app.post("/admin/index/verify", status_code=202)
async def index_verify(name: Admin) -> dict[str, Any]:
    state.job = {"state": "done", "kind": "verify", "result": {}}
    return state.job


def answering() -> dict[str, str]:
    digest = state.promoted[-1] if state.promoted else ""
    answers = "" if state.trouble else digest
    return {"adapter": answers, "promoted": digest, "problem": state.trouble, "against_the_gate": ""}


@app.get("/admin/models")
async def model_list(name: Admin) -> dict[str, Any]:
    now = answering()
    stand = dict.fromkeys(state.promoted[-1:], "champion of finance")
    models = [{"state": "registered", **one} for one in state.models]
    models = [{**one, "state": stand.get(one["digest"], one["state"])} for one in models]
    return {"models": models, "problems": [], "now": now}


@app.post("/admin/models/rollback")
async def roll_back(name: Admin) -> dict[str, str]:
    if not state.promoted:
        raise Failure(409, "not_promoted", "There is nothing to go back from.")
    state.promoted.pop()
    state.save()
    return answering()


@app.post("/admin/models/{digest}/promote")
async def promote(digest: str, name: Admin) -> dict[str, str]:
    found = next(one for one in state.models if one["digest"] == digest)
    if found["against"]:
        raise Failure(409, "not_promoted", f"{found['name']} stays out: {'; '.join(found['against'])}.")
    state.promoted.append(digest)
    state.save()
    return answering()


@app.get("/v1/feedback")
async def my_feedback(conversation: str, name: Name) -> list[dict[str, Any]]:
    own = {message["id"] for message in mine(name, conversation)["messages"]}
    return [one for one in state.feedback.values() if one["message"] in own]


@app.post("/v1/feedback")
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


@app.get("/admin/feedback")
async def feedback(
    name: Admin, offset: int, limit: int, state_wanted: Annotated[str, Query(alias="state")] = ""
) -> Any:
    found = [one for one in reversed(state.feedback.values()) if state_wanted in ("", one["state"])]
    return found[offset : offset + limit]


@app.patch("/admin/feedback/{number}")
async def decide(number: int, body: dict[str, str], name: Admin) -> dict[str, Any]:
    found = next(one for one in state.feedback.values() if one["id"] == number)
    found.update({"state": "triaged"} if "triage" in body else {}, **body)
    state.save()
    return found


@app.post("/script")
async def script(body: dict[str, Any]) -> None:
    """Change what the gateway says: the tests' way in."""
    state.__dict__.update(body)
    state.save()


@app.get("/script")
async def scripted() -> dict[str, Any]:
    return {name: value for name, value in state.__dict__.items() if name != "file"}


if __name__ == "__main__":
    state = State(Path(sys.argv[2]))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", timeout_graceful_shutdown=1)
