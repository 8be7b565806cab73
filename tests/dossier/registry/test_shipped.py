"""An adapter that a pack ships: known without being registered, checked like all others, gone back to and from."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dossier.adapters import ADAPTER, CONFIG
from dossier.errors import AdapterError, PromotionError, RegistryError
from dossier.packs import load_pack
from dossier.prompt import PROMPT_VERSION
from dossier.registry import Audit, Entry, Registry, Served
from dossier.registry.checking import RUN_FILES, Base
from dossier.registry.promotion import judge, promote, retire, rollback, shipped_against_the_gate, state_of
from dossier.reply import TargetFormat
from dossier.settings import load_settings
from tests.dossier.registry.small import PACK, origin, register, report, write_adapter, write_base


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return write_base(tmp_path / "base")


def ship(folder: Path, base: Base, name: str = "shipped", seed: int = 7) -> Path:
    """What an owner of a pack does: register, evaluate, export."""
    making = Registry(folder / f"making-{name}")
    entry = register(making, base, folder / "runs", name, seed)
    making.attach(entry, report(entry))
    making.export(entry, folder / "pack" / name, base)
    (folder / "pack" / name / "MODEL_CARD.md").write_text("# A small one")
    return folder / "pack" / name


@pytest.fixture
def registry(tmp_path: Path, base: Base) -> Registry:
    return Registry(tmp_path / "adapters", {PACK: ship(tmp_path, base)})


def shipped(registry: Registry) -> Entry:
    return registry.shipped()[PACK]


def test_it_answers_without_being_promoted_and_is_listed(registry: Registry, base: Base) -> None:
    entry, champions = shipped(registry), registry.champions.read()
    assert champions.of(PACK) == entry.digest
    assert champions.of("hr") == ""
    assert state_of(entry, champions) == "champion of finance, ships with finance"
    assert registry.entries() == [entry]
    assert registry.find("shipped") == registry.get(entry.digest) == entry
    registry.verify(entry, base)
    assert [one.own.questions for one in registry.evaluations(entry).values()] == [60]
    assert not registry.folder.exists()


def test_from_the_shipped_one_to_another_back_and_to_the_base(registry: Registry, base: Base, tmp_path: Path) -> None:
    entry, own = shipped(registry), register(registry, base, tmp_path / "runs", "own", seed=2)
    registry.attach(own, report(own))
    assert any("compared with something else" in reason for reason in judge(registry, own, PACK).against)
    registry.attach(own, report(own, reference=entry.digest, created="2026-02-01T00:00:00+00:00"))
    assert promote(registry, own, base, PACK, "mira").of(PACK) == own.digest
    assert state_of(entry, registry.champions.read()) == "ships with finance"
    assert rollback(registry, base, PACK, "mira").of(PACK) == entry.digest
    assert rollback(registry, base, PACK, "mira").of(PACK) == ""
    with pytest.raises(PromotionError, match="nothing to go back from"):
        rollback(registry, base, PACK, "mira")
    assert promote(registry, entry, base, PACK, "mira").of(PACK) == entry.digest  # its evaluations were shipped too
    assert promote(registry, own, base, PACK, "mira").of(PACK) == own.digest
    assert rollback(registry, base, PACK, "mira", to_base=True).of(PACK) == ""
    assert state_of(entry, retire(registry, entry, "mira")) == "retired, ships with finance"


def test_another_version_of_the_pack_takes_its_own_adapter_along(
    registry: Registry, base: Base, tmp_path: Path
) -> None:
    own = register(registry, base, tmp_path / "runs", "own", seed=2)
    promote(registry, own, base, PACK, "mira", despite="a test")
    newer = Registry(registry.folder, {PACK: ship(tmp_path, base, "newer", seed=8)})
    assert newer.champions.read().of(PACK) == own.digest
    back = rollback(newer, base, PACK, "mira")
    assert back.of(PACK) == newer.shipped()[PACK].digest != shipped(registry).digest
    assert Registry(registry.folder).champions.read().of(PACK) == ""  # a pack that ships none any more


def test_other_packs_keep_their_lines(registry: Registry, base: Base, tmp_path: Path) -> None:
    other = Registry(registry.folder, {"hr": ship(tmp_path, base, "other", seed=9)})
    own = register(registry, base, tmp_path / "runs", "own", seed=2)
    promote(other, own, base, "hr", "mira", despite="a test")
    rollback(other, base, "hr", "mira")
    promote(registry, own, base, PACK, "mira", despite="a test")
    assert other.champions.read().of("hr") == other.shipped()["hr"].digest


@pytest.mark.parametrize("name", [ADAPTER, CONFIG, "entry.json"])
@pytest.mark.parametrize("gone", [True, False])
def test_damage_is_said_with_the_file_and_what_to_do(
    registry: Registry, base: Base, tmp_path: Path, name: str, gone: bool
) -> None:
    entry = shipped(registry)
    file = tmp_path / "pack" / "shipped" / name
    if gone:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-5] + b"X" + file.read_bytes()[-4:])
    with pytest.raises(AdapterError, match=rf"{name}.*install that again"):
        registry.verify(entry, base)
    if name == "entry.json":
        for ask in (registry.entries, registry.champions.read, lambda: registry.get(entry.digest)):
            with pytest.raises(AdapterError, match="install that again"):
                ask()


def test_what_does_not_belong_in_it_or_is_for_another_base_is_refused(
    registry: Registry, base: Base, tmp_path: Path
) -> None:
    with pytest.raises(AdapterError, match="tuned on other weights"):
        registry.verify(shipped(registry), write_base(tmp_path / "other", seed=5))
    (tmp_path / "pack" / "shipped" / "adapter_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(AdapterError, match="doesn't belong in an adapter"):
        registry.verify(shipped(registry), base)


def test_a_later_evaluation_is_kept_beside_it_and_not_in_the_pack(registry: Registry, tmp_path: Path) -> None:
    before = sorted(path for path in (tmp_path / "pack").rglob("*"))
    entry = shipped(registry)
    registry.attach(entry, report(entry, created="2026-03-01T00:00:00+00:00"))
    assert len(registry.evaluations(entry)) == 2
    assert sorted(path for path in (tmp_path / "pack").rglob("*")) == before
    assert registry.problems() == []


def test_exporting_never_overwrites_and_never_exports_damage(base: Base, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "adapters")
    entry = register(registry, base, tmp_path / "runs")
    (tmp_path / "there").mkdir()
    with pytest.raises(RegistryError, match="is there already"):
        registry.export(entry, tmp_path / "there", base)
    (entry.folder / CONFIG).write_text("{}")
    with pytest.raises(AdapterError, match="digest differs"):
        registry.export(entry, tmp_path / "new", base)
    assert not (tmp_path / "new").exists()


def test_a_pack_names_what_it_ships_for_its_own_base_model(tmp_path: Path, base: Base) -> None:
    folder = ship(tmp_path, base)
    finance = Path(__file__).parents[3] / "packs" / "finance" / "pack.toml"
    lines = [
        "adapter = 'shipped'" if line.startswith("adapter =") else line for line in finance.read_text().splitlines()
    ]
    (folder.parent / "pack.toml").write_text("\n".join(lines))
    named = {"pack": str(folder.parent), "home": tmp_path / "home"}
    assert load_pack(load_settings(**named)).adapter == folder
    assert Registry.of(load_settings(**named)).champions.read().of(PACK) != ""
    assert load_pack(load_settings(**named, base_model=str(tmp_path / "base"))).adapter is None
    assert load_pack(load_settings(**named, base_model="smollm2-135m-instruct")).adapter == folder
    shutil.rmtree(folder)
    with pytest.raises(AdapterError, match="install that again"):
        Registry.of(load_settings(**named)).champions.read()


def test_the_form_of_its_replies_is_told_and_another_version_of_the_prompts_refused(base: Base, tmp_path: Path) -> None:
    registry, known = Registry(tmp_path / "adapters"), origin(base)
    assert register(registry, base, tmp_path / "runs").reads is None
    for seed, prompt in ((3, PROMPT_VERSION), (4, "0")):
        folder = write_adapter(tmp_path / f"run{seed}" / "adapter", seed=seed)
        told = replace(known, run={**known.run, "form": "evidence", "prompt": prompt})
        entry = registry.register(folder, RUN_FILES, told, base)
        if prompt == PROMPT_VERSION:
            assert entry.reads is TargetFormat.EVIDENCE
        else:
            with pytest.raises(AdapterError, match="prompts of version '0'"):
                _ = entry.reads


def test_what_speaks_against_a_shipped_one_is_told_while_it_answers(registry: Registry, base: Base) -> None:
    entry = shipped(registry)
    assert shipped_against_the_gate(registry, PACK) == ""
    failed = report(entry, audit=Audit(False, "2 of 93"), served=Served(0, 0), created="2026-04-01T00:00:00+00:00")
    registry.attach(entry, failed)
    told = shipped_against_the_gate(registry, PACK)
    assert told.startswith("shipped with the pack against the gate")
    assert "the bias audit failed: 2 of 93" in told
    assert "served and trained weren't compared" in told
    rollback(registry, base, PACK, "ada", to_base=True)
    assert shipped_against_the_gate(registry, PACK) == ""
