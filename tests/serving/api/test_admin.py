"""Users and the index job over HTTP."""

import json
import os
from pathlib import Path

import pytest

from serving.store import Role
from tests.serving.api.serving_app import PASSWORD, Served, until

REPORT = {"report": {"generation": "g8", "documents": 4, "chunks": 50, "embedded": 9, "removed": 0, "files": []}}


@pytest.fixture
def admin(gateway: Served):
    with gateway.client(gateway.sign_in("admin")) as client:
        yield client


def plan(gateway: Served, *lines: dict) -> Path:
    home = gateway.home
    (home / "plan").write_text("\n".join(json.dumps(line) for line in lines))
    return home


def ended(admin) -> dict:
    until(lambda: admin.get("/admin/index").json()["state"] != "running")
    return admin.get("/admin/index").json()


def test_users_are_added_listed_and_changed(gateway: Served, admin) -> None:
    new = {"name": "Olga", "password": PASSWORD, "role": "support", "groups": ["hr"]}
    made = admin.post("/admin/users", json=new)
    assert made.status_code == 201
    assert {key: made.json()[key] for key in ("name", "role", "groups", "suspended")} == {
        "name": "olga",
        "role": "support",
        "groups": ["hr"],
        "suspended": False,
    }
    assert admin.post("/admin/users", json=new).status_code == 409
    assert [user["name"] for user in admin.get("/admin/users").json()] == ["admin", "mira", "olga", "sam"]
    token = gateway.sign_in("olga")
    changed = admin.patch("/admin/users/olga", json={"role": "analyst", "groups": ["hr", "legal"]}).json()
    assert (changed["role"], changed["groups"]) == ("analyst", ["hr", "legal"])
    with gateway.client(token) as olga:
        who = {"name": "olga", "role": "analyst", "groups": ["hr", "legal"], "issuer": ""}
        assert olga.get("/auth/me").json() == who
        assert admin.patch("/admin/users/olga", json={"suspended": True}).json()["suspended"]
        assert olga.get("/auth/me").status_code == 401
    assert admin.patch("/admin/users/nobody", json={"suspended": True}).status_code == 404


def test_no_password_comes_back(admin) -> None:
    made = admin.post("/admin/users", json={"name": "olga", "password": PASSWORD, "role": "analyst", "groups": []})
    refused = admin.post("/admin/users", json={"name": "other", "password": "short-one", "role": "analyst"})
    assert refused.status_code == 422
    assert "short-one" not in refused.text
    for text in (made.text, admin.get("/admin/users").text):
        assert PASSWORD not in text
        assert "argon2" not in text


@pytest.mark.parametrize(
    "change",
    [{"role": "owner"}, {"groups": "hr"}, {"groups": ["\x00"]}, {"suspended": "perhaps"}, {"is_admin": True}, []],
)
def test_a_change_that_can_not_be_read_is_refused(admin, change: object) -> None:
    reply = admin.patch("/admin/users/admin", json=change)
    assert reply.status_code == 422
    assert reply.json()["error"]["code"] == "bad_request"


@pytest.mark.parametrize("change", [{"suspended": True}, {"role": "support"}])
def test_the_last_active_admin_stays(gateway: Served, admin, change: dict) -> None:
    reply = admin.patch("/admin/users/admin", json=change)
    assert reply.status_code == 409
    assert "last active admin" in reply.json()["error"]["message"]
    gateway.add("second", Role.ADMIN)
    assert admin.patch("/admin/users/admin", json=change).status_code == 200


def test_indexing_tells_its_progress_and_opens_the_new_generation(gateway: Served, admin) -> None:
    assert admin.get("/admin/index").json()["state"] == "idle"
    home = plan(gateway, {"stage": "embedding", "done": 3, "total": 9, "seconds_left": 4.5}, {"wait": "go"}, REPORT)
    started = admin.post("/admin/index", json={"rebuild": True})
    assert started.status_code == 202
    assert started.json()["state"] == "running"
    until(lambda: admin.get("/admin/index").json()["stage"] == "embedding")
    job = admin.get("/admin/index").json()
    assert (job["done"], job["total"], job["seconds_left"]) == (3, 9, 4.5)
    again = admin.post("/admin/index")
    assert again.status_code == 409
    assert gateway.index.reopened == 0
    (home / "go").touch()
    job = ended(admin)
    assert (job["state"], job["report"]) == ("done", REPORT["report"])
    assert gateway.index.reopened == 1
    assert json.loads((home / "arguments").read_text()) == ["build", "--rebuild"]


