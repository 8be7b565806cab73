"""What admins decide about one document, over HTTP, with a real index behind it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dossier.settings import Settings
from retrieval.choices import CHOICES_FILE
from tests.retrieval.index_loop import index_folder_of, index_now
from tests.serving.api.serving_app import Served
from tests.serving.hashed_index import indexing

FILE, READERS, DOCUMENTS = "/admin/documents/file", "/admin/documents/readers", "/admin/documents"
pytestmark = pytest.mark.slow


class Desk:
    """An admin at a gateway with a real index."""

    def __init__(self, gateway: Served, settings: Settings) -> None:
        self.settings, self.admin = settings, gateway.signed_in("admin")

    def update(self) -> None:
        index_now(self.settings)

    def file(self, source: str) -> dict:
        reply = self.admin.get(FILE, params={"source": source})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def choose(self, place: str, *groups: str) -> httpx.Response:
        told = {"readers": "groups", "groups": list(groups)} if groups else {"readers": "everyone"}
        return self.admin.patch(READERS, params={"place": place}, json=told)

    def lines(self) -> dict:
        return self.admin.get("/admin/audit").json()


@pytest.fixture
def desk(tmp_path: Path, settings: Settings, documents: Path) -> Iterator[Desk]:
    (documents / "release.md").write_text(
        "# Release\n\nAcme Inc. reports. Acme Inc. announced this on May 3, 2023. It is for the press and for all.\n"
    )
    with indexing(settings.home, documents) as gateway:
        yield Desk(gateway, settings)


def test_a_choice_says_why_and_holds_from_the_next_run_on(desk: Desk) -> None:
    told = desk.file("hr/salaries.txt")
    assert (told["groups"], told["groups_next"], told["why"]) == (["hr"], ["hr"], ["groups.toml: hr/*"])
    assert told["known_groups"] == ["board", "hr"]  # mira is in them
    assert desk.choose("hr/", "board", "audit").json() == {
        "place": "hr/", "readers": "groups", "groups": ["audit", "board"],
    }  # fmt: skip
    told = desk.file("hr/salaries.txt")
    assert (told["groups"], told["groups_next"]) == (["hr"], ["audit", "board"])
    assert (told["why"], told["known_groups"]) == (["set for the folder hr/"], ["audit", "board", "hr"])
    assert desk.choose("hr/salaries.txt").status_code == 200
    told = desk.file("hr/salaries.txt")
    assert (told["groups_next"], told["why"]) == ([], ["set here"])
    assert [(one["place"], one["readers"]) for one in told["choices"]] == [
        ("hr/salaries.txt", "everyone"), ("hr/", "groups"),
    ]  # fmt: skip
    assert desk.admin.delete(READERS, params={"place": "hr/salaries.txt"}).status_code == 204
    desk.update()
    assert desk.file("hr/salaries.txt")["groups"] == ["audit", "board"]


def test_the_audit_log_names_the_place(desk: Desk) -> None:
    desk.choose("leave.md", "hr")
    desk.admin.delete(READERS, params={"place": "leave.md"})
    desk.file("leave.md")
    found = {(line["route"], tuple(line["documents"])) for line in desk.lines()["lines"]}
    assert {
        (f"PATCH {READERS}", ("leave.md",)),
        (f"DELETE {READERS}", ("leave.md",)),
        (f"GET {FILE}", ("leave.md",)),
    } <= found


def test_what_was_found_stays_to_be_seen_beside_what_was_corrected(desk: Desk) -> None:
    def about() -> dict:
        return {one["field"]: one for one in desk.file("release.md")["about"]}

    assert about()["company"] == {"field": "company", "found": ["Acme Inc."], "written": "", "corrected": ""}
    where = {"source": "release.md"}
    assert desk.admin.patch(DOCUMENTS, params=where, json={"company": "Acme plc"}).status_code == 200
    (desk.settings.documents / "documents.toml").write_text('["*.md"]\nkind = "policy"\n')
    desk.update()
    assert about()["company"] == {"field": "company", "found": ["Acme Inc."], "written": "", "corrected": "Acme plc"}
    assert (about()["kind"]["written"], about()["date"]["found"]) == ("policy", ["2023-05-03"])
    shown = {one["source"]: one["metadata"]["company"] for one in desk.admin.get(DOCUMENTS).json()}
    assert shown["release.md"] == "Acme plc"
    desk.admin.patch(DOCUMENTS, params=where, json={"company": ""})
    desk.update()
    assert about()["company"]["corrected"] == ""
    assert about()["company"]["found"] == ["Acme Inc."]


def test_a_folder_can_be_limited_before_anything_of_it_is_indexed(desk: Desk, documents: Path) -> None:
    desk.admin.post(FILE, params={"name": "legal/case.md"}, content=b"# Case\n\nA case that few may know of.\n")
    desk.admin.post(FILE, params={"name": "new.md"}, content=b"# New\n\nSomething else that few may know of.\n")
    assert desk.choose("legal/", "legal").status_code == 200
    assert desk.choose("new.md", "hr").status_code == 200
    (documents / "new.md").rename(documents / "newer.md")
    desk.update()
    assert desk.file("legal/case.md")["groups"] == ["legal"]
    assert desk.file("newer.md")["groups"] == ["hr"]


@pytest.mark.parametrize(
    ("place", "body", "status"),
    [
        ("leave.md", {"readers": "groups", "groups": []}, 422),
        ("leave.md", {"readers": "groups"}, 422),
        ("leave.md", {}, 422),
        ("leave.md", {"groups": ["hr"]}, 422),
        ("leave.md", {"readers": "everyone", "groups": ["hr"]}, 422),
        ("leave.md", {"readers": "groups", "groups": [" "]}, 422),
        ("leave.md", {"readers": "groups", "groups": ["a\nb"]}, 422),
        ("nothing.md", {"readers": "everyone"}, 404),
        ("nowhere/", {"readers": "everyone"}, 404),
        ("h", {"readers": "everyone"}, 404),
        ("hr", {"readers": "everyone"}, 404),
        ("leave.md/", {"readers": "everyone"}, 404),
        ("", {"readers": "everyone"}, 404),
        ("/", {"readers": "everyone"}, 404),
        ("../documents/", {"readers": "everyone"}, 404),
        ("x" * 2000, {"readers": "everyone"}, 404),
        ("a\0b", {"readers": "everyone"}, 404),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(desk: Desk, place: str, body: dict, status: int) -> None:
    assert desk.admin.patch(READERS, params={"place": place}, json=body).status_code == status
    assert not (index_folder_of(desk.settings) / CHOICES_FILE).exists()


def test_a_damaged_file_is_told_and_opens_nothing(desk: Desk) -> None:
    desk.choose("leave.md", "hr")
    (index_folder_of(desk.settings) / CHOICES_FILE).write_text("{}")
    for reply in (desk.admin.get(FILE, params={"source": "leave.md"}), desk.choose("leave.md")):
        assert (reply.status_code, "damaged" in reply.json()["error"]["message"]) == (409, True)


def test_a_number_sign_in_a_name_is_no_item(desk: Desk, documents: Path) -> None:
    name = "c#/c#-guide.md"
    (documents / "c#").mkdir()
    (documents / name).write_text("# Guide\n\nAcme Inc. is named here. Acme Inc. again.\n")
    desk.update()
    desk.choose("c#/", "board")
    assert desk.admin.patch(DOCUMENTS, params={"source": name}, json={"company": "Other"}).status_code == 200
    desk.update()
    told = desk.file(name)
    assert (told["groups"], told["why"]) == (["board"], ["set for the folder c#/"])
    company = next(one for one in told["about"] if one["field"] == "company")
    assert (company["found"], company["corrected"]) == (["Acme Inc."], "Other")


def test_a_file_that_went_is_not_found(desk: Desk, documents: Path) -> None:
    desk.choose("hr/", "board")
    shutil.rmtree(documents / "hr")
    desk.update()
    assert desk.admin.get(FILE, params={"source": "hr/salaries.txt"}).status_code == 404
    assert desk.admin.delete(READERS, params={"place": "hr/"}).status_code == 204
