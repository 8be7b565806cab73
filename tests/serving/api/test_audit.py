"""The audit log: every guarded route leaves a line, whatever comes of the request, and nothing that is private."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from serving.api.auditing import AuditTrail, action_of, is_watched
from serving.api.policy import POLICY, Access
from serving.metrics import Metrics
from serving.store import Action, AuditFilter, AuditLine
from tests.serving.api.scripted import GENERATION
from tests.serving.api.serving_app import PASSWORD, Served, ask, served, until
from tests.serving.api.test_policy import SAMPLES

CHAT = "/v1/chat/completions"
SOURCES = ("reports/annual.pdf", "reports/minutes.docx")


def lines(gateway: Served, **wanted: object) -> list[dict]:
    """The lines as an admin sees them, oldest first, without those of looking."""
    reply = gateway.signed_in("admin").get("/admin/audit", params={"limit": 500, **wanted})
    assert reply.status_code == 200, reply.text
    return [line for line in reversed(reply.json()["lines"]) if line["route"] != "GET /admin/audit"]


def told(line: dict) -> tuple:
    return line["name"], line["action"], line["route"], line["status"], line["outcome"]


def test_signing_in_and_failing_to(shared: Served) -> None:
    since = datetime.now(UTC).isoformat()
    stranger = shared.client()
    stranger.post("/auth/sign-in", json={"name": " Mira ", "password": "wrong password"})
    stranger.post("/auth/sign-in", json={"name": "my secret pass phrase", "password": "mira"})
    stranger.post("/auth/sign-in", json={"name": ["mira"]})
    token = stranger.post("/auth/sign-in", json={"name": "mira", "password": PASSWORD}).json()["token"]
    shared.client(token).post("/auth/sign-out")
    stranger.get("/auth/me")
    route = "POST /auth/sign-in"
    assert [told(line) for line in lines(shared, since=since)] == [
        ("mira", "sign-in", route, 401, "not_signed_in"),
        ("", "sign-in", route, 401, "not_signed_in"),
        ("", "sign-in", route, 422, "bad_request"),
        ("mira", "sign-in", route, 200, "done"),
        ("mira", "sign-out", "POST /auth/sign-out", 204, "done"),
        ("", "read", "GET /auth/me", 401, "not_signed_in"),
    ]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("question", "outcome"),
    [("What?", "answered"), ("weather", "not_in_documents"), ("break", "failed"), ("invent", "withdrawn")],
)
def test_an_answers_line_has_its_result_and_documents(
    shared: Served, question: str, outcome: str, stream: bool
) -> None:
    since = datetime.now(UTC).isoformat()
    reply = shared.signed_in("mira").post(CHAT, json=ask(question, stream=stream))
    (line,) = lines(shared, since=since)
    assert told(line) == ("mira", "ask", f"POST {CHAT}", reply.status_code, outcome)
    assert line["documents"] == ([] if outcome == "failed" else list(SOURCES))
    assert line["target"].startswith("chatcmpl-")


def test_a_stream_that_its_reader_leaves_has_a_line(shared: Served) -> None:
    since = datetime.now(UTC).isoformat()
    with shared.signed_in("mira").stream("POST", CHAT, json=ask("wait", stream=True)) as reply:
        next(reply.iter_lines())
    shared.answerer.closed.wait(20)
    until(lambda: len(lines(shared, since=since)) == 1)
    assert told(lines(shared, since=since)[0]) == ("mira", "ask", f"POST {CHAT}", 200, "interrupted")


def test_what_is_refused_has_a_line(shared: Served) -> None:
    since = datetime.now(UTC).isoformat()
    mira = shared.signed_in("mira")
    mira.get("/admin/users")
    mira.post(CHAT, json=ask("busy"))
    mira.post(CHAT, json={"model": "none"})
    mira.post(CHAT, json=ask("fault"))
    mira.get("/conversations/" + "0" * 32)
    assert [told(line)[1:] for line in lines(shared, since=since)] == [
        ("read", "GET /admin/users", 403, "forbidden"),
        ("ask", f"POST {CHAT}", 429, "failed"),
        ("ask", f"POST {CHAT}", 422, "bad_request"),
        ("ask", f"POST {CHAT}", 500, "failed"),
        ("read", "GET /conversations/{conversation_id}", 404, "not_found"),
    ]
    assert lines(shared, since=since)[-1]["target"] == "0" * 32


def test_changes_name_what_they_changed(shared: Served) -> None:
    since = datetime.now(UTC).isoformat()
    admin, mira = shared.signed_in("admin"), shared.signed_in("mira")
    admin.post("/admin/users", json={"name": "Zoe", "password": "another good one"})
    admin.patch("/admin/users/zoe", json={"groups": ["hr"]})
    admin.patch("/admin/documents", params={"source": "reports/annual.pdf"}, json={"company": "Acme"})
    key = mira.post("/auth/keys", json={"label": "a label"}).json()["id"]
    conversation = mira.post("/conversations", json={"title": "a title"}).json()["id"]
    mira.delete(f"/conversations/{conversation}")
    found = lines(shared, since=since, action="change")
    targets = ["zoe", "zoe", "", key, conversation, conversation]
    assert [(line["name"], line["target"]) for line in found] == list(
        zip(["admin"] * 3 + ["mira"] * 3, targets, strict=True)
    )
    assert found[2]["documents"] == ["reports/annual.pdf"]


@pytest.mark.slow
def test_each_guarded_route_leaves_a_line(shared: Served) -> None:
    stranger, admin = shared.client(), shared.signed_in("admin")
    for method, path in sorted(POLICY):
        since = datetime.now(UTC).isoformat()
        stranger.request(method, path.format_map(SAMPLES))
        stranger.get("/auth/me")  # its line comes after the other's
        found = admin.get("/admin/audit", params={"since": since}).json()["lines"]
        (mark,) = (place for place, line in enumerate(found) if line["route"] == "GET /auth/me")
        signing_in = ("/auth/sign-in", "/auth/oidc/begin", "/auth/oidc/finish")
        guarded = POLICY[method, path] is not Access.PUBLIC or path in signing_in
        expected = [f"{method} {path}"] if guarded and path != "/auth/me" else []
        assert [line["route"] for line in found[mark + 1 :]] == expected, path
        assert (found[mark]["times"] == 2) == (path == "/auth/me")


def test_every_route_has_an_action() -> None:
    promoting = {key for key in POLICY if action_of(*key) is Action.PROMOTE}
    assert promoting == {("POST", "/admin/models/{name}/promote"), ("POST", "/admin/models/rollback")}
    for method, path in POLICY:
        assert (action_of(method, path) is Action.READ) == (method == "GET")
    unwatched = {path for method, path in POLICY if not is_watched(method, path, 401)}
    assert unwatched == {"/health", "/ready", "/metrics", "/openapi.json", "/docs", "/docs/{file}", "/auth/oidc"}


def test_nothing_private_is_in_it(gateway: Served) -> None:
    private = [f"private-{number}" for number in range(8)]
    mira, stranger = gateway.signed_in("mira"), gateway.client()
    conversation = mira.post("/conversations", json={"title": private[0]}).json()["id"]
    mira.post(CHAT, json=ask(private[1], conversation=conversation))
    mira.patch(f"/conversations/{conversation}", json={"title": private[2]})
    mira.post("/auth/keys", json={"label": private[3]})
    mira.delete(f"/auth/keys/{gateway.key('mira')}")  # the key itself where its id belongs
    stranger.post("/auth/sign-in", json={"name": private[4], "password": private[5]})
    mira.post("/auth/password", json={"old": private[6], "new": private[7]})
    mira.get(f"/conversations/{private[0]}")
    mira.get("/conversations", params={"offset": private[1]})
    text = json.dumps(lines(gateway))
    assert "private" not in text and "dsr_" not in text and "dst_" not in text
    with gateway.store.database.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT * FROM audit").all()
    assert len(kept) > 8 and "private" not in str(kept)


def test_pages_and_filters(gateway: Served) -> None:
    mira = gateway.signed_in("mira")
    for _ in range(7):
        mira.get("/conversations")
    admin = gateway.signed_in("admin")
    seen, before = [], 0
    while before is not None:
        page = admin.get("/admin/audit", params={"user": "mira", "limit": 3, "before": before}).json()
        seen += [line["id"] for line in page["lines"]]
        before = page["before"]
    assert len(seen) == 7 and seen == sorted(set(seen), reverse=True)
    assert admin.get("/admin/audit", params={"user": "mira", "action": "ask"}).json()["lines"] == []
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert admin.get("/admin/audit", params={"since": tomorrow}).json() == {"lines": [], "before": None}
    for wrong in ({"since": "yesterday"}, {"since": "2026-01-01T00:00"}, {"since": "0001-01-01T00:00:00+05:00"}):
        assert admin.get("/admin/audit", params=wrong).status_code == 422
    assert {method for method, path in POLICY if path.startswith("/admin/audit")} == {"GET"}


@pytest.mark.slow
def test_a_flood_of_refusals_is_counted_not_listed(gateway: Served) -> None:
    stranger = gateway.client("dst_wrong")
    for _ in range(200):
        stranger.get("/conversations")
    found = lines(gateway)
    assert sum(line["times"] for line in found) == 200
    assert len(found) < 100


def test_lines_wait_while_the_store_refuses_them(gateway: Served) -> None:
    mira = gateway.signed_in("mira")
    with gateway.store.database.locked() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO elsewhere")
    assert mira.get("/conversations").status_code == 200
    assert mira.post("/conversations").status_code == 201
    failed = 'dossier_audit_problems_total{kind="failed"} 0.0'
    assert failed not in gateway.client().get("/metrics").text
    with gateway.store.database.locked() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO audit")
    assert [line["route"] for line in lines(gateway)] == ["GET /conversations", "POST /conversations"]


def test_what_is_under_way_at_the_end_is_written(gateway: Served) -> None:
    gateway.signed_in("mira").get("/conversations")
    gateway.stop()
    with gateway.store.database.reading() as session:
        (kept,) = session.connection().exec_driver_sql("SELECT route FROM audit").scalars()
    assert kept == "GET /conversations"


def test_a_line_that_is_being_written_outlives_who_waits_for_it(gateway: Served) -> None:
    """At the end the writing task is cancelled, in the middle of a write too."""
    line = AuditLine(datetime.now(UTC), "mira", Action.READ, "GET /x", 200, "done")

    async def cancelled_in_mid_write() -> None:
        trail = AuditTrail(gateway.store.audit, Metrics())
        with gateway.store.database.locked():
            trail.add(line)
            waiting = asyncio.create_task(trail.written())
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.wait([waiting])
        await trail.written()

    asyncio.run(cancelled_in_mid_write())
    assert [kept.route for kept in gateway.store.audit.list(AuditFilter())] == ["GET /x"]


@pytest.mark.slow
def test_old_lines_go_at_the_start(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with served(tmp_path) as first:
        old = [AuditLine(now - timedelta(days=days), "mira", Action.READ, "GET /x", 200, "done") for days in (31, 29)]
        first.store.audit.add(old)
    with served(tmp_path, audit_days=30) as again:
        until(lambda: len(again.store.audit.list(AuditFilter())) == 1)
    with served(tmp_path, audit_days=0) as kept:
        assert kept.signed_in("mira").get("/conversations").status_code == 200
        assert kept.store.audit.list(AuditFilter())[-1].at == old[1].at


def test_nobody_waits_for_the_lines_of_reading_and_asking(gateway: Served) -> None:
    mira = gateway.signed_in("mira")
    with gateway.store.database.locked():  # nothing can be written meanwhile
        assert mira.post(CHAT, json=ask("What?")).status_code == 200
        assert "[DONE]" in mira.post(CHAT, json=ask("What?", stream=True)).text
        assert mira.get("/conversations").status_code == 200
    assert [line["action"] for line in lines(gateway)] == ["ask", "ask", "read"]


def test_a_followed_stream_is_passed_on_piece_by_piece(mira: httpx.Client, gateway: Served) -> None:
    """The line mustn't hold the first words back."""
    with mira.stream("POST", CHAT, json=ask("wait", stream=True)) as reply:
        pieces = reply.iter_lines()
        assert any('"content":"Net' in piece for piece in pieces)
        assert not gateway.answerer.gate.is_set()
        gateway.answerer.gate.set()
        assert GENERATION in "".join(pieces)
