"""`dossier evaluate answers` as a user has it: a real gateway over HTTP with OpenAI's client, answers scripted."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.cli import joined
from dossier.errors import DataError, DossierError, SettingsError, SignInError
from dossier.gateway_errors import GatewayUnreachableError
from dossier.records import Evidence, Question
from tests.serving.api.scripted import GENERATION, MODEL
from tests.serving.api.serving_app import Served, served
from training.answers.asking import Client, Said, spread
from training.answers.commands import PAGE, RECORD
from training.answers.figures import (
    ALL,
    ANSWERABLE,
    MARKED,
    REFUSED,
    RIGHT,
    TRACED,
    changes_of,
    clusters_of,
    figures_of,
    times_of,
)
from training.answers.judging import Mark, Numbers, Source
from training.answers.record import ProductRun, read_product_run, run_of, run_text
from training.gateway import RunningGateway

Evaluate = Callable[..., str]
SALES = {"document": "annual.pdf", "page": 12, "text": "Net sales were $4.2 billion"}
QUESTIONS = [
    {"id": "q1", "question": "What were net sales?", "kind": "lookup", "answer": "$4.2 billion", "evidence": [SALES]},
    {"id": "q2", "question": "How much did sales grow?", "kind": "lookup", "answer": "9.9%", "evidence": [SALES]},
    {"id": "q3", "question": "What is the weather?", "kind": "unanswerable", "answer": "", "evidence": []},
    {"id": "q4", "question": "What will it be?", "kind": "unanswerable", "answer": "", "evidence": []},
    {"id": "q5", "question": "Is the weather in it?", "kind": "span", "answer": "the board met", "evidence": [SALES]},
    {
        "id": "q7",
        "question": "And the margin?",
        "kind": "follow-up",
        "answer": "12.1%",
        "unit": "percent",
        "before": ["What were net sales?", "And in doubt?"],
        "evidence": [{**SALES, "page": 14}],
    },
    {"id": "q6", "question": "Does it break <b>off</b>?", "kind": "lookup", "answer": "12.1%", "evidence": [SALES]},
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def evaluate(gateway: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Run `dossier evaluate answers` on the questions; returns what was printed."""
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(map(json.dumps, QUESTIONS)) + "\n")

    def call(*words: str, out: str = "out", key: str = "") -> str:
        more = ["--questions", str(file), "--out", str(tmp_path / out), "--url", gateway.address]
        return called("answers", *more, "--key", key or gateway.key("mira"), *words)

    return call


def called(*words: str) -> str:
    result = CliRunner().invoke(joined("evaluate"), list(words))
    if isinstance(result.exception, DossierError):
        raise result.exception
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


@pytest.mark.slow
def test_every_question_is_judged_and_the_record_and_the_page_tell_it(evaluate: Evaluate, tmp_path: Path) -> None:
    said = evaluate()
    run = read_product_run(tmp_path / "out" / RECORD)
    outcomes = {one.id: str(one.judgement.outcome) for one in run.answers}
    assert outcomes == {
        "q1": "right",
        "q2": "wrong",
        "q3": "right",
        "q4": "wrong",
        "q5": "refused",
        "q7": "right",
        "q6": "wrong",
    }
    first = run.answers[0]
    assert (first.judgement.precision, first.judgement.recall, first.judgement.found) == (0.5, 1, 1)
    assert first.numbers == Numbers(said=3, traced=3)
    assert not first.judgement.exact  # the answer says other amounts as well
    assert 0 < first.first <= first.total
    assert [one.id for one in run.failed] == ["q6"]
    assert "The model server stopped" in run.failed[0].problem
    assert (run.model, run.answered_by, run.generations) == (MODEL, (MODEL,), (GENERATION,))
    figures = figures_of(run)
    assert figures[ANSWERABLE][RIGHT].figure.value == 0.4
    assert figures["follow-up"][RIGHT].figure.value == 1
    assert figures[ALL][TRACED].figure.value == figures[ALL][MARKED].figure.value == 1
    assert figures["unanswerable"][REFUSED].figure.value == 0.5
    assert (figures[ALL][RIGHT].figure.low, figures[ALL][RIGHT].figure.high) == (0, 1)  # few clusters claim nothing
    for told in ("7 questions of questions.jsonl", "1 got no answer", "seconds to the first words", "numbers traced"):
        assert told in said
    page = (tmp_path / "out" / PAGE).read_text()
    assert page.count("<svg") == 1
    assert "Does it break &lt;b&gt;off&lt;/b&gt;?" in page and "<b>off" not in page


