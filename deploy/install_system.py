"""Installs what tests use of the system through its package manager, where that may be done."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 1200
"""Seconds for one run of apt-get."""


def _has_postgresql() -> bool:
    """Whether the server's programs are there; Debian keeps them off the PATH."""
    return shutil.which("initdb") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@dataclass(frozen=True)
class Wanted:
    """A Debian package, whether what it brings is there, and which tests are skipped without it."""

    package: str
    is_there: Callable[[], bool]
    tests: str


WANTED = (
    Wanted("chromium", lambda: bool(shutil.which("chromium") or shutil.which("google-chrome")), "in a browser"),
    Wanted("tesseract-ocr", lambda: shutil.which("tesseract") is not None, "of scanned pages"),
    Wanted("postgresql", _has_postgresql, "with PostgreSQL"),
)


def main() -> None:
    """Install what is missing, or say in one line each why not. The tests that need it then skip; nothing fails."""
    missing = [one for one in WANTED if not one.is_there()]
    if not missing:
        return
    why = _why_not()
    if not why:
        print(f"Installing {', '.join(one.package for one in missing)} for the tests ...", flush=True)
        _apt("update")  # where it fails, what is known already may do
    for one in missing:
        failed = why or _apt("install", "-y", one.package)
        if failed:
            print(f"{one.package} isn't installed ({failed}): the tests {one.tests} will be skipped.")


def _why_not() -> str:
    """Why nothing can be installed; empty if it can."""
    if not shutil.which("apt-get"):
        return "there is no apt-get"
    return "" if os.geteuid() == 0 else "only root may install it"


def _apt(*arguments: str) -> str:
    """Run apt-get. Returns how it failed; empty if it didn't."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30", *arguments]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    try:
        done = subprocess.run(command, check=False, env=environment, text=True, timeout=_PATIENCE, **quiet)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"apt-get {arguments[0]}: {error}"
    said = done.stderr.strip().splitlines() or ["without a word"]
    return f"apt-get {arguments[0]} failed: {said[-1]}" if done.returncode else ""


if __name__ == "__main__":
    main()
