"""Fifty planted secrets and personal data: none is in logs, measurements, spans, standard output or the audit log."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest

from tests.serving.api.scripted import MODEL
from tests.serving.api.serving_app import NO_TLS, PASSWORD
from tests.serving.collector import collecting, values_of

CHAT = "/v1/chat/completions"
OUTCOMES = ("What", "weather", "break", "fault", "busy", "silent", "invent", "doubt", "refine", "before")
"""Words by which the scripted answerer does something else each time: errors and faults are logged."""


class Canaries:
    """Makes them, each unlike any other text."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, kind: str = "canary-{}-of-mine") -> str:
        made = kind.format(f"zq{len(self.made):02d}xv")
        self.made.append(made)
        return made

    def seen_in(self, text: str) -> list[str]:
        return [one for one in self.made if one.lower() in text.lower()]


@contextmanager
def gateway(home: Path, log: IO[bytes], collector: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.serving.api.logging_gateway", str(home), collector]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log) as process:
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            rest, _ = process.communicate()
            assert rest == b""


def client(address: str, secret: str = "", **headers: str) -> httpx.Client:
    bearer = {"Authorization": f"Bearer {secret}"} if secret else {}
    return httpx.Client(base_url=address, headers={**bearer, **headers}, timeout=30, trust_env=False, verify=NO_TLS)


def sign_in(address: str, name: str) -> str:
    return client(address).post("/auth/sign-in", json={"name": name, "password": PASSWORD}).json()["token"]


def ask(question: str, **more: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": question}], **more}


def passwords(address: str, canary: Canaries) -> None:
    stranger, admin, mira = client(address), client(address, sign_in(address, "admin")), None
    for name in ("mira", "nobody", canary(), canary("{}@people.example")):
        stranger.post("/auth/sign-in", json={"name": name, "password": canary()})
    stranger.post("/auth/sign-in", json={"name": "mira", "password": [canary()]})
    stranger.post("/auth/sign-in", content=json.dumps({"password": canary()}) + "{", headers={"a": "b"})
    admin.post("/admin/users", json={"name": "zoe", "password": canary(), "groups": [canary()]})
    admin.post("/admin/users", json={"name": "zoe", "password": canary()})
    admin.post("/admin/users", json={"name": f"{canary()} !", "password": canary()})
    admin.patch("/admin/users/zoe", json={"password": canary()})
    mira = client(address, sign_in(address, "sam"))
    for _ in range(2):
        mira.post("/auth/password", json={"old": canary(), "new": canary()})


def secrets(address: str, canary: Canaries) -> None:
    token = sign_in(address, "mira")
    mira = client(address, token)
    key = mira.post("/auth/keys", json={"label": canary()}).json()["key"]
    canary.made += [token, key]
    for wrong in (canary("dsr_{}"), canary("dst_{}"), canary("Basic {}")):
        client(address, wrong).get("/conversations")
    mira.delete(f"/auth/keys/{key}")
    mira.get(f"/conversations/{canary('dsr_{}')}")
    mira.get(f"/nothing/{canary()}", params={"key": canary("dsr_{}")})
    mira.get("/conversations", params={"offset": canary("dsr_{}")})
    mira.patch("/admin/documents", params={"source": canary()}, json={})
    client(address, token, **{"User-Agent": canary(), "Cookie": f"s={canary()}", "X-Forwarded-For": canary()}).get(
        "/pack"
    )
    client(address, key).post(f"/admin/models/{canary()}/promote", json={"despite": canary()})


def questions(address: str, canary: Canaries) -> None:
    mira = client(address, sign_in(address, "mira"))
    for number, word in enumerate(OUTCOMES):
        talk = mira.post("/conversations", json={"title": canary()} if number == 0 else None).json()["id"]
        question = f"{word}: what does {canary('{}@customers.example')} owe us?"
        mira.post(CHAT, json=ask(question, conversation=talk, stream=number % 2 == 0))
    messages = mira.get(f"/conversations/{mira.get('/conversations').json()[-1]['id']}").json()["messages"]
    said = {"message": messages[-1]["id"], "thumb": "down", "comment": canary(), "correction": canary()}
    mira.post("/v1/feedback", json=said)
    mira.post("/v1/feedback", json={**said, "thumb": canary()})
    mira.post(CHAT, json=ask("x", model=canary()))
    mira.post(CHAT, json=ask("x", conversation=canary()))


def without_a_table(address: str, canary: Canaries, home: Path) -> None:
    """The database's refusal, which is logged with its statement."""
    mira = client(address, sign_in(address, "mira"))
    talk = mira.post("/conversations").json()["id"]
    with closing(sqlite3.connect(home / "dossier.sqlite")) as store:
        store.execute("ALTER TABLE messages RENAME TO elsewhere")
        store.commit()
    reply = mira.post(CHAT, json=ask(f"of {canary('{}@customers.example')}", conversation=talk))
    assert reply.status_code == 503


@pytest.mark.slow
def test_none_of_fifty_is_found(tmp_path: Path) -> None:
    canary, home, log = Canaries(), tmp_path / "home", tmp_path / "stderr.log"
    with collecting() as collector, log.open("wb") as stream, gateway(home, stream, collector.url) as address:
        passwords(address, canary)
        secrets(address, canary)
        questions(address, canary)
        kept = "\n".join(store_rows(home, "messages"))
        assert len([one for one in canary.made if one in kept]) >= 9  # they did arrive
        without_a_table(address, canary, home)
        measured = client(address).get("/metrics").text
        token = sign_in(address, "admin")
        audited = client(address, token).get("/admin/audit", params={"limit": 500}).text
    logged = log.read_text(encoding="utf-8", errors="replace")
    assert len(canary.made) >= 50
    assert len(logged) > 10_000 and "LookupError" in logged and "INSERT INTO audit" in logged
    assert 'route="/conversations/{conversation_id}"' in measured
    assert audited.count('"route"') > 40
    spans = collector.spans
    assert {span.name for span in spans} >= {f"POST {CHAT}", "GET /conversations/{conversation_id}"}
    assert {str(values_of(span).get("dossier.outcome")) for span in spans} >= {"answered", "failed", "withdrawn"}
    sent = b"".join(collector.bodies).decode("utf-8", "replace")
    for what, text in (("log", logged), ("metrics", measured), ("audit", audited), ("spans", sent)):
        assert canary.seen_in(text) == [], what
    assert canary.seen_in("\n".join(store_rows(home, "audit"))) == []
    for file in home.rglob("*"):
        if file.is_file() and not file.name.startswith("dossier.sqlite"):
            assert canary.seen_in(file.read_text(encoding="utf-8", errors="replace")) == [], file


@pytest.mark.parametrize("text", ["… ZQ00XV@people.example", "Basic zq00xv"])
def test_a_canary_would_be_found(text: str) -> None:
    canary = Canaries()
    canary("{}@people.example" if "@" in text else "Basic {}")
    assert canary.seen_in(text)


def store_rows(home: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(home / "dossier.sqlite")) as store:
        return [str(row) for row in store.execute(f"SELECT * FROM {table}")]  # noqa: S608 (a constant of this test)
