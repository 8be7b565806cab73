"""Two small models side by side: what their folders say, what serving and tuning them measures, and what is advised."""

import json
import sys
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from dossier.cli import joined
from dossier.errors import DossierError, EngineError, SettingsError, WeightsError
from dossier.packs import load_pack
from dossier.records import Evidence, Question
from dossier.settings import Settings
from tests.base import lend_base
from tests.training.tuning.tiny import WORDS, write_model
from training.assessment.assess import Plan, assess, named_folder
from training.assessment.commands import record_text
from training.assessment.facts import facts_of
from training.assessment.page import page_of
from training.assessment.recommend import limits_of, recommend
from training.assessment.record import Assessed, Cost, Facts, Limits, Said, Served
from training.assessment.sample import draw, tuning_lines
from training.assessment.server import running
from training.assessment.text import assessment_text
from training.scoring import Outcome

pytestmark = pytest.mark.slow

WINDOW = 2048
SMALL = (sys.executable, "-m", "tests.training.assessment.small_server")
QUESTIONS = [
    Question(f"q{n}", f"{word}?", "lookup", f"${n + 1} million", (Evidence("a.pdf", 1 + n % 3, f"{word} {n + 1}"),))
    for n, word in enumerate(WORDS)
] + [Question("none", "weather?", "unanswerable", "")]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    first, second = _write(folder / "first"), _write(folder / "second")
    (first / "README.md").write_text("---\nlicense: apache-2.0\n---\n# <script>alert(1)</script>\n")
    (second / "LICENSE").write_text("\n  MIT License\n\nCopyright\n")
    return first, second


def _write(folder: Path) -> Path:
    """The small model with a window that holds four passages in its small vocabulary."""
    file = write_model(folder) / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "max_position_embeddings": WINDOW}))
    return folder


def candidates(*folders: Path) -> list[tuple[str, Path]]:
    return [(str(folder), folder) for folder in folders]


def test_what_a_folder_says(models: tuple[Path, Path], tmp_path: Path) -> None:
    facts = [facts_of(str(folder), folder, "cpu") for folder in models]
    assert [one.licence for one in facts] == ["apache-2.0", "MIT License"]
    (fp32, bf16, nf4) = facts[0].stored
    assert (fp32.form, fp32.there, bf16.there, nf4.there) == ("fp32", True, False, False)
    assert fp32.size == (models[0] / "model.safetensors").stat().st_size
    assert bf16.size == 2 * facts[0].parameters
    assert facts[0].context == WINDOW
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 20)
    with pytest.raises(WeightsError, match="safetensors"):
        facts_of("broken", tmp_path, "cpu")


def test_a_quantised_model_is_told_as_one_that_a_cpu_can_not_serve(models: tuple[Path, Path], tmp_path: Path) -> None:
    for file in models[0].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "awq"}}))
    found = {one.form: one.remark for one in facts_of("x", tmp_path, "cpu").stored}
    assert "not supported" in found["awq"]
    assert "not supported" not in {one.form: one.remark for one in facts_of("x", tmp_path, "cuda").stored}["awq"]


@pytest.mark.model
def test_the_packaged_model_says_what_it_is_unpacked_from(settings: Settings, prepared_base: Path) -> None:
    name = load_pack(settings).base_model
    lend_base(prepared_base, settings)
    folder = named_folder(settings, name, lambda progress: None)
    facts = facts_of(name, folder, "cpu")
    assert (facts.licence, facts.context) == ("Apache-2.0", 8192)
    assert 134e6 < facts.parameters < 136e6
    forms = {one.form: one for one in facts.stored}
    assert forms["bf16"].there and not forms["fp32"].there
    assert "not supported by the model server" in forms["GGUF Q4_1"].remark


@pytest.mark.parametrize(
    ("name", "said"), [("org/model-8b", "hf download org/model-8b"), ("/nowhere/model", "packaged model")]
)
def test_a_model_that_is_not_here_says_how_to_get_it(settings: Settings, name: str, said: str) -> None:
    with pytest.raises(WeightsError, match="on this machine") as error:
        named_folder(settings, name, lambda progress: None)
    assert said in str(error.value)


def test_questions_stand_among_others_evidence() -> None:
    asked = draw(QUESTIONS, 4, "Be short.")
    assert asked == draw(QUESTIONS, 4, "Be short.")
    assert len(asked) == 4
    for one in asked:
        told = one.prompt[0].content
        assert all(place.text in told for place in one.question.evidence)
        assert told.count("<<<") == 4
        assert one.prompt[-1].content == one.question.question
    (last,) = draw(QUESTIONS[-1:] + QUESTIONS[:-1], 1, "")
    assert last.question.id == "none" and last.prompt[0].content.count("<<<") == 4
    lines = [json.loads(line) for line in tuning_lines(QUESTIONS, "").splitlines()]
    assert [len(line["turns"]) for line in lines] == [4, 3, 3]


