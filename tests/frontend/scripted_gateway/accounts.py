"""Signing in and out, passwords and keys."""

import time
from typing import Any

from fastapi import APIRouter, Request

from tests.frontend.scripted_gateway.keeping import Failure, Name, now, state

routes = APIRouter()


def user(name: str) -> dict[str, Any]:
    return {"name": name, "role": "admin" if name == "ada" else "analyst", "groups": ["board"] if name == "ada" else []}


@routes.post("/auth/sign-in")
async def sign_in(body: dict[str, str]) -> dict[str, Any]:
    name = body["name"]
    if state.passwords.get(name) != body["password"]:
        raise Failure(401, "not_signed_in", "The name or the password is wrong. Try again, or ask an admin.")
    token = f"token-{name}-{time.time_ns()}"
    state.tokens[token] = name
    state.save()
    return {"token": token, "expires_at": "2099-01-01T00:00:00Z", "user": user(name)}


@routes.get("/auth/oidc")
async def provider() -> dict[str, str]:
    return {"name": ""}


@routes.post("/auth/sign-out", status_code=204)
async def sign_out(request: Request, name: Name) -> None:
    del state.tokens[request.headers["authorization"].removeprefix("Bearer ")]
    state.save()


@routes.get("/auth/me")
async def me(name: Name) -> dict[str, Any]:
    return user(name)


@routes.post("/auth/password", status_code=204)
async def password(body: dict[str, str], name: Name) -> None:
    if body["old"] != state.passwords[name]:
        raise Failure(401, "not_signed_in", "The present password is wrong. Nothing was changed.")
    state.passwords[name] = body["new"]
    state.save()


@routes.get("/auth/keys")
async def keys(name: Name) -> list[dict[str, Any]]:
    return [key for key in state.keys if key["owner"] == name]


@routes.post("/auth/keys")
async def create_key(body: dict[str, str], name: Name) -> dict[str, Any]:
    made = {
        "id": f"k{time.time_ns()}", "label": body["label"], "prefix": "dsr_a1b2", "created_at": now(),
        "last_used_at": None, "owner": name,
    }  # fmt: skip
    state.keys.append(made)
    state.save()
    return {"id": made["id"], "label": made["label"], "key": "dsr_a1b2c3d4e5f6g7h8"}


@routes.delete("/auth/keys/{key_id}", status_code=204)
async def revoke_key(key_id: str, name: Name) -> None:
    state.keys[:] = [key for key in state.keys if key["id"] != key_id]
    state.save()
