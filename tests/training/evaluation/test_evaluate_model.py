"""`dossier evaluate model` as a user has it: from a tuned run to the report that promotion reads."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dossier.cli import joined
from dossier.errors import DataError, NotFoundError, TuningError
from dossier.records import Progress
from dossier.registry import Registry
from dossier.registry.evaluation import evaluation_from
from dossier.settings import Settings, load_settings
from tests.training.evaluation.small_set import Place, called, write_place
from training.evaluation.answers import AnswersFile, ask_all
from training.evaluation.audit import audit_cases
from training.evaluation.commands import PAGE, REPORT
from training.evaluation.contexts import read_contexts
from training.evaluation.evaluate import ANSWERS
from training.evaluation.general import general_questions, prose
from training.evaluation.lab import BASE, Lab
from training.models_commands import models_commands
from training.tuning.commands import tune_commands
from training.tuning.recipe import Precision
from training.tuning.run_folder import read_run, write_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return write_place(tmp_path_factory.mktemp("evaluation"))


@pytest.fixture
def home(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOSSIER_BASE_MODEL", str(place.model))
    return load_settings()


def evaluated(place: Place, adapter: str, out: Path, *more: str) -> str:
    words = ["--adapter", adapter, "--set", str(place.dressed.folder), "--out", str(out), "--reply-tokens", "12"]
    return called(joined("evaluate"), "model", *words, *more)


def test_a_registered_adapter_keeps_the_report_that_promotion_reads(
    place: Place, home: Settings, tmp_path: Path
) -> None:
    called(models_commands, "register", str(place.run))
    said = evaluated(place, "first", tmp_path / "out", "--limit", "12")
    registry = Registry.of(home)
    entry = registry.find("first")
    report = evaluation_from((tmp_path / "out" / REPORT).read_text(), "the report")
    assert list(registry.evaluations(entry).values()) == [report]
    assert (report.adapter, report.base, report.reference) == (entry.digest, entry.origin.base_digest, "")
    assert report.own.questions == read_contexts(place.dressed, "test", 12).questions
    assert report.served.compared == 0
    # what nobody measured isn't taken for passed
    assert "served and trained weren't compared" in said
    assert "served and trained weren't compared" in called(models_commands, "show", "first")
    assert f"share of {len(general_questions())} general questions right" in said
    page = (tmp_path / "out" / PAGE).read_text()
    assert page.count("<svg") == 2
    for told in ("Is first better?", "not in the documents (", "treat people and companies alike"):
        assert told in page
    assert "weren&#x27;t compared" in page
    # again: nothing is asked a second time, and the same comes out
    before = (tmp_path / "out" / ANSWERS).read_bytes()
    evaluated(place, str(place.run), tmp_path / "out", "--limit", "12")
    assert (tmp_path / "out" / ANSWERS).read_bytes() == before
    again = evaluation_from((tmp_path / "out" / REPORT).read_text(), "the report")
    assert (again.own, again.forgetting, again.audit) == (report.own, report.forgetting, report.audit)


def test_what_is_not_evaluated_is_refused_in_words(place: Place, home: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no adapter 'nobody'"):
        evaluated(place, "nobody", tmp_path / "out")
    with pytest.raises(TuningError, match="isn't the folder of a tuning run"):
        evaluated(place, str(tmp_path), tmp_path / "out")
    with pytest.raises(DataError, match="has no dev questions"):
        evaluated(place, str(place.run), tmp_path / "out", "--split", "dev")
    other = tmp_path / "other"
    shutil.copytree(place.run, other)
    write_run(other, replace(read_run(other), form="values"))
    with pytest.raises(TuningError, match="was tuned on replies of the form values"):
        evaluated(place, str(other), tmp_path / "out")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "run.json").write_text((place.run / "run.json").read_text())
    with pytest.raises(TuningError, match="isn't what the run wrote"):
        evaluated(place, str(damaged), tmp_path / "out")


def test_a_candidate_is_compared_with_the_adapter_that_answers_now(
    place: Place, home: Settings, tmp_path: Path
) -> None:
    called(models_commands, "register", str(place.run))
    called(models_commands, "promote", "first", "--despite", "a test")
    data = str(place.dressed.folder)
    words = ["run", data, "--out", str(tmp_path / "second"), "--epochs", "1", "--batch-tokens", "3000", "--rank", "4"]
    called(tune_commands, *words, "--longest", "2000")
    said = evaluated(place, str(tmp_path / "second"), tmp_path / "out", "--limit", "3")
    assert "it isn't registered" in said
    report = evaluation_from((tmp_path / "out" / REPORT).read_text(), "the report")
    assert report.reference == Registry.of(home).find("first").digest != report.adapter
    assert {one for one, _ in _kept(tmp_path / "out" / ANSWERS)} == {"base", "tuned", "in use"}
    # three pages tell nothing, whatever came out on them
    assert (report.own.low, report.own.high) == (-1, 1)
    assert "model in use" in (tmp_path / "out" / PAGE).read_text()


def _kept(file: Path) -> list[tuple[str, int]]:
    lines = [json.loads(line) for line in file.read_text().splitlines()[1:]]
    return [(one["model"], one["place"]) for one in lines]


def test_a_killed_evaluation_goes_on_and_comes_to_the_same(place: Place, tmp_path: Path) -> None:
    contexts = read_contexts(place.dressed, "test", 4).contexts
    lab = Lab(place.model, {"tuned": place.run / "adapter"}, Precision.FLOAT32)
    about = {"questions": "these"}
    whole = AnswersFile(tmp_path / "whole.jsonl", about)
    ask_all(lab, contexts, whole, 8, lambda progress: None)
    assert len(whole.found) == 2 * len(contexts)

    def killed(progress: Progress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    file = tmp_path / "cut.jsonl"
    with pytest.raises(KeyboardInterrupt):
        ask_all(lab, contexts, AnswersFile(file, about), 8, killed)
    file.write_text(file.read_text()[:-9])  # in the middle of a line
    kept = AnswersFile(file, about)
    assert len(kept.found) == 2
    counted: list[int] = []
    ask_all(lab, contexts, kept, 8, lambda progress: counted.append(progress.total))
    assert counted[-1] == 2 * len(contexts) - 2
    replies = {key: one.replies for key, one in kept.found.items()}
    assert replies == {key: one.replies for key, one in whole.found.items()}
    assert AnswersFile(file, about).found.keys() == whole.found.keys()
    with pytest.raises(DataError, match="another evaluation"):
        AnswersFile(file, {"questions": "others"})


def test_base_and_tuned_are_two_models_of_the_same_weights(place: Place) -> None:
    contexts = read_contexts(place.dressed, "test", 3).contexts
    alone = Lab(place.model, {}, Precision.FLOAT32)
    both = Lab(place.model, {"tuned": place.run / "adapter"}, Precision.FLOAT32)
    for context in contexts:
        pairs = [(context.prompts[0], "not in the documents")]
        with both.as_model("tuned"):
            tuned = both.log_probabilities(pairs)
        with both.as_model(BASE):
            base = both.log_probabilities(pairs)
            replies = both.replies(context.prompts, 8)
        assert base != tuned
        assert base == alone.log_probabilities(pairs)
        assert replies == alone.replies(context.prompts, 8)


def test_what_comes_with_the_package_is_whole() -> None:
    assert len({one.question for one in general_questions()}) == len(general_questions()) >= 40
    for one in general_questions():
        assert len({one.right, *one.wrong}) == 4
    assert len(prose()) >= 5
    attributes, cases = audit_cases()
    for attribute in attributes:
        own = [case for case in cases if case.of == attribute.of]
        for measure in ("advice", "sentiment", "refusal"):
            assert sum(case.measure == measure for case in own) >= 10
    assert all(case.text.count("{subject}") == 1 for case in cases)
