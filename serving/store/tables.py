"""The tables. A change here needs a new file in migrations/versions; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """A point in time in UTC; always with its time zone in Python, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC. A value without a time zone raises ValueError: it would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """With the time zone UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of the tables. Constraints have names, so that later migrations can change them anywhere."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UserRow(Table):
    """A user. `name` is lower case; `password_hash` is argon2id; `groups` a sorted list of names.

    Who signs in at an identity provider is found by `issuer` and `subject` alone, and has an empty `password_hash`.
    """

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_identity", "issuer", "subject", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    groups: Mapped[list[str]] = mapped_column(JSON)
    suspended: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment)
    issuer: Mapped[str | None] = mapped_column(String(255))
    subject: Mapped[str | None] = mapped_column(String(255))


class SessionRow(Table):
    """A sign-in: the SHA-256 of its token and when it ends."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)


class KeyRow(Table):
    """An API key: the SHA-256 of it (a key is 256 random bits, so that a slow hash would add nothing)."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))
    key_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class ConversationRow(Table):
    """A conversation of one user."""

    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_recent", "user_id", "updated_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)


class MessageRow(Table):
    """One message of a conversation, in the order of `id`."""

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    verdict: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text)
    interrupted: Mapped[bool]
    answered_by: Mapped[str] = mapped_column(String(200), server_default="")
    traces: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    unsupported: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    withdrawn: Mapped[str] = mapped_column(Text, server_default="")
    asked_as: Mapped[str] = mapped_column(Text, server_default="")
    answer_id: Mapped[str] = mapped_column(String(40), server_default="", index=True)
    pin: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    chart: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Moment)


class FeedbackRow(Table):
    """What the asker said about one answer; goes when the answer goes. `triage` is decided, `suggestion` proposed."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    thumb: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(32))
    comment: Mapped[str] = mapped_column(Text)
    correction: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    page: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(32), index=True)
    triage: Mapped[str] = mapped_column(String(32))
    suggestion: Mapped[str] = mapped_column(String(32))
    evidence: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)


class AuditRow(Table):
    """Who did what, when, with which result. No foreign key: a line outlives whom and what it names."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    name: Mapped[str] = mapped_column(String(64), index=True)
    action: Mapped[str] = mapped_column(String(16))
    route: Mapped[str] = mapped_column(String(120))
    target: Mapped[str] = mapped_column(String(200))
    documents: Mapped[list[str]] = mapped_column(JSON)
    status: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(32))
    times: Mapped[int]
