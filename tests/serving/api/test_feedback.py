"""Feedback over HTTP: who may say what about which answer, and what becomes of it."""

import httpx
import pytest

from serving.store import NewMessage, Role
from tests.serving.api.scripted import PASSAGES
from tests.serving.api.serving_app import Served, ask

ANNUAL = {"document": "reports/annual.pdf", "page": 12}


@pytest.fixture
def gateway(shared: Served) -> Served:
    return shared


@pytest.fixture
def mira(gateway: Served):
    with gateway.signed_in("mira") as client:
        yield client


@pytest.fixture
def admin(gateway: Served):
    with gateway.signed_in("admin") as client:
        yield client


def asked(client: httpx.Client, question: str = "What were net sales?") -> tuple[str, int]:
    """A conversation with one answer, and the answer's id."""
    conversation = client.post("/conversations").json()["id"]
    assert client.post("/v1/chat/completions", json=ask(question, conversation=conversation)).status_code == 200
    return conversation, client.get(f"/conversations/{conversation}").json()["messages"][1]["id"]


def test_a_thumb_is_kept_and_a_second_one_replaces_it(mira, admin) -> None:
    conversation, answer = asked(mira)
    first = mira.post("/v1/feedback", json={"message": answer, "thumb": "up"})
    assert first.status_code == 200
    second = mira.post(
        "/v1/feedback",
        json={"message": answer, "thumb": "down", "reason": "wrong", "correction": "$4.3 billion", **ANNUAL},
    )
    assert second.json()["id"] == first.json()["id"]
    (kept,) = mira.get("/v1/feedback", params={"conversation": conversation}).json()
    assert (kept["thumb"], kept["correction"], kept["state"], kept["triage"]) == ("down", "$4.3 billion", "new", None)
    (seen,) = admin.get("/admin/feedback").json()
    assert (seen["user"], seen["question"], seen["suggestion"]) == ("mira", "What were net sales?", "generation")
    assert seen["evidence"][0] == "reports/annual.pdf, page 12 is passage 1 of the answer."
    assert len(seen["sources"]) == len(PASSAGES)


def test_the_asker_sees_what_came_of_it(mira, admin) -> None:
    conversation, answer = asked(mira)
    given = {"message": answer, "thumb": "down", "correction": "$4.3 billion"}
    number = mira.post("/v1/feedback", json=given).json()["id"]
    decided = admin.patch(f"/admin/feedback/{number}", json={"triage": "generation"})
    assert (decided.json()["state"], decided.json()["triage"]) == ("triaged", "generation")
    assert admin.patch(f"/admin/feedback/{number}", json={"state": "in_training_set"}).status_code == 200
    (kept,) = mira.get("/v1/feedback", params={"conversation": conversation}).json()
    assert (kept["state"], kept["triage"]) == ("in_training_set", "generation")
    assert "suggestion" not in kept
    mira.post("/v1/feedback", json={"message": answer, "thumb": "up"})
    (kept,) = mira.get("/v1/feedback", params={"conversation": conversation}).json()
    assert (kept["state"], kept["triage"]) == ("new", None)


@pytest.mark.slow
def test_admins_list_by_state_and_triage(mira, admin) -> None:
    numbers = []
    for _ in range(3):
        _, answer = asked(mira)
        numbers.append(mira.post("/v1/feedback", json={"message": answer, "thumb": "down"}).json()["id"])
    admin.patch(f"/admin/feedback/{numbers[0]}", json={"triage": "retrieval"})
    admin.patch(f"/admin/feedback/{numbers[1]}", json={"state": "rejected"})
    listed = {
        query: [one["id"] for one in admin.get(f"/admin/feedback?{query}").json()]
        for query in ("state=new", "state=triaged", "state=triaged&state=rejected", "triage=retrieval", "limit=1")
    }
    assert listed == {
        "state=new": [numbers[2]],
        "state=triaged": [numbers[0]],
        "state=triaged&state=rejected": [numbers[1], numbers[0]],
        "triage=retrieval": [numbers[0]],
        "limit=1": [numbers[1]],
    }


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ({"thumb": "down", "correction": "x"}, {"state": "triaged"}),
        ({"thumb": "down", "correction": "x"}, {"state": "in_training_set"}),
        ({"thumb": "down", "correction": "x"}, {"state": "in_training_set", "triage": "retrieval"}),
        ({"thumb": "down"}, {"state": "in_training_set", "triage": "generation"}),
        ({"thumb": "up"}, {"triage": "generation"}),
    ],
)
def test_what_contradicts_itself_is_refused(mira, admin, given, change) -> None:
    _, answer = asked(mira)
    number = mira.post("/v1/feedback", json={"message": answer, **given}).json()["id"]
    assert admin.patch(f"/admin/feedback/{number}", json=change).status_code == 409
    (kept,) = admin.get("/admin/feedback").json()
    assert (kept["state"], kept["triage"]) == ("new", None)


