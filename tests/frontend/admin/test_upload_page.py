"""Documents brought on the documents page, as files and as a whole folder, over the real gateway."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

from frontend.admin.sending import Brought, Fate, Kinds, Sending, sorted_out
from frontend.gateway.client import Gateway
from tests.frontend.browsing import Visit, needs_chromium
from tests.frontend.driving import open_page, said, sign_in
from tests.serving.api.serving_app import PASSWORD, Served, served, until

pytestmark = pytest.mark.slow


class File(io.BytesIO):
    """What Streamlit gives for a file that was brought."""

    def __init__(self, name: str, content: bytes = b"Words.\n", size: int | None = None) -> None:
        super().__init__(content)
        self.name, self.size = name, len(content) if size is None else size


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "old.md").write_text("# Old\n")
    return folder


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, documents: Path) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("home"), documents=documents) as running:
        yield running


@pytest.fixture
def admin(gateway: Served) -> Gateway:
    return Gateway(gateway.address, gateway.sign_in("admin"))


def sent(sending: Sending) -> dict[str, Brought]:
    sending.start()
    until(lambda: sending.now.ended)
    return {one.name: one for one in sending.now.done}


def test_what_cant_be_added_is_told_before_anything_is_sent(admin: Gateway) -> None:
    names = ["a/b.md", ".git/config", "a/.hidden/c.md", "a/old.doc", "a/tool.exe", "a/none", "B.PDF"]
    kinds = Kinds.read_from(admin)
    wanted, left_out = sorted_out([*map(File, names), File("huge.pdf", size=kinds.largest + 1)], " /top/ ", kinds)
    assert [name for name, _ in wanted] == ["top/a/b.md", "top/B.PDF"]
    reasons = {one.name: one.note for one in left_out}
    assert reasons["top/.git/config"] == reasons["top/a/.hidden/c.md"]
    assert "hidden" in reasons["top/.git/config"]
    assert reasons["top/a/old.doc"] == "The old Word format isn't read. Save it as DOCX."
    assert "(.exe)" in reasons["top/a/tool.exe"] and "without an ending" in reasons["top/a/none"]
    assert "64 MiB" in reasons["top/huge.pdf"]


def test_each_file_is_told_of_and_none_is_in_the_way_of_others(admin: Gateway, documents: Path) -> None:
    files = [
        File("x/good.md", b"# Good\n\nWords.\n"),
        File("x/broken.pdf", b"%PDF-1.7"),
        File("old.md"),
        File("../o.md"),
    ]
    found = sent(Sending(admin, [(one.name, one) for one in files], replacing=False))
    assert {name: one.fate for name, one in found.items()} == {
        "x/good.md": Fate.ADDED, "x/broken.pdf": Fate.LEFT_OUT, "old.md": Fate.LEFT_OUT, "../o.md": Fate.LEFT_OUT,
    }  # fmt: skip
    assert "already" in found["old.md"].note and found["x/broken.pdf"].note
    assert (documents / "x" / "good.md").is_file()


def test_who_asks_too_often_waits_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    with served(tmp_path / "home", documents=tmp_path / "documents", requests_per_minute=30) as running:
        admin = Gateway(running.address, running.sign_in("admin"))
        for _ in range(28):
            admin.me()
        names = [f"{number}.txt" for number in range(5)]
        found = sent(Sending(admin, [(name, File(name)) for name in names], replacing=False))
    assert {one.fate for one in found.values()} == {Fate.ADDED}


def test_what_isnt_sent_is_told_too(admin: Gateway, gateway: Served, free_port: int) -> None:
    names = ["1.txt", "2.txt", "3.txt"]
    away = Gateway(f"http://127.0.0.1:{free_port}", "token")
    found = sent(Sending(away, [(name, File(name)) for name in names], replacing=False))
    assert {(one.fate, "isn't reachable" in one.note) for one in found.values()} == {(Fate.NOT_SENT, True)}
    nobody = Gateway(gateway.address, "no token")
    found = sent(Sending(nobody, [(name, File(name)) for name in names], replacing=False))
    assert {(one.fate, "Sign in again" in one.note) for one in found.values()} == {(Fate.NOT_SENT, True)}
    stopped = Sending(admin, [(name, File(name)) for name in names], replacing=False)
    stopped.stop()
    assert {(one.fate, "You stopped" in one.note) for one in sent(stopped).values()} == {(Fate.NOT_SENT, True)}


def test_a_folder_of_two_hundred_files(app: AppTest, documents: Path) -> None:
    main = sys.modules["__main__"]
    open_page(sign_in(app, "admin", PASSWORD), "documents")
    app.button_group(key="upload-what").set_value("A whole folder")
    app.run()
    assert app.file_uploader[0].accept_directory
    files = [
        (f"many/{number % 7}/{number}.txt", f"Words of {number}.\n".encode(), "text/plain") for number in range(200)
    ]
    app.file_uploader[0].set_value([*files, ("many/.DS_Store", b"x", ""), ("many/setup.exe", b"MZ", "")])
    app.run()
    assert any("200 files to add; 2 can't be" in one.value for one in app.markdown)
    assert "many/.DS_Store" in said(app)
    app.button(key="upload-start").click()
    app.run()
    sending = app.session_state["upload_sending"]
    assert sending.now.total == 200
    sys.modules["__main__"] = main  # else each file's reader would load the page first
    until_sent(sending)
    app.run()
    assert not app.exception and not app.error
    assert any("200 added, 2 left out." in one.value for one in app.markdown)
    assert len(list((documents / "many").rglob("*.txt"))) == 200
    assert not (documents / "many" / "setup.exe").exists()
    assert app.button(key="upload-start").disabled


def until_sent(sending: Sending) -> None:
    """As long as it goes on at all."""
    last = -1
    while not sending.now.ended:
        last = len(sending.now.done)
        until(lambda last=last: sending.now.ended or len(sending.now.done) > last)


def test_the_packs_own_documents_take_none(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        kinds = Kinds.read_from(Gateway(running.address, running.sign_in("admin")))
    assert "pack's own documents" in kinds.problem


@pytest.mark.browser
@needs_chromium
def test_a_folder_in_a_browser(visit: Visit, documents: Path, tmp_path: Path) -> None:
    folder = tmp_path / "handbook"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "leave.md").write_text("# Leave\n\nEveryone has 27 days.\n")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / ".secret.md").write_text("# Secret\n")
    visit.sign_in("admin", PASSWORD, "/documents")
    page = visit.page
    page.get_by_text("Add documents", exact=True).click()
    page.get_by_text("A whole folder", exact=True).first.click()
    page.locator("input[type=file][webkitdirectory]").set_input_files(folder)
    expect(page.locator(".st-key-upload .files")).to_contain_text("handbook/picture.png")
    page.get_by_role("button", name="Add them").click()
    table = page.locator(".st-key-upload .files")
    expect(table.locator("tr", has_text="handbook/deep/leave.md").locator(".state")).to_have_text("Added")
    page.screenshot(path=tmp_path / "folder.png", full_page=True)
    assert (documents / "handbook" / "deep" / "leave.md").is_file()
    assert not (documents / "handbook" / ".secret.md").exists()
