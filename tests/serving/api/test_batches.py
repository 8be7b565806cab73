"""Batches over HTTP: asked in the background, cancelled, gone on with after a restart, one's own only."""

import io
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from serving.store import Change
from tests.serving.api.scripted import REFUSAL, TEXT
from tests.serving.api.serving_app import Served, served, until

BATCHES = "/v1/batches"
pytestmark = pytest.mark.slow
QUESTIONS = ["What were net sales?", "Will the weather be fine?", "What was the margin?"]


@pytest.fixture
def gateway(tmp_path: Path):
    with served(tmp_path) as running:
        yield running


def started(client: httpx.Client, questions: list[str], name: str = "q") -> str:
    reply = client.post(BATCHES, json={"name": name, "questions": questions})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def state(client: httpx.Client, batch: str) -> dict[str, object]:
    return dict(client.get(f"{BATCHES}/{batch}").json())


def answers(client: httpx.Client, batch: str) -> list[dict[str, object]]:
    return list(client.get(f"{BATCHES}/{batch}/answers").json())


def test_questions_are_answered_in_the_background_with_their_sources(gateway: Served, mira: httpx.Client) -> None:
    batch = started(mira, QUESTIONS)
    until(lambda: state(mira, batch)["state"] == "done")
    told = state(mira, batch)
    assert (told["total"], told["answered"], told["failed"], told["seconds_left"]) == (3, 3, 0, None)
    first, refused, _ = answers(mira, batch)
    assert (first["question"], first["answer"], first["verdict"]) == (QUESTIONS[0], TEXT, "answered")
    assert [(one["document"], one["page"]) for one in first["sources"]] == [("annual.pdf", 12), ("annual.pdf", 14)]
    assert (refused["answer"], refused["verdict"], refused["sources"]) == (REFUSAL, "not_in_documents", [])
    asked = gateway.answerer.asked
    assert [one.question for one in asked] == QUESTIONS
    assert {(one.groups, one.history) for one in asked} == {(frozenset({"hr", "board"}), ())}


def test_a_file_goes_in_and_a_workbook_comes_out(mira: httpx.Client) -> None:
    reply = mira.post(
        f"{BATCHES}/file", params={"name": "due diligence.csv"}, content=b"Question\nWhat were net sales?\n"
    )
    assert reply.status_code == 201, reply.text
    batch = reply.json()["id"]
    assert reply.json()["name"] == "due diligence.csv"
    until(lambda: state(mira, batch)["state"] == "done")
    sheet = mira.get(f"{BATCHES}/{batch}/sheet")
    assert sheet.headers["Content-Disposition"] == "attachment; filename*=UTF-8''due%20diligence-answers.xlsx"
    rows = list(load_workbook(io.BytesIO(sheet.content)).active.iter_rows(values_only=True))
    assert rows[1][:5] == ("What were net sales?", TEXT, "answered", "annual.pdf", 12)


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("a.pdf", b"x", 422, "Files of this kind"),
        ("a.xlsx", b"x", 422, "can't be read as XLSX"),
        ("a.csv", b"a,b\nc,d\n", 422, "none is headed `question`"),
        ("a.csv", b"question\n", 400, "There is no question in it"),
        ("a.csv", b"", 422, "empty"),
        ("a.txt", b"q?\n" * 2001, 400, "at most 2,000"),
        ("a.txt", b"q?\n" * 400_000, 413, "1 MiB"),
    ],
)
def test_a_file_that_cant_be_asked_is_said(
    mira: httpx.Client, name: str, content: bytes, status: int, words: str
) -> None:
    reply = mira.post(f"{BATCHES}/file", params={"name": name}, content=content)
    assert (reply.status_code, words in reply.json()["error"]["message"]) == (status, True), reply.text
    assert mira.get(BATCHES).json() == []


def test_one_questions_fault_doesnt_end_the_others(gateway: Served, mira: httpx.Client) -> None:
    longest = "x" * (gateway.app.state.running.gateway.settings.question_characters + 1)
    batch = started(mira, ["fault", longest, "What were net sales?"])
    until(lambda: state(mira, batch)["state"] == "done")
    assert [(one["state"], bool(one["note"])) for one in answers(mira, batch)] == [
        ("failed", True), ("failed", True), ("answered", False),
    ]  # fmt: skip
    assert "inside" not in mira.get(f"{BATCHES}/{batch}/answers").text
    assert state(mira, batch)["failed"] == 2


def test_a_batch_is_cancelled_in_mid_answer_and_goes_on_later(gateway: Served, mira: httpx.Client) -> None:
    batch = started(mira, [QUESTIONS[0], "wait", QUESTIONS[2]])
    until(lambda: len(gateway.answerer.asked) == 2)
    assert mira.post(f"{BATCHES}/{batch}/cancel").json()["state"] == "cancelled"
    until(gateway.answerer.closed.is_set)
    assert [one["state"] for one in answers(mira, batch)] == ["answered", "waiting", "waiting"]
    until(lambda: gateway.app.state.running.slots.taken == 0)
    gateway.answerer.gate.set()
    assert mira.post(f"{BATCHES}/{batch}/resume").json()["state"] == "running"
    until(lambda: state(mira, batch)["state"] == "done")
    assert [one.question for one in gateway.answerer.asked] == [QUESTIONS[0], "wait", "wait", QUESTIONS[2]]
    assert mira.post(f"{BATCHES}/{batch}/cancel").status_code == 409


