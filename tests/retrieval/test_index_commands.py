"""The `dossier index` commands, with a stand-in for the embedder alone: words are hashed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from dossier.cli import app
from dossier.errors import DossierError
from dossier.settings import PREFIX, Settings
from retrieval import generation, indexing
from tests.retrieval.index_loop import HashedWords, index_folder_of

Call = Callable[..., Result]


@pytest.fixture
def call(settings: Settings, documents: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run `dossier index` with these words."""
    monkeypatch.setattr(indexing, "load_embedder", lambda settings: HashedWords())
    monkeypatch.setenv(f"{PREFIX}HOME", str(settings.home))
    monkeypatch.setenv(f"{PREFIX}DOCUMENTS", str(documents))
    monkeypatch.setenv(f"{PREFIX}FREE_DISK_GIB", "0.01")
    return lambda *words: CliRunner().invoke(app, ["index", *words])


def told(result: Result) -> dict[str, Any]:
    """The last line of JSON."""
    last: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return last


def test_plain_index_builds_as_ever(call: Call) -> None:
    lines = [json.loads(line) for line in call("--json").stdout.splitlines()]
    assert {line["stage"] for line in lines if "stage" in line} >= {"Reading documents", "Embedding passages"}
    assert lines[-1]["report"]["documents"] == 3
    files = {file["source"]: file for file in lines[-1]["report"]["files"]}
    assert files["hr/salaries.txt"]["groups"] == ["hr"]
    again = call()
    assert again.exit_code == 0 and "Nothing changed: 3 documents" in again.stdout


def test_diff_says_what_build_then_does(call: Call, documents: Path) -> None:
    first = told(call("diff", "--json"))["report"]
    assert len(first["added"]) == 3 and first["everything"].startswith("Nothing is indexed yet")
    call("build")
    (documents / "leave.md").rename(documents / "holidays.md")
    (documents / "sales.html").write_text("<h1>Sales</h1><p>Sales were 500 million euros.</p>")
    (documents / "new.md").write_text("# New\n\nThe canteen opens at noon.\n")
    (documents / "groups.toml").write_text('[groups]\n"hr/*" = ["board"]\n')
    text = call("diff").stdout
    assert "renamed    leave.md -> holidays.md" in text and "added      new.md" in text
    preview = told(call("diff", "--json"))["report"]
    assert (preview["added"], preview["changed"], preview["removed"]) == (["new.md"], ["sales.html"], [])
    assert preview["renamed"] == [["leave.md", "holidays.md"]]
    assert preview["regrouped"] == ["hr/salaries.txt"]
    report = told(call("build", "--json"))["report"]
    assert (report["generation"], report["embedded"]) == ("g000002", 2)
    between = told(call("--json", "diff", "g000001", "g000002"))["report"]
    for name in ("added", "changed", "renamed", "regrouped", "removed"):
        assert between[name] == preview[name]
    assert call("diff", "g000001").exit_code != 0
    assert "no generation g000009" in str(call("diff", "g000001", "g000009").exception)


