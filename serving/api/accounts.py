"""Routes for the caller's own account: sign-in, password, keys."""

from fastapi import APIRouter, Request, status

from serving.api.auditing import Noted
from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import (
    IssuedKeyReply,
    KeyBody,
    KeyReply,
    PasswordBody,
    SignInBody,
    SignInReply,
    WhoReply,
    failures,
)
from serving.api.work import in_limited_thread, in_thread

router = APIRouter(prefix="/auth", tags=["account"], route_class=GuardedRoute)


@router.post("/sign-in", summary="Sign in", responses=failures(401, 422, 429))
async def sign_in(body: SignInBody, request: Request, parts: Parts, note: Noted) -> SignInReply:
    """Exchange name and password for a token.

    After ten failures for a name, or fifty from an address, within five minutes it is closed for a while (429).
    """
    note.name = body.name
    address = request.client.host if request.client else ""
    parts.attempts.begin(body.name, address)
    signed_in = await in_limited_thread(parts.password_work, parts.store.credentials.sign_in, body.name, body.password)
    parts.attempts.succeeded(body.name, address)
    return SignInReply.of(signed_in)


@router.post("/sign-out", summary="Sign out", status_code=status.HTTP_204_NO_CONTENT, responses=failures(401))
async def sign_out(parts: Parts, caller: SignedInCaller) -> None:
    """End the sign-in whose token is used. An API key goes on working; revoke it instead."""
    await in_thread(parts.store.credentials.sign_out, caller)


@router.get("/me", summary="Who am I?", responses=failures(401))
async def me(caller: SignedInCaller) -> WhoReply:
    """Tell name, role and groups of the caller."""
    return WhoReply.of(caller)


@router.post(
    "/password",
    summary="Change the password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(400, 401, 422, 429),
)
async def change_password(body: PasswordBody, parts: Parts, caller: SignedInCaller) -> None:
    """Set a new password of at least ten characters. The user's other sign-ins end."""
    counted = f"{caller.name} (change)"  # apart from sign-ins: a stranger's failures mustn't get in the way
    parts.attempts.begin(counted)
    change = parts.store.credentials.change_password
    await in_limited_thread(parts.password_work, change, caller, body.old, body.new)
    parts.attempts.succeeded(counted)


@router.get("/keys", summary="My API keys", responses=failures(401))
async def list_keys(parts: Parts, caller: SignedInCaller) -> list[KeyReply]:
    """List the caller's valid keys, oldest first, without the keys themselves."""
    return [KeyReply.of(key) for key in await in_thread(parts.store.credentials.keys, caller)]


@router.post("/keys", summary="Make an API key", responses=failures(401, 422))
async def make_key(body: KeyBody, parts: Parts, caller: SignedInCaller, note: Noted) -> IssuedKeyReply:
    """Make a key for programs. It has the caller's rights and is shown this once."""
    issued = await in_thread(parts.store.credentials.issue_key, caller.user_id, body.label)
    note.target = issued.id
    return IssuedKeyReply.of(issued)


@router.delete(
    "/keys/{key_id}",
    summary="Revoke an API key",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(401, 404),
)
async def revoke_key(key_id: str, parts: Parts, caller: SignedInCaller) -> None:
    """End one of the caller's keys. It stops working at the next request."""
    await in_thread(parts.store.credentials.revoke_key, caller, key_id)
