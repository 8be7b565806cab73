"""The bodies that the API takes and gives, apart from those of the chat."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dossier.pins import Pin
from dossier.traces import Trace, Unsupported
from serving.people.erasing import ErasedPerson
from serving.store import Caller, Conversation, IssuedKey, KeyInfo, Message, Role, SignedIn, User
from serving.store.conversations import TITLE
from serving.store.passwords import LONGEST, SHORTEST


def _printable(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("it must have visible characters and no line breaks or control characters")
    return text.strip()


ShortText = Annotated[str, Field(max_length=100), AfterValidator(_printable)]
Title = Annotated[str, Field(max_length=TITLE), AfterValidator(_printable)]
GroupNames = Annotated[list[ShortText], Field(max_length=100, description="Groups whose documents the user sees.")]
NewPassword = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST, examples=["correct horse battery"])]
ISSUER = "The identity provider that signs this user in, and gives role and groups; empty: a password does."
OldPassword = Annotated[str, Field(max_length=LONGEST)]


class Body(BaseModel):
    """A request body. Unknown fields are an error, so that a misspelt one isn't silently without effect."""

    model_config = ConfigDict(extra="forbid")


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str = Field(examples=["You have no conversation of that id. GET /conversations lists yours."])
    type: str = Field(examples=["invalid_request_error"])
    code: str = Field(description="Name of the error for programs.", examples=["not_found"])


class ErrorReply(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail


class SignInBody(Body):
    """Name and password."""

    name: str = Field(max_length=200, examples=["mira"])
    password: OldPassword = Field(examples=["correct horse battery"])


class WhoReply(BaseModel):
    """A user as the user sees it."""

    name: str = Field(examples=["mira"])
    role: Role
    groups: list[str] = Field(examples=[["hr"]])
    issuer: str = Field(description=ISSUER)

    @classmethod
    def of(cls, who: User | Caller) -> Self:
        """From the record."""
        return cls(name=who.name, role=who.role, groups=sorted(who.groups), issuer=who.issuer)


class SignInReply(BaseModel):
    """A fresh sign-in."""

    token: str = Field(description="For `Authorization: Bearer`. It isn't shown again.")
    expires_at: datetime
    user: WhoReply

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        """From the record."""
        return cls(token=signed_in.token, expires_at=signed_in.expires_at, user=WhoReply.of(signed_in.user))


class PasswordBody(Body):
    """The old password and a new one."""

    old: OldPassword
    new: NewPassword


class KeyBody(Body):
    """What a new key is for."""

    label: ShortText = Field(examples=["reporting notebook"])


class KeyReply(BaseModel):
    """An API key in the list."""

    id: str
    label: str
    prefix: str = Field(description="How the key begins, to tell it from others.", examples=["dsr_x7Kq2f"])
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: KeyInfo) -> Self:
        """From the record."""
        return cls(
            id=key.id, label=key.label, prefix=key.prefix, created_at=key.created_at, last_used_at=key.last_used_at
        )


class IssuedKeyReply(BaseModel):
    """A fresh API key."""

    id: str
    label: str
    key: str = Field(description="The key itself, shown this once.")

    @classmethod
    def of(cls, issued: IssuedKey) -> Self:
        """From the record."""
        return cls(id=issued.id, label=issued.label, key=issued.key)


class UserReply(BaseModel):
    """A user as admins see it."""

    name: str = Field(examples=["mira"])
    role: Role
    groups: list[str]
    suspended: bool
    created_at: datetime
    issuer: str = Field(description=ISSUER)

    @classmethod
    def of(cls, user: User) -> Self:
        """From the record."""
        return cls(
            name=user.name,
            role=user.role,
            groups=sorted(user.groups),
            suspended=user.suspended,
            created_at=user.created_at,
            issuer=user.issuer,
        )


