"""The chain on a real index, with a scripted model server behind the real client."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from dossier.errors import EngineError, QuestionError
from dossier.packs import index_folder, load_pack
from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Answer, Step, Turn, Verdict
from dossier.reply import TargetFormat
from dossier.settings import Settings
from dossier.traces import Fault, Origin
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from retrieval.upkeep import clear
from serving.answering.chain import DocumentChain
from serving.answering.model_client import ModelClient, Models, ServedModel
from serving.answering.replaying import differences
from serving.index_view import IndexView
from serving.spans import tracing_of
from tests.serving.collector import collecting, values_of

pytestmark = pytest.mark.model


class ScriptedModel(BaseHTTPRequestHandler):
    """Answers as the model server would, always pointing at the first line."""

    seen: ClassVar[list[dict[str, Any]]] = []
    points_at: ClassVar[str] = "1"
    replies: ClassVar[list[str]] = []
    speaks: ClassVar[str] = "27 days."
    first: ClassVar[dict[str, float]] = {"1": -1.0, "2": -1.0, "0": -1.0}

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append(body)
        said = self.replies.pop(0) if self.replies else self.points_at
        top = [{"token": token, "logprob": chance, "bytes": None} for token, chance in self.first.items()]
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": said},
            "logprobs": {"content": [{"token": said, "logprob": -0.1, "bytes": None, "top_logprobs": top}]},
        }
        usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
        reply = {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }
        data = json.dumps(reply).encode()
        if body.get("stream"):
            delta = {"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": self.speaks}}
            piece = {**reply, "object": "chat.completion.chunk", "choices": [delta], "usage": None}
            data = f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if body.get("stream") else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay quiet."""


@pytest.fixture
def model() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), ScriptedModel)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def chain(settings: Settings, embedder: Embedder, url: str, models: Models | None = None) -> DocumentChain:
    pack = load_pack(settings)
    build_index(settings, pack)
    view = IndexView(index_folder(settings, pack.documents), embedder, {})
    served = SimpleNamespace(url=url, api_key="k", model_name="m")
    return DocumentChain(view, ModelClient(served, models), settings, pack)


def ask(
    made: DocumentChain, question: str, history: Sequence[Turn] = (), groups: frozenset[str] = frozenset()
) -> Answer:
    async def run() -> Answer:
        events = [event async for event in made.answer(question, history, groups)]
        assert isinstance(events[-1], Answer)
        return events[-1]

    return asyncio.run(run())


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


class TunedToRead:
    """An adapter that replies in the short form."""

    @contextmanager
    def held(self) -> Iterator[ServedModel]:
        yield ServedModel("m@fedcba9876543210", "fedcba9876543210" * 4, reads=TargetFormat.EVIDENCE)


@pytest.fixture
def tuned(
    settings: Settings, embedder: Embedder, model: str, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Answer]:
    """Asks a tuned model, which replies as scripted, about sales by region."""
    table = "| Sales | 2024 | 2023 |\n|---|---|---|\n| North | 412 | 400 |\n| South | 300 | 280 |\n"
    (documents / "regions.md").write_text(f"# Sales by region\n\n{table}")
    monkeypatch.setattr(ScriptedModel, "seen", [])

    def answer(style: str, question: str, replies: list[str], **more: float) -> Answer:
        monkeypatch.setattr(ScriptedModel, "replies", replies)
        chosen = settings.model_copy(update={"answer_style": style, **more})
        return ask(chain(chosen, embedder, model, TunedToRead()), question)

    return answer


@pytest.mark.parametrize(
    ("question", "reply", "text", "calls"),
    [
        (
            "What are North sales of 2024 less those of 2023?",
            "[1] North | 2024: 412 | 2023: 400\n= 412 - 400",
            "12 = 412 - 400",
            1,
        ),
        (
            "What are North sales of 2024 less those of 2023?",
            "[1] South | 2024: 300\n= 300 - 412",
            "North: 412 (2024), 400 (2023) [",
            2,
        ),
        (
            "What are North sales of 2024 less those of 2023?",
            "[1] North | 2024: 412\n= 412 / 100",
            "North: 412 (2024), 400 (2023) [",
            2,
        ),
        (
            "What are North sales of 2024 less those of 2023?",
            "not in the documents",
            "North: 412 (2024), 400 (2023) [",
            2,
        ),
        ("How large were North sales in 2024?", "1", "North, 2024: 412 [", 1),
    ],
)
def test_a_tuned_model_computes_from_rows_that_the_question_names_and_else_points(
    tuned: Callable[..., Answer], question: str, reply: str, text: str, calls: int
) -> None:
    answer = tuned("point", question, [reply, "1"])
    assert answer.verdict is Verdict.ANSWERED
    assert text in answer.text
    assert len(ScriptedModel.seen) == calls
    computed = [trace for trace in answer.traces if trace.origin is Origin.COMPUTED]
    assert all(trace.is_traced for trace in answer.traces)
    assert [(one.text, one.expression) for one in computed] == ([("12", "412 - 400")] if "=" in text else [])
    for one in computed:
        assert [(cell.row, cell.column, cell.document) for cell in one.operands] == [
            ("North", "2024", "regions.md"),
            ("North", "2023", "regions.md"),
        ]
    read = calls == 2 or "=" in text
    assert ("| 2024 | 2023" in ScriptedModel.seen[0]["messages"][0]["content"]) == read


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("[1] North | 2024: 412 | 2023: 400\n= 412 - 400", "12 = 412 - 400"),
        ("not in the documents", "not in the documents"),
        ("[1] North | 2024: 999\n= 999", "North, 2024: 412 ["),
        ("Sales rose nicely.", "North, 2024: 412 ["),
    ],
)
def test_a_tuned_model_reads_and_code_computes_what_stands_there_alone(
    tuned: Callable[..., Answer], reply: str, text: str
) -> None:
    answer = tuned("read", "What is the change in North sales by 2024?", [reply, "1"])
    refused = reply == "not in the documents"
    assert answer.verdict is (Verdict.NOT_IN_DOCUMENTS if refused else Verdict.ANSWERED)
    assert text in answer.text
    assert "North | 412 | 400" in ScriptedModel.seen[0]["messages"][0]["content"]
    assert len(ScriptedModel.seen) == (1 if refused or "12 =" in text else 2)  # what isn't borne out is pointed at
    if not refused:
        assert answer.passages[answer.citations[0].number - 1].document == "regions.md"


