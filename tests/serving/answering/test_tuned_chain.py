"""Models that read or word the answers: code computes and checks what they say."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Answer, Verdict
from dossier.reply import TargetFormat
from dossier.settings import Settings
from dossier.traces import Fault, Origin
from retrieval.embedder import Embedder
from serving.answering.model_client import ServedModel
from tests.serving.answering.scripted_model import ScriptedModel, ask, chain

pytestmark = pytest.mark.model


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
            NOT_IN_DOCUMENTS,
            1,
        ),
        (
            "What are North sales of 2024 less those of 2023?",
            "[1] North | 2024: 412\n= 412 / 100",
            NOT_IN_DOCUMENTS,
            1,
        ),
        (
            "What are North sales of 2024 less those of 2023?",
            "not in the documents",
            NOT_IN_DOCUMENTS,
            1,
        ),
        ("How large were North sales in 2024?", "1", "North, 2024: 412 [", 1),
    ],
)
def test_a_tuned_model_computes_from_rows_that_the_question_names_and_nothing_else_is_computed(
    tuned: Callable[..., Answer], question: str, reply: str, text: str, calls: int
) -> None:
    answer = tuned("point", question, [reply, "1"])
    assert (answer.verdict is Verdict.ANSWERED) == (text != NOT_IN_DOCUMENTS)
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
    read = "=" in text or text == NOT_IN_DOCUMENTS
    assert ("| 2024 | 2023" in ScriptedModel.seen[0]["messages"][0]["content"]) == read


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("[1] North | 2024: 412 | 2023: 400\n= 412 - 400", "12 = 412 - 400"),
        ("not in the documents", "not in the documents"),
        ("[1] North | 2024: 999\n= 999", NOT_IN_DOCUMENTS),
        ("Sales rose nicely.", NOT_IN_DOCUMENTS),
    ],
)
def test_a_tuned_model_reads_and_code_computes_what_stands_there_alone(
    tuned: Callable[..., Answer], reply: str, text: str
) -> None:
    answer = tuned("read", "What is the change in North sales by 2024?", [reply, "1"])
    refused = "12 =" not in text
    assert answer.verdict is (Verdict.NOT_IN_DOCUMENTS if refused else Verdict.ANSWERED)
    assert text in answer.text.lower() or text in answer.text
    assert "North | 412 | 400" in ScriptedModel.seen[0]["messages"][0]["content"]
    assert len(ScriptedModel.seen) == 1  # what must be computed isn't pointed at
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