def test_a_follow_up_is_asked_after_the_questions_before_it(gateway: Served) -> None:
    gateway.renew()
    client = Client(RunningGateway(gateway.address, gateway.key("mira")))
    said = client.ask("And the margin?", ["What were net sales?", "Any doubt?"])
    assert not said.problem
    asked = gateway.answerer.asked
    assert [one.question for one in asked] == ["What were net sales?", "Any doubt?", "And the margin?"]
    assert [turn.role for turn in asked[-1].history] == ["user", "assistant"] * 2
    assert [turn.text for turn in asked[-1].history[::2]] == ["What were net sales?", "Any doubt?"]
    broken = client.ask("And then?", ["Does it break?"])
    assert broken.problem.startswith("its conversation broke off: ")


def test_numbers_of_an_answer_are_traced_marked_or_neither() -> None:
    asked = [Question("q", "What?", "lookup", "30 days", (Evidence("a.pdf", 2, "x"),))]
    text = "1. In Q1 it was 30 of 45 days [12], or 67%."
    marks = (Mark(text.index("30"), True), Mark(text.index("45"), False))
    run = run_of(Path("q.jsonl"), "http://x", "m", asked, [Said(text, "answered", marks=marks)])
    assert run.answers[0].numbers == Numbers(said=3, traced=1, unmarked=1)
    found = figures_of(run)[ALL]
    assert found[TRACED].figure.value == pytest.approx(1 / 3)
    assert found[MARKED].figure.value == 0
    nothing = run_of(Path("q.jsonl"), "http://x", "m", asked, [Said("None said.", "answered")])
    assert figures_of(nothing)[ALL][TRACED].questions == 0


@pytest.mark.slow
def test_a_limit_spreads_over_the_file_and_a_second_run_needs_its_own_folder(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    evaluate("--limit", "3")
    assert [one.id for one in read_product_run(tmp_path / "out" / RECORD).answers] == ["q1", "q3", "q5"]
    with pytest.raises(DataError, match="holds an evaluation already"):
        evaluate()
    said = evaluate("--limit", "2", "--compare", str(tmp_path / "out" / RECORD), out="other")
    assert "chance" in said and "questions were asked in one of the two only" in said
    assert "What changed" in (tmp_path / "other" / PAGE).read_text()


def test_what_cannot_be_asked_is_said(evaluate: Evaluate, tmp_path: Path) -> None:
    with pytest.raises(GatewayUnreachableError, match="nobody answers at http://127.0.0.1:9.*dossier serve"):
        evaluate("--url", "http://127.0.0.1:9")
    with pytest.raises(SignInError, match="doesn't know this API key. Make one with `dossier key create"):
        evaluate(key="dossier-none")
    with pytest.raises(SettingsError, match="there is no question file .*nothing.jsonl"):
        evaluate("--questions", str(tmp_path / "nothing.jsonl"))
    (tmp_path / "bad.jsonl").write_text('{"id": "x"}\n')
    with pytest.raises(SettingsError, match="bad.jsonl, line 1"):
        evaluate("--questions", str(tmp_path / "bad.jsonl"))
    (tmp_path / "bad.jsonl").write_text(json.dumps({**QUESTIONS[0], "before": "What were net sales?"}))
    with pytest.raises(SettingsError, match="`before` isn't a list"):
        evaluate("--questions", str(tmp_path / "bad.jsonl"))
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError, match="isn't an evaluation of the product"):
        evaluate("--compare", str(tmp_path / "bad.json"))
    with pytest.raises(DataError, match="can't be read"):
        called("compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"))
    assert not (tmp_path / "out").exists()


