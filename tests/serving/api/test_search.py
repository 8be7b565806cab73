"""What admins are shown of a search: the parts of each score, and never more than the person may read."""

import httpx
import pytest

from dossier.settings import Settings
from retrieval.search import LINE_WEIGHT, Searcher
from serving.store import Role
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now
from tests.serving.api.serving_app import Served

LEAVE = "# Leave\n\nEveryone has 25 days of annual leave.\n"
PAY = "# Pay\n\nAnnual leave of the board is paid at 98,400 euros.\n"


class Fixed:
    """A reranker that likes the words `board` best."""

    def scores(self, question: str, texts: list[str]) -> list[float]:
        return [2.0 if "board" in text else -1.0 for text in texts]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    home = tmp_path_factory.mktemp("search")
    folder = home / "documents"
    (folder / "hr").mkdir(parents=True)
    (folder / "leave.md").write_text(LEAVE)
    (folder / "hr" / "pay.md").write_text(PAY)
    for number in range(12):
        (folder / f"note{number}.md").write_text(
            f"# Note {number}\n\nWord{number} about pump{number}: annual {number}.\n"
        )
    (folder / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n')
    settings = Settings(home=home / "home", documents=folder)
    index_now(settings)
    return Searcher(index_folder_of(settings), HashedWords())


@pytest.fixture
def admin(shared: Served, searcher: Searcher) -> httpx.Client:
    shared.index.found_in = searcher
    return shared.signed_in("admin")


def asked(client: httpx.Client, **body: object) -> httpx.Response:
    return client.post("/admin/search", json={"question": "How many days of annual leave?", **body})


def test_each_passage_tells_the_parts_of_its_score(admin: httpx.Client, searcher: Searcher) -> None:
    told = asked(admin).json()
    first = told["passages"][0]
    assert (first["document"], first["page"], first["section"]) == ("leave.md", 1, ["Leave"])
    assert "25 days" in first["text"] and len(first["digest"]) == 64
    best = next(one for one in told["passages"] if one["found"]["lexical_rank"] == 1)
    assert best["word_score"] == max(one["word_score"] for one in told["passages"] if one["word_score"] is not None)
    highest = max(one["fused"] * one["found"]["boost"] for one in told["passages"])
    for one in told["passages"]:
        ranks = [rank for rank in (one["found"]["dense_rank"], one["found"]["lexical_rank"]) if rank]
        assert one["fused"] == pytest.approx(sum(1 / (20 + rank) for rank in ranks))
        shown = LINE_WEIGHT * highest * (one["found"]["line"] or 0)
        assert one["score"] == pytest.approx(one["fused"] * one["found"]["boost"] + shown)
        assert (one["word_score"] is None) == (one["found"]["lexical_rank"] is None)
    found = searcher.search("How many days of annual leave?", frozenset(), 6)
    assert told["relevance"] == pytest.approx(found.signals.probability)
    assert [one["given"] for one in told["passages"]] == [True] * 6 + [False] * (len(told["passages"]) - 6)
    assert [one["found"]["line"] is not None for one in told["passages"][:10]] == [True] * 10
    assert len(told["passages"]) > 6 and told["reranked"] is False


def test_the_thresholds_say_whether_it_would_be_refused(admin: httpx.Client) -> None:
    told = asked(admin).json()
    sure = told["relevance"] >= told["least_relevance"] and told["confidence"] >= told["least_confidence"]
    assert told["refused"] is not sure
    nothing = asked(admin, question="zzyzx qwrtp").json()
    assert nothing["refused"] and nothing["relevance"] < nothing["least_relevance"]


def test_nothing_is_shown_that_the_person_may_not_read(admin: httpx.Client, shared: Served) -> None:
    shared.add("max", Role.ADMIN)
    for name in ("", "sam", "max"):
        reply = asked(admin, seen_by=name, question="How is the board paid?", limit=50)
        assert "98,400" not in reply.text and "pay.md" not in reply.text
    told = asked(admin, seen_by=" Mira ", question="How is the board paid?").json()
    assert told["groups"] == ["board", "hr"]
    assert told["passages"][0]["source"] == "hr/pay.md"


def test_a_reranker_is_told_of(admin: httpx.Client, shared: Served, searcher: Searcher) -> None:
    searcher._reranker = Fixed()
    try:
        told = asked(admin, seen_by="mira").json()
    finally:
        searcher._reranker = None
    assert told["reranked"] and told["passages"][0]["found"]["rerank"] == 2.0
    assert told["passages"][0]["source"] == "hr/pay.md"


def test_what_is_wrong_is_said(admin: httpx.Client, shared: Served) -> None:
    assert asked(admin, seen_by="nobody").status_code == 404
    assert asked(admin, question="  ").status_code == 400
    assert asked(admin, limit=51).status_code == 422
    shared.index.found_in = None
    assert asked(admin).json()["error"]["code"] == "no_index"


def test_the_audit_log_says_whose_rights_and_which_documents_never_the_question(
    admin: httpx.Client, shared: Served
) -> None:
    asked(admin, seen_by="mira", question="How is the board paid?")
    lines = admin.get("/admin/audit").json()
    line = next(one for one in lines["lines"] if one["route"] == "POST /admin/search" and one["target"] == "mira")
    assert line["action"] == "ask" and "hr/pay.md" in line["documents"]
    assert "board" not in str(line)
