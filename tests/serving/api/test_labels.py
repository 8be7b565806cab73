"""Labelling over HTTP."""

from collections.abc import Iterator

import pytest

from retrieval.embedder import Embedder
from tests.retrieval.labelling.heads import head_of, labeller_with
from tests.serving.api.serving_app import Served, served

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    vectors = embedder.embed(["The parcel is late.", "I want a refund."])
    with served(home, labeller=labeller_with(head_of(vectors, ("delivery", "refund")), home)) as running:
        yield running


def test_one_text_and_several(gateway: Served) -> None:
    with gateway.signed_in("mira") as client:
        body = client.post("/v1/classify", json={"task": "topic", "input": "My parcel is late"}).json()
        assert body["task"] == "topic" and body["head"]["labels"] == ["delivery", "refund"]
        (only,) = body["results"]
        assert only["label"] == "delivery" and only["unsure"] is False and 0.6 <= only["probability"] <= 1
        assert {one["label"] for one in only["candidates"]} == {"delivery", "refund"}
        assert body["head"]["accuracy"] == 0.8 and body["head"]["majority"] == 0.5
        several = client.post("/v1/classify", json={"task": "topic", "input": ["parcel", "refund", "parcel"]}).json()
        assert [one["candidates"][0]["label"] for one in several["results"]] == ["delivery", "refund", "delivery"]


def test_the_pack_says_what_can_be_told(gateway: Served) -> None:
    with gateway.signed_in("mira") as client:
        assert client.get("/pack").json()["labels"] == ["topic"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"task": "intent", "input": "x"}, 404, "no head for intent (there are: topic)"),
        ({"task": "colour", "input": "x"}, 422, "task"),
        ({"task": "topic", "input": []}, 422, "input"),
        ({"task": "topic", "input": ""}, 422, "input"),
        ({"task": "topic", "input": ["x"] * 257}, 422, "input"),
        ({"task": "topic", "input": "x" * 10_001}, 422, "input"),
        ({"task": "topic", "input": "x", "labels": ["a"]}, 422, "labels"),
    ],
)
def test_what_cant_be_labelled_is_told(gateway: Served, body: dict, status: int, told: str) -> None:
    with gateway.signed_in("sam") as client:
        reply = client.post("/v1/classify", json=body)
    assert reply.status_code == status, reply.text
    assert told in reply.json()["error"]["message"]
