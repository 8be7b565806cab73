"""Routes for signing in at the company's identity provider. The page's server calls them, on behalf of a browser."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from dossier.errors import EnvironmentProblem, NotFoundError
from serving.api.attempts import place_of
from serving.api.auditing import Noted
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute
from serving.api.schemas import Body, SignInReply, failures
from serving.api.work import in_thread
from serving.oidc.records import Returned
from serving.store import Action, AuditLine

if TYPE_CHECKING:
    from serving.oidc.sign_in import ProviderSignIn

router = APIRouter(prefix="/auth/oidc", tags=["account"], route_class=GuardedRoute)


class ProviderReply(BaseModel):
    """Whether people can sign in at an identity provider."""

    name: str = Field(
        description="What the button says; empty: they can't.", examples=["Sign in with your company's account"]
    )


class BeginningReply(BaseModel):
    """A sign-in that has begun."""

    address: str = Field(description="Where the browser is to go.")
    browser: str = Field(description="A secret that only this browser may have: for an HttpOnly cookie.")
    seconds: int = Field(description="How long it is good.", examples=[600])


class ReturnedBody(Body):
    """What the provider sent back through the browser, with the secret of its cookie."""

    state: str = Field(max_length=200)
    browser: str = Field(max_length=200)
    code: str = Field("", max_length=4096)
    iss: str = Field("", max_length=500)
    error: str = Field("", max_length=200)


@router.get("", summary="Can people sign in at an identity provider?")
async def provider(parts: Parts) -> ProviderReply:
    """Tell what the button for it says."""
    return ProviderReply(name=parts.provider.name if parts.provider else "")


@router.post("/begin", summary="Begin to sign in at the identity provider", responses=failures(404, 429, 503))
async def begin_at_provider(request: Request, parts: Parts) -> BeginningReply:
    """Tell where the browser goes. It must come back within ten minutes, with the secret of its cookie, and once."""
    address = _address(request)
    parts.attempts.require_open(address)
    begun = await _provider(parts).begin(place_of(address))
    return BeginningReply(address=begun.address, browser=begun.browser, seconds=begun.seconds)


@router.post(
    "/finish",
    summary="Sign in as who came back from the provider",
    responses=failures(401, 403, 404, 409, 422, 429, 503),
)
async def finish_at_provider(body: ReturnedBody, request: Request, parts: Parts, note: Noted) -> SignInReply:
    """Exchange what came back for a token. The first time makes the user; each time role and groups are taken anew.

    Failures count for the address, as wrong passwords do (429).
    """
    way_in, address, store = _provider(parts), _address(request), parts.store
    parts.attempts.begin_nameless(address)
    try:
        proven = await way_in.prove(Returned(body.state, body.browser, body.code, body.iss, body.error))
    except EnvironmentProblem:
        parts.attempts.succeeded_nameless(address)  # it is the provider that failed
        raise
    note.name = await in_thread(store.identities.name_of, proven.issuer, proven.subject)
    admitted = await in_thread(store.identities.sign_in, way_in.identity(proven))
    parts.attempts.succeeded_nameless(address)
    note.name = admitted.signed_in.user.name
    if admitted.added or admitted.changed:
        parts.trail.add(_rights_line(note.name, "added" if admitted.added else "changed"))
    return SignInReply.of(admitted.signed_in)


def _rights_line(name: str, outcome: str) -> AuditLine:
    route = "POST /auth/oidc/finish"
    return AuditLine(datetime.now(UTC), name, Action.CHANGE, route, 200, outcome, target=name)


def _provider(parts: Running) -> "ProviderSignIn":
    if parts.provider is None:
        raise NotFoundError("No identity provider is set up here (setting oidc_issuer). Sign in with a password.")
    return parts.provider


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
