"""Promotions followed while answers go on, with a scripted model server; tests/journeys has the real one."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest

from dossier.errors import AdapterError
from dossier.prompt import PROMPT_VERSION
from dossier.registry import Entry, Registry
from dossier.registry.checking import RUN_FILES, Base
from dossier.registry.promotion import promote, rollback
from dossier.reply import TargetFormat
from dossier.settings import load_settings
from serving.answering.model_client import ServedModel
from serving.engine.supervisor import Engine
from serving.models.served import Champion
from serving.models.starting import ModelStart
from tests.dossier.registry.small import PACK, origin, register, write_adapter, write_base
from tests.serving.engine.test_supervisor import scripted
from tests.serving.scripted_engine import BASE, Handler


class Scripted(Handler):
    """The scripted server in this process; `now` is its plan.

    To prompts of tokens it replies with the choices `written`; `asked` are the requests for completions.
    """

    now = "work"
    written: ClassVar[list[dict[str, Any]]] = []
    asked: ClassVar[list[dict[str, Any]]] = []

    def _complete(self, body: dict[str, Any]) -> None:
        self.asked.append(body)
        if self.written and isinstance(body["prompt"], list):
            self._reply({"choices": self.written})
        else:
            super()._complete(body)

    def plan(self) -> str:
        return type(self).now


class Scene:
    """A registry with two adapters, a server, and the champion that brings them together."""

    def __init__(self, folder: Path, url: str, has_room: bool = True) -> None:
        self.base: Base = write_base(folder / "base")
        self.registry = Registry(folder / "adapters")
        self.first = register(self.registry, self.base, folder / "runs", "first", seed=1)
        self.second = register(self.registry, self.base, folder / "runs", "second", seed=2)
        served = SimpleNamespace(url=url, api_key="k", model_name=BASE)
        start = ModelStart(folder / "base", ServedModel(BASE), has_room, lambda: self.base)
        self.champion = Champion(served, self.registry, PACK, start)

    def promote(self, entry: Entry) -> None:
        promote(self.registry, entry, self.base, PACK, "mira", despite="a test")

    def rollback(self) -> None:
        rollback(self.registry, self.base, PACK, "mira")

    @property
    def now(self) -> str:
        with self.champion.held() as model:
            return model.name


@pytest.fixture
def url() -> Iterator[str]:
    Scripted.loaded, Scripted.now = {}, "work"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture
def scene(tmp_path: Path, url: str) -> Scene:
    return Scene(tmp_path, url)


def watched(scene: Scene, what: Callable[[], Awaitable[None]]) -> None:
    """Do something while the champion watches the registry."""

    async def run() -> None:
        await scene.champion.load_again()
        watching = asyncio.create_task(scene.champion.watch(lambda: True))
        await what()
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(run())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.02)


def named(entry: Entry) -> str:
    return f"{BASE}@{entry.short}"


def test_the_base_answers_while_nothing_is_promoted(scene: Scene) -> None:
    asyncio.run(scene.champion.load_again())
    assert scene.now == BASE
    assert scene.champion.state.problem == ""
    assert Scripted.loaded == {}


@pytest.mark.slow
def test_promotions_of_other_processes_are_followed_and_rolled_back(scene: Scene) -> None:
    async def change() -> None:
        for entry in (scene.first, scene.second):
            scene.promote(entry)
            await until(lambda entry=entry: scene.now == named(entry))  # type: ignore[misc]
            assert Scripted.loaded[named(entry)] == str(entry.folder.resolve())
        scene.rollback()
        await until(lambda: scene.now == named(scene.first))
        scene.rollback()
        await until(lambda: scene.now == BASE and not Scripted.loaded)

    watched(scene, change)


@pytest.mark.slow
def test_what_cannot_be_unloaded_is_unloaded_later(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.models.served._AGAIN_SECONDS", 0.1)

    async def change() -> None:
        scene.promote(scene.first)
        await until(lambda: scene.now == named(scene.first))
        Scripted.now = "no unload"
        scene.rollback()
        await until(lambda: scene.now == BASE)
        await asyncio.sleep(1.2)
        assert named(scene.first) in Scripted.loaded
        Scripted.now = "work"
        await until(lambda: not Scripted.loaded)

    watched(scene, change)


@pytest.mark.slow
def test_an_answer_keeps_its_model_loaded_to_its_end(scene: Scene) -> None:
    async def change() -> None:
        scene.promote(scene.first)
        await until(lambda: scene.now == named(scene.first))
        with scene.champion.held() as held, scene.champion.held() as other:
            scene.promote(scene.second)
            await until(lambda: scene.now == named(scene.second))
            await asyncio.sleep(1.2)  # two looks of the watch
            assert held == other
            assert held.name in Scripted.loaded
        await until(lambda: held.name not in Scripted.loaded)
        assert named(scene.second) in Scripted.loaded

    watched(scene, change)


@pytest.mark.slow
@pytest.mark.parametrize("plan", ["no load", "no tokens"])
def test_an_adapter_that_cannot_be_loaded_or_makes_no_tokens_changes_nothing(scene: Scene, plan: str) -> None:
    async def change() -> None:
        scene.promote(scene.first)
        await scene.champion.follow()
        Scripted.now = plan
        scene.promote(scene.second)
        await scene.champion.follow()
        with scene.champion.held() as model:
            assert model.name == named(scene.first)
            assert (
                f"{scene.second.short} can't be used; this answer is by the adapter {scene.first.short}" in model.note
            )
        assert "status 500" in scene.champion.state.problem
        assert scene.champion.state.promoted == scene.second.digest
        Scripted.now = "work"
        await scene.champion.follow()
        with scene.champion.held() as model:
            assert (model.name, model.note) == (named(scene.second), "")
        assert scene.champion.state.problem == ""

    asyncio.run(change())


@pytest.mark.parametrize("file", ["adapter_model.safetensors", "adapter_config.json", "entry.json"])
def test_a_champion_that_was_damaged_is_not_loaded_and_the_base_answers_with_a_note(scene: Scene, file: str) -> None:
    scene.promote(scene.first)
    whole = (scene.first.folder / file).read_bytes()
    (scene.first.folder / file).write_bytes(whole[:-30] + b"X" + whole[-29:])
    asyncio.run(scene.champion.load_again())
    with scene.champion.held() as model:
        assert (model.name, model.adapter) == (BASE, "")
        assert "base model alone" in model.note
    assert str(scene.first.folder) in scene.champion.state.problem
    assert str(scene.first.folder) not in scene.champion.state.note  # everybody sees it
    assert Scripted.loaded == {}


def test_damaged_or_vanished_champions_change_nothing_but_the_notes(scene: Scene) -> None:
    async def change() -> None:
        file = scene.registry.champions.file
        scene.promote(scene.first)
        await scene.champion.follow()
        whole = file.read_bytes()
        for damage in (lambda: file.write_bytes(whole[:-9]), file.unlink):
            damage()
            await scene.champion.follow()
            assert scene.now == named(scene.first)
            assert "can't be read" in scene.champion.state.note
        await scene.champion.follow()
        assert scene.now == named(scene.first)
        file.write_bytes(whole)
        await scene.champion.follow()
        assert scene.champion.state.note == scene.champion.state.problem == ""

    asyncio.run(change())


def test_without_room_for_adapters_the_base_answers_and_says_so(tmp_path: Path, url: str) -> None:
    scene = Scene(tmp_path, url, has_room=False)
    scene.promote(scene.first)
    asyncio.run(scene.champion.load_again())
    assert scene.now == BASE
    assert "Restart Dossier" in scene.champion.state.problem
    assert "base model alone" in scene.champion.state.note


def test_what_was_promoted_against_the_gate_says_so(scene: Scene) -> None:
    scene.promote(scene.first)
    asyncio.run(scene.champion.load_again())
    assert scene.champion.state.against_the_gate.startswith("promoted against the gate by mira: a test")


def test_another_base_model_than_the_adapters_answers_alone(scene: Scene, tmp_path: Path) -> None:
    scene.promote(scene.first)
    scene.base = write_base(tmp_path / "other", seed=9)
    with pytest.raises(AdapterError):
        scene.registry.verify(scene.first, scene.base)
    asyncio.run(scene.champion.load_again())
    assert scene.now == BASE
    assert "other weights" in scene.champion.state.problem


@pytest.mark.slow
def test_a_restarted_server_has_the_champion_before_it_is_ready(tmp_path: Path, free_port: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "plan").write_text("work")
    settings = load_settings(home=home, engine_port=free_port, engine_probe_seconds=0.5, engine_start_seconds=20)
    scene = Scene(tmp_path, settings.engine_url)
    scene.promote(scene.first)

    def loaded() -> list[str]:
        return [model["id"] for model in httpx.get(f"{settings.engine_url}/models").json()["data"]]

    async def run() -> None:
        engine = Engine(settings, home, BASE, scripted)
        engine.before_ready(scene.champion.load_again)
        await engine.start()
        try:
            for _ in range(2):
                await engine.wait_ready(lambda progress: None)
                assert loaded() == [BASE, named(scene.first)]
                assert scene.now == named(scene.first)
                pid = engine.pid
                assert pid
                os.kill(pid, signal.SIGKILL)
                await until(lambda pid=pid: engine.pid not in (None, pid))  # type: ignore[misc]
        finally:
            await engine.stop()

    asyncio.run(run())


@pytest.mark.parametrize(("prompt", "used"), [(PROMPT_VERSION, True), ("0", False)])
def test_an_adapter_that_reads_is_asked_to_when_it_knows_the_prompts(scene: Scene, prompt: str, used: bool) -> None:
    known = origin(scene.base)
    told = replace(known, run={**known.run, "form": "evidence", "prompt": prompt})
    folder = write_adapter(scene.registry.folder.parent / "runs" / "reader" / "adapter", seed=3)
    entry = scene.registry.register(folder, RUN_FILES, told, scene.base)
    scene.promote(entry)
    asyncio.run(scene.champion.load_again())
    with scene.champion.held() as model:
        assert model.name == (named(entry) if used else BASE)
        assert model.reads is (TargetFormat.EVIDENCE if used else None)
    assert ("prompts of version '0'" in scene.champion.state.problem) is not used
