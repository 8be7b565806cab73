"""The records of the store that are about people: users, callers, sign-ins and keys."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ADMIN_NAME = "admin"
"""Name of the first admin. Nobody whom an identity provider calls so gets it."""


class Role(StrEnum):
    """What a user may do. Only admins may manage users and the index."""

    ANALYST = "analyst"
    SUPPORT = "support"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """A user as admins see them. `issuer` is the identity provider that signs them in; empty: a password does."""

    id: int
    name: str
    role: Role
    groups: frozenset[str]
    suspended: bool
    created_at: datetime
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be added."""

    name: str
    password: str
    role: Role
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody as an identity provider proves and describes them. Issuer and subject alone say who it is."""

    issuer: str
    subject: str
    wished_name: str
    role: Role
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What changes about a user. None: stays as it is."""

    role: Role | None = None
    groups: frozenset[str] | None = None
    suspended: bool | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request. `session` is the sign-in's number, or None for a caller with an API key."""

    user_id: int
    name: str
    role: Role
    groups: frozenset[str]
    session: int | None = None
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh sign-in. The token exists only here; the store keeps its digest."""

    token: str
    expires_at: datetime
    user: User


@dataclass(frozen=True, slots=True)
class Admitted:
    """A fresh sign-in by an identity provider, and whether it made the user or changed their rights."""

    signed_in: SignedIn
    added: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """An API key as its owner sees it in the list."""

    id: str
    label: str
    prefix: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A fresh API key. The key exists only here; the store keeps its digest."""

    id: str
    label: str
    key: str
