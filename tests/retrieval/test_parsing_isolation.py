"""What one file's reader may do to the machine: nothing that lasts."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dossier.errors import DocumentError
from retrieval.parsing.isolate import MAX_RESULT_BYTES, Limits, read_isolated
from retrieval.parsing.parsed import ParsedDocument, ParsedPage

Documents = tuple[ParsedDocument, ...]


def document(text: str) -> Documents:
    return (ParsedDocument("t", (ParsedPage(1, text),)),)


def hangs_deaf(path: Path) -> Documents:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)


def allocates_natively(path: Path) -> Documents:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    taken = 0
    while libc.malloc(ctypes.c_size_t(16 << 20)):
        taken += 16
    return document(f"taken {taken} MiB")


def fills_memory(path: Path) -> Documents:
    return document("x" * (4 << 30))


def leaves_children(path: Path) -> Documents:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return document(f"child {child.pid}")


def aborts(path: Path) -> Documents:
    os.abort()


def writes(path: Path) -> Documents:
    path.with_suffix(".out").write_text("x" * 100)
    return document("written")


def returns_too_much(path: Path) -> Documents:
    return document("x" * (MAX_RESULT_BYTES + 1))


def raises_its_own(path: Path) -> Documents:
    raise type("OddLibraryError", (Exception,), {})("odd\nbytes \ud800")


def exits(path: Path) -> Documents:
    sys.exit(3)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a.txt"
    file.write_text("text")
    return file


def refusal(file: Path, read, seconds: float = 60) -> str:
    with pytest.raises(DocumentError) as caught:
        read_isolated(file, Limits(seconds, 1 << 30), read)
    return str(caught.value)


@pytest.mark.slow
def test_a_reader_that_hangs_and_hears_no_signal_is_ended(file: Path) -> None:
    assert "longer than 1 seconds" in refusal(file, hangs_deaf, 1)


@pytest.mark.slow
def test_memory_is_bounded_for_native_code_too(file: Path) -> None:
    (found,) = read_isolated(file, Limits(60, 1 << 30), allocates_natively)
    assert int(found.pages[0].text.split()[1]) <= 1024
    assert "more memory than allowed" in refusal(file, fills_memory)


def test_children_end_with_their_reader(file: Path) -> None:
    (found,) = read_isolated(file, Limits(60, 1 << 30), leaves_children)
    pid = int(found.pages[0].text.split()[1])
    end = time.monotonic() + 30  # on a busy machine a killed process takes a moment to be gone
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end, "it runs on"
        time.sleep(0.01)


def test_nothing_can_be_written(file: Path) -> None:
    assert "File too large" in refusal(file, writes)
    assert not file.with_suffix(".out").exists() or not file.with_suffix(".out").read_bytes()


@pytest.mark.slow
def test_every_kind_of_failure_becomes_a_reason(file: Path) -> None:
    assert "more text than can be read" in refusal(file, returns_too_much)
    assert "OddLibraryError: odd" in refusal(file, raises_its_own)
    assert "crashed" in refusal(file, exits)
    assert "SIGABRT" in refusal(file, aborts)
