"""What the model server is started with: shipped or promoted adapters merged, or the base with room beside it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from dossier.adapters import ADAPTER, CONFIG
from dossier.errors import AdapterError
from dossier.packs import Pack, load_pack
from dossier.prompt import PROMPT_VERSION
from dossier.records import Progress
from dossier.registry import Registry
from dossier.registry.checking import RUN_FILES, Base
from dossier.registry.promotion import promote, rollback
from dossier.reply import TargetFormat
from dossier.settings import Settings, load_settings
from dossier.weights import verify_folder
from serving.models.served import Champion
from serving.models.starting import ModelStart, model_start
from tests.dossier.registry.small import PACK, origin, register, write_adapter, write_base

QUIET: Callable[[Progress], None] = lambda progress: None  # noqa: E731 (typed)
NAME = "dossier-finance"


@dataclass
class Scene:
    settings: Settings
    pack: Pack
    base: Base
    folder: Path

    @property
    def registry(self) -> Registry:
        return Registry(
            self.settings.models_folder / "adapters", {PACK: self.pack.adapter} if self.pack.adapter else {}
        )

    def start(self, **settings: object) -> ModelStart:
        return model_start(self.settings.model_copy(update=settings), self.pack, self.registry, QUIET)

    def merged(self) -> list[str]:
        return sorted(path.name for path in self.settings.models_folder.glob("*merged-*"))

    def own(self, name: str = "own", seed: int = 2) -> str:
        return register(self.registry, self.base, self.folder / "runs", name, seed).digest

    def promote(self, digest: str) -> None:
        promote(self.registry, self.registry.get(digest), self.base, PACK, "mira", despite="a test")


def shipping(folder: Path, base: Base, seed: int = 7, prompt: str = PROMPT_VERSION) -> Path:
    making, known = Registry(folder / "making"), origin(base)
    told = replace(known, run={**known.run, "form": "evidence", "prompt": prompt})
    run = write_adapter(folder / f"shipped-{seed}" / "adapter", seed=seed)
    entry = making.register(run, RUN_FILES, told, base)
    making.export(entry, folder / "pack" / f"adapter-{seed}", base)
    return folder / "pack" / f"adapter-{seed}"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    base = write_base(tmp_path / "base")
    settings = load_settings(home=tmp_path / "home", base_model=str(tmp_path / "base"))
    pack = replace(load_pack(settings), adapter=shipping(tmp_path, base))
    return Scene(settings, pack, base, tmp_path)


def test_what_the_pack_ships_is_merged_once_and_found_again(scene: Scene) -> None:
    first = scene.start()
    entry = scene.registry.shipped()[PACK]
    assert (first.model.name, first.model.adapter) == (f"{NAME}@{entry.short}", entry.digest)
    assert (first.model.reads, first.room) == (TargetFormat.EVIDENCE, False)
    verify_folder(first.folder)
    assert first.folder.parent == scene.settings.models_folder
    written = (first.folder / "model.safetensors").stat().st_mtime_ns
    assert scene.start().folder == first.folder
    assert (first.folder / "model.safetensors").stat().st_mtime_ns == written
    told = json.loads((first.folder / "dossier-provenance.json").read_text())
    assert (told["adapter"], told["base_sha256"]) == (entry.digest, scene.base.digest)


def test_a_champion_takes_its_place_and_the_copy_before_goes(scene: Scene) -> None:
    before = scene.start()
    own = scene.own()
    scene.promote(own)
    now = scene.start()
    assert (now.model.adapter, now.model.reads, now.room) == (own, None, False)
    assert scene.merged() == [now.folder.name] != [before.folder.name]
    rollback(scene.registry, scene.base, PACK, "mira")
    back = scene.start()
    assert back.room  # `own` is registered and could be promoted
    assert (back.folder, back.model.name, back.model.adapter) == (scene.folder / "base", NAME, "")
    assert scene.merged() == []
    assert scene.start(adapters="off").folder == before.folder
    rollback(scene.registry, scene.base, PACK, "mira")
    assert scene.start(adapters="off").folder == scene.folder / "base"
    assert scene.merged() == []


def test_room_is_made_as_the_setting_says(scene: Scene) -> None:
    assert (scene.start(adapters="on").room, scene.start(adapters="on").model.adapter) == (True, "")
    assert not scene.start(adapters="off").room
    scene.own()
    assert scene.start().room
    assert not scene.start(adapters="off").room
    assert scene.start(adapters="off").model.adapter == scene.registry.shipped()[PACK].digest


def test_what_was_left_by_a_kill_is_cleared(scene: Scene) -> None:
    one, other = "0123456789abcdef", "fedcba9876543210"
    for name in (f".merged-{one}-77", f"merged-{other}", f".merged-{other}-gone-5", "merged-by-somebody"):
        (scene.settings.models_folder / name).mkdir(parents=True)
        (scene.settings.models_folder / name / "model.safetensors").write_bytes(b"half")
    made = scene.start().folder.name
    assert scene.merged() == sorted([made, "merged-by-somebody"])


@pytest.mark.parametrize("name", [ADAPTER, CONFIG, "entry.json"])
@pytest.mark.parametrize("adapters", ["auto", "on"])
def test_a_shipped_adapter_that_is_damaged_stops_the_start(scene: Scene, name: str, adapters: str) -> None:
    scene.start()
    assert scene.pack.adapter
    file = scene.pack.adapter / name
    file.write_bytes(file.read_bytes()[:-5] + b"X" + file.read_bytes()[-4:])
    with pytest.raises(AdapterError, match="install that again"):
        scene.start(adapters=adapters)
    file.unlink()
    with pytest.raises(AdapterError, match="install that again"):
        scene.start(adapters=adapters)


def test_a_shipped_adapter_of_other_prompts_or_another_base_stops_the_start(scene: Scene, tmp_path: Path) -> None:
    whole = scene.pack
    scene.pack = replace(whole, adapter=shipping(tmp_path, scene.base, seed=8, prompt="0"))
    with pytest.raises(AdapterError, match="prompts of version '0'"):
        scene.start()
    write_base(tmp_path / "second", seed=5)
    scene.pack = replace(whole, base_model=str(tmp_path / "second"))
    with pytest.raises(AdapterError, match="tuned on other weights"):
        scene.start()
    assert scene.merged() == []


def test_a_damaged_champion_leaves_the_base_alone_and_says_so(scene: Scene) -> None:
    own = scene.own()
    scene.promote(own)
    (scene.registry.get(own).folder / CONFIG).write_text("{}")
    start = scene.start()
    assert (start.folder, start.model.adapter) == (scene.folder / "base", "")
    champion = following(scene, start)
    asyncio.run(champion.load_again())
    assert own[:16] in champion.state.problem
    assert "base model alone" in champion.state.note


def test_damaged_champions_leave_the_base_alone_and_say_so(scene: Scene) -> None:
    scene.promote(scene.own())
    scene.registry.champions.file.write_text("{}")
    start = scene.start()
    assert start.model.adapter == ""
    champion = following(scene, start)
    asyncio.run(champion.load_again())
    assert "registry of models can't be read" in champion.state.note


def test_a_merged_model_answers_until_a_restart_takes_the_change_over(scene: Scene) -> None:
    start = scene.start()
    champion = following(scene, start)

    async def change() -> None:
        await champion.load_again()
        with champion.held() as model:
            assert model == start.model
        rollback(scene.registry, scene.base, PACK, "mira")
        await champion.follow()
        with champion.held() as model:
            assert (model.name, model.adapter) == (start.model.name, start.model.adapter)
            assert model.note.startswith("The base model alone should answer, but")
        assert (champion.state.promoted, "Restart Dossier" in champion.state.problem) == ("", True)
        scene.promote(start.model.adapter)
        await champion.follow()
        assert (champion.state.problem, champion.state.note) == ("", "")
        scene.promote(scene.own())
        await champion.follow()
        assert "Restart Dossier" in champion.state.problem
        assert "can't be used; this answer is by the adapter" in champion.state.note

    asyncio.run(change())


def following(scene: Scene, start: ModelStart) -> Champion:
    nowhere = SimpleNamespace(url="http://127.0.0.1:9/v1", api_key="k", model_name=start.model.name)
    return Champion(nowhere, scene.registry, PACK, start)