def test_status_tells_what_answers_and_what_is_missing(call: Call, documents: Path) -> None:
    assert "nothing is indexed yet" in call("status").stdout
    (documents / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (documents / "odd.xyz").write_text("x")
    call("build")
    status = told(call("status", "--json"))["report"]
    assert (status["generation"]["name"], status["generation"]["documents"]) == ("g000001", 3)
    assert status["embedder"] == "hashed-words" and status["holder"] is None
    assert {file["source"]: file["state"] for file in status["files"]} == {"broken.pdf": "failed", "odd.xyz": "skipped"}
    text = call("status").stdout
    assert "g000001" in text and "broken.pdf: " in text and "hashed-words" in text


def test_verify_ends_with_status_3_when_something_is_damaged(call: Call, settings: Settings, documents: Path) -> None:
    call("build")
    assert call("verify").exit_code == 0
    changed = documents / "leave.md"
    before = changed.stat()
    changed.write_text(changed.read_text().replace("27", "28"))
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    whole = call("verify")
    assert whole.exit_code == 0 and "changed    leave.md" in whole.stdout
    index = index_folder_of(settings)
    vectors = index / generation.current_name(index) / generation.VECTORS
    vectors.write_bytes(vectors.read_bytes()[:-1])
    damaged = call("verify")
    assert damaged.exit_code == 3 and "vectors.faiss doesn't match" in damaged.stdout
    as_json = call("verify", "--json")
    assert as_json.exit_code == 3 and told(as_json)["error"]["code"] == "corrupt_index"


def test_verify_finds_words_that_do_not_belong_to_the_passages(call: Call, settings: Settings) -> None:
    """A word index that a faulty build wrote: its digest is right, and only a comparison tells."""
    import sqlite3
    from dataclasses import replace

    call("build")
    index = index_folder_of(settings)
    name = generation.current_name(index)
    store = index / name / generation.CHUNKS
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE chunks SET text = 'other words' WHERE id = 1")
    connection.close()
    manifest = generation.read_manifest(index, name)
    files = {**manifest.files, generation.CHUNKS: generation.digest_of(store)}
    (index / name / generation.MANIFEST).write_bytes(replace(manifest, files=files).to_bytes())
    found = call("verify")
    assert found.exit_code == 3 and "word index" in found.stdout


@pytest.mark.slow
def test_a_rollback_stays_until_the_next_build(call: Call, settings: Settings, documents: Path) -> None:
    call("build")
    (documents / "leave.md").write_text("# Leave\n\nEveryone has 30 days of annual leave.\n")
    call("build")
    index = index_folder_of(settings)
    assert call("rollback").exit_code == 0
    assert generation.current_name(index) == "g000001"
    for look in ("status", "diff", "verify"):
        call(look)
        assert generation.current_name(index) == "g000001"
    assert "changed    leave.md" in call("diff").stdout
    assert told(call("build", "--json"))["report"]["generation"] == "g000003"
    assert told(call("rollback", "g000002", "--json"))["report"]["name"] == "g000002"
    (index / "g000001" / generation.VECTORS).write_bytes(b"")
    refused = call("rollback", "g000001")
    assert isinstance(refused.exception, DossierError)
    assert generation.current_name(index) == "g000002"


@pytest.mark.slow
def test_gc_says_what_it_freed_and_leaves_what_is_read(call: Call, settings: Settings, documents: Path) -> None:
    from retrieval.chunk_store import ChunkStore

    for run in range(3):
        (documents / "leave.md").write_text(f"# Leave\n\nEveryone has {run} days.\n")
        call("build")
    index = index_folder_of(settings)
    (index / ".building-1").mkdir()
    (index / ".building-1" / "half").write_bytes(b"x" * 5000)
    reader = ChunkStore(index / "g000002" / generation.CHUNKS)
    cleared = told(call("gc", "--keep", "1", "--json"))["report"]
    assert (cleared["generations"], cleared["leftovers"]) == (["g000001"], [".building-1"])
    assert cleared["bytes"] > 5000
    assert reader.counts()[0] == 3
    reader.close()
    assert "g000002" in call("gc", "--keep", "1").stdout
    assert generation.names(index) == ["g000003"]
    assert "nothing to delete" in call("gc").stdout


@pytest.mark.slow
def test_a_second_writer_is_told_who_holds_the_lock(call: Call, settings: Settings) -> None:
    call("build")
    index = index_folder_of(settings)
    code = (
        "import sys; from pathlib import Path; from retrieval.lock import exclusive\n"
        f"with exclusive(Path({str(index)!r})):\n    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "some", "words"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdin and other.stdout.readline() == "held\n"
        for command in ("build", "rollback", "gc"):
            error = told(call(command, "--json"))["error"]["message"]
            assert f"process {other.pid} on " in error and "some words" in error and "since 20" in error
        holder = told(call("status", "--json"))["report"]["holder"]
        assert holder["process"] == other.pid
        other.stdin.close()
    assert call("build").exit_code == 0
    assert told(call("status", "--json"))["report"]["holder"] is None


def test_scanned_pages_that_were_not_read_are_told_and_read_once_they_can_be(
    call: Call, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas = Canvas(str(documents / "mixed.pdf"))
    canvas.drawString(72, 700, "A page with text of its own.")
    canvas.showPage()
    canvas.drawInlineImage(Image.new("L", (300, 400), 255), 0, 0, 595, 842)
    canvas.save()
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", "")
    why = "mixed.pdf: 1 scanned page without text: no OCR program is installed. Install Tesseract"
    for result in (call(), call("status")):
        assert "1 file is in the index in part:" in result.stdout and why in result.stdout
    again = call()
    assert "Nothing changed" in again.stdout and why in again.stdout
    monkeypatch.setenv("PATH", path)
    if shutil.which("tesseract"):
        assert "in part" not in call().stdout + call("status").stdout
