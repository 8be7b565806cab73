"""Documents listed and compared over HTTP: for whom, and what is said."""

import httpx
import pytest

from retrieval.chunk_store import ChunkStore
from serving.api import comparing
from tests.retrieval.stored import stored
from tests.serving.api.serving_app import Served
from tests.serving.comparing.test_comparing import NEW, OLD

LIST, COMPARE = "/v1/documents", "/v1/documents/compare"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ChunkStore:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "hr").mkdir()
    (folder / "q2 2024.md").write_text(OLD)
    (folder / "q2 2025.md").write_text(NEW)
    (folder / "hr" / "pay.md").write_text("# Pay\n\nGrade seven ends at 98,400 euros.\n")
    (folder / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n')
    return stored(folder, tmp_path_factory.mktemp("store") / "chunks.sqlite")


@pytest.fixture
def mira(shared: Served, store: ChunkStore) -> httpx.Client:
    shared.index.store = store
    return shared.signed_in("mira")


@pytest.fixture
def sam(shared: Served, store: ChunkStore) -> httpx.Client:
    shared.index.store = store
    return shared.signed_in("sam")


def names(reply: httpx.Response) -> list[str]:
    return [one["document"] for one in reply.json()["documents"]]


def test_who_may_read_a_document_sees_it_listed(mira: httpx.Client, sam: httpx.Client, shared: Served) -> None:
    assert set(names(mira.get(LIST))) == {"q2 2024.md", "q2 2025.md", "pay.md"}
    for client in (sam, shared.signed_in("admin")):
        assert set(names(client.get(LIST))) == {"q2 2024.md", "q2 2025.md"}
        assert names(client.get(LIST, params={"search": "pay"})) == []
    assert names(mira.get(LIST, params={"search": "ACME 2025"})) == ["q2 2025.md"]


def test_how_many_arent_listed_is_said(mira: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "MOST_LISTED", 1)
    told = mira.get(LIST).json()
    assert (len(told["documents"]), told["more"]) == (1, 2)


def test_two_documents_section_by_section(mira: httpx.Client) -> None:
    told = mira.get(COMPARE, params={"old": "q2 2024.md", "new": "q2 2025.md"}).json()
    assert (told["old"]["document"], told["new"]["document"], told["notes"]) == ("q2 2024.md", "q2 2025.md", [])
    revenue = next(one for one in told["sections"] if one["new"] and one["new"]["heading"][-1] == "Note 3. Revenue")
    products = next(one for one in revenue["figures"] if one["label"] == "Products" and not one["restated"])
    assert (products["old"]["text"], products["new"]["text"], products["change"]) == ("$100.0", "$125.0", "25.0")
    assert (products["share"], products["new"]["unit"]) == (0.25, "million")
    marked = mira.get("/v1/documents/page", params={"source": "q2 2025.md", **products["new"]["place"]}).json()
    rows = next(part["table"]["rows"] for part in marked["parts"] if part["table"])
    assert marked["marked"] and [row["mark"] for row in rows] == [1, 0, 0, 0]
    side = revenue["new"]["place"]
    assert mira.get("/v1/documents/page", params={"source": "q2 2025.md", **side}).json()["marked"]


@pytest.mark.parametrize("pair", [("hr/pay.md", "q2 2025.md"), ("q2 2025.md", "hr/pay.md"), ("hr/pay.md", "hr/pay.md")])
def test_a_document_of_a_group_doesnt_exist_for_others(
    mira: httpx.Client, sam: httpx.Client, shared: Served, pair: tuple[str, str]
) -> None:
    asked = dict(zip(("old", "new"), pair, strict=True))
    for client in (sam, shared.signed_in("admin")):
        reply = client.get(COMPARE, params=asked)
        assert reply.status_code == 404 and "98,400" not in reply.text and "Pay" not in reply.text
    assert mira.get(COMPARE, params=asked).status_code == 200


def test_odd_requests_are_refused_in_words(mira: httpx.Client) -> None:
    assert mira.get(COMPARE, params={"old": "q2 2024.md"}).status_code == 422
    assert mira.get(COMPARE, params={"old": "../x", "new": "q2 2024.md"}).status_code == 404
    assert mira.get(COMPARE, params={"old": "q2 2024.md", "new": "q2 2024.md", "x": 1}).status_code == 422


def test_the_audit_log_has_both_documents(mira: httpx.Client, shared: Served) -> None:
    mira.get(COMPARE, params={"old": "q2 2024.md", "new": "q2 2025.md"})
    lines = shared.signed_in("admin").get("/admin/audit").json()["lines"]
    line = next(one for one in lines if one["route"] == "GET /v1/documents/compare")
    assert line["documents"] == ["q2 2024.md", "q2 2025.md"] and line["name"] == "mira"
