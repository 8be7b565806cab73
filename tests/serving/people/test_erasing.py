"""Erasing a person: nothing is left of them in any table, in the database's file, in logs and in the registry."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from dossier.errors import ConflictError, NotFoundError
from dossier.feedback import Thumb
from dossier.registry import Registry
from dossier.registry.champions import Champions
from dossier.registry.champions import Change as Promotion
from dossier.settings import Settings
from serving.people.commands import user_commands
from serving.people.erasing import erase_person, mask_in_logs
from serving.people.retention import remove_old
from serving.store import (
    Action,
    AuditFilter,
    AuditLine,
    NewMessage,
    NewUser,
    Opinion,
    Role,
    Store,
    Suggestion,
    open_store,
)
from serving.store.batch_tables import BatchRow
from serving.store.passwords import Passwords
from serving.store.tables import ConversationRow, Table
from tests.serving.api.serving_app import PASSWORD, Served, ask, served, until

NAME = "margarethe.vogelsang"
PRIVATE = "unmistakable-words-of-hers"


@pytest.fixture
def settings(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path))
    monkeypatch.setenv("DOSSIER_DATABASE_URL", url)
    return Settings()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened, _ = open_store(settings, Passwords(time_cost=1, memory_kib=8, lanes=1))
    opened.users.add(NewUser("other", PASSWORD, Role.ANALYST))
    yield opened
    opened.close()


def plant(store: Store, name: str, words: str) -> dict[str, str]:
    """Something of a person in every table; the ids of it."""
    user = store.users.add(NewUser(name, PASSWORD, Role.ADMIN, frozenset({f"{words}-group"})))
    store.credentials.sign_in(name, PASSWORD)
    key = store.credentials.issue_key(user.id, f"{words} label")
    talk = store.conversations.start(user.id, f"{words} title").id
    store.conversations.keep(user.id, talk, NewMessage("user", f"{words} question" * 2000))
    answer = NewMessage(
        "assistant",
        f"{words} answer",
        sources=({"text": words},),
        note=words,
        traces=({"text": words},),
        withdrawn=words,
        asked_as=words,
        answer_id="chatcmpl-" + "ab" * 12,
        pin={"question": words},
        chart={"title": words},
    )
    store.conversations.keep(user.id, talk, answer)
    said = store.conversations.get(user.id, talk).messages[-1].id
    store.batches.start(user.id, f"{words}.csv", [f"{words} question"])
    store.feedback.keep(user.id, Opinion(said, Thumb.DOWN, comment=words, correction=words), Suggestion(None, (words,)))
    now = datetime.now(UTC)
    store.audit.add(
        [
            AuditLine(now, name, Action.ASK, "POST /v1/chat/completions", 200, "answered", answer.answer_id),
            AuditLine(now, "admin", Action.CHANGE, "PATCH /admin/users/{name}", 200, "done", name),
        ]
    )
    return {"key": key.id, "talk": talk, "answer": answer.answer_id}


def tables(store: Store) -> dict[str, str]:
    """The rows of each table as text."""
    with store.database.reading() as session:
        return {
            table.name: "\n".join(str(tuple(row)) for row in session.execute(select(table)))
            for table in Table.metadata.sorted_tables
        }


def everything(store: Store) -> str:
    """The whole store as text."""
    return "\n".join(tables(store).values())


def test_nothing_is_left_of_a_person(store: Store, settings: Settings, tmp_path: Path) -> None:
    ids = plant(store, NAME, PRIVATE)
    kept = plant_other(store)
    settings.log_folder.mkdir()
    log = settings.log_folder / "gateway.log"
    log.write_text(f"user {NAME.upper()}: GET /conversations/{ids['talk']} failed; margarethe.vogelsanger is another\n")
    (settings.log_folder / "older").mkdir()
    (settings.log_folder / "older" / "page.log").write_text(f"key {ids['key']}, answer {ids['answer']}")
    before = tables(store)
    assert everything(store).count(PRIVATE) > 10 and NAME in before["users"] + before["audit"]

    erased = erase_person(store, settings, NAME.upper())

    after = everything(store)
    assert [name for name, rows in tables(store).items() if rows == before[name]] == []  # there was something in each
    assert PRIVATE not in after and NAME not in after
    assert all(one in after for one in kept)
    gone = erased.store
    assert (gone.conversations, gone.messages, gone.feedback, gone.batches) == (1, 2, 1, 1)
    assert (gone.keys, gone.sign_ins) == (1, 1)
    assert gone.audit_lines == 2 and gone.overwritten is (store.database.file is not None)
    lines = store.audit.list(AuditFilter(gone.pseudonym))
    assert [line.route for line in lines] == ["POST /v1/chat/completions"]
    assert store.audit.list(AuditFilter("admin"))[0].target == gone.pseudonym
    assert erased.masked == 4
    for file in tmp_path.rglob("*"):
        content = file.read_bytes().lower() if file.is_file() else b""
        for word in (NAME, PRIVATE, ids["key"], ids["talk"]):
            found = content.replace(b"margarethe.vogelsanger", b"")
            if file.name.startswith("dossier.sqlite") and word in (ids["talk"], ids["key"]):
                continue  # ids stand in the audit log, and stand for nothing any more
            assert word.encode() not in found, (file, word)


def plant_other(store: Store) -> tuple[str, ...]:
    """What must stay: somebody else's."""
    (other,) = (user for user in store.users.all() if user.name == "other")
    talk = store.conversations.start(other.id, "title of another").id
    store.conversations.keep(other.id, talk, NewMessage("user", "question of another"))
    return talk, "title of another", "question of another", "'other'"


