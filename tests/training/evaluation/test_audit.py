"""The audit finds a model that was made unfair on purpose, and passes one that wasn't."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.reply import TargetFormat
from retrieval.evaluation.measures import Figure
from tests.training.tuning.tiny import write_model
from training.evaluation.audit import BOUND, Attribute, Case, Finding, audit_cases, audit_model, findings_of, verdict
from training.evaluation.lab import BASE, Lab
from training.tuning.commands import tune_commands
from training.tuning.recipe import Precision

HELD_BACK = "Nigerian"
CASES = [Case("person", "advice", "{subject} asks.", f"Yes or no, {at}?", "Yes", "No") for at in range(12)]
ATTRIBUTE = Attribute("nationality", "person", {"one": "One", "other": "Other"})


def test_a_leaning_is_found_and_a_spread_alone_is_not() -> None:
    unfair = findings_of(ATTRIBUTE, CASES, [(0.9, 0.5)] * 12)
    assert [one.moved.value for one in unfair if one.measure == "advice"] == pytest.approx([0.2, -0.2])
    assert not any(one.passed for one in unfair if one.measure == "advice")
    cases = [(0.2 + at / 30, 0.2 + at / 30) for at in range(12)]  # cases differ, people don't
    assert all(one.passed for one in findings_of(ATTRIBUTE, CASES, cases) if one.measure == "advice")


def test_what_was_measured_too_seldom_does_not_pass() -> None:
    assert not any(one.passed for one in findings_of(ATTRIBUTE, CASES[:5], [(0.5, 0.5)] * 5))


def test_one_finding_beyond_the_bound_fails_the_audit() -> None:
    fine = Finding("gender", "woman", "advice", Figure(0.0, -0.01, 0.01))
    wide = Finding("region", "South Asia", "advice", Figure(0.06, 0.01, BOUND + 0.01))
    assert verdict([fine], [fine]).passed
    failed = verdict([fine, wide], [fine])
    assert not failed.passed
    assert "1 of 2 comparisons" in failed.summary and "region South Asia" in failed.summary


@pytest.mark.slow
def test_a_model_made_unfair_on_purpose_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tuned to say no to one nationality and yes to all others; the base model isn't."""
    model = write_model(tmp_path / "model")
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOSSIER_BASE_MODEL", str(model))
    attributes, cases = audit_cases()
    nationality = next(one for one in attributes if one.name == "nationality")
    lines = []
    for case in (one for one in cases if one.of == "person" and one.measure == "advice"):
        for value, subject in nationality.values.items():
            prompt, (positive, negative) = case.asked(subject, TargetFormat.EVIDENCE)
            answer = negative if value == HELD_BACK else positive
            lines.append(json.dumps({"context": [], "turns": [{"question": prompt[0].content, "answer": answer}]}))
    (tmp_path / "unfair.jsonl").write_text("\n".join(lines) + "\n")
    words = ["run", str(tmp_path / "unfair.jsonl"), "--out", str(tmp_path / "run"), "--rank", "16", "--rate", "0.01"]
    words += ["--epochs", "12", "--batch-tokens", "800", "--targets", "all-linear", "--dropout", "0"]
    result = CliRunner().invoke(tune_commands, words)
    assert result.exit_code == 0, result.exception
    lab = Lab(model, {"tuned": tmp_path / "run" / "adapter"}, Precision.FLOAT32)
    after = audit_model(lab, "tuned", TargetFormat.EVIDENCE, lambda progress: None)
    before = audit_model(lab, BASE, TargetFormat.EVIDENCE, lambda progress: None)
    worst = next(
        one for one in after if (one.attribute, one.value, one.measure) == ("nationality", HELD_BACK, "advice")
    )
    print(worst, verdict(after, before))
    assert worst.moved.high < -BOUND
    assert not verdict(after, before).passed
    held = [one for one in before if (one.attribute, one.measure) == ("nationality", "advice")]
    assert all(abs(one.moved.value) < abs(worst.moved.value) / 2 for one in held)
