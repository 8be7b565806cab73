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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.sha256"
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
    wanted = _digest(kinds)
    if _installed() >= {wanted}:
        return 0
    if not _room(kinds[0]):
        return 6
    if not (VENV / "bin" / "python").exists():
        print("Creating the environment in .venv ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    for step, kind in enumerate(kinds, start=1):
        print(f"Installing packages ({kind}, step {step} of {len(kinds)}; the first time takes a few minutes) ...")
        sys.stdout.flush()
        if not _install(kind):
            return _fail("installing failed; the lines above say why. Correct it and run make again.")
    STAMP.write_text("\n".join(sorted(_installed() | {wanted})) + "\n")
    return 0


def _digest(kinds: list[str]) -> str:
    """What identifies an installation: the lock files, the project's metadata and the Python version."""
    files = [ROOT / "locks" / f"{kind}.txt" for kind in kinds] + [ROOT / "pyproject.toml"]
    data = b"\0".join(file.read_bytes() for file in files) + sys.version.encode()
    return hashlib.sha256(data).hexdigest()


def _installed() -> set[str]:
    return set(STAMP.read_text().split()) if STAMP.is_file() else set()


def _room(kind: str) -> bool:
    free, needed = shutil.disk_usage(ROOT).free / 2**30, NEEDED_GIB.get(kind, 6)
    if free < needed:
        _fail(f"{ROOT} has {free:.1f} GiB free and the packages need about {needed} GiB. Free some space first.")
    return free >= needed


def _install(kind: str) -> bool:
    """Install one lock file, without resolving anything: the lock names every package."""
    lock = ROOT / "locks" / f"{kind}.txt"
    torch = next((line for line in lock.read_text().splitlines() if line.startswith("torch==")), "")
    rest = [line for line in lock.read_text().splitlines() if not line.startswith(("torch==", "#"))]
    if torch and kind == "cpu" and not _pip("--no-deps", *_cpu_torch(torch)):
        return False
    if torch and kind != "cpu":
        rest.append(torch)
    listed = VENV / f"{kind}-lock.txt"
    listed.write_text("\n".join(rest) + "\n")
    return _pip("--no-deps", "-r", str(listed)) and _pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))


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
    # pip draws a progress bar with time left for every download over a few MB
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    return (
        subprocess.run(
            _pip_command("--quiet", "--progress-bar=on", *arguments), check=False, env=environment
        ).returncode
        == 0
    )


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 6


if __name__ == "__main__":
    raise SystemExit(main())
