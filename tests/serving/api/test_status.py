"""Health, readiness, measurements, the pack and the documentation."""

import re
import shutil

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import dossier
from serving.api.policy import POLICY, Access
from tests.serving.api.scripted import GENERATION
from tests.serving.api.serving_app import Served, ask

NO_JSON = {
    ("GET", "/metrics"),
    ("GET", "/v1/documents/picture"),
    ("GET", "/v1/documents/file"),
    ("GET", "/conversations/{conversation_id}/export"),
    ("GET", "/v1/batches/{batch_id}/sheet"),
}


def test_health_is_always_open(gateway: Served) -> None:
    gateway.engine.state, gateway.index.generation = "failed", ""
    response = gateway.client().get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "version": dossier.__version__})


def test_ready_when_all_parts_are(gateway: Served) -> None:
    response = gateway.client().get("/ready")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "engine": {"state": "ready", "message": "", "seconds_left": None},
        "model": {"adapter": "", "degraded": False, "message": ""},
        "index": {"generation": GENERATION, "documents": 2, "chunks": 3, "message": ""},
        "store": {"state": "ready", "message": ""},
    }


def test_not_ready_while_the_engine_starts(gateway: Served) -> None:
    engine = gateway.engine
    engine.state, engine.message, engine.seconds_left = "starting", "The model server is starting.", 41.5
    response = gateway.client().get("/ready")
    assert (response.status_code, response.json()["ready"]) == (503, False)
    assert response.json()["engine"] == {
        "state": "starting",
        "message": "The model server is starting.",
        "seconds_left": 41.5,
    }


def test_not_ready_without_an_index(gateway: Served) -> None:
    gateway.index.generation, gateway.index.message = "", "There is no index yet."
    response = gateway.client().get("/ready")
    assert (response.status_code, response.json()["index"]["message"]) == (503, "There is no index yet.")


def test_ready_with_a_warning(gateway: Served) -> None:
    gateway.index.message = "The newest generation is damaged; the one before it answers."
    response = gateway.client().get("/ready")
    assert (response.status_code, response.json()["index"]["message"]) == (200, gateway.index.message)


def test_not_ready_without_the_store_and_its_place_is_nobodys_business(gateway: Served) -> None:
    gateway.store.close()
    shutil.rmtree(gateway.home)
    response = gateway.client().get("/ready")
    assert (response.status_code, response.json()["store"]["state"]) == (503, "failed")
    assert str(gateway.home) not in response.text
    assert gateway.client().get("/health").status_code == 200


def test_the_engine_is_started_and_stopped(gateway: Served) -> None:
    assert gateway.engine.calls == ["start"]
    gateway.stop()
    assert gateway.engine.calls == ["start", "stop"]


def test_the_pack(mira: httpx.Client) -> None:
    assert mira.get("/pack").json() == {
        "name": "finance",
        "title": "Company finance",
        "description": "Ask about annual reports.",
        "starter_questions": ["What were net sales?"],
        "labels": [],
    }


def test_measurements(gateway: Served, mira: httpx.Client) -> None:
    conversation = mira.post("/conversations", json={"title": "a private title"}).json()["id"]
    mira.get(f"/conversations/{conversation}")
    mira.get("/nothing/here")
    for question in ("What were net sales?", "Will the weather be fine?", "break"):
        mira.post("/v1/chat/completions", json=ask(question, conversation=conversation))
    response = gateway.client().get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert values["dossier_requests_total", "/conversations/{conversation_id}", "200", "GET"] == 1
    assert values["dossier_requests_total", "404", "GET", "unmatched"] == 1
    assert values["dossier_requests_total", "/v1/chat/completions", "200", "POST"] == 2
    assert values["dossier_requests_total", "/v1/chat/completions", "503", "POST"] == 1
    assert [values["dossier_answers_total", verdict] for verdict in ("answered", "not_in_documents", "failed")] == [
        1
    ] * 3
    assert values[("dossier_answer_seconds_count",)] == values[("dossier_first_token_seconds_count",)] == 3
    assert (values["dossier_tokens_total", "read"], values["dossier_tokens_total", "written"]) == (240, 60)
    assert (values[("dossier_engine_up",)], values[("dossier_index_documents",)]) == (1, 2)
    assert values[("dossier_answers_running",)] == 0
    for personal in ("mira", "private", conversation, "net sales"):
        assert personal not in response.text


@pytest.mark.slow
def test_the_documentation_needs_nothing_from_elsewhere(gateway: Served) -> None:
    client = gateway.client()
    page = client.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "://" not in page.text and "<script>" not in page.text
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 5
    for path in named:
        found = client.get(f"/{path}")
        assert (found.status_code, len(found.content) > 50) == (200, True), path
        assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert "javascript" in client.get("/docs/start.js").headers["Content-Type"]
    for other in ("/docs/docs.html", "/docs/..%2fapp.py", "/docs/x"):
        assert client.get(other).status_code == 404


@pytest.mark.slow
def test_every_route_is_described(gateway: Served) -> None:
    described = gateway.client().get("/openapi.json").json()
    found = {
        (method.upper(), path): operation
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }
    hidden = {("GET", "/openapi.json"), ("GET", "/docs"), ("GET", "/docs/{file}")}
    assert set(found) == set(POLICY) - hidden
    for key, operation in found.items():
        assert operation["summary"] and operation["description"], key
        (good,) = (int(status) for status in operation["responses"] if status < "300")
        if good != 204 and key not in NO_JSON:
            schema = operation["responses"][str(good)]["content"]["application/json"]["schema"]
            assert "$ref" in schema or "$ref" in schema["items"], key
        guarded = POLICY[key] is not Access.PUBLIC
        assert bool(operation.get("security")) == guarded, key
        returns = key[1] == "/auth/oidc/finish"  # from the provider
        assert ("401" in operation["responses"]) == (guarded or returns or key[1] == "/auth/sign-in"), key
        assert ("403" in operation["responses"]) == (returns or POLICY[key] is Access.ADMIN), key
    assert len({operation["operationId"] for operation in found.values()}) == len(found)
