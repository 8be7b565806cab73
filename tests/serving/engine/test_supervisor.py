"""The supervisor with a scripted server in the place of vLLM; tests/journeys has the real one."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from dossier.errors import EngineError, EnvironmentProblem
from dossier.settings import Settings, load_settings
from serving.engine.command import Launch, vllm_launch, with_adapters
from serving.engine.log import reason_in
from serving.engine.supervisor import Engine, EngineState


@pytest.fixture
def quick(tmp_path: Path, free_port: int) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    (home / "plan").write_text("work")
    return load_settings(home=home, engine_port=free_port, engine_probe_seconds=0.5, engine_start_seconds=20)


def scripted(settings: Settings, model: Path, name: str, key: str) -> Launch:
    script = [sys.executable, "-m", "tests.serving.scripted_engine"]
    return Launch([*script, str(settings.engine_port), str(settings.home / "plan")], dict(os.environ))


def drive(settings: Settings, what: Callable[[Engine], Awaitable[None]]) -> None:
    async def run() -> None:
        engine = Engine(settings, settings.home, "m", scripted)
        await engine.start()
        try:
            await what(engine)
        finally:
            await engine.stop()
        assert engine.state is EngineState.STOPPED
        assert engine.pid is None

    asyncio.run(run())
    assert not [pid for pid in pids(settings) if psutil.pid_exists(pid)]


def pids(settings: Settings) -> list[int]:
    file = settings.home / "plan.pids"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


async def until(what: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.slow
def test_a_killed_server_is_noticed_and_started_again(quick: Settings) -> None:
    async def kill(engine: Engine) -> None:
        await engine.wait_ready(lambda progress: None)
        first = engine.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await until(lambda: engine.state is EngineState.RESTARTING)
        assert "ended unexpectedly" in engine.message
        await engine.wait_ready(lambda progress: None)
        assert engine.pid not in (None, first)

    drive(quick, kill)


@pytest.mark.slow
def test_a_hung_server_is_noticed_though_its_process_lives(quick: Settings) -> None:
    async def hang(engine: Engine) -> None:
        await engine.wait_ready(lambda progress: None)
        first = engine.pid
        (quick.home / "plan").write_text("hang")
        await until(lambda: engine.state is EngineState.RESTARTING)
        assert "stopped answering" in engine.message
        (quick.home / "plan").write_text("work")
        await engine.wait_ready(lambda progress: None)
        assert engine.pid != first

    drive(quick, hang)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["compute", "delegate"])
def test_a_server_that_computes_is_busy_and_not_hung(quick: Settings, how: str) -> None:
    async def keep_busy(engine: Engine) -> None:
        await engine.wait_ready(lambda progress: None)
        first = engine.pid
        (quick.home / "plan").write_text(how)
        await asyncio.sleep(8 * quick.engine_probe_seconds)
        assert (engine.state, engine.pid) == (EngineState.READY, first)
        (quick.home / "plan").write_text("work")

    drive(quick, keep_busy)


@pytest.mark.slow
def test_a_server_that_cannot_start_fails_with_its_reason_and_is_tried_again(quick: Settings) -> None:
    (quick.home / "plan").write_text("refuse")

    async def fail(engine: Engine) -> None:
        await until(lambda: engine.state is EngineState.FAILED)
        with pytest.raises(EngineError, match="the model folder is empty"):
            await engine.wait_ready(lambda progress: None)
        (quick.home / "plan").write_text("work")
        await until(lambda: engine.state is EngineState.READY)

    drive(quick, fail)


def test_a_port_in_use_is_named(quick: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", quick.engine_port))
        other.listen()
        with pytest.raises(EnvironmentProblem, match="DOSSIER_ENGINE_PORT"):
            asyncio.run(Engine(quick, quick.home, "m", scripted).start())


@pytest.mark.slow
def test_the_server_ends_with_a_supervisor_that_is_killed(quick: Settings) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path; from dossier.settings import load_settings;"
        "from serving.engine.supervisor import Engine; from tests.serving.engine.test_supervisor import scripted\n"
        "async def main():\n"
        f"    s = load_settings(home={str(quick.home)!r}, engine_port={quick.engine_port})\n"
        "    e = Engine(s, s.home, 'm', scripted); await e.start()\n"
        "    await e.wait_ready(lambda p: None); print('ready', flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        assert supervisor.stdout.readline() == "ready\n"
        supervisor.kill()
    deadline = time.monotonic() + 20
    while any(psutil.pid_exists(pid) for pid in pids(quick)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_vllm_is_launched_on_loopback_without_secrets_or_statistics(
    quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_ADMIN_PASSWORD", "hunter2-hunter2")
    launch = vllm_launch(quick, quick.home, "m", "the-key")
    line = list(launch.command)
    assert line[line.index("--host") + 1] == "127.0.0.1"
    assert line[line.index("--load-format") + 1] == "safetensors"
    assert "the-key" not in line
    assert launch.environment["VLLM_NO_USAGE_STATS"] == launch.environment["HF_HUB_OFFLINE"] == "1"
    assert launch.environment["TORCH_COMPILE_DISABLE"] == "1"  # the first answer doesn't wait for a C++ compiler
    assert not any("hunter2" in value for value in launch.environment.values())


@pytest.mark.parametrize(("cores", "alone"), [(2, True), (4, True), (5, False)])
def test_on_few_cores_the_model_computes_where_it_is_scheduled(
    quick: Settings, monkeypatch: pytest.MonkeyPatch, cores: int, alone: bool
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    for launch in (vllm_launch(quick, quick.home, "m", "k"), with_adapters(quick, quick.home, "m", "k")):
        line = " ".join(launch.command)
        assert ("--distributed-executor-backend uni" in line) is alone
        assert (launch.environment.get("VLLM_ENABLE_V1_MULTIPROCESSING") == "0") is alone
        assert (launch.environment.get("OMP_NUM_THREADS") == str(cores)) is alone


def test_room_for_adapters_is_made_with_every_unguarded_route_shut(quick: Settings) -> None:
    launch = with_adapters(quick.model_copy(update={"adapter_rank": 32}), quick.home, "m", "the-key")
    line = list(launch.command)
    assert "--enable-lora" in line
    assert line[line.index("--max-lora-rank") + 1] == "32"
    assert line[line.index("--middleware") + 1] == "serving.engine.guard.OnlyTheApi"
    assert launch.environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "1"
    assert launch.environment["VLLM_PLUGINS"] == ""  # no resolver fetches adapters by name
    assert "--enable-lora" not in vllm_launch(quick, quick.home, "m", "the-key").command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RuntimeError: Cannot allocate memory", "too little memory"),
        ("(EngineCore pid=1) ERROR x ValueError: bad shape\nRuntimeError: Engine core failed", "ValueError: bad shape"),
        ("INFO non-default args: {'max_model_len': 4096}\nOSError: bad header", "OSError: bad header"),
        ("ValueError: max seq len (9000) is larger than what fits", "engine_context is too long"),
        ("", "without a word"),
    ],
)
def test_the_log_tells_the_reason(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "engine.log").write_text(text)
    assert words in reason_in(tmp_path / "engine.log")
