"""A document's pages, pictures and files over HTTP: for whom, and never as something that they aren't."""

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from retrieval.chunk_store import ChunkStore
from tests.retrieval.stored import stored
from tests.serving.api.serving_app import Served, served

LINES = [f"Sentence number {number} says that the value was {number * 37} on that day." for number in range(1, 31)]
PASSAGE, LINE = (255, 240, 178), (255, 214, 92)
PAGE, PICTURE, FILE = "/v1/documents/page", "/v1/documents/picture", "/v1/documents/file"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "hr").mkdir()
    canvas = Canvas(str(folder / "a b.pdf"), pagesize=(612, 792))
    for number, line in enumerate(LINES):
        canvas.drawString(72, 720 - 14 * number, line)
    canvas.save()
    (folder / "a.txt").write_text("\n".join(LINES))
    (folder / "hr" / "pay.txt").write_text("Grade seven ends at 98,400 euros.")
    (folder / "groups.toml").write_text('[groups]\n"hr/*" = ["hr"]\n')
    (folder.parent / "secret.txt").write_text("outside")
    return folder


@pytest.fixture(scope="module")
def store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> ChunkStore:
    return stored(folder, tmp_path_factory.mktemp("store") / "chunks.sqlite")


@pytest.fixture(scope="module")
def module_gateway(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("home"), documents=folder) as running:
        yield running


@pytest.fixture
def mira(shared: Served, store: ChunkStore) -> httpx.Client:
    shared.index.store = store
    return shared.signed_in("mira")


@pytest.fixture
def sam(shared: Served, store: ChunkStore) -> httpx.Client:
    shared.index.store = store
    return shared.signed_in("sam")


def place(store: ChunkStore, source: str) -> dict[str, str | int]:
    """The first passage of a document with its fourth line as the cited one."""
    chunk = next(chunk for _, chunk in store.chunks_after(0, 1000) if chunk.source == source)
    line = chunk.text.splitlines()[3]
    start = chunk.start + chunk.text.index(line)
    digest = hashlib.sha256(chunk.text.encode()).hexdigest()
    ends = {"line_start": start, "line_end": start + len(line)}
    return {"source": source, "page": 1, "start": chunk.start, "end": chunk.end, "digest": digest, **ends}


def painted(picture: Image.Image, line: int) -> set[tuple[int, int, int]]:
    """Which of the two colours are around a line of the page."""
    scale = picture.width / 612
    base = 792 - 720 + 14 * line
    band = picture.crop((0, int((base - 6) * scale), picture.width, int((base - 1) * scale)))
    return {LINE, PASSAGE} & {colour for _, colour in band.getcolors(100_000)}


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_a_page_with_its_passage_marked(mira: httpx.Client, store: ChunkStore) -> None:
    reply = mira.get(PAGE, params=place(store, "a.txt"))
    told = reply.json()
    assert (told["document"], told["page"], told["pages"], told["note"]) == ("a.txt", 1, 1, "")
    assert (told["picture"], told["marked"], told["available"]) == (False, True, True)
    marks = {part["line"]["text"]: part["line"]["mark"] for part in told["parts"]}
    assert list(marks) == LINES
    assert (marks[LINES[3]], marks[LINES[0]], marks[LINES[29]]) == (2, 1, 0)
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.slow
def test_a_picture_is_painted_where_the_passage_stands(mira: httpx.Client, store: ChunkStore) -> None:
    wanted = place(store, "a b.pdf")
    drawn = mira.get(PICTURE, params=wanted)
    assert (drawn.status_code, drawn.headers["Content-Type"]) == (200, "image/png")
    with Image.open(io.BytesIO(drawn.content)) as picture:
        assert picture.size == (1071, 1386)
        assert painted(picture, 3) == {LINE}
        assert painted(picture, 0) == {PASSAGE}
        assert painted(picture, 29) == set()
    plain = mira.get(PICTURE, params={"source": "a b.pdf", "page": 1})
    assert plain.content != drawn.content
    assert plain.headers["ETag"] != drawn.headers["ETag"]


