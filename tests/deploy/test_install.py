"""The installer's decisions; what it installs is seen by every run of the tests."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The installer, looking at a scratch folder with a lock file and an environment without packages."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "deploy" / "install.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "cpu.txt").write_text("# comment\na==1\n")
    (tmp_path / "locks" / "dev.txt").write_text("b==2\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "installed.json")
    return module


def run(install: ModuleType, monkeypatch: pytest.MonkeyPatch, *kinds: str) -> list[str]:
    done: list[str] = []
    monkeypatch.setattr(install.sys, "argv", ["install.py", *kinds])
    monkeypatch.setattr(install, "_install", lambda kind: done.append(kind) or True)
    monkeypatch.setattr(install.subprocess, "run", lambda *given, **more: subprocess.CompletedProcess(given, 0))
    assert install.main() == 0
    return done


def test_each_lock_file_is_installed_once(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(install, monkeypatch, "cpu", "dev") == ["cpu", "dev"]
    assert run(install, monkeypatch, "cpu") == []
    assert run(install, monkeypatch, "cpu", "dev") == []


def test_a_changed_lock_is_installed_and_so_is_its_return(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = install.ROOT / "locks" / "cpu.txt"
    before = lock.read_text()
    run(install, monkeypatch, "cpu", "dev")
    lock.write_text("a==2\n")
    assert run(install, monkeypatch, "cpu", "dev") == ["cpu"]
    lock.write_text(before)
    assert run(install, monkeypatch, "cpu", "dev") == ["cpu"]


@pytest.mark.parametrize(
    ("needs", "own_index"), [([], False), (["nvidia-cublas==13; platform_system == 'Linux'"], True)]
)
def test_a_cuda_build_sends_it_to_the_index_of_cpu_builds(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, needs: list[str], own_index: bool
) -> None:
    def report(command: list[str], **more: object) -> subprocess.CompletedProcess[bytes]:
        content = {"install": [{"metadata": {"requires_dist": ["sympy", *needs]}}]}
        Path(command[command.index("--report") + 1]).write_text(json.dumps(content))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(install.subprocess, "run", report)
    monkeypatch.setattr(install.os, "uname", lambda: type("U", (), {"machine": "x86_64"})())
    asked = install._cpu_torch("torch==2.13.0")
    assert ("--index-url" in asked) is own_index
    assert asked[-1] == ("torch==2.13.0+cpu" if own_index else "torch==2.13.0")
