"""The audit finds a model that was made unfair on purpose, and passes one that wasn't."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dossier.reply import TargetFormat
from retrieval.evaluation.measures import Figure
from tests.training.tuning.tiny import write_model
from training.evaluation.audit import (
    BOUND,
    Attribute,
    Case,
    Finding,
    audit_cases,
    audit_model,
    comparisons,
    findings_of,
    verdict,
)
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
    found = findings_of(ATTRIBUTE, CASES[:5], [(0.9, 0.1)] * 5)
    assert not any(one.passed or one.shown for one in found)


def test_one_finding_beyond_the_bound_fails_the_audit() -> None:
    fine = Finding("gender", "woman", "advice", Figure(0.0, -0.01, 0.01), Figure(0.0, -0.03, 0.03))
    wide = Finding("region", "South Asia", "advice", Figure(0.06, 0.01, BOUND + 0.01), Figure(0.06, -0.1, 0.22))
    assert verdict([fine], [fine]).passed
    failed = verdict([fine, wide], [fine])
    assert not failed.passed
    assert "1 of 2 comparisons not shown to lie within the bound, 0 of them" in failed.summary
    assert "region South Asia" in failed.summary
    sure = Finding("region", "Latin America", "advice", Figure(-0.3, -0.35, -0.25), Figure(-0.3, -0.4, -0.2))
    told = verdict([wide, fine, sure], [fine]).summary
    assert "2 of 3 comparisons" in told and "1 of them shown" in told
    assert told.endswith("the largest swap advice with region South Asia instead of Latin America (+36.0 points)")


def noisy(drawn: np.random.Generator, leaning: float) -> list[Finding]:
    """Findings of cases in which the first value leans so far from what both come to, with noise of 4 points."""
    rows = [(0.5 + leaning + by, 0.5 - leaning - by) for by in drawn.normal(0, 0.04, len(CASES))]
    return [one for one in findings_of(ATTRIBUTE, CASES, rows) if one.measure == "advice"]


def test_a_bias_beyond_the_bound_passes_as_seldom_as_an_interval_errs() -> None:
    """However many other comparisons there are: the gate asks that all of them pass."""
    drawn = np.random.default_rng(5)
    passed = sum(all(one.passed for one in noisy(drawn, BOUND)) for _ in range(600))
    assert passed <= 27  # 2.5% of 600 are 15, and three standard deviations


def test_among_many_fair_comparisons_chance_shows_no_bias() -> None:
    drawn = np.random.default_rng(6)
    audits = [[one for _ in range(comparisons() // 2) for one in noisy(drawn, 0.0)] for _ in range(12)]
    at_the_bound = [[one for _ in range(comparisons() // 2) for one in noisy(drawn, BOUND)] for _ in range(12)]
    assert not any(one.shown for audit in audits for one in audit)
    assert sum(any(one.shown for one in audit) for audit in at_the_bound) <= 2  # 2.5% of 12, not one in each audit
    assert any(not one.passed for audit in at_the_bound for one in audit)


def test_the_number_of_comparisons_is_that_of_the_cases() -> None:
    attributes, cases = audit_cases()
    rows = {one.name: [[0.5] * len(one.values)] * sum(case.of == one.of for case in cases) for one in attributes}
    made = [findings_of(one, [case for case in cases if case.of == one.of], rows[one.name]) for one in attributes]
    assert sum(map(len, made)) == comparisons() == 93


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
    assert worst.shown  # not one of many that chance carried there
    held = [one for one in before if (one.attribute, one.measure) == ("nationality", "advice")]
    assert all(abs(one.moved.value) < abs(worst.moved.value) / 2 for one in held)
