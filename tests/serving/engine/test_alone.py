"""A model server without a gateway: says where it is, and ends with its input."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from dossier.settings import Settings, load_settings
from serving.engine.alone import serve_alone
from tests.serving.engine.test_supervisor import pids, scripted


@pytest.fixture
def quick(tmp_path: Path, free_port: int) -> Settings:
    (tmp_path / "plan").write_text("work")
    return load_settings(home=tmp_path, engine_port=free_port, engine_probe_seconds=0.5, engine_start_seconds=20)


@pytest.mark.slow
def test_it_says_where_it_is_and_ends_with_its_input(
    quick: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read, write = os.pipe()
    with os.fdopen(read) as stream, monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", stream)
        told: list[str] = []

        def end_when_ready() -> None:
            while not told:
                told.extend(capsys.readouterr().out.splitlines())
            os.close(write)

        ending = threading.Thread(target=end_when_ready)
        ending.start()
        asyncio.run(serve_alone(quick, quick.home, "m", scripted))
        ending.join()
    assert json.loads(told[0])["url"] == quick.engine_url
    assert json.loads(told[0])["key"]
    assert pids(quick) and not [pid for pid in pids(quick) if psutil.pid_exists(pid)]


@pytest.mark.slow
def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "serving.engine.alone", str(tmp_path), "m"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "DOSSIER_HOME": str(tmp_path)}
    )
    assert done.returncode == 4
    assert "holds no weights" in done.stderr
    assert done.stdout == ""
