"""What the gateway tells the page, as records. Each is read from JSON once, here, and checked while it is read."""

from dataclasses import dataclass
from datetime import UTC, datetime

from dossier.records import FileState, Verdict
from dossier.traces import Trace, Unsupported
from frontend.gateway.answer_records import Spec, spec_of, traces_of, unsupported_of
from frontend.gateway.source_records import Json, Source, sources_of


@dataclass(frozen=True, slots=True)
class User:
    """Who is signed in. `issuer` is the identity provider that did it; empty: a password did."""

    name: str
    role: str
    groups: tuple[str, ...] = ()
    issuer: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether the admin pages are for this user."""
        return self.role == "admin"

    @classmethod
    def read(cls, data: Json) -> "User":
        """From the JSON of `GET /auth/me`."""
        groups = tuple(data.get("groups") or ())
        return cls(str(data["name"]), str(data["role"]), groups, str(data.get("issuer") or ""))


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that worked. `token` is a secret: it goes into no log, no page and no address."""

    token: str
    expires_at: datetime | None
    user: User

    def __repr__(self) -> str:
        return f"SignIn(user={self.user.name!r})"

    @classmethod
    def read(cls, data: Json) -> "SignIn":
        """From the JSON of `POST /auth/sign-in`."""
        return cls(str(data["token"]), moment(data.get("expires_at")), User.read(data["user"]))


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. `verdict` is None for questions and for answers that were cut short.

    `id` names an answer in feedback; 0 while it is being written.
    """

    role: str
    text: str
    sources: tuple[Source, ...] = ()
    verdict: Verdict | None = None
    note: str = ""
    interrupted: bool = False
    created_at: datetime | None = None
    traces: tuple[Trace, ...] = ()
    unsupported: tuple[Unsupported, ...] = ()
    asked_as: str = ""
    id: int = 0
    chart: Spec | None = None

    @classmethod
    def read(cls, data: Json) -> "Message":
        """From one of a conversation's `messages`."""
        return cls(
            role=str(data["role"]),
            text=str(data.get("text") or ""),
            sources=sources_of(data),
            verdict=_verdict(data.get("verdict")),
            note=str(data.get("note") or ""),
            interrupted=bool(data.get("interrupted")),
            created_at=moment(data.get("created_at")),
            traces=traces_of(data),
            unsupported=unsupported_of(data),
            asked_as=str(data.get("asked_as") or ""),
            id=int(data.get("id") or 0),
            chart=spec_of(data.get("chart")),
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation; `messages` is empty in lists."""

    id: str
    title: str
    updated_at: datetime | None = None
    messages: tuple[Message, ...] = ()

    @property
    def name(self) -> str:
        """The title, or what stands for it while there is none."""
        return self.title or "New conversation"

    @classmethod
    def read(cls, data: Json) -> "Conversation":
        """From the JSON of `/conversations`."""
        return cls(
            id=str(data["id"]),
            title=str(data.get("title") or ""),
            updated_at=moment(data.get("updated_at")),
            messages=tuple(Message.read(message) for message in data.get("messages") or ()),
        )


@dataclass(frozen=True, slots=True)
class Pack:
    """What this Dossier is about. `labels` are the tasks that texts can be labelled for."""

    title: str
    description: str
    starter_questions: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Json) -> "Pack":
        """From the JSON of `GET /pack`."""
        title = str(data.get("title") or data.get("name") or "")
        questions, labels = (tuple(map(str, data.get(name) or ())) for name in ("starter_questions", "labels"))
        return cls(title, str(data.get("description") or ""), questions, labels)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether questions can be asked now, and if not, what it waits for. `seconds_left` None: not known."""

    ready: bool
    message: str = ""
    seconds_left: float | None = None
    starting: bool = False

    @classmethod
    def read(cls, data: Json) -> "Readiness":
        """From the JSON of `GET /ready`."""
        parts = [data.get(name) or {} for name in ("engine", "index", "store")]
        engine, index, _ = parts
        state = str(engine.get("state") or "")
        # the first part that isn't in order says why; an index is in order when it has a generation
        faulty = [state != "ready", not index.get("generation"), True]
        message = next((part["message"] for part, bad in zip(parts, faulty, strict=True) if bad and _says(part)), "")
        left = engine.get("seconds_left")
        return cls(
            ready=bool(data.get("ready")),
            message=str(message),
            seconds_left=float(left) if left is not None else None,
            starting=state in ("starting", "restarting"),
        )


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is listed: never the key itself."""

    id: str
    label: str
    prefix: str
    created_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def read(cls, data: Json) -> "ApiKey":
        """From one of `GET /auth/keys`."""
        return cls(
            str(data["id"]),
            str(data.get("label") or ""),
            str(data.get("prefix") or ""),
            moment(data.get("created_at")),
            moment(data.get("last_used_at")),
        )


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """One file of the documents folder in the current index, or the reason why it isn't in it."""

    source: str
    state: FileState
    reason: str
    chunks: int
    pages: int
    groups: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Json) -> "IndexedFile":
        """From one of `GET /admin/index/files`."""
        return cls(
            str(data["source"]),
            FileState(data["state"]),
            str(data.get("reason") or ""),
            int(data.get("chunks") or 0),
            int(data.get("pages") or 0),
            tuple(data.get("groups") or ()),
        )


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What the last indexing run did."""

    documents: int
    chunks: int
    embedded: int
    removed: int

    @classmethod
    def read(cls, data: Json) -> "IndexReport":
        """From the `report` of `GET /admin/index`."""
        return cls(*(int(data.get(name) or 0) for name in ("documents", "chunks", "embedded", "removed")))


@dataclass(frozen=True, slots=True)
class IndexJob:
    """Where the index job stands. `total` 0 and `seconds_left` None: not known yet."""

    state: str
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    message: str = ""
    report: IndexReport | None = None
    kind: str = "build"
    result: Json | None = None

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.state == "running"

    @classmethod
    def read(cls, data: Json) -> "IndexJob":
        """From the JSON of `GET /admin/index`."""
        left, report = data.get("seconds_left"), data.get("report")
        return cls(
            state=str(data.get("state") or "idle"),
            stage=str(data.get("stage") or ""),
            done=int(data.get("done") or 0),
            total=int(data.get("total") or 0),
            seconds_left=float(left) if left is not None else None,
            message=str(data.get("message") or ""),
            report=IndexReport.read(report) if report else None,
            kind=str(data.get("kind") or "build"),
            result=data.get("result"),
        )


def moment(value: object) -> datetime | None:
    """A point in time from ISO 8601 (without a zone: UTC) or from seconds since 1970; None stays None."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    read = datetime.fromisoformat(str(value))
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _says(part: object) -> bool:
    return isinstance(part, dict) and bool(part.get("message"))


def _verdict(value: object) -> Verdict | None:
    return Verdict(str(value)) if value else None
