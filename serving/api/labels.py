"""The route that labels texts."""

from fastapi import APIRouter

from dossier.errors import NotFoundError
from retrieval.labelling.labeller import Labeller
from serving.api.label_schemas import LabelsBody, LabelsReply
from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_short_queue

router = APIRouter(prefix="/v1", tags=["labels"], route_class=GuardedRoute)


@router.post("/classify", summary="Label texts", responses=failures(401, 404, 422, 429, 503))
async def classify_texts(body: LabelsBody, parts: Parts, caller: SignedInCaller) -> LabelsReply:
    """Label texts by a task's head: the most probable label with its probability, or unsure. No language model."""
    labeller = parts.gateway.labeller
    if labeller is None:
        raise NotFoundError("This gateway labels no texts.")

    def label(known: Labeller) -> LabelsReply:
        return LabelsReply.of(body.task, known.head(body.task), known.label(body.task, body.texts))

    return await in_short_queue(parts.analysis_work, label, labeller)
