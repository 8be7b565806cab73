"""An identity provider on loopback: discovery, authorization, tokens and keys over real HTTP, signed with real keys.

It does what the standard says, and what its fields say otherwise. Its one person is who its browser is.
"""

import asyncio
import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any
from urllib.parse import unquote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "dossier", "a secret: of+the client"
Claims = dict[str, Any]


@cache
def key(kind: str, name: str) -> RSAKey | ECKey:
    """A private key, made once: an RSA key takes a moment."""
    made = RSAKey.generate_key(2048) if kind == "RSA" else ECKey.generate_key("P-256")
    return type(made).import_key({**made.as_dict(private=True), "kid": name, "use": "sig"})


def signed(claims: Claims, with_key: RSAKey | ECKey, algorithm: str = "RS256", **header: Any) -> str:
    loose = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jwt.encode({"alg": algorithm, "kid": with_key.kid, **header}, claims, with_key, [algorithm], loose)


def plain(part: Claims) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(claims: Claims) -> str:
    return f"{plain({'alg': 'none', 'kid': 'rsa-1'})}.{plain(claims)}."


def half_hash(access_token: str) -> str:
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


@dataclass
class LocalProvider:
    """What it knows and how it answers; `asked` are the paths that it was asked for."""

    issuer: str = ""
    person: Claims = field(default_factory=lambda: {"sub": "s-1", "preferred_username": "olga", "groups": ["staff"]})
    keys: list[RSAKey | ECKey] = field(default_factory=lambda: [key("RSA", "rsa-1"), key("EC", "ec-1")])
    sign: Callable[[Claims], str] = lambda claims: signed(claims, key("RSA", "rsa-1"))
    alter: Callable[[Claims], Claims] = lambda claims: claims
    described: Claims = field(default_factory=dict)
    answers: dict[str, Callable[[], Response]] = field(default_factory=dict)
    seconds: float = 0.0
    secret: str = SECRET
    page: str = ""
    shows_a_page: bool = False
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def renew(self) -> None:
        """Be as in the beginning."""
        self.__dict__.update(LocalProvider(self.issuer, page=self.page).__dict__)

    async def answer(self, request: Request) -> Response:
        """Whatever is asked for."""
        path = request.url.path
        self.asked.append(path)
        await asyncio.sleep(self.seconds)
        if path in self.answers:
            return self.answers[path]()
        routes = {
            "/.well-known/openid-configuration": self._describe,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
        }
        return await routes[path](request)

    async def _describe(self, request: Request) -> Response:
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
            **self.described,
        }
        return JSONResponse(described)

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT and asked["response_type"] == "code"
        assert "openid" in asked["scope"].split() and asked["redirect_uri"] == f"{self.page}/oidc/callback"
        assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
        assert len(asked["state"]) >= 43 and len(asked["nonce"]) >= 43
        code = secrets.token_urlsafe(24)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        address = f"{asked['redirect_uri']}?{urlencode(back)}"
        if self.shows_a_page:
            name = escape(str(self.person["preferred_username"]))
            return HTMLResponse(f'<title>Provider</title><a href="{escape(address)}">Go on as {name}</a>')
        return RedirectResponse(address, 302)

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if not self._is_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or form["redirect_uri"] != asked["redirect_uri"]
            or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access, now = secrets.token_urlsafe(24), int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= {"at_hash": half_hash(access), **self.person}
        token = self.sign(self.alter(claims))
        self.tokens += [access, token, form["code_verifier"], form["code"], asked["state"], asked["nonce"]]
        return JSONResponse({"access_token": access, "token_type": "Bearer", "id_token": token})

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            return (unquote_plus(name), unquote_plus(secret)) == (CLIENT, self.secret)
        return (form["client_id"], form.get("client_secret", "")) == (CLIENT, self.secret)

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [one.as_dict(private=False) for one in self.keys]})


def settings_for(provider: LocalProvider, **more: str) -> dict[str, str]:
    """The settings of a Dossier whose people sign in there."""
    told = {
        "page_url": provider.page,
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_name": "Sign in with Acme",
        "oidc_admins": "bosses, owners",
        "oidc_analysts": "staff",
        "oidc_support": "helpers",
    }
    return told | more


class _QuickServer(uvicorn.Server):
    async def main_loop(self) -> None:
        while not self.should_exit:
            await self.on_tick(0)
            await asyncio.sleep(0.01)


@contextmanager
def local_provider() -> Iterator[LocalProvider]:
    """Run one."""
    provider = LocalProvider()
    app = Starlette(routes=[Route("/{path:path}", provider.answer, methods=["GET", "POST"])])
    server = _QuickServer(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        provider.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        yield provider
    finally:
        server.should_exit = True
        thread.join(20)
