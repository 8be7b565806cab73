"""What is installed of the system for the tests: what is missing, where it may be done; a failure fails nothing."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[2] / "deploy" / "install_system.py"


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The installer on a machine of root's that has only what is in a scratch folder."""
    spec = importlib.util.spec_from_file_location("install_system", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "Path", lambda place: tmp_path / str(place).lstrip("/"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return module


def program(folder: Path, name: str, does: str = "") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{does}\n")
    (folder / name).chmod(0o755)


def test_what_is_missing_is_installed(
    installer: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, "apt-get", f'echo "$@" >> {tmp_path}/asked')
    program(tmp_path, "chromium")
    installer.main()
    asked = [line.split()[5:] for line in (tmp_path / "asked").read_text().splitlines()]
    assert asked == [["update"], ["install", "-y", "tesseract-ocr"], ["install", "-y", "postgresql"]]
    assert capsys.readouterr().out == "Installing tesseract-ocr, postgresql for the tests ...\n"


def test_where_all_is_there_nothing_is_done(
    installer: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("google-chrome", "tesseract"):
        program(tmp_path, name)
    (tmp_path / "usr/lib/postgresql/15/bin").mkdir(parents=True)
    program(tmp_path / "usr/lib/postgresql/15/bin", "initdb")
    installer.main()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "case",
    [
        ("echo 'E: Unable to fetch' >&2; exit 100", True, "apt-get install failed: E: Unable to fetch"),
        ("exit 1", True, "apt-get install failed: without a word"),
        ("", False, "only root may install it"),
        (None, True, "there is no apt-get"),
    ],
)
def test_why_something_is_not_installed_is_told_in_a_line_and_fails_nothing(
    installer: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: tuple[str | None, bool, str],
) -> None:
    does, root, why = case
    if does is not None:
        program(tmp_path, "apt-get", does)
    monkeypatch.setattr(installer.os, "geteuid", lambda: 0 if root else 1000)
    installer.main()
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("Installing")]
    assert told == [
        f"{package} isn't installed ({why}): the tests {which} will be skipped."
        for package, which in (
            ("chromium", "in a browser"),
            ("tesseract-ocr", "of scanned pages"),
            ("postgresql", "with PostgreSQL"),
        )
    ]
