"""Signing in at the identity provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1)."""

import asyncio
import base64
import re
from collections.abc import Awaitable
from typing import Final, TypeVar
from urllib.parse import quote_plus

from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from dossier.errors import SignInError
from dossier.settings import Settings
from serving.oidc.id_token import Expected, UnknownKeyError, checked_claims, refused
from serving.oidc.pending import SECONDS, Begun, PendingSignIns
from serving.oidc.provider import Endpoints, Provider
from serving.oidc.records import Beginning, Proven, Returned
from serving.oidc.rights import RightsByGroup, wished_name
from serving.oidc.wire import Wire, unavailable
from serving.store import Identity

T = TypeVar("T")
CALLBACK: Final = "/oidc/callback"
"""Where on the page the provider sends people back to."""
_ALL_SECONDS: Final = 15.0
"""For all that the provider is asked at one sign-in: the page waits twenty."""
_ERROR_CODE: Final = re.compile(r"[a-z_]{1,40}")


class ProviderSignIn:
    """The way in over one provider."""

    def __init__(self, settings: Settings) -> None:
        self.name = settings.oidc_name
        self._issuer, self._client, self._scopes = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_scopes
        self._secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else ""
        self._back = settings.page_address + CALLBACK
        self._rights = RightsByGroup.of(settings)
        self._wire = Wire(secure=self._issuer.startswith("https:"))
        self._provider = Provider(self._issuer, self._wire)
        self._pending = PendingSignIns()

    async def begin(self, place: str) -> Beginning:
        """Begin for somebody at an address. Raises BusyError, EnvironmentProblem."""
        endpoints = await _in_time(self._provider.endpoints())
        begun = self._pending.begin(place)
        client = OAuth2Client(
            None, self._client, scope=self._scopes, redirect_uri=self._back, code_challenge_method="S256"
        )
        address, _ = client.create_authorization_url(
            endpoints.authorization, begun.state, begun.verifier, nonce=begun.nonce
        )
        return Beginning(address, begun.browser, SECONDS)

    async def prove(self, returned: Returned) -> Proven:
        """Who came back. Raises SignInError where that isn't beyond doubt, EnvironmentProblem."""
        begun = self._pending.take(returned.state, returned.browser)
        if returned.error:
            told = returned.error if _ERROR_CODE.fullmatch(returned.error) else "for a reason that can't be shown"
            raise SignInError(f"The identity provider didn't let you in ({told}). Sign in again, or ask an admin.")
        if not (returned.code and returned.code.isascii() and returned.code.isprintable()):
            raise SignInError("There was no code of the identity provider. Sign in again.")
        return await _in_time(self._prove(returned, begun))

    def identity(self, proven: Proven) -> Identity:
        """What the provider's claims make of somebody here. Raises ForbiddenError where they may not come in."""
        groups = self._rights.groups_of(proven.claims)
        role = self._rights.role_of(groups)
        return Identity(proven.issuer, proven.subject, wished_name(proven.claims), role, groups)

    async def _prove(self, returned: Returned, begun: Begun) -> Proven:
        endpoints = await self._provider.endpoints()
        if returned.issuer != self._issuer and (returned.issuer or endpoints.names_itself):
            raise refused("it is from another provider")
        token, access = await self._tokens(endpoints, returned.code, begun)
        expected = Expected(self._issuer, self._client, begun.nonce, access)
        keys = await self._provider.keys()
        try:
            claims = checked_claims(token, keys, expected)
        except UnknownKeyError:
            try:
                claims = checked_claims(token, await self._provider.newer_keys(keys), expected)
            except UnknownKeyError:
                raise refused("it is signed with a key that the provider doesn't name as its own") from None
        return Proven(self._issuer, claims["sub"], claims)

    async def _tokens(self, endpoints: Endpoints, code: str, begun: Begun) -> tuple[str, str]:
        """ID token and access token for a code."""
        form = {"code": code, "code_verifier": begun.verifier, "client_id": self._client}
        if self._secret and endpoints.by_form:
            form["client_secret"] = self._secret
        body = prepare_token_request("authorization_code", redirect_uri=self._back, **form)
        headers = {"Content-Type": "application/x-www-form-urlencoded", **self._authorization(endpoints)}
        status, reply = await self._wire.post(endpoints.token, headers, body)
        error = reply.get("error")
        if status != 200 or error:
            known = isinstance(error, str) and _ERROR_CODE.fullmatch(error)
            if error == "invalid_grant":
                raise SignInError(
                    "The identity provider doesn't take back its own code (invalid_grant). Sign in again."
                )
            raise unavailable(f"{endpoints.token} was answered with {status}, {error if known else 'no error code'}")
        token, access = reply.get("id_token"), reply.get("access_token", "")
        if not isinstance(token, str) or not isinstance(access, str):
            raise unavailable("it sent no ID token. Is openid in oidc_scopes?")
        return token, access

    def _authorization(self, endpoints: Endpoints) -> dict[str, str]:
        """RFC 6749, section 2.3.1: name and secret are encoded as in a form before they are joined."""
        if not self._secret or endpoints.by_form:
            return {}
        joined = f"{quote_plus(self._client)}:{quote_plus(self._secret)}"
        return {"Authorization": f"Basic {base64.b64encode(joined.encode()).decode()}"}


async def _in_time(work: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_ALL_SECONDS):
            return await work
    except TimeoutError:
        raise unavailable(f"it took longer than {_ALL_SECONDS:.0f} seconds") from None