@pytest.mark.slow
def test_two_models_are_served_asked_and_tuned(models: tuple[Path, Path], settings: Settings) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    plan = Plan(QUESTIONS, "", 3, command=SMALL)
    told: list[str] = []
    found = assess(settings, candidates(*models), plan, lambda progress: told.append(progress.stage))
    for one in found:
        assert one.served is not None and one.problem == ""
        assert len(one.served.said) == 3 and not any(said.problem for said in one.served.said)
        assert one.served.first_token > 0 and one.served.tokens_per_second > 0
        assert 0.01 < one.served.memory_gib < 8
        assert one.cost is not None and one.cost.problem == ""
        assert one.cost.questions_per_second > 0 and one.cost.memory_gib > 0.05
    assert {"first: Asking questions", "second: Tuning a few steps (seconds)"} <= set(told)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
    advice = recommend(found, Limits())
    text = assessment_text(found, advice)
    assert ("Recommended:" in text or "None is recommended." in text) and "apache-2.0" in text
    page = page_of(found, advice, Limits(8.0, 2.0), "cpu")
    assert page.count("<svg") == 4 and "<script" not in page
    assert json.loads(record_text(found, advice))["recommended"]["name"] == advice.name


@pytest.mark.slow
def test_a_model_that_can_not_be_served_stops_nobody_else(models: tuple[Path, Path], settings: Settings) -> None:
    refused = _write(settings.home.parent / "refused")
    (refused / "refuse").write_text("")
    plan = Plan(QUESTIONS, "", 2, tuning=False, command=SMALL)
    bad, good = assess(settings, candidates(refused, models[0]), plan, lambda progress: None)
    assert bad.served is None and bad.problem == "this model is of a kind that can't be served."
    assert good.served is not None and good.cost is None
    advice = recommend([bad, good], Limits())
    assert "is out: this model is of a kind that can't be served" in advice.reasons[0]
    assert "can&#x27;t be served" in page_of([bad, good], advice, Limits(), "cpu")


def test_a_server_that_says_nothing_is_an_error_and_ends(settings: Settings, models: tuple[Path, Path]) -> None:
    with (
        pytest.raises(EngineError, match="status 0"),
        running(settings, models[0], 512, lambda progress: None, (sys.executable, "-c", "")),
    ):
        pass


def served(right: int, memory: float = 2.0, first: float = 0.5, pace: float = 50.0, total: int = 20) -> Served:
    said = [Said("?", "lookup", Outcome.RIGHT if n < right else Outcome.WRONG, first) for n in range(total)]
    return Served(tuple(said), pace, memory, 10.0)


def assessed(name: str, found: Served | None, problem: str = "") -> Assessed:
    return Assessed(Facts(name, "MIT", 1, 512, ()), found, Cost(), problem)


def test_the_better_one_is_taken_and_whether_that_may_be_chance_is_said() -> None:
    slow, quick = assessed("large", served(15, pace=10)), assessed("small", served(3))
    advice = recommend([quick, slow], Limits())
    assert advice.name == "large"
    assert advice.reasons == (
        "large answers most questions right: 15 of 20 right, 2.0 GiB, first token after 0.50 s, 10 tokens/s.",
    )
    alike = recommend([assessed("small", served(14)), slow], Limits())
    assert alike.name == "large"
    assert "small may be as good, 20 questions can't tell (14 right). It is faster (50 tokens/s)" in alike.reasons[1]


def test_of_two_that_are_right_as_often_the_faster_one_is_taken() -> None:
    advice = recommend([assessed("late", served(15, pace=10)), assessed("quick", served(15))], Limits())
    assert advice.name == "quick"
    assert "late may be as good" in advice.reasons[1] and "slower" in advice.reasons[1]


def test_one_that_answers_nothing_right_is_never_recommended() -> None:
    advice = recommend(
        [assessed("random", served(0, pace=900)), assessed("large", served(15, memory=9.0))], limits_of("8G", "")
    )
    assert advice.name == ""
    assert "answers a question right" in advice.reasons[-1]


def test_limits_put_candidates_out_with_the_reason() -> None:
    found = [
        assessed("small", served(3)),
        assessed("large", served(15, memory=9.0)),
        assessed("late", served(15, first=3)),
    ]
    advice = recommend(found, limits_of("8G", "2s"))
    assert advice.name == "small"
    assert advice.reasons[0] == "large is out: it takes 9.0 GiB, the limit is 8.0."
    assert advice.reasons[1] == "late is out: its first token takes 3.00 s, the limit is 2."
    assert "only one" in advice.reasons[2] and "fewer than half" in advice.reasons[3]
    none = recommend(found[1:], limits_of("800M", "500ms"))
    assert none.name == "" and "No candidate" in none.reasons[-1]


@pytest.mark.parametrize(("memory", "time"), [("8", ""), ("lots", ""), ("", "soon"), ("-8G", "")])
def test_limits_that_can_not_be_are_refused(memory: str, time: str) -> None:
    with pytest.raises(SettingsError):
        limits_of(memory, time)


def test_limits_as_people_write_them() -> None:
    assert limits_of("", "") == Limits()
    assert limits_of("512MB", "800ms") == Limits(0.5, 0.8)
    assert limits_of("8GiB", "2") == Limits(8.0, 2.0)


def test_the_command_refuses_before_it_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    result = CliRunner().invoke(joined("models"), ["assess", "org/large", "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, DossierError)
    assert "hf download" in str(result.exception)
    assert not (tmp_path / "out").exists()
