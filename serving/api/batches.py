"""Routes for batches: many questions in, a workbook of cited answers out. Somebody else's don't exist here (404)."""

import json
import tempfile
from pathlib import Path, PurePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response, status

from dossier.errors import DocumentError
from retrieval.parsing.isolate import Limits, isolated
from serving.api.batch_schemas import BatchAnswerReply, BatchBody, BatchReply
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_thread
from serving.batches.sheets import SUFFIXES, read_questions, sheet_of

router = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=GuardedRoute)

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_READING = Limits(20, 1 << 30)
_FARTHEST = 1_000_000
_FILE: dict[str, Any] = {"requestBody": {"content": {"application/octet-stream": {}}, "required": True}}
_MADE: dict[str, Any] = {"status_code": status.HTTP_201_CREATED, "responses": failures(400, 401, 409, 413, 422)}


@router.get("", summary="My batches", responses=failures(401))
async def list_batches(parts: Parts, caller: SignedInCaller) -> list[BatchReply]:
    """List the caller's batches, the latest first."""
    return [BatchReply.of(batch) for batch in await in_thread(parts.store.batches.list, caller.user_id)]


@router.post("", summary="Ask many questions", **_MADE)
async def start_batch(body: BatchBody, parts: Parts, caller: SignedInCaller) -> BatchReply:
    """Begin to answer questions one after the other, from what the caller may read. It goes on without the caller."""
    return await _started(parts, caller.user_id, body.name, body.questions)


@router.post("/file", summary="Ask the questions of a file", openapi_extra=_FILE, **_MADE)
async def start_batch_of_file(
    request: Request,
    parts: Parts,
    caller: SignedInCaller,
    name: Annotated[str, Query(min_length=1, max_length=200, description="The file's name.", examples=["q.xlsx"])],
) -> BatchReply:
    """Begin to answer the questions of a CSV, text or XLSX file, which is the request's body.

    Its column headed `question` is read, or the only column; of a text file each line.
    """
    questions = await in_thread(_questions, name, await request.body())
    return await _started(parts, caller.user_id, PurePath(name).name, questions)


@router.get("/{batch_id}", summary="One batch", responses=failures(401, 404))
async def get_batch(batch_id: str, parts: Parts, caller: SignedInCaller) -> BatchReply:
    """Tell how far a batch has come."""
    return BatchReply.of(await in_thread(parts.store.batches.get, caller.user_id, batch_id))


@router.get("/{batch_id}/answers", summary="Its answers", responses=failures(401, 404, 422))
async def get_answers(
    batch_id: str,
    parts: Parts,
    caller: SignedInCaller,
    offset: Annotated[int, Query(ge=0, le=_FARTHEST, description="How many to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=200, description="How many to list.")] = 50,
) -> list[BatchAnswerReply]:
    """List a batch's questions in order with their answers, as far as there are any."""
    found = await in_thread(parts.store.batches.questions, caller.user_id, batch_id, offset, limit)
    return [BatchAnswerReply.of(question) for question in found]


@router.get(
    "/{batch_id}/sheet",
    summary="Its answers as a workbook",
    response_class=Response,
    responses={**failures(401, 404), 200: {"content": {SHEET: {}}}},
)
async def get_sheet(batch_id: str, parts: Parts, caller: SignedInCaller) -> Response:
    """Give the answers as XLSX, a row for each question, as far as there are any."""

    def write() -> tuple[str, bytes]:
        batch = parts.store.batches.get(caller.user_id, batch_id)
        return batch.name, sheet_of(parts.store.batches.questions(caller.user_id, batch_id))

    name, sheet = await in_thread(write)
    file = quote(f"{PurePath(name).stem or 'batch'}-answers.xlsx", safe="")
    return Response(sheet, media_type=SHEET, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{file}"})


@router.post("/{batch_id}/cancel", summary="Cancel a batch", responses=failures(401, 404, 409))
async def cancel_batch(batch_id: str, parts: Parts, caller: SignedInCaller) -> BatchReply:
    """Stop a batch. What is answered stays, and it can go on later."""
    return BatchReply.of(await in_thread(parts.store.batches.set_running, caller.user_id, batch_id, False))


@router.post("/{batch_id}/resume", summary="Go on with a batch", responses=failures(401, 404, 409))
async def resume_batch(batch_id: str, parts: Parts, caller: SignedInCaller) -> BatchReply:
    """Let a cancelled batch go on where it was."""
    batch = await in_thread(parts.store.batches.set_running, caller.user_id, batch_id, True)
    parts.batches.wake()
    return BatchReply.of(batch)


@router.delete(
    "/{batch_id}", summary="Delete a batch", status_code=status.HTTP_204_NO_CONTENT, responses=failures(401, 404)
)
async def delete_batch(batch_id: str, parts: Parts, caller: SignedInCaller) -> None:
    """Delete a batch with its answers, for good; one that is running ends."""
    await in_thread(parts.store.batches.remove, caller.user_id, batch_id)


async def _started(parts: Running, user_id: int, name: str, questions: list[str]) -> BatchReply:
    batch = await in_thread(parts.store.batches.start, user_id, name, questions)
    parts.batches.wake()
    return BatchReply.of(batch)


def _questions(name: str, data: bytes) -> list[str]:
    """The questions of a file that somebody sent, read in a process of its own."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise DocumentError(f"Files of this kind aren't read for questions (read are: {', '.join(SUFFIXES)}).")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"questions{suffix}"
        file.write_bytes(data)
        found: list[str] = json.loads(isolated(file, _READING, read_questions))
    return found
