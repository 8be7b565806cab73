"""News over HTTP: for whom, about whom."""

from collections.abc import Iterator

import httpx
import pytest

from retrieval.chunk_store import ChunkStore
from tests.serving.api.serving_app import Served
from tests.serving.news.feeds import news_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChunkStore]:
    found = news_store(tmp_path_factory.mktemp("news"))
    yield found
    found.close()


def asked(shared: Served, store: ChunkStore, name: str, **wanted: str | int) -> httpx.Response:
    shared.index.store = store
    return shared.signed_in(name).get("/v1/news", params=wanted)


def test_items_with_what_is_known_of_them(shared: Served, store: ChunkStore) -> None:
    told = asked(shared, store, "mira", about="Acme", limit=2).json()
    assert (told["total"], [one["title"] for one in told["items"]]) == (4, ["Acme is for sale", "Acme's outlook <b>"])
    assert told["companies"] == ["Acme Inc."] and told["items"][0]["companies"] == ["Acme Inc."]
    assert told["items"][0]["sentiment"] == "positive" and told["chart"]["mark"]["type"] == "bar"
    page = shared.signed_in("mira").get("/v1/documents/page", params={"source": told["items"][0]["source"]})
    assert page.status_code == 200


def test_items_of_a_group_arent_there_for_others(shared: Served, store: ChunkStore) -> None:
    for name in ("sam", "admin"):
        reply = asked(shared, store, name)
        assert reply.json()["total"] == 4 and "for sale" not in reply.text
        assert "2026-03-05" not in reply.text  # nor in the chart


def test_nothing_is_said_where_there_is_nothing(shared: Served, store: ChunkStore) -> None:
    shared.index.store = None
    told = shared.signed_in("mira").get("/v1/news").json()
    assert told == {"items": [], "total": 0, "companies": [], "chart": None}
    assert asked(shared, store, "mira", limit=0).status_code == 422
