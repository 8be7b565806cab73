"""One model server without a gateway, for who measures a model: `python -m serving.engine.alone FOLDER NAME`.

When the server answers, one line of JSON on standard output says where (`url`, `key`). It ends when standard input
does, so also when the process that started it is killed.
"""

import asyncio
import json
import sys
from pathlib import Path

from dossier.errors import DossierError, EngineError
from dossier.settings import Settings, load_settings
from dossier.weights import verify_folder
from serving.engine.command import vllm_launch
from serving.engine.supervisor import Engine, MakeLaunch


async def serve_alone(settings: Settings, folder: Path, name: str, launch: MakeLaunch = vllm_launch) -> None:
    """Serve a verified model folder until standard input ends. Raises EngineError, EnvironmentProblem."""
    engine = Engine(settings, folder, name, launch)
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.buffer.read))
    await engine.start()
    try:
        ready = asyncio.ensure_future(engine.wait_ready(lambda progress: None))
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            return
        ready.result()
        print(json.dumps({"url": engine.url, "key": engine.api_key}), flush=True)
        await ended
        if not engine.pid:
            raise EngineError(engine.message)
    finally:
        await engine.stop()


def _main() -> None:
    try:
        settings = load_settings()
        settings.home.mkdir(parents=True, exist_ok=True)
        folder = Path(sys.argv[1])
        verify_folder(folder)
        asyncio.run(serve_alone(settings, folder, sys.argv[2]))
    except DossierError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_status) from error


if __name__ == "__main__":
    _main()
