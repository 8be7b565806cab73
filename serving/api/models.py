"""Routes for admins: the tuned adapters, promotion and the way back."""

from fastapi import APIRouter, Response, status

from dossier.errors import EngineError, NotFoundError
from serving.api.gateway import Models
from serving.api.model_schemas import (
    CompleteBody,
    CompletedReply,
    ModelListReply,
    ModelStateReply,
    PromoteBody,
    RollbackModelBody,
)
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures

router = APIRouter(prefix="/admin/models", tags=["administration"], route_class=GuardedRoute)


@router.get("", summary="The tuned adapters", responses=failures(401, 403, 404, 503))
async def list_adapters(parts: Parts, _: SignedInCaller) -> ModelListReply:
    """List the adapters with their figures, what answers now, and what speaks against promoting each."""
    models = _models(parts)
    return ModelListReply.of(await models.listed(), models.state)


@router.post("/rollback", summary="Go back to the adapter before", responses=failures(401, 403, 404, 409, 422, 503))
async def rollback_adapter(
    parts: Parts, caller: SignedInCaller, body: RollbackModelBody | None = None
) -> ModelStateReply:
    """Let new questions be answered by the adapter before, or by the base model alone if there was none.

    Answers under way end as they began. The reply says what answers now.
    """
    to_base = (body or RollbackModelBody()).to_base
    return ModelStateReply.of(await _models(parts).rollback(caller.name, to_base))


@router.post("/{name}/promote", summary="Promote an adapter", responses=failures(401, 403, 404, 409, 422, 503))
async def promote_adapter(
    name: str, parts: Parts, caller: SignedInCaller, body: PromoteBody | None = None
) -> ModelStateReply:
    """Let new questions be answered by an adapter, if nothing speaks against it (409 says what does).

    It is checked, loaded and tried before it answers. The reply says what answers now, and why, if it isn't this one.
    """
    return ModelStateReply.of(await _models(parts).promote(name, caller.name, (body or PromoteBody()).despite))


@router.post(
    "/{name}/complete",
    summary="Go on behind prompts of tokens",
    responses=failures(400, 401, 403, 404, 409, 413, 422, 429, 503),
)
async def complete_prompts(name: str, parts: Parts, _: SignedInCaller, body: CompleteBody) -> CompletedReply:
    """Let the model server go on greedily behind prompts of token ids as an adapter does, promoted or not.

    For comparing what is served with what was trained: each token comes with the two likeliest at its place. The
    adapter is checked and loaded if it doesn't answer now; people's answers aren't touched.
    """
    models = _models(parts)
    if not parts.gateway.engine_up:
        raise EngineError("The model server is not ready. Ask again when it is.")
    return CompletedReply.of(await models.complete(name, body.prompts, body.tokens))


@router.post(
    "/{name}/retire",
    summary="Put an adapter aside",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(401, 403, 404, 409, 503),
)
async def retire_adapter(name: str, parts: Parts, caller: SignedInCaller) -> Response:
    """Put an adapter aside that doesn't answer. It stays on the disk."""
    await _models(parts).retire(name, caller.name)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _models(parts: Running) -> Models:
    models = parts.gateway.models
    if models is None:
        raise NotFoundError("This gateway's model server is run by somebody else; its adapters aren't known here.")
    return models