def run_with(right: Sequence[bool], seconds: float = 1.0, documents: int = 12) -> ProductRun:
    """A run with one question a document, answered right or wrong."""
    asked = [
        Question(str(at), f"What {at}?", "lookup", "30 days", (Evidence(f"{at % documents}.pdf", at + 1, "x"),))
        for at in range(len(right))
    ]
    said = [
        Said("30 days" if one else "31 days", "answered", answered_by="m", first=seconds, total=2 * seconds)
        for one in right
    ]
    return run_of(Path("questions.jsonl"), "http://x", "m", asked, said)


def test_a_gain_is_told_from_chance(tmp_path: Path) -> None:
    before, after = run_with([False] * 24), run_with([True] * 20 + [False] * 4, seconds=0.5)
    found = changes_of(before, after)[0][ALL]
    right = found[RIGHT]
    assert (right.before, right.after) == (0, pytest.approx(20 / 24))
    assert 0.5 < right.gain.low < right.gain.value < right.gain.high <= 1
    assert right.chance < 0.01
    assert found["end"].gain.value == pytest.approx(-1)
    same = changes_of(after, after)[0][ALL][RIGHT]
    assert (same.gain.value, same.chance) == (0, 1)
    for name, run in (("before", before), ("after", after)):
        (tmp_path / f"{name}.json").write_text(run_text(run))
    said = called("compare", str(tmp_path / "before.json"), str(tmp_path / "after.json"))
    assert "right: 0% to 83%, +83.3 (" in said
    assert "chance fewer than 0.1%" in said


def test_records_come_back_as_they_were_written_and_strange_ones_are_refused(tmp_path: Path) -> None:
    run = run_with([True, False])
    (tmp_path / "run.json").write_text(run_text(run))
    assert read_product_run(tmp_path / "run.json") == run
    raw = json.loads(run_text(run))
    for strange in ({**raw, "format": 2}, {**raw, "more": 1}, {**raw, "answers": [{}]}, [], {**raw, "answers": None}):
        (tmp_path / "run.json").write_text(json.dumps(strange))
        with pytest.raises(DataError, match="run.json"):
            read_product_run(tmp_path / "run.json")


def test_runs_without_a_question_in_common_are_not_compared() -> None:
    run = run_with([True])
    other = replace(run, answers=(replace(run.answers[0], question="Another?"),))
    with pytest.raises(DataError, match="share no question"):
        changes_of(run, other)


def test_questions_on_one_document_are_one_cluster_where_there_are_enough_documents() -> None:
    assert clusters_of(run_with([True] * 24).answers)[1] == "documents"
    assert len(set(clusters_of(run_with([True] * 24).answers)[0].values())) == 12
    few, kind = clusters_of(run_with([True] * 24, documents=4).answers)
    assert (len(set(few.values())), kind) == (24, "pages")


def test_a_limit_takes_questions_from_all_over_the_file() -> None:
    asked = [Question(str(at), f"What {at}?", "lookup", "30 days") for at in range(90)]
    assert [int(one.id) for one in spread(asked, 60)][-2:] == [87, 88]
    assert len(spread(asked, 60)) == 60
    assert list(spread(asked, 0)) == list(spread(asked, 90)) == list(spread(asked, 99)) == asked


def test_waits_are_told_by_median_and_percentile() -> None:
    run = run_with([True] * 20)
    slow = replace(run, answers=(*run.answers[:18], *(replace(one, total=40.0) for one in run.answers[18:])))
    times = times_of(slow)[ALL]["end"]
    assert (times.median, times.high) == (2, 40)


def test_a_citation_of_the_right_page_counts() -> None:
    asked = [Question("q", "What?", "lookup", "30 days", (Evidence("a.pdf", 2, "x"),))]
    said = [Said("30 days [1]", "answered", sources=(Source("a.pdf", 2, "t", cited=True),))]
    run = run_of(Path("q.jsonl"), "http://x", "m", asked, said)
    assert figures_of(run)[ALL]["evidence cited (recall)"].figure.value == 1