@pytest.mark.slow
def test_a_run_can_be_cancelled_and_started_again(gateway: Served, admin) -> None:
    assert admin.delete("/admin/index").status_code == 409
    home = plan(gateway, {"stage": "reading", "done": 0, "total": 0}, {"wait": "never"})
    admin.post("/admin/index")
    until(lambda: admin.get("/admin/index").json()["stage"] == "reading")
    assert admin.delete("/admin/index").status_code == 202
    assert admin.delete("/admin/index").status_code in (202, 409)
    job = ended(admin)
    assert job["state"] == "failed"
    assert "cancelled" in job["message"]
    with pytest.raises(ProcessLookupError):
        os.kill(int((home / "pid").read_text()), 0)
    plan(gateway, REPORT)
    assert admin.post("/admin/index", json={}).status_code == 202
    assert ended(admin)["state"] == "done"


def test_why_a_run_failed_is_told(gateway: Served, admin) -> None:
    plan(gateway, {"error": {"code": "indexing_failed", "message": "The disk is full."}}, {"exit": 3})
    admin.post("/admin/index")
    job = ended(admin)
    assert job["state"] == "failed"
    assert "The disk is full." in job["message"]
    assert gateway.index.reopened == 0


def test_the_indexed_files_come_with_their_reasons_and_groups(admin) -> None:
    groups = ["board", "finance"]
    assert admin.get("/admin/index/files").json() == [
        {"source": "reports/annual.pdf", "state": "indexed", "reason": "", "chunks": 2, "pages": 64, "groups": groups},
        {"source": "scan.pdf", "state": "failed", "reason": "It has no text.", "chunks": 0, "pages": 9, "groups": []},
    ]


@pytest.mark.parametrize(
    ("path", "body", "told", "reopened"),
    [
        ("diff", None, ["diff"], 0),
        ("verify", None, ["verify"], 0),
        ("rollback", None, ["rollback"], 1),
        ("rollback", {"generation": "g000001"}, ["rollback", "g000001"], 1),
        ("gc", None, ["gc", "--keep", "3"], 0),
        ("gc", {"keep": 1}, ["gc", "--keep", "1"], 0),
    ],
)
def test_what_the_command_line_can_do_with_an_index(
    gateway: Served, admin, path: str, body: dict | None, told: list, reopened: int
) -> None:
    home = plan(gateway, {"report": {"added": ["a.md"]}})
    started = admin.post(f"/admin/index/{path}", json=body)
    assert (started.status_code, started.json()["kind"]) == (202, path)
    job = ended(admin)
    assert (job["state"], job["kind"], job["result"], job["report"]) == ("done", path, {"added": ["a.md"]}, None)
    assert json.loads((home / "arguments").read_text()) == told
    assert gateway.index.reopened == reopened


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("rollback", {"generation": "../g000001"}),
        ("rollback", {"generation": "--json"}),
        ("gc", {"keep": 0}),
        ("gc", {"keep": "all"}),
        ("gc", {"kep": 1}),
    ],
)
def test_what_could_be_another_argument_is_refused(admin, path: str, body: dict) -> None:
    assert admin.post(f"/admin/index/{path}", json=body).status_code == 422
    assert admin.get("/admin/index").json()["state"] == "idle"


def test_only_one_job_works_on_the_index(gateway: Served, admin) -> None:
    home = plan(gateway, {"wait": "go"}, REPORT)
    admin.post("/admin/index/verify")
    for path in ("", "/diff", "/verify", "/rollback", "/gc"):
        assert admin.post(f"/admin/index{path}").status_code == 409, path
    (home / "go").touch()
    assert ended(admin)["kind"] == "verify"


def test_the_generations_are_listed(admin) -> None:
    older, newer = admin.get("/admin/index/generations").json()
    assert (older["name"], older["current"], older["problem"]) == ("g000001", False, "chunks.sqlite is missing.")
    assert (newer["name"], newer["current"], newer["bytes"]) == ("g000002", True, 1000)


def test_documents_are_listed_and_their_metadata_corrected(gateway: Served, admin) -> None:
    document, _ = admin.get("/admin/documents").json()
    assert (document["source"], document["metadata"]["company"]) == ("reports/annual.pdf", "Acme Inc.")
    where = {"source": "reports/annual.pdf"}
    done = admin.patch("/admin/documents", params=where, json={"company": "Acme plc"})
    assert (done.status_code, done.json()["corrections"]) == (200, {"company": "Acme plc"})
    assert gateway.index.corrected == {"company": "Acme plc"}
    assert admin.patch("/admin/documents", params={"source": "../x"}, json={"company": "A"}).status_code == 404
    assert admin.patch("/admin/documents", params=where, json={"colour": "red"}).status_code == 422
    assert admin.patch("/admin/documents", json={"company": "A"}).status_code == 422
