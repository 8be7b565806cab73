"""The users as the gateway tells admins, and how they are changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from frontend.gateway.connection import Connection
from frontend.gateway.records import ApiKey, moment
from frontend.gateway.source_records import Json

_USERS = "/admin/users"


@dataclass(frozen=True, slots=True)
class Person:
    """A user. `last_signed_in_at` None: never, or longer ago than the audit log goes back.

    `issuer` is the identity provider that signs them in; empty: a password does.
    """

    name: str
    role: str
    groups: tuple[str, ...]
    suspended: bool
    created_at: datetime | None
    last_signed_in_at: datetime | None
    issuer: str = ""

    @classmethod
    def read(cls, data: Json) -> "Person":
        """From one of `GET /admin/users`."""
        return cls(
            name=str(data["name"]),
            role=str(data["role"]),
            groups=tuple(map(str, data.get("groups") or ())),
            suspended=bool(data.get("suspended")),
            created_at=moment(data.get("created_at")),
            last_signed_in_at=moment(data.get("last_signed_in_at")),
            issuer=str(data.get("issuer") or ""),
        )


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed."""

    pseudonym: str
    conversations: int
    feedback: int
    keys: int
    overwritten: bool

    @classmethod
    def read(cls, data: Json) -> "Erased":
        """From the JSON of `DELETE /admin/users/NAME`."""
        talks, feedback, keys = (int(data[name]) for name in ("conversations", "feedback", "keys"))
        return cls(str(data["pseudonym"]), talks, feedback, keys, bool(data["overwritten"]))


def people(gateway: Connection) -> list[Person]:
    """All users, by name."""
    return [Person.read(one) for one in gateway.call("GET", _USERS)]


def add_person(gateway: Connection, name: str, role: str, groups: Sequence[str], password: str) -> str:
    """Add a user; the name as it is kept. Raises ConflictError for a name that is taken."""
    body = {"name": name, "role": role, "groups": list(groups), "password": password}
    return str(gateway.call("POST", _USERS, body)["name"])


def change_person(gateway: Connection, name: str, **changes: object) -> None:
    """Change `role`, `groups`, `suspended` or `password`. Raises ConflictError for the last active admin."""
    gateway.call("PATCH", _path(name), changes)


def erase_person(gateway: Connection, name: str) -> Erased:
    """Remove a user and all that is theirs, for good. Raises ConflictError for the last active admin."""
    return Erased.read(gateway.call("DELETE", _path(name)))


def keys_of(gateway: Connection, name: str) -> list[ApiKey]:
    """A user's valid keys."""
    return [ApiKey.read(key) for key in gateway.call("GET", f"{_path(name)}/keys")]


def revoke_key_of(gateway: Connection, name: str, key_id: str) -> None:
    """End a user's key."""
    gateway.call("DELETE", f"{_path(name)}/keys/{quote(key_id, safe='')}")


def _path(name: str) -> str:
    return f"{_USERS}/{quote(name, safe='')}"