def test_masking_leaves_what_is_appended_meanwhile(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    with log.open("ab") as writing:
        writing.write(b"mira one\nadmirable mira@x\n\xff\xfe mira\n" * 1000)
        writing.flush()
        assert mask_in_logs(tmp_path, "mira", ()) == 3000
        writing.write(b"later\n")
    assert log.read_bytes() == b"**** one\nadmirable ****@x\n\xff\xfe ****\n" * 1000 + b"later\n"
    assert mask_in_logs(tmp_path / "none", "mira", ()) == 0


def test_the_models_history_too(store: Store, settings: Settings) -> None:
    plant(store, NAME, PRIVATE)
    champions = Registry.of(settings).champions
    made = (
        Promotion("promoted", "finance", "ab" * 32, "2026", NAME),
        Promotion("retired", "finance", "c" * 64, "2026", "x"),
    )
    with champions.held():
        champions.write(Champions(lines={"finance": ("ab" * 32,)}, history=made))
    erased = erase_person(store, settings, NAME)
    assert erased.registry == 1
    assert [one.by for one in champions.read().history] == [erased.store.pseudonym, "x"]
    assert champions.read().of("finance") == "ab" * 32


def test_the_last_admin_and_nobody_can_not_be_erased(store: Store, settings: Settings) -> None:
    before = everything(store)
    with pytest.raises(ConflictError, match="last active admin"):
        erase_person(store, settings, "admin")
    for name in ("nobody", "", "(terminal)", "x" * 100):
        with pytest.raises(NotFoundError):
            erase_person(store, settings, name)
    assert everything(store) == before


@pytest.mark.slow
def test_the_command_asks_and_tells(store: Store) -> None:
    plant(store, NAME, PRIVATE)
    runner = CliRunner()
    assert runner.invoke(user_commands, ["erase", NAME], input="n\n").exit_code == 1
    assert PRIVATE in everything(store)
    done = runner.invoke(user_commands, ["erase", NAME.upper(), "--yes"])
    assert done.exit_code == 0, done.output
    assert f"Erased {NAME}: 1 conversation, 2 messages, 1 piece of feedback, 1 batch, 1 key, 1 sign-in." in done.output
    assert "Not reached" in done.output
    (line,) = store.audit.list(AuditFilter(action=Action.ERASE))
    assert line.name == "(terminal)" and line.target in done.output
    assert NAME not in everything(store)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as running:
        yield running


@pytest.mark.slow
def test_over_the_api(gateway: Served) -> None:
    store = gateway.store
    mira, admin = gateway.signed_in("mira"), gateway.signed_in("admin")
    talk = mira.post("/conversations").json()["id"]
    mira.post("/v1/chat/completions", json=ask("What?", conversation=talk))
    with mira.stream("POST", "/v1/chat/completions", json=ask("wait", stream=True, conversation=talk)) as under_way:
        pieces = under_way.iter_lines()
        next(pieces)
        reply = admin.delete("/admin/users/mira")
        assert reply.status_code == 200, reply.text
        gone = reply.json()
        assert (gone["conversations"], gone["messages"], gone["sign_ins"]) == (1, 3, 1)
        gateway.answerer.gate.set()
        assert "[DONE]" in "".join(pieces)
    until(lambda: store.audit.list(AuditFilter(action=Action.ASK))[0].name == "")
    admin.get("/admin/audit")
    assert "mira" not in everything(store)
    (line,) = store.audit.list(AuditFilter(action=Action.ERASE))
    assert (line.name, line.target, line.status) == ("admin", gone["pseudonym"], 200)
    assert mira.get("/auth/me").status_code == 401
    assert [admin.delete(f"/admin/users/{name}").status_code for name in ("mira", "admin")] == [404, 409]


def test_old_conversations_and_batches_go(store: Store, settings: Settings) -> None:
    old, kept = plant(store, NAME, PRIVATE), plant_other(store)
    now = datetime.now(UTC)
    with store.database.writing() as session:
        row = update(ConversationRow).where(ConversationRow.id == old["talk"])
        session.execute(row.values(updated_at=now - timedelta(days=31)))
        session.execute(update(BatchRow).values(created_at=now - timedelta(days=31)))
    remove_old(store, settings, now)
    assert PRIVATE in everything(store)
    remove_old(store, settings.model_copy(update={"conversation_days": 30}), now)
    after = everything(store)
    assert f"{PRIVATE} question" not in after and f"{PRIVATE} answer" not in after
    assert kept[0] in after and json.dumps(old["talk"]) not in after
