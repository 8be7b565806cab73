"""The adapters over the API: listed with their figures, promoted with every reason against, rolled back, retired."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from dossier.registry import Audit, Registry
from dossier.registry.checking import Base
from dossier.registry.promotion import promote
from serving.answering.model_client import ServedModel
from serving.models.administration import ModelAdmin
from serving.models.served import Champion
from serving.models.starting import ModelStart
from tests.dossier.registry.small import PACK, register, report, write_base
from tests.serving.api.serving_app import Served, served, until
from tests.serving.models.test_served import Scripted
from tests.serving.scripted_engine import BASE


@dataclass
class Scene:
    gateway: Served
    admin: httpx.Client
    registry: Registry
    base: Base
    folder: Path


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    Scripted.loaded, Scripted.now, Scripted.written = {}, "work", []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    registry, base = Registry(tmp_path / "adapters"), write_base(tmp_path / "base")
    model_server = SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}/v1", api_key="k", model_name=BASE)
    start = ModelStart(tmp_path / "base", ServedModel(BASE), True, lambda: base)
    champion = Champion(model_server, registry, PACK, start)
    with served(tmp_path / "home", models=ModelAdmin(champion, registry, PACK, lambda: base, "float32")) as gateway:
        yield Scene(gateway, gateway.signed_in("admin"), registry, base, tmp_path)
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_an_adapter_is_promoted_and_rolled_back_at_once(scene: Scene) -> None:
    entry = register(scene.registry, scene.base, scene.folder / "runs")
    scene.registry.attach(entry, report(entry))
    listed = scene.admin.get("/admin/models").json()
    assert [(one["name"], one["state"], one["against"]) for one in listed["models"]] == [("first", "registered", [])]
    assert listed["models"][0]["figures"]["low"] == 0.125
    assert listed["now"]["adapter"] == ""
    reply = scene.admin.post(f"/admin/models/{entry.short}/promote")
    assert (reply.status_code, reply.json()["adapter"], reply.json()["problem"]) == (200, entry.digest, "")
    assert scene.registry.champions.read().history[0].by == "admin"
    assert scene.admin.get("/v1/models").json()["data"][0]["adapter"] == entry.digest
    assert scene.admin.get("/ready").json()["model"] == {"adapter": entry.digest, "degraded": False, "message": ""}
    assert scene.admin.post(f"/admin/models/{entry.short}/retire").json()["error"]["code"] == "not_promoted"
    assert scene.admin.post("/admin/models/rollback").json()["adapter"] == ""
    assert scene.admin.post(f"/admin/models/{entry.short}/retire").status_code == 204
    assert scene.admin.get("/admin/models").json()["models"][0]["state"] == "retired"


def test_every_reason_against_is_told_and_a_decision_against_them_is_shown(scene: Scene) -> None:
    entry = register(scene.registry, scene.base, scene.folder / "runs")
    scene.registry.attach(entry, report(entry, audit=Audit(False, "women fare worse"), data="f" * 64))
    reply = scene.admin.post("/admin/models/first/promote")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "not_promoted")
    against = scene.admin.get("/admin/models").json()["models"][0]["against"]
    assert len(against) == 2
    assert all(reason in reply.json()["error"]["message"] for reason in against)
    decided = scene.admin.post("/admin/models/first/promote", json={"despite": "a demonstration"})
    assert decided.json()["against_the_gate"].startswith("promoted against the gate by admin: a demonstration")
    told = scene.admin.get("/admin/models").json()["models"][0]["against_the_gate"]
    assert "women fare worse" in told
    assert "a demonstration" in scene.admin.get("/ready").json()["model"]["message"]


@pytest.mark.slow
def test_damage_is_refused_and_told_to_everybody_without_paths(scene: Scene) -> None:
    entry = register(scene.registry, scene.base, scene.folder / "runs")
    promote(scene.registry, entry, scene.base, PACK, "mira", despite="a test")
    until(lambda: scene.admin.get("/ready").json()["model"]["adapter"] == entry.digest)
    other = register(scene.registry, scene.base, scene.folder / "runs", "second", seed=2)
    (other.folder / "adapter_config.json").write_text("{}")
    reply = scene.admin.post("/admin/models/second/promote", json={"despite": "now"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "bad_adapter")
    scene.registry.champions.file.write_text("{}")
    until(lambda: scene.admin.get("/ready").json()["model"]["degraded"])
    state = scene.admin.get("/ready").json()
    assert (state["ready"], state["model"]["adapter"]) == (True, entry.digest)
    assert str(scene.folder) not in state["model"]["message"]
    assert scene.admin.get("/admin/models").status_code == 503


@pytest.mark.parametrize("name", ["first", "..%2F..", "0" * 64])
def test_unknown_names_are_not_found(scene: Scene, name: str) -> None:
    assert scene.admin.post(f"/admin/models/{name}/promote").status_code == 404


def test_only_admins_see_adapters(scene: Scene) -> None:
    mira = scene.gateway.signed_in("mira")
    for method, path in (("GET", ""), ("POST", "/rollback"), ("POST", "/first/promote"), ("POST", "/first/retire")):
        assert mira.post("/admin/models/first/complete", json={"prompts": [[1]]}).status_code == 403
        assert mira.request(method, f"/admin/models{path}").status_code == 403


def test_a_gateway_without_a_model_server_of_its_own_has_no_adapters(gateway: Served) -> None:
    assert gateway.signed_in("admin").get("/admin/models").status_code == 404


@pytest.mark.slow
def test_an_adapter_that_is_not_promoted_goes_on_behind_tokens_and_answers_nobody(scene: Scene) -> None:
    entry = register(scene.registry, scene.base, scene.folder / "runs")
    listed = [{"token_id:5": -0.25, "token_id:9": -1.5}, {"token_id:2": -0.125, "token_id:7": -3.0}]
    written = {"tokens": ["token_id:5", "token_id:2"], "top_logprobs": listed}
    Scripted.written = [{"index": 1, "logprobs": written | {"tokens": ["token_id:9", "token_id:2"]}}]
    Scripted.written += [{"index": 0, "logprobs": written}]
    body = {"prompts": [[1, 2, 3], [4]], "tokens": 2}
    reply = scene.admin.post("/admin/models/first/complete", json=body).json()
    assert (reply["adapter"], reply["precision"]) == (entry.digest, "float32")
    assert [one["tokens"] for one in reply["completions"]] == [[5, 2], [9, 2]]
    assert reply["completions"][0]["likeliest"] == [[[5, -0.25], [9, -1.5]], [[2, -0.125], [7, -3.0]]]
    asked = Scripted.asked[-1]
    assert (asked["prompt"], asked["max_tokens"], asked["temperature"]) == ([[1, 2, 3], [4]], 2, 0)
    assert asked["model"] == f"{BASE}@{entry.short}"
    assert scene.admin.get("/v1/models").json()["data"][0]["adapter"] == ""
    until(lambda: not Scripted.loaded)  # nobody uses it any more
    Scripted.written = Scripted.written[:1]
    refused = scene.admin.post("/admin/models/first/complete", json=body)
    assert (refused.status_code, "answered 1 of 2" in refused.text) == (503, True)


@pytest.mark.slow
def test_what_cannot_be_completed_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = register(scene.registry, scene.base, scene.folder / "runs")
    for body in (
        {"prompts": []},
        {"prompts": [[]]},
        {"prompts": [[-1]]},
        {"prompts": [[1]] * 17},
        {"prompts": [["a"]]},
    ):
        assert scene.admin.post("/admin/models/first/complete", json=body).status_code == 422, body
    assert scene.admin.post("/admin/models/nobody/complete", json={"prompts": [[1]]}).status_code == 404
    reply = scene.admin.post("/admin/models/first/complete", json={"prompts": [[1]]})  # scripted without tokens
    assert (reply.status_code, "can't be read" in reply.text) == (503, True)
    monkeypatch.setattr("serving.models.adapter_server._PAUSE", 0.001)
    Scripted.now = "full"
    assert scene.admin.post("/admin/models/first/complete", json={"prompts": [[1]]}).status_code in (429, 503)
    Scripted.now = "work"
    scene.gateway.engine.state = "starting"
    assert scene.admin.post("/admin/models/first/complete", json={"prompts": [[1]]}).status_code == 503
    scene.gateway.engine.state = "ready"
    (entry.folder / "adapter_config.json").write_text("{}")
    until(lambda: not Scripted.loaded)
    assert scene.admin.post("/admin/models/first/complete", json={"prompts": [[1]]}).status_code == 422


@pytest.mark.slow
def test_of_a_merged_adapter_it_is_told_that_its_weights_were_rounded(tmp_path: Path) -> None:
    registry, base = Registry(tmp_path / "adapters"), write_base(tmp_path / "base")
    entry = register(registry, base, tmp_path / "runs")
    Scripted.loaded, Scripted.now = {}, "work"
    Scripted.written = [{"index": 0, "logprobs": {"tokens": ["token_id:5"], "top_logprobs": [{"token_id:5": -0.5}]}}]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    model_server = SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}/v1", api_key="k", model_name=BASE)
    start = ModelStart(tmp_path / "base", ServedModel(BASE, entry.digest), False, lambda: base)
    models = ModelAdmin(Champion(model_server, registry, PACK, start), registry, PACK, lambda: base, "float32")
    found = asyncio.run(models.complete("first", [[1]], 1))
    assert (found.adapter, found.precision, Scripted.loaded) == (entry.digest, "bfloat16", {})
    server.shutdown()
    server.server_close()
