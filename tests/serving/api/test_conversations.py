"""The caller's own conversations over HTTP."""

import pytest

from serving.store import NewMessage, Role
from tests.serving.api.scripted import CHART
from tests.serving.api.serving_app import Served


@pytest.fixture
def gateway(shared: Served) -> Served:
    return shared


@pytest.fixture
def mira(gateway: Served):
    with gateway.signed_in("mira") as client:
        yield client


def test_a_conversation_is_made_renamed_listed_and_deleted(mira) -> None:
    made = mira.post("/conversations", json={})
    assert made.status_code == 201
    assert made.json()["title"] == ""
    path = f"/conversations/{made.json()['id']}"
    assert mira.patch(path, json={"title": "Mine"}).json()["title"] == "Mine"
    assert mira.get(path).json() == {**mira.get("/conversations").json()[0], "messages": []}
    assert mira.delete(path).status_code == 204
    for reply in (mira.get(path), mira.delete(path), mira.patch(path, json={"title": "x"})):
        assert reply.status_code == 404
    assert mira.get("/conversations").json() == []


def test_without_a_body_too(mira) -> None:
    assert mira.post("/conversations").status_code == 201
    assert mira.post("/conversations", json={"title": "Given"}).json()["title"] == "Given"


def test_the_list_is_paged(mira) -> None:
    ids = [mira.post("/conversations").json()["id"] for _ in range(5)]
    assert [item["id"] for item in mira.get("/conversations?offset=1&limit=2").json()] == [ids[3], ids[2]]
    assert len(mira.get("/conversations").json()) == 5


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "offset=-1", "offset=99999999999999999999", "limit=ten"])
def test_a_page_that_can_not_be_is_refused(mira, query: str) -> None:
    assert mira.get(f"/conversations?{query}").status_code == 422


def test_messages_come_with_their_sources(gateway: Served, mira) -> None:
    made = mira.post("/conversations").json()
    user = next(user for user in gateway.store.users.all() if user.name == "mira")
    answer = NewMessage("assistant", "112 [1]", ({"number": 1},), "answered", "note", answered_by="a@1f", chart=CHART)
    gateway.store.conversations.keep(user.id, made["id"], NewMessage("user", "What was it?"))
    gateway.store.conversations.keep(user.id, made["id"], answer)
    found = mira.get(f"/conversations/{made['id']}").json()
    assert found["title"] == "What was it?"
    assert found["messages"][1].pop("created_at")
    assert found["messages"][1].pop("id") > found["messages"][0]["id"]
    assert found["messages"][1] == {
        "role": "assistant",
        "text": "112 [1]",
        "sources": [{"number": 1}],
        "verdict": "answered",
        "note": "note",
        "interrupted": False,
        "answered_by": "a@1f",
        "traces": [],
        "unsupported": [],
        "withdrawn": "",
        "asked_as": "",
        "answer_id": "",
        "pin": None,
        "chart": CHART,
    }


@pytest.mark.parametrize("role", list(Role))
def test_somebody_elses_conversation_does_not_exist(gateway: Served, mira, role: Role) -> None:
    made = mira.post("/conversations", json={"title": "Mine"}).json()
    path = f"/conversations/{made['id']}"
    with gateway.client(gateway.add("other", role)) as other:
        missing = other.get(f"/conversations/{'0' * 32}")
        for reply in (other.get(path), other.patch(path, json={"title": "Taken"}), other.delete(path)):
            assert reply.status_code == 404
            assert reply.json() == missing.json()
        assert other.get("/conversations").json() == []
    assert mira.get(path).json()["title"] == "Mine"


@pytest.mark.parametrize("made_up", ["x", "%00", "a%2fb", "1 OR 1=1", "0" * 33, "%F0%9F%A6%8A", "A" * 32])
def test_an_id_that_is_none_is_not_found(mira, made_up: str) -> None:
    assert mira.get(f"/conversations/{made_up}").status_code == 404


def test_a_conversation_is_exported_by_its_owner(gateway: Served, mira) -> None:
    made = mira.post("/conversations").json()["id"]
    user = next(user for user in gateway.store.users.all() if user.name == "mira")
    gateway.store.conversations.keep(user.id, made, NewMessage("user", "Größe in 2025?"))
    reply = mira.get(f"/conversations/{made}/export")
    assert reply.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert reply.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20in%202025.md"
    assert "## Größe in 2025?" in reply.text
    assert mira.get(f"/conversations/{made}/export?form=json").json() == mira.get(f"/conversations/{made}").json()
    assert mira.get(f"/conversations/{made}/export?form=page").text.startswith("<!doctype html>")
    assert mira.get(f"/conversations/{made}/export?form=pdf").status_code == 422
    assert gateway.signed_in("sam").get(f"/conversations/{made}/export").status_code == 404


def test_conversations_are_searched(gateway: Served, mira) -> None:
    user = next(user for user in gateway.store.users.all() if user.name == "mira")
    kept = gateway.store.conversations
    for question, answer in (("Net sales?", "They were 4.2 billion."), ("Leave?", "27 days, 100% paid_out.")):
        made = mira.post("/conversations").json()["id"]
        kept.keep(user.id, made, NewMessage("user", question))
        kept.keep(user.id, made, NewMessage("assistant", answer))

    def found(search: str) -> list[str]:
        return [one["title"] for one in mira.get("/conversations", params={"search": search}).json()]

    assert found("") == ["Leave?", "Net sales?"]
    assert found("SALES") == found("billion net") == ["Net sales?"]
    assert found("100%") == found("paid_out") == ["Leave?"]
    assert found("paid%out") == found("billion days") == []
    assert gateway.signed_in("sam").get("/conversations?search=sales").json() == []
