"""Documents that admins send: read on trial, whole or not at all, and nowhere but in the folder."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.uploads import LARGEST
from tests.serving.api.serving_app import served

ADD = "/admin/documents/file"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    return folder


@pytest.fixture
def admin(tmp_path: Path, folder: Path) -> Iterator[httpx.Client]:
    with served(tmp_path / "home", documents=folder) as running:
        yield running.signed_in("admin")


def files(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_good_file_is_taken_and_a_broken_one_left_out_with_the_reason(admin: httpx.Client, folder: Path) -> None:
    good = admin.post(ADD, params={"name": "hr/leave.md"}, content=b"# Leave\n\nEveryone has 27 days.\n")
    assert good.json() == {"source": "hr/leave.md", "stored": True, "reason": "", "pages": 1, "warning": ""}
    broken = admin.post(ADD, params={"name": "hr/broken.pdf"}, content=b"%PDF-1.7 and nothing")
    assert (broken.status_code, broken.json()["stored"], bool(broken.json()["reason"])) == (200, False, True)
    empty = admin.post(ADD, params={"name": "empty.txt"}, content=b"")
    assert empty.json()["reason"] == "the file is empty."
    assert files(folder) == {"old.txt", "hr/leave.md"}


def test_a_file_is_replaced_only_when_that_is_wanted(admin: httpx.Client, folder: Path) -> None:
    reply = admin.post(ADD, params={"name": "old.txt"}, content=b"new words")
    assert reply.status_code == 409
    assert (folder / "old.txt").read_text() == "old"
    assert admin.post(ADD, params={"name": "old.txt", "replace": True}, content=b"new words").json()["stored"]
    assert (folder / "old.txt").read_text() == "new words"


@pytest.mark.parametrize(
    "name",
    [
        "../out.txt",
        "/etc/out.txt",
        "a/../../out.txt",
        ".hidden.txt",
        "a/.b/c.txt",
        "x.exe",
        "groups.toml",
        "",
        "a\n.txt",
    ],
)
def test_no_name_leads_elsewhere(admin: httpx.Client, folder: Path, name: str) -> None:
    assert admin.post(ADD, params={"name": name}, content=b"words").status_code == 400
    assert files(folder.parent) - {"documents/old.txt"} == {
        one for one in files(folder.parent) if one.startswith("home/")
    }


def test_a_linked_folder_is_not_written_through(admin: httpx.Client, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    assert admin.post(ADD, params={"name": "link/a.txt"}, content=b"words").status_code == 400
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.slow
def test_more_than_a_request_may_have_is_taken_up_to_a_limit(admin: httpx.Client, folder: Path) -> None:
    large = b"Some words of a long text.\n" * 80_000
    assert admin.post(ADD, params={"name": "large.txt"}, content=large).json()["stored"]
    reply = admin.post(ADD, params={"name": "larger.txt"}, content=iter([b"x" * (1 << 20)] * (LARGEST >> 20) + [b"x"]))
    assert (reply.status_code, "MiB" in reply.json()["error"]["message"]) == (413, True)
    assert files(folder) == {"old.txt", "large.txt"}


def test_the_packs_own_documents_stay_as_they_are(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        reply = running.signed_in("admin").post(ADD, params={"name": "a.txt"}, content=b"words")
        assert (reply.status_code, "pack's own" in reply.json()["error"]["message"]) == (409, True)