def test_somebody_elses_answer_and_ones_own_question_do_not_exist(gateway, mira, admin) -> None:
    conversation, answer = asked(mira)
    mira.post("/v1/feedback", json={"message": answer, "thumb": "down"})
    for message in (answer - 1, answer + 1000, 2**40):
        assert mira.post("/v1/feedback", json={"message": message, "thumb": "up"}).status_code == 404
    for role in Role:
        with gateway.client(gateway.add(f"other-{role}", role)) as other:
            assert other.post("/v1/feedback", json={"message": answer, "thumb": "up"}).status_code == 404
            assert other.get("/v1/feedback", params={"conversation": conversation}).json() == []
    assert admin.get("/admin/feedback").json()[0]["thumb"] == "down"


def test_feedback_goes_with_its_conversation(mira, admin) -> None:
    conversation, answer = asked(mira)
    mira.post("/v1/feedback", json={"message": answer, "thumb": "down"})
    mira.delete(f"/conversations/{conversation}")
    assert admin.get("/admin/feedback").json() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"thumb": "sideways"},
        {"thumb": "down", "reason": "because"},
        {"thumb": "down", "comment": "x" * 2001},
        {"thumb": "down", "correction": "x" * 4001},
        {"thumb": "down", "document": "x" * 501},
        {"thumb": "down", "page": 0},
        {"thumb": "down", "state": "rejected"},
    ],
)
def test_what_can_not_be_is_refused(mira, wrong) -> None:
    _, answer = asked(mira)
    assert mira.post("/v1/feedback", json={"message": answer, **wrong}).status_code == 422


def test_a_body_over_the_limit_is_refused(mira) -> None:
    assert mira.post("/v1/feedback", json={"message": 1, "thumb": "up", "comment": "x" * 1_100_000}).status_code == 413


def test_texts_are_kept_as_they_are_but_for_what_no_database_keeps(mira, admin) -> None:
    _, answer = asked(mira)
    body = f'{{"message": {answer}, "thumb": "down", "comment": "<script>a</script> \\u0000"}}'
    reply = mira.post("/v1/feedback", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200
    assert admin.get("/admin/feedback").json()[0]["comment"] == "<script>a</script> \ufffd"


@pytest.mark.parametrize(
    ("question", "given", "fault"),
    [
        ("sales", ANNUAL, "generation"),
        ("sales", {"document": "annual", "page": 14}, "generation"),
        ("sales", {"document": "ANNUAL.PDF", "page": 13}, "parsing"),
        ("sales", {"document": "scan.pdf"}, "parsing"),
        ("sales", {"document": "no such.pdf"}, "parsing"),
        ("weather", ANNUAL, "policy"),
        ("sales", {"correction": "12.1%"}, "generation"),
        ("weather", {"correction": "12.1%"}, "policy"),
        ("sales", {"correction": "17.9%"}, None),
        ("sales", {"reason": "not_allowed"}, "policy"),
        ("sales", {"reason": "should_have_refused"}, "generation"),
        ("sales", {}, None),
    ],
)
def test_the_part_at_fault_is_suggested(mira, admin, question: str, given, fault: str | None) -> None:
    _, answer = asked(mira, question)
    assert mira.post("/v1/feedback", json={"message": answer, "thumb": "down", **given}).status_code == 200
    (seen,) = admin.get("/admin/feedback").json()
    assert seen["suggestion"] == fault
    assert seen["evidence"]


def test_a_page_that_was_read_but_not_found_is_a_fault_of_retrieval(gateway, mira, admin) -> None:
    user = next(user for user in gateway.store.users.all() if user.name == "mira")
    conversation = mira.post("/conversations").json()["id"]
    keep = gateway.store.conversations.keep
    keep(user.id, conversation, NewMessage("user", "What were net sales?"))
    source = {"number": 1, "source": "reports/minutes.docx", "page": 1}
    keep(user.id, conversation, NewMessage("assistant", "5 [1]", (source,)))
    answer = mira.get(f"/conversations/{conversation}").json()["messages"][1]["id"]
    mira.post("/v1/feedback", json={"message": answer, "thumb": "down", "correction": "7.7", **ANNUAL})
    (seen,) = admin.get("/admin/feedback").json()
    assert seen["suggestion"] == "retrieval"
    assert "has no 7.7" in seen["evidence"][1]
