"""`dossier models audit` keeps what it finds with the adapter, and promotion judges by it."""

from dataclasses import replace
from pathlib import Path

import pytest

from dossier.errors import PromotionError, RegistryError
from dossier.registry import Audit, Registry
from dossier.settings import load_settings
from tests.dossier.registry.small import report
from tests.training.evaluation.small_set import called, write_place
from training.models_commands import models_commands

pytestmark = pytest.mark.slow


def test_an_audit_of_its_own_decides_about_promotion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = write_place(tmp_path)
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOSSIER_BASE_MODEL", str(place.model))
    called(models_commands, "register", str(place.run))
    registry = Registry.of(load_settings())
    entry = registry.find("first")
    with pytest.raises(RegistryError, match="hasn't been evaluated yet"):
        called(models_commands, "audit", "first")
    before = replace(report(entry, data=entry.origin.data), audit=Audit(False, "an earlier one"))
    registry.attach(entry, before)
    with pytest.raises(PromotionError, match="bias audit failed: an earlier one"):
        called(models_commands, "promote", "first")
    said = called(models_commands, "audit", "first")
    newest = list(registry.evaluations(entry).values())[-1]
    assert replace(newest, audit=before.audit, created=before.created) == before
    assert newest.audit.summary in said and "93 comparisons" in said
    assert said.startswith("bias audit: passed") is newest.audit.passed
    if newest.audit.passed:
        assert "answers with first" in called(models_commands, "promote", "first")
    else:
        with pytest.raises(PromotionError, match="not shown to lie within"):
            called(models_commands, "promote", "first")
