"""The gate, the way back, and the one file that says who answers."""

import json
import random
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dossier.errors import AdapterError, DossierError, PromotionError, RegistryError
from dossier.registry import Audit, Comparison, Entry, Forgetting, Registry, Served
from dossier.registry.checking import Base
from dossier.registry.evaluation import evaluation_from, evaluation_text
from dossier.registry.promotion import against_the_gate, judge, promote, retire, rollback, state_of
from tests.dossier.registry.small import PACK, register, report, write_base


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return write_base(tmp_path / "base")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "adapters")


@pytest.fixture
def entry(registry: Registry, base: Base, tmp_path: Path) -> Entry:
    return register(registry, base, tmp_path / "runs")


def promoted(registry: Registry) -> str:
    return registry.champions.read().of(PACK)


def test_nothing_is_promoted_unevaluated(registry: Registry, entry: Entry, base: Base) -> None:
    with pytest.raises(PromotionError, match="hasn't been evaluated"):
        promote(registry, entry, base, PACK, "mira")
    assert promoted(registry) == ""


def test_what_is_better_in_every_respect_is_promoted(registry: Registry, entry: Entry, base: Base) -> None:
    registry.attach(entry, report(entry))
    assert judge(registry, entry, PACK).against == ()
    champions = promote(registry, entry, base, PACK, "mira")
    assert champions.of(PACK) == entry.digest
    assert state_of(entry, champions) == "champion of finance"
    assert (champions.history[0].by, champions.history[0].what) == ("mira", "promoted")
    assert against_the_gate(champions, entry.digest, PACK) == ""
    with pytest.raises(PromotionError, match="already"):
        promote(registry, entry, base, PACK, "mira")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"own": Comparison(0.55, 0.5, 0.05, -0.02, 0.12, 60)}, "isn't better"),
        ({"own": Comparison(0.55, 0.5, 0.05, 0.0, 0.12, 60)}, "isn't better"),
        ({"forgetting": Forgetting("held-out answers", 0.5, 0.4, 0.02)}, "it forgets"),
        ({"forgetting": Forgetting("held-out answers", 0.5, 0.4, 0.5)}, "at most 10%"),
        ({"audit": Audit(False, "women fare worse")}, "women fare worse"),
        ({"served": Served(60, 1)}, "1 of 60 answers"),
        ({"served": Served(49, 0)}, "compared on 49 prompts, and it takes 50"),
        ({"served": Served(0, 0)}, "weren't compared"),
        ({"base": "a" * 64}, "another base model"),
        ({"data": "a" * 64}, "other training data"),
        ({"reference": "a" * 64}, "the base model alone"),
    ],
)
def test_each_reason_against_is_told(
    registry: Registry, entry: Entry, base: Base, changes: dict[str, Any], words: str
) -> None:
    registry.attach(entry, report(entry, **changes))
    with pytest.raises(PromotionError, match=words):
        promote(registry, entry, base, PACK, "mira")
    assert len(judge(registry, entry, PACK).against) == 1
    assert promoted(registry) == ""


def test_all_reasons_are_told_at_once_and_an_owners_decision_is_kept(
    registry: Registry, entry: Entry, base: Base
) -> None:
    bad = report(entry, audit=Audit(False, "women fare worse"), served=Served(60, 3))
    registry.attach(entry, bad)
    with pytest.raises(PromotionError, match="women fare worse.*3 of 60"):
        promote(registry, entry, base, PACK, "mira", despite="  ")
    champions = promote(registry, entry, base, PACK, "mira", despite="a demonstration")
    told = against_the_gate(champions, entry.digest, PACK)
    assert told.startswith("promoted against the gate by mira: a demonstration")
    assert "women fare worse" in told and "3 of 60" in told


def test_no_reason_lets_damaged_weights_in(registry: Registry, entry: Entry, base: Base) -> None:
    registry.attach(entry, report(entry))
    weights = entry.folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(AdapterError, match="digest differs"):
        promote(registry, entry, base, PACK, "mira", despite="I want it")
    assert promoted(registry) == ""


def test_the_newest_evaluation_decides(registry: Registry, entry: Entry, base: Base) -> None:
    registry.attach(entry, report(entry))
    registry.attach(entry, report(entry, audit=Audit(False, "found later"), created="2026-02-01T00:00:00+00:00"))
    with pytest.raises(PromotionError, match="found later"):
        promote(registry, entry, base, PACK, "mira")


