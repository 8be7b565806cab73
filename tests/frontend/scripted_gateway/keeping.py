"""What the scripted gateway keeps, and who asks for it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request

from tests.frontend.scripted_gateway.contents import FILES, GENERATIONS, PASSWORD


class Failure(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "error", "code": code}}


class State:
    """Everything that a gateway keeps, in one JSON file."""

    def __init__(self) -> None:
        self.file = Path("/nonexistent")
        self.tokens: dict[str, str] = {}
        self.passwords = {"ada": PASSWORD, "ben": PASSWORD}
        self.conversations: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.ready: dict[str, Any] = {}
        self.job: dict[str, Any] = {"state": "idle"}
        self.closed: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.models: list[dict[str, Any]] = []
        self.promoted: list[str] = []
        self.trouble = ""
        self.feedback: dict[str, dict[str, Any]] = {}
        self.files: list[tuple[str, str, str, int, int, list[str]]] = list(FILES)
        self.generations: list[tuple[Any, ...]] = list(GENERATIONS)

    def open(self, file: Path) -> None:
        """Go on from a file, if there is one, and keep everything there."""
        self.file = file
        if file.is_file():
            self.__dict__.update(json.loads(file.read_text("utf-8")))

    def save(self) -> None:
        kept = {name: value for name, value in self.__dict__.items() if name != "file"}
        self.file.write_text(json.dumps(kept), "utf-8")


state = State()


def now() -> str:
    return datetime.now(UTC).isoformat()


def caller(request: Request) -> str:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token not in state.tokens:
        raise Failure(401, "not_signed_in", "Nobody is signed in. Send `Authorization: Bearer` with a token.")
    return state.tokens[token]


def admin(name: Annotated[str, Depends(caller)]) -> str:
    if name != "ada":
        raise Failure(403, "forbidden", "Only admins may do this. Ask an admin, or sign in as one.")
    return name


Name = Annotated[str, Depends(caller)]
Admin = Annotated[str, Depends(admin)]