@pytest.mark.parametrize(("chance", "refused"), [(-1.2, True), (-2.5, False)])
def test_a_reply_that_was_nearly_a_refusal_is_one(
    tuned: Callable[..., Answer], chance: float, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedModel, "first", {"[": -0.3, "not": chance})
    answer = tuned("read", "How many days of annual leave are there?", ['[1] "27 days"'])
    assert (answer.verdict is Verdict.NOT_IN_DOCUMENTS) == refused
    assert ("27 days" in answer.text) != refused


@pytest.mark.parametrize(
    ("reply", "answered"),
    [("[1] North | 2024: 412 | 2023: 400\n= 412 - 400", True), ("[1] South | 2024: 300\n= 300 / 100", False)],
)
def test_what_lies_far_from_the_question_is_answered_only_by_arithmetic_over_rows_that_it_names(
    tuned: Callable[..., Answer], reply: str, answered: bool
) -> None:
    answer = tuned("point", "What are North sales of 2024 less those of 2023?", [reply], relevance=1.0)
    assert (answer.verdict is Verdict.ANSWERED) == answered
    assert len(ScriptedModel.seen) == 1


def test_what_a_question_spells_out_is_computed_without_a_model(tuned: Callable[..., Answer]) -> None:
    answer = tuned("point", "What is the change in North sales by 2024?", [])
    assert answer.text.startswith("12 = 412 - 400 (412: North, 2024; 400: North, 2023) [")
    assert ScriptedModel.seen == []
    (computed, *_) = [trace for trace in answer.traces if trace.origin is Origin.COMPUTED]
    assert [(cell.row, cell.column) for cell in computed.operands] == [("North", "2024"), ("North", "2023")]
    assert all(trace.is_traced for trace in answer.traces)
    assert answer.passages[answer.citations[0].number - 1].document == "regions.md"
    assert (
        "not in the documents" in tuned("point", "What is the change in North sales by 2024?", [], relevance=1.0).text
    )


@pytest.fixture
def speaking(
    settings: Settings, embedder: Embedder, model: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Answer]:
    """Asks a model that words its answers for the days of leave; it says what is scripted."""

    def answer(said: str) -> Answer:
        monkeypatch.setattr(ScriptedModel, "speaks", said)
        made = chain(settings.model_copy(update={"answer_style": "speak"}), embedder, model)
        return ask(made, "How many days of annual leave does everyone have a year?")

    return answer


SAID = "Everyone has 27 days of annual leave a year [1]."


@pytest.mark.parametrize(
    ("said", "verdict", "text", "faults"),
    [
        (SAID, Verdict.ANSWERED, SAID, []),
        (
            f"{SAID} Leave rises to 31 days [1].",
            Verdict.UNSUPPORTED,
            f"{SAID} Leave rises to 31 days [1].",
            [Fault.WRONG],
        ),
        (f"{SAID} It is generous.", Verdict.UNSUPPORTED, f"{SAID} It is generous.", [Fault.UNCITED]),
        ("Everyone has 31 days [1].", Verdict.NOT_IN_DOCUMENTS, NOT_IN_DOCUMENTS, [Fault.WRONG]),
        ("Everyone has 27 days [9].", Verdict.NOT_IN_DOCUMENTS, NOT_IN_DOCUMENTS, [Fault.UNCITED]),
        (f"{NOT_IN_DOCUMENTS} But I know: 31.", Verdict.NOT_IN_DOCUMENTS, NOT_IN_DOCUMENTS, []),
        (NOT_IN_DOCUMENTS, Verdict.NOT_IN_DOCUMENTS, NOT_IN_DOCUMENTS, None),
    ],
)
def test_what_a_speaking_model_says_is_marked_where_it_is_not_borne_out_and_withdrawn_where_nothing_is(
    speaking: Callable[[str], Answer], said: str, verdict: Verdict, text: str, faults: list[Fault] | None
) -> None:
    answer = speaking(said)
    assert (answer.verdict, answer.text) == (verdict, text)
    assert [one.fault for one in answer.unsupported] == (faults or [])
    withdrawn = verdict is Verdict.NOT_IN_DOCUMENTS and faults is not None
    assert bool(answer.withdrawn) == withdrawn
    assert ("withdrawn" in answer.note) == withdrawn
    assert bool(answer.citations) == (verdict is not Verdict.NOT_IN_DOCUMENTS)
    assert answer.passages
    about = answer.withdrawn or answer.text
    assert [about[one.start : one.end] for one in answer.unsupported] == (
        [about.removeprefix(SAID).strip()] if faults else []
    )


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