def test_a_picture_is_kept_and_asked_for_again_with_its_rights(shared: Served, mira, sam, store: ChunkStore) -> None:
    wanted = place(store, "a b.pdf")
    first = mira.get(PICTURE, params=wanted)
    assert first.headers["Cache-Control"] == "private, no-cache"
    tag = {"If-None-Match": first.headers["ETag"]}
    again = mira.get(PICTURE, params=wanted, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert sam.get(PICTURE, params=wanted, headers={"If-None-Match": '"other"'}).content == first.content
    assert shared.client().get(PICTURE, params=wanted, headers=tag).status_code == 401


def test_a_file_is_given_as_it_is(mira: httpx.Client, folder: Path) -> None:
    reply = mira.get(FILE, params={"source": "a b.pdf"})
    assert reply.content == (folder / "a b.pdf").read_bytes()
    assert reply.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20b.pdf"
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("route", [PAGE, PICTURE, FILE])
def test_a_document_of_a_group_doesnt_exist_for_others(shared: Served, mira, sam, route: str) -> None:
    admin = shared.signed_in("admin")
    for client in (sam, admin):
        assert code(client.get(route, params={"source": "hr/pay.txt"})) == (404, "not_found")
    assert mira.get(route, params={"source": "hr/pay.txt"}).status_code == (422 if route == PICTURE else 200)


@pytest.mark.parametrize("route", [PAGE, PICTURE, FILE])
@pytest.mark.parametrize(
    "source", ["../secret.txt", "/etc/passwd", "a.txt/../a.txt", "groups.toml", "", "a.txt\x00", "hr/../a.txt"]
)
def test_what_is_asked_for_is_never_a_path(mira: httpx.Client, route: str, source: str) -> None:
    reply = mira.get(route, params={"source": source})
    assert code(reply) == (404, "not_found")


def test_odd_requests_are_refused_in_words(mira: httpx.Client, store: ChunkStore) -> None:
    assert mira.get(PAGE, params={"source": "a.txt", "page": 0}).status_code == 422
    assert mira.get(PAGE, params={"source": "a.txt", "pages": 1}).status_code == 422
    assert code(mira.get(PAGE, params={"source": "a.txt", "page": 2})) == (404, "not_found")
    assert code(mira.get(PICTURE, params={"source": "a.txt"})) == (422, "unreadable_document")


def test_a_file_that_has_changed_is_said_and_not_shown(mira: httpx.Client, store: ChunkStore, folder: Path) -> None:
    file = folder / "a b.pdf"
    wanted, before, stat = place(store, "a b.pdf"), file.read_bytes(), file.stat()
    tag = mira.get(PICTURE, params=wanted).headers["ETag"]
    try:
        file.write_bytes(before.replace(b"Title", b"Tutle"))
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # its time and its size are the old ones
        assert code(mira.get(PICTURE, params=wanted)) == (409, "conflict")
        assert code(mira.get(PICTURE, params=wanted, headers={"If-None-Match": tag})) == (409, "conflict")
        assert code(mira.get(FILE, params={"source": "a b.pdf"})) == (409, "conflict")
        told = mira.get(PAGE, params=wanted).json()
        assert "has changed since it was indexed" in told["note"]
        assert (told["picture"], told["available"], told["marked"]) == (False, False, True)
        assert told["parts"][3]["line"]["text"] == LINES[3]
        file.unlink()
        told = mira.get(PAGE, params=wanted).json()
        assert "isn't in the documents folder any more" in told["note"]
        assert code(mira.get(FILE, params={"source": "a b.pdf"})) == (404, "not_found")
    finally:
        file.write_bytes(before)
    assert mira.get(PICTURE, params=wanted).status_code == 200


def test_a_link_that_now_leads_out_of_the_folder_is_not_followed(mira, store: ChunkStore, folder: Path) -> None:
    file = folder / "a.txt"
    before = file.read_bytes()
    (folder.parent / "copy.txt").write_bytes(before)
    try:
        file.unlink()
        file.symlink_to(folder.parent / "copy.txt")
        assert code(mira.get(FILE, params={"source": "a.txt"})) == (404, "not_found")
    finally:
        file.unlink()
        file.write_bytes(before)


def test_a_passage_that_reads_differently_now_is_said(mira: httpx.Client, store: ChunkStore) -> None:
    told = mira.get(PAGE, params={**place(store, "a.txt"), "digest": "0" * 64}).json()
    assert not told["marked"]
    assert "indexed again since" in told["note"]
    assert {part["line"]["mark"] for part in told["parts"]} == {0}
