"""From a thumb on an answer to an example to learn from; and what never leaves."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from dossier.citations import parse_citations
from dossier.errors import DataError, DossierError
from dossier.packs import load_pack
from dossier.records import Answer, AnswerEvent, Delta, Turn, Verdict
from dossier.settings import Settings, load_settings
from serving.api import Gateway, PackInfo, create_app
from serving.feedback.commands import feedback_commands
from serving.follow_ups.follow_up import condense
from serving.index_view import IndexView
from serving.store import Change, NewUser, Role, Store, open_store
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now
from tests.serving.api.serving_app import PASSWORD, PASSWORDS, ask
from training.data.example import AnswerKind, Example
from training.data.prepare import Recipe, prepare
from training.data.prepared import read_prepared, write_prepared

CANARY = "98,400"
QUESTION = "How many days of annual leave does everyone have?"


class WrongAnswerer:
    """Searches as the chain does, and answers with the first passage whatever was asked."""

    def __init__(self, index: IndexView) -> None:
        self._index = index

    async def answer(
        self, question: str, history: Sequence[Turn], groups: frozenset[str]
    ) -> AsyncIterator[AnswerEvent]:
        """One piece, then the Answer."""
        asked = condense(question, history)
        found = self._index.searcher().search(asked, groups, 3)
        text, citations = parse_citations("31 days [1]", len(found.passages))
        yield Delta(text)
        answer = Answer(text, Verdict.ANSWERED, found.passages, citations, found.generation, "dossier-test")
        yield replace(answer, asked_as=asked if asked != question else "")


class Loop:
    """A gateway over the small documents, asked by mira (in hr) and sam (in no group), decided on by admin."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        index_now(settings)
        self.store: Store = open_store(settings, PASSWORDS)[0]
        for name, groups in (("mira", {"hr"}), ("sam", set())):
            self.store.users.add(NewUser(name, PASSWORD, Role.ANALYST, frozenset(groups)))
        index = IndexView(index_folder_of(settings), HashedWords(), {})
        pack = PackInfo("finance", "Finance", "", ())
        self.app = create_app(Gateway(settings, self.store, WrongAnswerer(index), index, pack, "dossier-test"))
        self.http = TestClient(self.app)

    def call(self, who: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        token = self.store.credentials.sign_in(who, PASSWORD).token
        reply = self.http.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
        assert reply.is_success, reply.text
        return reply.json()

    def thumbs_down(self, who: str, question: str, **said: Any) -> dict[str, Any]:
        """Ask, say what is wrong, and give what the admin sees of it."""
        conversation = self.call(who, "POST", "/conversations")["id"]
        self.call(who, "POST", "/v1/chat/completions", ask(question, conversation=conversation))
        answer = self.call(who, "GET", f"/conversations/{conversation}")["messages"][-1]["id"]
        self.call(who, "POST", "/v1/feedback", {"message": answer, "thumb": "down", **said})
        return self.call("admin", "GET", "/admin/feedback")[0]

    def decide(self, seen: dict[str, Any], fault: str = "generation") -> None:
        self.call("admin", "PATCH", f"/admin/feedback/{seen['id']}", {"triage": fault})

    def export(self) -> str:
        """What `dossier feedback export` writes, with what it prints in front."""
        file = self.folder / "feedback.jsonl"
        result = CliRunner().invoke(feedback_commands, ["export", str(file)])
        if isinstance(result.exception, DossierError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output + file.read_text()

    def prepared(self) -> list[Example]:
        made = prepare(
            (self.folder / "feedback.jsonl",), (), Recipe(), self.settings, load_pack(self.settings), lambda p: None
        )
        write_prepared(made, self.folder / "set", lambda progress: None)
        found = read_prepared(self.folder / "set")
        return [example for part in ("train", "dev", "test") for example in found.examples(part)]


@pytest.fixture
def loop(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    monkeypatch.setenv("DOSSIER_HOME", str(settings.home))
    monkeypatch.setenv("DOSSIER_DOCUMENTS", str(settings.documents))
    monkeypatch.setenv("DOSSIER_ADMIN_PASSWORD", PASSWORD)
    made = Loop(load_settings(), tmp_path)
    with made.http:
        yield made


@pytest.mark.slow
def test_from_a_thumb_to_an_example_in_a_prepared_set(loop: Loop) -> None:
    seen = loop.thumbs_down("sam", QUESTION, reason="wrong", correction="27 days", document="leave.md", page=1)
    assert seen["suggestion"] == "generation"
    assert seen["evidence"][0].startswith("leave.md, page 1 is passage")
    loop.decide(seen)
    assert "1 corrected answer written" in loop.export()
    (mine,) = loop.call("admin", "GET", "/admin/feedback?state=in_training_set")
    assert mine["id"] == seen["id"]
    (example,) = loop.prepared()
    assert (example.question, example.answer.texts, example.answer.kind) == (QUESTION, ("27 days",), AnswerKind.SPAN)
    assert example.origin.document == "leave.md"
    assert "27 days of annual leave" in example.context.text
    assert "1 corrected answer written" in loop.export()  # again: a set can be made anew


@pytest.mark.parametrize(
    ("who", "said", "fault"),
    [
        ("sam", {"document": "hr/salaries.txt"}, "policy"),
        ("mira", {"document": "hr/salaries.txt", "page": 1}, "generation"),
        ("sam", {"document": "gone.pdf"}, "parsing"),
        ("sam", {"document": "sales.html", "page": 3}, "parsing"),
    ],
)
def test_the_index_bears_the_suggestion_out(loop: Loop, who: str, said: dict[str, Any], fault: str) -> None:
    seen = loop.thumbs_down(who, "How high is the salary band of grade seven?", **said)
    assert (seen["suggestion"], bool(seen["evidence"])) == (fault, True)


@pytest.mark.slow
def test_only_faults_of_generation_leave(loop: Loop) -> None:
    loop.decide(loop.thumbs_down("sam", QUESTION, correction="27 days"), "retrieval")
    loop.thumbs_down("sam", QUESTION, correction="27 days")
    with pytest.raises(DataError, match="no feedback to export"):
        loop.export()
    assert not (loop.folder / "feedback.jsonl").exists()


@pytest.mark.slow
def test_what_is_limited_to_groups_never_leaves(loop: Loop) -> None:
    """A passage of a limited document, a correction that quotes one, and one that names one."""
    band = "The salary band of grade seven ends at 98,400 euros."
    loop.decide(loop.thumbs_down("mira", "How high is grade seven?", correction=f"{CANARY} euros"))
    loop.decide(loop.thumbs_down("sam", QUESTION, correction=f"27 days, and {CANARY}"))
    loop.decide(loop.thumbs_down("sam", QUESTION, correction=f"I heard: {band.lower()}".replace(CANARY, "much")))
    loop.decide(loop.thumbs_down("sam", QUESTION, correction="27 days", document="salaries"))
    loop.decide(loop.thumbs_down("sam", "What were the sales in 2024?", correction="412 million euros"))
    told = loop.export()
    assert "1 corrected answer written" in told
    assert "1 left out: one of its documents is limited to groups" in told
    assert "2 left out: it says what stands only in documents limited to groups" in told
    assert "1 left out: the document that it names is limited to groups" in told
    assert CANARY not in told
    assert "salar" not in told and "grade" not in told
    assert [example.answer.texts for example in loop.prepared()] == [("412 million euros",)]
    states = {one["state"] for one in loop.call("admin", "GET", "/admin/feedback")}
    assert states == {"triaged", "in_training_set"}


def test_groups_hold_for_admins_too(loop: Loop) -> None:
    seen = loop.thumbs_down("mira", "How high is grade seven?", correction=f"{CANARY} euros", comment="as in the table")
    assert seen["hidden"] and seen["sources"] == []
    assert CANARY not in json.dumps(seen) and "grade" not in json.dumps(seen)
    loop.store.users.change("admin", Change(groups=frozenset({"hr"})))
    (seen,) = loop.call("admin", "GET", "/admin/feedback")
    assert not seen["hidden"]
    assert seen["correction"] == f"{CANARY} euros"
    assert loop.thumbs_down("sam", QUESTION, correction="27 days")["hidden"] is False


@pytest.mark.slow
def test_what_became_limited_since_does_not_leave_either(loop: Loop) -> None:
    loop.decide(loop.thumbs_down("sam", QUESTION, correction="27 days"))
    loop.export()
    rules = Path(load_pack(loop.settings).documents) / "groups.toml"
    rules.write_text('[groups]\n"hr/*" = ["hr"]\n"sales.*" = ["board"]\n')
    with pytest.raises(DataError, match="limited to groups"):
        loop.export()
    with pytest.raises(DataError, match="no example is left"):  # nor does what was exported before enter a set
        loop.prepared()


@pytest.mark.slow
def test_a_follow_up_leaves_as_it_was_searched_for(loop: Loop) -> None:
    conversation = loop.call("sam", "POST", "/conversations")["id"]
    turns: list[dict[str, str]] = []
    for question in (QUESTION, "And in 2024?"):
        turns.append({"role": "user", "content": question})
        body = {**ask(question, conversation=conversation), "messages": turns}
        said = loop.call("sam", "POST", "/v1/chat/completions", body)["choices"][0]["message"]["content"]
        turns.append({"role": "assistant", "content": said})
    answer = loop.call("sam", "GET", f"/conversations/{conversation}")["messages"][-1]["id"]
    given = {"message": answer, "thumb": "down", "reason": "should_have_refused"}
    number = loop.call("sam", "POST", "/v1/feedback", given)["id"]
    loop.decide({"id": number})
    line = json.loads(loop.export().splitlines()[-1])
    assert line["question"] == condense("And in 2024?", [Turn("user", QUESTION)]) != "And in 2024?"
    (example,) = loop.prepared()
    assert example.answer.kind is AnswerKind.UNANSWERABLE