class ErasedReply(BaseModel):
    """What was removed of a person."""

    pseudonym: str = Field(description="What the audit log has in the place of the name.", examples=["erased-5f0c22a7"])
    conversations: int
    messages: int
    feedback: int
    batches: int
    keys: int
    sign_ins: int
    audit_lines: int = Field(description="Lines of the audit log with the pseudonym.")
    log_places: int = Field(description="Places in log files that were made unreadable.")
    overwritten: bool = Field(description="Nothing is left in the database's file either.")

    @classmethod
    def of(cls, erased: ErasedPerson) -> Self:
        """From the record."""
        gone = erased.store
        return cls(
            pseudonym=gone.pseudonym,
            conversations=gone.conversations,
            messages=gone.messages,
            feedback=gone.feedback,
            batches=gone.batches,
            keys=gone.keys,
            sign_ins=gone.sign_ins,
            audit_lines=gone.audit_lines,
            log_places=erased.masked,
            overwritten=gone.overwritten,
        )


class NewUserBody(Body):
    """A user to be added."""

    name: str = Field(description="Letters a-z, digits and . _ @ + -; case doesn't matter.", examples=["mira"])
    password: NewPassword
    role: Role = Role.ANALYST
    groups: GroupNames = Field([], examples=[["hr"]])


class ChangeBody(Body):
    """What changes; what is left out stays."""

    role: Role | None = None
    groups: GroupNames | None = None
    suspended: bool | None = Field(None, description="True: sign-ins and keys stop working at the next request.")
    password: NewPassword | None = Field(None, description="Also ends the user's sign-ins.")


class NewConversationBody(Body):
    """A conversation to begin."""

    title: Title | None = Field(None, description="Left out: taken from the first question.")


class TitleBody(Body):
    """Another title."""

    title: Title = Field(examples=["Net income by year"])


class ConversationReply(BaseModel):
    """A conversation in the list."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, found: Conversation) -> Self:
        """From the record."""
        return cls(id=found.id, title=found.title, created_at=found.created_at, updated_at=found.updated_at)


class MessageReply(BaseModel):
    """A kept message."""

    id: int = Field(description="What POST /v1/feedback calls the answer.")
    role: str
    text: str
    sources: list[dict[str, Any]]
    verdict: str = Field(description="Empty for questions and for answers that were cut short.")
    note: str
    interrupted: bool = Field(description="The answer was cut short: `text` is what was said until then.")
    answered_by: str = Field(
        description="The model that answered; empty for questions, answers that were cut short, and old ones.",
        examples=["dossier-finance@1f0c22a7be94d3e5"],
    )
    asked_as: str = Field(description="A follow-up as the question that was answered; empty where it is the same.")
    answer_id: str = Field(description="For POST /answers/{id}/replay; empty for questions and for old answers.")
    pin: Pin | None = Field(description="What the answer was made with.")
    traces: list[Trace] = Field(description="Each number of the answer with where it comes from; old ones have none.")
    unsupported: list[Unsupported] = Field(description="Its sentences that what they cite doesn't bear out, and why.")
    withdrawn: str = Field(description="What the model had said before all of it was found to be so.")
    chart: dict[str, Any] | None = Field(description="A Vega-Lite 5 specification with its data in it; null: none.")
    created_at: datetime

    @classmethod
    def of(cls, message: Message) -> Self:
        """From the record."""
        return cls.model_validate(asdict(message))


class WholeConversationReply(ConversationReply):
    """A conversation with its messages, oldest first."""

    messages: list[MessageReply]

    @classmethod
    def of(cls, found: Conversation) -> Self:
        """From the record."""
        return cls(
            id=found.id,
            title=found.title,
            created_at=found.created_at,
            updated_at=found.updated_at,
            messages=[MessageReply.of(message) for message in found.messages],
        )


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of a route's errors."""
    told = {
        400: "The question or the request can't be used as it is.",
        401: "Nobody is signed in, or the sign-in, key or password isn't valid.",
        403: "The caller's role doesn't allow this.",
        404: "It doesn't exist, or isn't the caller's.",
        408: "The body took more than a minute to arrive (a document: ten).",
        409: "It contradicts what is there.",
        413: "The body is larger than 1 MiB (a document: 64 MiB).",
        422: "The body or a parameter can't be read.",
        429: "Too much at once; `Retry-After` says when to try again.",
        503: "A part of Dossier isn't ready.",
    }
    return {status: {"model": ErrorReply, "description": told[status]} for status in statuses}
