"""Routes for admins: documents and the index job."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, status

from retrieval.indexing import limits_of
from retrieval.parsing.isolate import READERS
from retrieval.parsing.kinds import LEGACY
from serving.api.auditing import Noted
from serving.api.index_schemas import (
    ClearBody,
    CorrectionReply,
    DocumentReply,
    FileReply,
    GenerationReply,
    IndexBody,
    JobReply,
    KindsReply,
    MetadataFields,
    RollbackBody,
    UploadedReply,
)
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_thread
from serving.jobs import JobKind, JobStatus
from serving.uploads import LARGEST, Uploads

_STARTS: dict[str, Any] = {"status_code": status.HTTP_202_ACCEPTED, "responses": failures(401, 403, 409, 422, 503)}
"""Routes that start a job; `GET /admin/index` tells how it goes."""

router = APIRouter(prefix="/admin", tags=["administration"], route_class=GuardedRoute)


@router.post(
    "/index",
    summary="Index the documents",
    status_code=status.HTTP_202_ACCEPTED,
    responses=failures(401, 403, 409, 422, 503),
)
async def start_index(parts: Parts, _: SignedInCaller, body: IndexBody | None = None) -> JobReply:
    """Start an indexing run. Questions are answered from the previous generation until it has finished."""
    body = body or IndexBody()
    wanted = (("--rebuild", body.rebuild), ("--retry", body.retry))
    return _job(await parts.job.start(JobKind.BUILD, [option for option, chosen in wanted if chosen]))


@router.get("/index", summary="Where does indexing stand?", responses=failures(401, 403))
async def index_job(parts: Parts, _: SignedInCaller) -> JobReply:
    """Tell stage and progress of the run under way, or how the last one ended."""
    return _job(parts.job.status)


@router.delete(
    "/index",
    summary="Cancel indexing",
    status_code=status.HTTP_202_ACCEPTED,
    responses=failures(401, 403, 409),
)
async def cancel_index(parts: Parts, _: SignedInCaller) -> JobReply:
    """Ask the run under way to end. The previous generation keeps answering."""
    return _job(await parts.job.cancel())


@router.get("/index/files", summary="The indexed files", responses=failures(401, 403))
async def index_files(parts: Parts, _: SignedInCaller) -> list[FileReply]:
    """List every file of the current generation, with the reason where one isn't in it."""
    return [FileReply.of(file) for file in await in_thread(parts.gateway.index.files)]


@router.get("/documents", summary="The documents and what they are about", responses=failures(401, 403))
async def list_documents(parts: Parts, _: SignedInCaller) -> list[DocumentReply]:
    """List every document of the current generation with its metadata and groups."""
    return [DocumentReply.of(stored) for stored in await in_thread(parts.gateway.index.stored_documents)]


@router.patch("/documents", summary="Correct a document's metadata", responses=failures(400, 401, 403, 404, 422))
async def correct_document(
    source: str, body: MetadataFields, parts: Parts, _: SignedInCaller, note: Noted
) -> CorrectionReply:
    """Correct what the file `source` is about. It holds from the next indexing run on, for all items of the file."""
    values = body.model_dump(exclude_none=True)
    corrections = await in_thread(parts.gateway.index.correct, source, values)
    note.documents = (source,)
    return CorrectionReply(source=source, corrections=corrections)


@router.post(
    "/documents/file",
    summary="Add a document",
    responses=failures(400, 401, 403, 409, 413, 422, 503),
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}, "required": True}},
)
async def add_document(
    request: Request,
    parts: Parts,
    _: SignedInCaller,
    name: Annotated[str, Query(max_length=1000, description="Its path in the folder.", examples=["hr/leave.pdf"])],
    replace: Annotated[bool, Query(description="Take the place of a file of that name.")] = False,
) -> UploadedReply:
    """Read the file that is the request's body on trial, and put it into the documents folder if it can be read.

    Answers come from it after the next indexing run. Who may read it is as the rules say for its path;
    `PATCH /admin/documents/readers` chooses before that run.
    """
    uploads = _uploads(parts)
    waiting, target = await uploads.take(name, request.stream(), replace)
    return UploadedReply(**asdict(await in_thread(uploads.finish, waiting, target)))


@router.get("/documents/kinds", summary="What can be added", responses=failures(401, 403))
async def document_kinds(parts: Parts, _: SignedInCaller) -> KindsReply:
    """Tell which files can be added, what to do with others, and how large one may be."""
    uploads = _uploads(parts)
    return KindsReply(read=sorted(READERS), not_read=LEGACY, largest=LARGEST, problem=uploads.problem)


@router.get("/index/generations", summary="The generations on disk", responses=failures(401, 403))
async def index_generations(parts: Parts, _: SignedInCaller) -> list[GenerationReply]:
    """List the generations that can be gone back to, oldest first."""
    return [GenerationReply(**asdict(one)) for one in await in_thread(parts.gateway.index.generations)]


@router.post("/index/diff", summary="What would indexing change?", **_STARTS)
async def start_diff(parts: Parts, _: SignedInCaller) -> JobReply:
    """Find out what an indexing run would add, change, rename and remove, without doing it: `result` of the job."""
    return _job(await parts.job.start(JobKind.DIFF))


@router.post("/index/verify", summary="Check the index", **_STARTS)
async def start_verify(parts: Parts, _: SignedInCaller) -> JobReply:
    """Read the index and the documents byte for byte. The job fails when the index is damaged, and says where."""
    return _job(await parts.job.start(JobKind.VERIFY))


@router.post("/index/rollback", summary="Go back to an older generation", **_STARTS)
async def start_rollback(parts: Parts, _: SignedInCaller, body: RollbackBody | None = None) -> JobReply:
    """Check an older generation and let it answer. The next indexing run brings the documents in as they are then."""
    named = [body.generation] if body and body.generation else []
    return _job(await parts.job.start(JobKind.ROLLBACK, named))


@router.post("/index/gc", summary="Delete old generations", **_STARTS)
async def start_clearing(parts: Parts, _: SignedInCaller, body: ClearBody | None = None) -> JobReply:
    """Delete old generations and what broken-off runs left behind; never what answers or is being read."""
    return _job(await parts.job.start(JobKind.GC, ["--keep", str((body or ClearBody()).keep)]))


def _uploads(parts: Running) -> Uploads:
    settings = parts.gateway.settings
    return Uploads(settings.documents, limits_of(settings))


def _job(job: JobStatus) -> JobReply:
    return JobReply(**asdict(job))
