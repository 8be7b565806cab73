"""The gateway's error bodies, read back into the family of errors by those who speak HTTP to it."""

from typing import Any

from dossier.errors import (
    AdapterError,
    BusyError,
    ConflictError,
    CorruptIndexError,
    DossierError,
    EngineError,
    EnvironmentProblem,
    ForbiddenError,
    IndexingError,
    IndexMissingError,
    NotFoundError,
    PromotionError,
    QuestionError,
    RegistryError,
    SignInError,
    UnknownModelError,
    WeightsError,
)

STRANGE = "The gateway's reply can't be read. Is the address for it (host and port in the settings) right?"


class GatewayUnreachableError(EnvironmentProblem):
    """Nobody answers at the gateway's address, or the connection broke off."""

    code = "gateway_unreachable"


_FAMILY: dict[str, type[DossierError]] = {
    kind.code: kind
    for kind in (
        AdapterError,
        BusyError,
        ConflictError,
        CorruptIndexError,
        EngineError,
        EnvironmentProblem,
        ForbiddenError,
        IndexingError,
        IndexMissingError,
        NotFoundError,
        PromotionError,
        QuestionError,
        RegistryError,
        SignInError,
        UnknownModelError,
        WeightsError,
    )
}
_BY_STATUS: dict[int, type[DossierError]] = {
    400: QuestionError,
    401: SignInError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: BusyError,
    503: EngineError,
}


def error_of(body: Any, status: int = 500) -> DossierError:  # noqa: ANN401 (JSON of any shape)
    """The member of the error family that the gateway means, with the gateway's own sentence."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or not error.get("message"):
        kind = _BY_STATUS.get(status, DossierError)
        return kind(STRANGE)
    kind = _FAMILY.get(str(error.get("code"))) or _BY_STATUS.get(status, DossierError)
    return kind(str(error["message"]))
