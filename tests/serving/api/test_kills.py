"""SIGKILL under load: what was acknowledged is there afterwards, and each acknowledged change has its audit line."""

import os
import random
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from dossier.settings import Settings
from serving.store import Action, AuditFilter, NewUser, Role, open_store
from serving.store.batch_tables import BatchRow
from serving.store.tables import FeedbackRow, MessageRow
from tests.serving.api.serving_app import NO_TLS, PASSWORD, PASSWORDS, ask

KILLS = int(os.environ.pop("DOSSIER_TEST_KILLS", "2"))
"""Of each database's gateway; DOSSIER_TEST_KILLS=50 makes it the full run."""

pytestmark = pytest.mark.slow


@dataclass
class Acknowledged:
    """What clients were told has been kept."""

    answers: set[str] = field(default_factory=set)
    opinions: set[int] = field(default_factory=set)
    changes: list[str] = field(default_factory=list)
    batches: set[str] = field(default_factory=set)


def talk(address: str, key: str, told: Acknowledged) -> None:
    """Ask and say what is thought of the answers until the gateway is gone."""
    with client(address, key) as mine:
        conversation = mine.post("/conversations").json()["id"]
        while True:
            answer = mine.post("/v1/chat/completions", json=ask("What?", conversation=conversation)).json()
            told.answers.add(answer["id"])
            message = mine.get(f"/conversations/{conversation}").json()["messages"][-1]["id"]
            opinion = mine.post("/v1/feedback", json={"message": message, "thumb": "up"}).json()
            told.opinions.add(opinion["id"])


def change(address: str, key: str, told: Acknowledged) -> None:
    """Change a user again and again until the gateway is gone."""
    with client(address, key) as admin:
        while True:
            group = f"g{len(told.changes)}"
            assert admin.patch("/admin/users/zoe", json={"groups": [group]}).status_code == 200
            told.changes.append(group)


def order(address: str, key: str, told: Acknowledged) -> None:
    """Have batches answered until the gateway is gone; only so many may be under way."""
    with client(address, key) as mine:
        while True:
            reply = mine.post("/v1/batches", json={"name": "q", "questions": ["What?", "Why?"]})
            if reply.status_code == 201:
                told.batches.add(reply.json()["id"])
            else:
                assert reply.status_code == 409
                time.sleep(0.05)


def client(address: str, key: str) -> httpx.Client:
    heads = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=address, headers=heads, timeout=30, trust_env=False, verify=NO_TLS)


def until_gone(work, *args) -> None:
    with suppress(httpx.HTTPError, ValueError, KeyError):
        work(*args)


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_DATABASE_URL", url)  # for the gateway's process, too
    settings = Settings(home=tmp_path / "home", admin_password=PASSWORD)
    store, _ = open_store(settings, PASSWORDS)
    with closing(store):
        ids = [store.users.add(NewUser(name, PASSWORD, Role.ANALYST)).id for name in ("ada", "ben", "zoe")]
        admin = next(user.id for user in store.users.all() if user.role is Role.ADMIN)
        keys = [store.credentials.issue_key(user, "k").key for user in (*ids[:2], admin)]
    told = Acknowledged()
    drawn = random.Random(7)
    for _ in range(KILLS):
        command = [sys.executable, "-m", "tests.serving.api.logging_gateway", str(settings.home)]
        quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, **quiet) as process:
            address = process.stdout.readline().decode().strip()
            work = [(talk, keys[0]), (talk, keys[1]), (order, keys[1]), (change, keys[2])]
            threads = [threading.Thread(target=until_gone, args=(what, address, key, told)) for what, key in work]
            before = len(told.answers), len(told.changes), len(told.batches)
            for thread in threads:
                thread.start()
            while (
                len(told.answers) < before[0] + 3 or len(told.changes) < before[1] + 3 or before[2] == len(told.batches)
            ):
                assert process.poll() is None
                time.sleep(0.01)
            time.sleep(drawn.random() / 2)
            process.kill()
            for thread in threads:
                thread.join()
        all_there(settings, told)


def all_there(settings: Settings, told: Acknowledged) -> None:
    store, _ = open_store(settings, PASSWORDS)
    with closing(store), store.database.reading() as session:
        if store.database.file:
            assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert told.answers <= set(session.scalars(select(MessageRow.answer_id)))
        assert told.opinions <= set(session.scalars(select(FeedbackRow.id)))
        assert told.batches <= set(session.scalars(select(BatchRow.id)))
        lines = store.audit.list(AuditFilter("admin", Action.CHANGE), 1_000_000)
        assert sum(line.target == "zoe" for line in lines) >= len(told.changes)