def test_a_restarted_gateway_goes_on_where_it_was(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        mira = first.signed_in("mira")
        batch = started(mira, [QUESTIONS[0], "wait", QUESTIONS[2]])
        until(lambda: len(first.answerer.asked) == 2)
        assert state(mira, batch)["seconds_left"] is not None
        first.stop()
    with served(tmp_path) as second:
        second.answerer.gate.set()
        mira = second.signed_in("mira")
        until(lambda: state(mira, batch)["state"] == "done")
        assert [one.question for one in second.answerer.asked] == ["wait", QUESTIONS[2]]
        assert [one["state"] for one in answers(mira, batch)] == ["answered"] * 3


def test_a_model_server_that_is_down_is_waited_for(gateway: Served, mira: httpx.Client) -> None:
    gateway.engine.state = "restarting"
    batch = started(mira, [QUESTIONS[0]])
    assert state(mira, batch)["answered"] == 0
    assert gateway.answerer.asked == []
    gateway.engine.state = "ready"
    until(lambda: state(mira, batch)["state"] == "done")


def test_a_question_that_brings_the_model_server_down_is_given_up(gateway: Served, mira: httpx.Client) -> None:
    batch = started(mira, ["break"])
    until(lambda: state(mira, batch)["state"] == "done")
    (given_up,) = answers(mira, batch)
    assert (given_up["state"], given_up["note"]) == ("failed", "The model server stopped. Ask again in a minute.")
    assert len(gateway.answerer.asked) == 5


def test_batches_take_turns_and_use_the_rights_of_each_moment(gateway: Served, mira: httpx.Client) -> None:
    sam = gateway.signed_in("sam")
    one = started(mira, ["wait", "m2", "m3"])
    until(lambda: len(gateway.answerer.asked) == 1)
    other = started(sam, ["s1", "s2"])
    gateway.store.users.change("mira", Change(groups=frozenset({"board"})))
    gateway.answerer.gate.set()
    until(lambda: state(mira, one)["state"] == state(sam, other)["state"] == "done")
    asked = [(told.question, told.groups) for told in gateway.answerer.asked]
    assert {told[0] for told in asked[1:3]} == {"m2", "s1"}
    assert dict(asked) == {
        "wait": {"hr", "board"}, "m2": {"board"}, "m3": {"board"}, "s1": set(), "s2": set(),
    }  # fmt: skip


def test_a_suspended_persons_batch_waits(gateway: Served, mira: httpx.Client) -> None:
    batch = started(mira, ["wait", "m2"])
    until(lambda: len(gateway.answerer.asked) == 1)
    gateway.store.users.change("mira", Change(suspended=True))
    gateway.answerer.gate.set()
    sam = gateway.signed_in("sam")
    other = started(sam, ["s1"])
    until(lambda: state(sam, other)["state"] == "done")
    assert [told.question for told in gateway.answerer.asked] == ["wait", "s1"]
    gateway.store.users.change("mira", Change(suspended=False))
    until(lambda: state(gateway.signed_in("mira"), batch)["state"] == "done")


def test_a_batch_is_its_owners_alone_and_deleted_with_its_answers(gateway: Served, mira: httpx.Client) -> None:
    batch = started(mira, QUESTIONS)
    until(lambda: state(mira, batch)["state"] == "done")
    for name in ("sam", "admin"):
        other = gateway.signed_in(name)
        for path in ("", "/answers", "/sheet"):
            assert other.get(f"{BATCHES}/{batch}{path}").status_code == 404
        assert other.post(f"{BATCHES}/{batch}/cancel").status_code == 404
        assert other.delete(f"{BATCHES}/{batch}").status_code == 404
        assert other.get(BATCHES).json() == []
    assert mira.delete(f"{BATCHES}/{batch}").status_code == 204
    assert mira.get(BATCHES).json() == []
    with gateway.store.database.reading() as session:
        left = session.connection().exec_driver_sql("SELECT count(*) FROM batch_questions").scalar()
    assert left == 0


def test_three_batches_at_a_time(gateway: Served, mira: httpx.Client) -> None:
    gateway.engine.state = "starting"
    batches = [started(mira, ["q"]) for _ in range(3)]
    assert mira.post(BATCHES, json={"questions": ["q"]}).status_code == 409
    mira.post(f"{BATCHES}/{batches[0]}/cancel")
    started(mira, ["q"])
    assert mira.post(f"{BATCHES}/{batches[0]}/resume").status_code == 409
