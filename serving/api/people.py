"""Routes for admins: the users and their keys."""

from datetime import datetime

from fastapi import APIRouter, status
from pydantic import Field

from serving.api.auditing import Noted
from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import ChangeBody, ErasedReply, KeyReply, NewUserBody, UserReply, failures
from serving.api.work import in_limited_thread, in_thread
from serving.people.erasing import erase_person
from serving.store import Change, NewUser

router = APIRouter(prefix="/admin", tags=["administration"], route_class=GuardedRoute)


class PersonReply(UserReply):
    """A user in the list of all."""

    last_signed_in_at: datetime | None = Field(description="Null: never, or longer ago than the audit log goes back.")


@router.get("/users", summary="All users", responses=failures(401, 403))
async def list_users(parts: Parts, _: SignedInCaller) -> list[PersonReply]:
    """List every user by name, with the last sign-in that the audit log still has."""
    await parts.trail.written()
    users, last = await in_thread(parts.store.users.all), await in_thread(parts.store.audit.last_sign_ins)
    return [PersonReply(**UserReply.of(user).model_dump(), last_signed_in_at=last.get(user.name)) for user in users]


@router.post(
    "/users",
    summary="Add a user",
    status_code=status.HTTP_201_CREATED,
    responses=failures(400, 401, 403, 409, 422),
)
async def add_user(body: NewUserBody, parts: Parts, _: SignedInCaller, note: Noted) -> UserReply:
    """Add a user with a first password, which the user should change."""
    new = NewUser(body.name, body.password, body.role, frozenset(body.groups))
    added = await in_limited_thread(parts.password_work, parts.store.users.add, new)
    note.target = added.name
    return UserReply.of(added)


@router.patch("/users/{name}", summary="Change a user", responses=failures(401, 403, 404, 409, 422))
async def change_user(name: str, body: ChangeBody, parts: Parts, _: SignedInCaller) -> UserReply:
    """Change role, groups, suspension or password. It holds from the user's next request on.

    The last active admin with a password can't be suspended or given another role, and of a user whom an identity
    provider signs in only the suspension can be changed (409).
    """
    groups = None if body.groups is None else frozenset(body.groups)
    change = Change(role=body.role, groups=groups, suspended=body.suspended, password=body.password)
    return UserReply.of(await in_limited_thread(parts.password_work, parts.store.users.change, name, change))


@router.delete("/users/{name}", summary="Erase a user", responses=failures(401, 403, 404, 409))
async def erase_user(name: str, parts: Parts, _: SignedInCaller, note: Noted) -> ErasedReply:
    """Remove a user and everything of theirs for good: conversations, messages, feedback, keys, sign-ins.

    Lines of the audit log get a pseudonym in the place of the name, logs and the models' history too. Backups, exports
    and models that were tuned aren't reached. The last active admin can't be erased (409).
    """
    await parts.trail.written()
    erased = await in_thread(erase_person, parts.store, parts.gateway.settings, name)
    note.target = erased.store.pseudonym
    return ErasedReply.of(erased)


@router.get("/users/{name}/keys", summary="A user's API keys", responses=failures(401, 403, 404))
async def list_user_keys(name: str, parts: Parts, _: SignedInCaller) -> list[KeyReply]:
    """List a user's valid keys, oldest first, without the keys themselves."""
    return [KeyReply.of(key) for key in await in_thread(parts.store.credentials.keys_of, name)]


@router.delete(
    "/users/{name}/keys/{key_id}",
    summary="Revoke a user's API key",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(401, 403, 404),
)
async def revoke_user_key(name: str, key_id: str, parts: Parts, _: SignedInCaller, note: Noted) -> None:
    """End one of a user's keys. It stops working at the next request."""
    await in_thread(parts.store.credentials.revoke_key_of, name, key_id)
    note.target = key_id  # without the name, which an erasure finds in a line only where it stands alone
