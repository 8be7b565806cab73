"""Launches of the model server side by side in one run: time to ready, tokens/s at 1 and 4 streams, memory."""

import asyncio
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx
import psutil

from dossier.base_model import prepare_base_model
from dossier.packs import load_pack
from dossier.settings import Settings, load_settings
from serving.engine.command import Launch, vllm_launch, with_adapters
from serving.engine.supervisor import Engine

TOKENS, TRIES = 128, 3
PRELOADED = ("LD_PRELOAD",)
ONE_PROCESS = ("VLLM_ENABLE_V1_MULTIPROCESSING", "OMP_NUM_THREADS", "KMP_BLOCKTIME", "KMP_TPAUSE")


def as_dossier(settings: Settings, model: Path, name: str, key: str) -> Launch:
    """The launch that Dossier uses."""
    return vllm_launch(settings, model, name, key)


def with_room(settings: Settings, model: Path, name: str, key: str) -> Launch:
    """With room for adapters, as a registered one makes Dossier launch it; the base model answers."""
    return with_adapters(settings, model, name, key)


def apart(settings: Settings, model: Path, name: str, key: str) -> Launch:
    """With the computing in a process of its own, bound to all cores, as it was before."""
    launch = vllm_launch(settings, model, name, key)
    kept = {k: v for k, v in launch.environment.items() if k not in ONE_PROCESS}
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    command = [part for part in launch.command if part not in ("--distributed-executor-backend", "uni")]
    return Launch(command, kept | {"VLLM_CPU_OMP_THREADS_BIND": cores})


def compiled(settings: Settings, model: Path, name: str, key: str) -> Launch:
    """The same, with vLLM's default compilation."""
    launch = vllm_launch(settings, model, name, key)
    return replace(launch, command=[part for part in launch.command if part != "--enforce-eager"])


def untuned(settings: Settings, model: Path, name: str, key: str) -> Launch:
    """Compiled, without preloaded libraries."""
    launch = compiled(settings, model, name, key)
    return replace(launch, environment={k: v for k, v in launch.environment.items() if k not in PRELOADED})


async def rate(engine: Engine, streams: int) -> float:
    """Tokens a second of so many simultaneous requests: the best of a few tries."""
    body = {"model": engine.model_name, "prompt": "The bank", "max_tokens": TOKENS, "ignore_eos": True}
    best = 0.0
    async with httpx.AsyncClient(timeout=300, headers={"Authorization": f"Bearer {engine.api_key}"}) as client:
        for _ in range(TRIES):
            began = time.monotonic()
            replies = await asyncio.gather(
                *(client.post(f"{engine.url}/completions", json=body) for _ in range(streams))
            )
            assert all(reply.status_code == 200 for reply in replies)
            best = max(best, streams * TOKENS / (time.monotonic() - began))
    return best


async def main() -> None:
    """Print a line per launch; the ratios are to the first one."""
    settings = load_settings(home=Path(tempfile.gettempdir()) / "dossier-benchmarks")
    model = prepare_base_model(settings, load_pack(settings).base_model, lambda progress: None)
    base: tuple[float, float, float] | None = None
    for launch in (as_dossier, with_room, apart, compiled, untuned):
        engine = Engine(settings, model, "benchmark", launch)
        began = time.monotonic()
        await engine.start()
        try:
            await engine.wait_ready(lambda progress: None)
            figures = (time.monotonic() - began, await rate(engine, 1), await rate(engine, 4))
            server = psutil.Process(engine.pid)
            memory = sum(p.memory_full_info().pss for p in (server, *server.children(recursive=True))) / 1e9
        finally:
            await engine.stop()
        base = base or figures
        ratios = " / ".join(f"{value / first:.2f}" for value, first in zip(figures, base, strict=True))
        start, one, four = figures
        print(
            f"{launch.__name__:10} ready {start:5.1f} s  1 stream {one:5.1f} tok/s  4 streams {four:5.1f}  "
            f"{memory:.2f} GB  ratios {ratios}",
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main())
