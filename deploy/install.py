"""Makes the virtual environment from the lock files. Needs nothing but Python 3.11 or newer.

Run by `make`: `python3 deploy/install.py cpu` (or `gpu`), with `dev` after it for the tests' tools. A second run with
the same lock files installs nothing.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.json"
BATCH = 12
"""Packages per call of pip: few enough for progress to move, many enough not to pay its start too often."""
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""PyTorch's own index of CPU builds, asked only where the configured registry has none."""
NEEDED_GIB = {"cpu": 6, "gpu": 16}


def main() -> int:
    """Install what the arguments name. Returns the exit status."""
    kinds = sys.argv[1:] or ["cpu"]
    unknown = [kind for kind in kinds if not (ROOT / "locks" / f"{kind}.txt").is_file()]
    if unknown:
        return _fail(f"there is no lock file for {', '.join(unknown)} in locks/.")
    if sys.version_info < (3, 11):  # noqa: UP036 (people do run this with older ones)
        return _fail("Python 3.11 or newer is needed. Install it, or name it: make run PYTHON=python3.12")
    missing = [kind for kind in kinds if installed().get(kind) != digest(kind)]
    if not missing:
        return 0
    if not _room(kinds[0]):
        return 6
    if not (VENV / "bin" / "python").exists():
        print("Creating the environment in .venv ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    for kind in missing:
        if not _install(kind):
            return _fail("installing failed; the lines above say why. Correct it and run make again.")
        STAMP.write_text(json.dumps({**installed(), kind: digest(kind)}))
    return 0


def digest(kind: str) -> str:
    """What identifies an installation: the lock file, the project's metadata and the Python version."""
    files = [ROOT / "locks" / f"{kind}.txt", ROOT / "pyproject.toml"]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files) + sys.version.encode()).hexdigest()


def installed() -> dict[str, str]:
    """Digest of what was installed last, for each lock file. A damaged stamp counts as none."""
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _room(kind: str) -> bool:
    free, needed = shutil.disk_usage(ROOT).free / 2**30, NEEDED_GIB.get(kind, 6)
    if free < needed:
        _fail(f"{ROOT} has {free:.1f} GiB free and the packages need about {needed} GiB. Free some space first.")
    return free >= needed


def _install(kind: str) -> bool:
    """Install one lock file, without resolving anything: the lock names every package."""
    lines = (ROOT / "locks" / f"{kind}.txt").read_text().splitlines()
    pins = [line for line in lines if "==" in line]
    # the largest first, so that the time left isn't told too short
    pins.sort(key=lambda pin: not pin.startswith(("torch==", "vllm")))
    show = Shown(f"Installing packages ({kind})", len(pins))
    for start in range(0, len(pins), BATCH):
        if not all(_pip("--no-deps", *group) for group in _groups(kind, pins[start : start + BATCH])):
            return False
        show(min(start + BATCH, len(pins)))
    return _pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))


def _groups(kind: str, pins: list[str]) -> list[list[str]]:
    """What pip is asked for in one go: the CPU build of torch may come from another index than the rest."""
    torch = [pin for pin in pins if pin.startswith("torch==") and kind == "cpu"]
    rest = [pin for pin in pins if pin not in torch]
    return [*([_cpu_torch(torch[0])] if torch else []), *([rest] if rest else [])]


class Shown:
    """Prints how far the installation has come and how long it will still take."""

    def __init__(self, what: str, total: int) -> None:
        """Begin now."""
        self._what, self._total, self._began = what, total, time.monotonic()
        self(0)

    def __call__(self, done: int) -> None:
        """Say that `done` of all are installed."""
        seconds = (time.monotonic() - self._began) / done * (self._total - done) if done else 0
        left = f", about {seconds:.0f} s left" if seconds >= 1 else ""
        print(f"{self._what}: {done} of {self._total}{left}", flush=True)


def _cpu_torch(pin: str) -> list[str]:
    """How to ask for a CPU build: from the configured registry when its build needs no CUDA, else from PyTorch."""
    if Path("/proc").exists() and os.uname().machine in ("aarch64", "arm64"):
        return [pin]  # builds for this processor need no CUDA
    report = VENV / "torch-report.json"
    command = _pip_command("--dry-run", "--ignore-installed", "--quiet", "--no-deps", "--report", str(report), pin)
    if subprocess.run(command, check=False).returncode == 0:
        metadata = json.loads(report.read_text())["install"][0]["metadata"]
        if not any("nvidia" in need or "cuda" in need for need in metadata.get("requires_dist", [])):
            return [pin]
    print("The configured registry has no CPU build of PyTorch; asking PyTorch's own index.", flush=True)
    return ["--index-url", PYTORCH_CPU_INDEX, f"{pin}+cpu"]


def _pip_command(*arguments: str) -> list[str]:
    return [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", *arguments]


def _pip(*arguments: str) -> bool:
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    return subprocess.run(_pip_command("--quiet", *arguments), check=False, env=environment).returncode == 0


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 6


if __name__ == "__main__":
    raise SystemExit(main())
