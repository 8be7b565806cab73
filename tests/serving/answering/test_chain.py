"""The chain on a real index, with a scripted model server behind the real client."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dossier.errors import EngineError, QuestionError
from dossier.packs import index_folder, load_pack
from dossier.records import Step, Turn, Verdict
from dossier.settings import Settings
from dossier.traces import Origin
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from retrieval.upkeep import clear
from serving.answering.model_client import ServedModel
from serving.answering.replaying import differences
from serving.spans import tracing_of
from tests.serving.answering.scripted_model import ScriptedModel, ask, chain
from tests.serving.collector import collecting, values_of

pytestmark = pytest.mark.model


def test_an_answer_is_read_from_the_document_and_cites_it(settings: Settings, embedder: Embedder, model: str) -> None:
    answer = ask(chain(settings, embedder, model), "How many days of annual leave does everyone have a year?")
    assert answer.verdict is Verdict.ANSWERED
    assert "27 days" in answer.text
    (citation,) = answer.citations[:1]
    cited = answer.passages[citation.number - 1]
    assert (cited.document, cited.chunk.page) == ("leave.md", 1)
    assert answer.generation == "g000001"
    assert [(trace.text, trace.document) for trace in answer.traces] == [("27", "leave.md")]


def test_what_is_not_in_the_documents_is_said_so(settings: Settings, embedder: Embedder, model: str) -> None:
    before = len(ScriptedModel.seen)
    answer = ask(chain(settings, embedder, model), "Who won the football world cup in 1998?")
    assert answer.verdict is Verdict.NOT_IN_DOCUMENTS
    assert "not in the documents" in answer.text
    assert not answer.citations
    assert len(ScriptedModel.seen) == before


def test_a_model_that_points_at_no_line_is_heard(
    settings: Settings, embedder: Embedder, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedModel, "points_at", "0")
    answer = ask(chain(settings, embedder, model), "How many days of annual leave does everyone have a year?")
    assert answer.verdict is Verdict.NOT_IN_DOCUMENTS


def test_a_generation_built_by_another_process_answers_the_next_question(
    settings: Settings, embedder: Embedder, model: str, documents: Path
) -> None:
    made = chain(settings, embedder, model)
    question = "How many days of annual leave does everyone have a year?"
    assert "27 days" in ask(made, question).text
    (documents / "leave.md").write_text("# Leave\n\n## Annual leave\n\nEveryone has 31 days of annual leave a year.\n")
    build_index(settings, load_pack(settings))
    answer = ask(made, question)
    assert "31 days" in answer.text
    assert answer.generation == "g000002"


def test_groups_reach_neither_the_prompt_nor_the_sources(settings: Settings, embedder: Embedder, model: str) -> None:
    made = chain(settings, embedder, model)
    question = "At how many euros does the salary band of grade seven end?"
    inside = ask(made, question, groups=frozenset({"hr"}))
    assert "98,400" in inside.text
    ScriptedModel.seen.clear()
    outside = ask(made, question)
    assert "98,400" not in json.dumps(ScriptedModel.seen) + outside.text
    assert all(passage.document != "salaries.txt" for passage in outside.passages)


class Promoted:
    """An adapter that answers, with a note."""

    @contextmanager
    def held(self) -> Iterator[ServedModel]:
        yield ServedModel("m@0123456789abcdef", "0123456789abcdef" * 4, "The newest one can't be used.")


@pytest.mark.parametrize("question", ["How many days of annual leave does everyone have?", "Who won the world cup?"])
@pytest.mark.parametrize("style", ["point", "speak"])
def test_an_answer_is_by_one_model_names_it_and_carries_its_note(
    settings: Settings, embedder: Embedder, model: str, question: str, style: str
) -> None:
    spoken = settings.model_copy(update={"answer_style": style})
    made = chain(spoken, embedder, model, Promoted())
    ScriptedModel.seen.clear()
    answer = ask(made, question)
    assert answer.model == "m@0123456789abcdef"
    assert "The newest one can't be used." in answer.note
    assert {body["model"] for body in ScriptedModel.seen} <= {"m@0123456789abcdef"}
    assert bool(ScriptedModel.seen) == ("annual leave" in question)


@pytest.mark.parametrize(("question", "words"), [("  \n", "empty"), ("x" * 20_000, "20,000 characters")])
def test_bad_questions_are_refused(
    settings: Settings, embedder: Embedder, model: str, question: str, words: str
) -> None:
    with pytest.raises(QuestionError, match=words):
        ask(chain(settings, embedder, model), question)


def test_a_dead_model_server_is_said_so(settings: Settings, embedder: Embedder, free_port: int, tmp_path: Path) -> None:
    made = chain(settings, embedder, f"http://127.0.0.1:{free_port}/v1")
    with pytest.raises(EngineError, match="restarted"):
        ask(made, "How many days of annual leave does everyone have a year?")


def test_a_follow_up_is_answered_as_the_question_that_it_stands_for(
    settings: Settings, embedder: Embedder, model: str, documents: Path
) -> None:
    (documents / "north.md").write_text("# North\n\n| Sales | 2024 | 2023 |\n|---|---|---|\n| North | 412 | 398 |\n")
    made = chain(settings, embedder, model)
    first = "How large were North sales in 2024?"

    async def steps() -> list[str]:
        turns = [Turn("user", first), Turn("assistant", "412 [1]")]
        return [
            one.text async for one in made.answer("And the year before?", turns, frozenset()) if isinstance(one, Step)
        ]

    history = [Turn("user", first), Turn("assistant", "North, 2024: 412 [1]")]
    answer = ask(made, "And the year before?", history)
    assert answer.asked_as == "How large were North sales in 2023?"
    assert "North, 2023: 398" in answer.text
    assert f"Asked as: {answer.asked_as}" in asyncio.run(steps())
    own = ask(made, "How many days of annual leave does everyone have a year?", history)
    assert own.asked_as == "" and "27 days" in own.text


def test_an_answer_is_asked_again_of_the_generation_that_it_came_from_while_that_is_kept(
    settings: Settings, embedder: Embedder, model: str, documents: Path
) -> None:
    made = chain(settings, embedder, model)
    then = ask(made, "How many days of annual leave does everyone have a year?")
    assert then.pin is not None and then.pin.generation == "g000001"
    (documents / "leave.md").write_text("# Leave\n\n## Annual leave\n\nEveryone has 31 days of annual leave a year.\n")
    build_index(settings, load_pack(settings))
    assert "31 days" in ask(made, then.pin.question).text
    again, problem = asyncio.run(made.replay(then.pin, frozenset()))
    assert (again.text, again.generation, problem) == (then.text, "g000001", "")
    assert list(differences(then.text, then.verdict, then.pin, again)) == []
    index = index_folder(settings, load_pack(settings).documents)
    assert clear(index, keep=1).generations == ("g000001",)  # nobody has it open any more
    again, problem = asyncio.run(made.replay(then.pin, frozenset()))
    assert "31 days" in again.text and "g000001 isn't kept any more" in problem
    told = {one.what: one for one in differences(then.text, then.verdict, then.pin, again)}
    assert set(told) == {"text", "generation", "passage"}
    assert (told["generation"].then, told["generation"].now) == ("g000001", "g000002")
    assert "leave.md, page 1" in told["passage"].then and "other words there" in told["passage"].now


def test_a_pin_holds_what_a_model_read_before_the_question_only_where_it_words_its_answers(
    settings: Settings, embedder: Embedder, model: str
) -> None:
    history = [Turn("user", "How many days of annual leave?"), Turn("assistant", "27 days [1].")]
    question = "How many days of annual leave does everyone have a year?"
    for style, kept in (("point", ()), ("speak", tuple((turn.role, turn.text) for turn in history))):
        made = chain(settings.model_copy(update={"answer_style": style}), embedder, model)
        pin = ask(made, question, history).pin
        assert pin is not None and pin.history == kept
        assert pin.settings["answer_style"] == style


@pytest.mark.parametrize("style", ["point", "speak"])
def test_an_answers_parts_are_timed_with_counts_and_no_text(
    settings: Settings, embedder: Embedder, model: str, style: str
) -> None:
    made = chain(settings.model_copy(update={"answer_style": style}), embedder, model)
    with collecting() as collector:
        tracing = tracing_of(Settings(trace_endpoint=collector.url))
        assert tracing is not None
        with tracing.request():
            answer = ask(made, "How many days of annual leave does everyone have a year?")
        tracing.close()
    values = {span.name: values_of(span) for span in collector.spans}
    assert set(values) == {"request", "retrieval", "model", "checks"}
    assert values["retrieval"]["dossier.passages"] == len(answer.passages) > 0
    assert values["checks"]["dossier.numbers"] == len(answer.traces)
    assert style == "speak" or values["model"] == {"dossier.tokens_read": 9, "dossier.tokens": 1}
    sent = b"".join(collector.bodies)
    for text in (b"annual leave", answer.text.encode(), *(one.chunk.source.encode() for one in answer.passages)):
        assert text not in sent


def test_a_proxy_of_the_environment_sees_nothing(
    settings: Settings, embedder: Embedder, model: str, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    answer = ask(chain(settings, embedder, model), "How many days of annual leave are there?")
    assert "27 days" in answer.text


@pytest.mark.parametrize("style", ["point", "speak"])
def test_a_question_over_a_whole_table_is_counted_without_a_model(
    settings: Settings, embedder: Embedder, model: str, documents: Path, style: str
) -> None:
    countries = ["Germany", "France", "Spain"]
    rows = [f"Firm {number},{countries[number % 3]},{number * 10}" for number in range(102)]
    (documents / "suppliers.csv").write_text("\n".join(["Supplier,Country,Amount", *rows]) + "\n")
    made = chain(settings.model_copy(update={"answer_style": style}), embedder, model)
    ScriptedModel.seen.clear()
    answer = ask(made, "How many suppliers are in Germany?")
    assert answer.verdict is Verdict.ANSWERED
    assert answer.text.startswith("34 rows where Country is Germany [")
    assert "Read 102 of 102 rows of suppliers.csv [" in answer.text
    assert {answer.passages[number - 1].document for number in answer.cited} == {"suppliers.csv"}
    assert answer.traces and all(trace.is_traced for trace in answer.traces)
    assert (answer.traces[0].text, answer.traces[0].origin) == ("34", Origin.COMPUTED)
    top = ask(made, "Which two suppliers have the highest amount?")
    assert "- Firm 101: 1010 [" in top.text and "- Firm 100: 1000 [" in top.text
    assert ScriptedModel.seen == []
    assert answer.pin is not None
    again, problem = asyncio.run(made.replay(answer.pin, frozenset()))
    assert (again.text, problem) == (answer.text, "")
