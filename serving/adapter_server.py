"""Speaks to the model server about adapters: load, probe, unload."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from dossier.errors import EngineError
from serving.model_client import Served

_SECONDS = 120.0
"""A busy server loads between two steps, and a probe stands in its queue."""
_TRIES, _PAUSE = 20, 1.0


class AdapterServer:
    """The model server's adapters. Every failure is an EngineError."""

    def __init__(self, served: Served) -> None:
        self._served = served

    async def load(self, name: str, folder: Path) -> None:
        """Load a checked adapter folder under a name."""
        await self._post("load_lora_adapter", {"lora_name": name, "lora_path": str(folder.resolve())})

    async def unload(self, name: str) -> None:
        """Forget an adapter."""
        await self._post("unload_lora_adapter", {"lora_name": name})

    async def probe(self, name: str) -> None:
        """Have one token made with an adapter; a full queue is waited for."""
        for _ in range(_TRIES):
            if await self._post("completions", {"model": name, "prompt": "ready", "max_tokens": 1}) == 200:
                return
            await asyncio.sleep(_PAUSE)
        raise EngineError("the model server was too busy to try the adapter. It is tried again.")

    async def _post(self, route: str, body: dict[str, Any]) -> int:
        """The status: 200, or 429 or 503 where the queue is full."""
        headers = {"Authorization": f"Bearer {self._served.api_key}"}
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, headers=headers, trust_env=False) as client:
                reply = await client.post(f"{self._served.url}/{route}", json=body)
        except httpx.HTTPError as error:
            raise EngineError(f"the model server didn't answer ({error!r}). It is asked again.") from error
        busy = route == "completions" and reply.status_code in (429, 503)
        if reply.status_code != 200 and not busy:
            raise EngineError(f"the model server refused ({route}, status {reply.status_code}): {reply.text[:300]}")
        return reply.status_code
