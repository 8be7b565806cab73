"""Kept answers asked again: by whom, and what is told."""

import httpx
import pytest

from dossier.errors import EnvironmentProblem, NotFoundError
from serving.answering.replay_command import replay_lines, replayed
from serving.store import NewMessage, Role
from tests.serving.api.scripted import GENERATION, MODEL, TEXT
from tests.serving.api.serving_app import Served, ask


@pytest.fixture
def gateway(shared: Served) -> Served:
    return shared


@pytest.fixture
def mira(gateway: Served):
    with gateway.signed_in("mira") as client:
        yield client


def kept(client: httpx.Client, question: str, stream: bool = False) -> str:
    """Ask in a new conversation; the answer's id."""
    conversation = client.post("/conversations").json()["id"]
    reply = client.post("/v1/chat/completions", json=ask(question, conversation=conversation, stream=stream))
    message = client.get(f"/conversations/{conversation}").json()["messages"][1]
    assert f'"id":"{message["answer_id"]}"' in reply.text
    assert (message["pin"]["question"], message["pin"]["generation"]) == (question, GENERATION)
    assert len(message["pin"]["passages"][0]["digest"]) == 64
    return str(message["answer_id"])


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_asked_again_and_nothing_differs(gateway: Served, mira: httpx.Client, stream: bool) -> None:
    answer_id = kept(mira, "What were net sales?", stream)
    before = len(mira.get("/conversations").json())
    reply = mira.post(f"/answers/{answer_id}/replay").json()
    assert (reply["id"], reply["owner"], reply["question"]) == (answer_id, "mira", "What were net sales?")
    assert reply["then"]["text"] == reply["now"]["text"] == TEXT
    assert (reply["same_generation"], reply["note"]) == (True, "")
    # mira has joined a group since the answer says that she was in one alone
    assert reply["differences"] == [{"what": "groups", "then": "hr", "now": "board, hr"}]
    assert gateway.answerer.asked[-1].groups == frozenset({"hr", "board"})
    assert len(mira.get("/conversations").json()) == before


def test_what_differs_is_told_and_that_the_generation_is_gone(mira: httpx.Client) -> None:
    reply = mira.post(f"/answers/{kept(mira, 'What is gone?')}/replay").json()
    assert reply["same_generation"] is False
    assert reply["note"] == "Asked of the current generation instead: the generation isn't kept any more."
    told = {(one["what"], one["then"], one["now"]) for one in reply["differences"]}
    assert ("text", TEXT, "It is 7 [1].") in told
    assert ("generation", GENERATION, "g-000002") in told
    assert ("adapter", "none", "1f" * 32) in told
    assert ("passage", "reports/annual.pdf, page 12, characters 0 to 37", "not among those found") in told
    lines = replay_lines(reply)
    assert "Question (mira): What is gone?" in lines and TEXT in lines and "It is 7 [1]." in lines
    assert f"Then (answered; generation {GENERATION}, {MODEL}, prompt version 1):" in lines


def test_its_owner_and_admins_may_and_to_others_it_does_not_exist(gateway: Served, mira: httpx.Client) -> None:
    answer_id = kept(mira, "What were net sales?")
    for name in ("sam", "admin"):
        with gateway.signed_in(name) as other:
            assert other.post(f"/answers/{answer_id}/replay").status_code == (200 if name == "admin" else 404)
    assert gateway.answerer.asked[-1].groups == frozenset({"hr", "board"})  # its owner's, not the admin's
    with gateway.client(gateway.add("analyst-too", Role.ANALYST)) as other:
        missing = other.post(f"/answers/{'0' * 32}/replay")
        assert other.post(f"/answers/{answer_id}/replay").json() == missing.json()


@pytest.mark.parametrize("made_up", ["x", "chatcmpl-", "%00", "a%2fb", "1 OR 1=1", "%F0%9F%A6%8A"])
def test_an_id_of_no_kept_answer_is_not_found(mira: httpx.Client, made_up: str) -> None:
    assert mira.post(f"/answers/{made_up}/replay").status_code == 404


def test_an_answer_outside_of_conversations_is_not_kept(mira: httpx.Client) -> None:
    answer_id = mira.post("/v1/chat/completions", json=ask("What were net sales?")).json()["id"]
    assert mira.post(f"/answers/{answer_id}/replay").status_code == 404


def test_an_answer_from_before_pins_cannot_be_asked_again(gateway: Served, mira: httpx.Client) -> None:
    user = next(user for user in gateway.store.users.all() if user.name == "mira")
    conversation = mira.post("/conversations").json()["id"]
    gateway.store.conversations.keep(user.id, conversation, NewMessage("assistant", "4", answer_id="chatcmpl-old"))
    reply = mira.post("/answers/chatcmpl-old/replay")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "bad_question")


def test_a_replay_takes_its_place_among_the_answers_under_way(gateway: Served, mira: httpx.Client) -> None:
    answer_id = kept(mira, "What were net sales?")
    slots = gateway.app.state.running.slots
    taken = [slots.take() for _ in range(slots._room)]
    assert mira.post(f"/answers/{answer_id}/replay").status_code == 429
    for slot in taken:
        slot.give_back()
    assert mira.post(f"/answers/{answer_id}/replay").status_code == 200
    assert slots.taken == 0


def test_the_command_asks_the_running_gateway(gateway: Served, mira: httpx.Client, free_port: int) -> None:
    answer_id = kept(mira, "What were net sales?")
    key = gateway.key("admin")
    assert replayed(gateway.address, key, answer_id)["then"]["text"] == TEXT
    with pytest.raises(NotFoundError, match="no kept answer"):
        replayed(gateway.address, key, "chatcmpl-x")
    with pytest.raises(EnvironmentProblem, match="dossier run"):
        replayed(f"http://127.0.0.1:{free_port}", key, answer_id)
