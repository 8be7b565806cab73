"""The one family of errors. Libraries raise them; the command line and the API translate them at the edge."""


class DossierError(Exception):
    """Something a person can put right. The message says what happened, to what, and what to do.

    `exit_status` is what the command line ends with, `http_status` what the API answers with, and `code` the
    machine-readable name that API clients see.
    """

    exit_status = 1
    http_status = 500
    code = "internal_error"


class SettingsError(DossierError):
    """A setting is missing, unknown or has a value that can't be used."""

    exit_status = 2
    code = "bad_setting"


class DocumentError(DossierError):
    """One document can't be read. The run goes on; the document is listed with this reason."""

    http_status = 422
    code = "unreadable_document"


class IndexingError(DossierError):
    """An indexing run can't start or can't finish. The previous generation keeps answering."""

    exit_status = 3
    http_status = 409
    code = "indexing_failed"


class IndexMissingError(DossierError):
    """There is no usable generation to answer from."""

    exit_status = 3
    http_status = 503
    code = "no_index"


class CorruptIndexError(IndexMissingError):
    """A generation's files don't match their digests."""

    code = "corrupt_index"


class DataError(DossierError):
    """Examples to learn from can't be read, or a prepared set isn't what it was when it was written."""

    exit_status = 2
    http_status = 422
    code = "bad_data"


class MarketDataError(DossierError):
    """Prices can't be read, or there are too few of them for what is asked."""

    exit_status = 2
    http_status = 422
    code = "bad_market_data"


class WeightsError(DossierError):
    """Model weights are missing, of a format that isn't allowed, or don't have the pinned digest."""

    exit_status = 4
    http_status = 503
    code = "bad_weights"


class AdapterError(WeightsError):
    """An adapter isn't what was recorded, doesn't fit the base model, or is of a kind that can't be served."""

    http_status = 422
    code = "bad_adapter"


class RegistryError(DossierError):
    """A file of the model registry can't be read or isn't what was written."""

    exit_status = 8
    http_status = 503
    code = "registry_damaged"


class PromotionError(DossierError):
    """An adapter may not be promoted, gone back from or retired. The message has every reason."""

    exit_status = 9
    http_status = 409
    code = "not_promoted"


class EngineError(DossierError):
    """The model server can't start or doesn't answer."""

    exit_status = 5
    http_status = 503
    code = "engine_unavailable"


class TuningError(DossierError):
    """A tuning run can't start, go on or be merged: its folder holds another run, or nothing is left to learn from."""

    exit_status = 7
    http_status = 409
    code = "tuning_failed"


class QuestionError(DossierError):
    """The question can't be asked as it is (empty, too long, wrong shape)."""

    exit_status = 2
    http_status = 400
    code = "bad_question"


class UnknownModelError(DossierError):
    """The request names a model that isn't served."""

    exit_status = 2
    http_status = 404
    code = "model_not_found"


class SignInError(DossierError):
    """Nobody is signed in, or the name, password or key is wrong."""

    exit_status = 2
    http_status = 401
    code = "not_signed_in"


class ForbiddenError(DossierError):
    """The signed-in user's role doesn't allow this."""

    http_status = 403
    code = "forbidden"


class NotFoundError(DossierError):
    """The thing asked for doesn't exist, or isn't visible to this user."""

    http_status = 404
    code = "not_found"


class ConflictError(DossierError):
    """The request contradicts what is stored (a name already taken, a job already running)."""

    http_status = 409
    code = "conflict"


class BusyError(DossierError):
    """Too many requests at once. Try again in a moment."""

    http_status = 429
    code = "busy"


class EnvironmentProblem(DossierError):
    """The machine isn't ready: a port in use, too little disk, a missing program."""

    exit_status = 6
    http_status = 503
    code = "environment"