def test_a_second_champion_is_compared_with_the_first_and_rolled_back(
    registry: Registry, entry: Entry, base: Base, tmp_path: Path
) -> None:
    second = register(registry, base, tmp_path / "runs", "second", seed=2)
    registry.attach(entry, report(entry))
    registry.attach(second, report(second))
    promote(registry, entry, base, PACK, "mira")
    with pytest.raises(PromotionError, match=f"compared with something else.*{entry.short}"):
        promote(registry, second, base, PACK, "mira")
    later = "2026-03-01T00:00:00+00:00"
    registry.attach(second, report(second, reference=entry.digest, created=later))
    promote(registry, second, base, PACK, "mira")
    with pytest.raises(PromotionError, match="Roll it back first"):
        retire(registry, second, "mira")
    assert rollback(registry, base, PACK, "sam").of(PACK) == entry.digest
    assert rollback(registry, base, PACK, "sam").of(PACK) == ""
    with pytest.raises(PromotionError, match="nothing to go back from"):
        rollback(registry, base, PACK, "sam")
    history = registry.champions.read().history
    assert [(one.what, one.adapter) for one in history] == [
        ("promoted", entry.digest),
        ("promoted", second.digest),
        ("rolled back", second.digest),
        ("rolled back", entry.digest),
    ]


def test_a_rollback_to_damaged_weights_is_refused_and_past_them_to_the_base_is_not(
    registry: Registry, entry: Entry, base: Base, tmp_path: Path
) -> None:
    second = register(registry, base, tmp_path / "runs", "second", seed=2)
    for one in (entry, second):
        promote(registry, one, base, PACK, "mira", despite="a test")
    (entry.folder / "adapter_config.json").write_text("{}")
    with pytest.raises(AdapterError, match="digest differs"):
        rollback(registry, base, PACK, "mira")
    assert promoted(registry) == second.digest
    assert rollback(registry, base, PACK, "mira", to_base=True).of(PACK) == ""


def test_a_retired_adapter_is_not_gone_back_to(registry: Registry, entry: Entry, base: Base, tmp_path: Path) -> None:
    second = register(registry, base, tmp_path / "runs", "second", seed=2)
    for one in (entry, second):
        promote(registry, one, base, PACK, "mira", despite="a test")
    champions = retire(registry, entry, "mira")
    assert state_of(entry, champions) == "retired"
    registry.attach(entry, report(entry, reference=second.digest))
    with pytest.raises(PromotionError, match="it was retired"):
        promote(registry, entry, base, PACK, "mira")
    assert rollback(registry, base, PACK, "mira").of(PACK) == ""


def test_promotions_at_once_lose_nothing(registry: Registry, entry: Entry, base: Base) -> None:
    packs = [f"pack{number}" for number in range(12)]
    work = [threading.Thread(target=promote, args=(registry, entry, base, pack, "m", "a test")) for pack in packs]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert registry.champions.read().packs_of(entry.digest) == tuple(sorted(packs))


def test_a_flipped_bit_in_the_champions_is_noticed(registry: Registry, entry: Entry, base: Base) -> None:
    promote(registry, entry, base, PACK, "mira", despite="a test")
    file = registry.champions.file
    whole = file.read_bytes()
    drawn = random.Random(3)
    for _ in range(100):
        at = drawn.randrange(8 * len(whole))
        damaged = bytearray(whole)
        damaged[at // 8] ^= 1 << at % 8
        file.write_bytes(damaged)
        with pytest.raises(RegistryError, match="CHAMPIONS.json"):
            registry.champions.read()


def test_reports_are_read_strictly(entry: Entry) -> None:
    text = evaluation_text(report(entry))
    assert evaluation_from(text, "x") == report(entry)
    raw = json.loads(text)
    own = raw["own"]
    wrong: list[dict[str, Any]] = [
        {name: value for name, value in raw.items() if name != "audit"},
        {**raw, "extra": 1},
        {**raw, "adapter": "short"},
        {**raw, "audit": {"passed": "yes", "summary": ""}},
        {**raw, "own": {**own, "low": 0.9}},
        {**raw, "own": {**own, "questions": 0}},
        {**raw, "own": {**own, "difference": 0.3}},
        {**raw, "own": {**own, "candidate": True}},
        {**raw, "own": {**own, "low": float("nan")}},
        {**raw, "served": {"compared": 1, "different": 2}},
        {**raw, "forgetting": None},
        {**raw, "created": 5},
    ]
    for one in wrong:
        with pytest.raises(RegistryError, match="isn't an evaluation report"):
            evaluation_from(json.dumps(one), "report.json")
    with pytest.raises(RegistryError, match="isn't an evaluation report"):
        evaluation_from("[1]", "report.json")


def test_a_report_is_kept_for_its_own_adapter_and_a_changed_one_is_noticed(registry: Registry, entry: Entry) -> None:
    with pytest.raises(RegistryError, match="is about adapter"):
        registry.attach(entry, replace(report(entry), adapter="a" * 64))
    registry.attach(entry, report(entry))
    file = next((entry.folder / "evaluations").iterdir())
    file.write_text(file.read_text().replace("0.125", "0.225"))
    with pytest.raises(DossierError, match="isn't what the evaluation wrote"):
        judge(registry, entry, PACK)
