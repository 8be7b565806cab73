"""Asks the model server for signs of life: one token, or at least progress."""

import re
from contextlib import suppress
from dataclasses import dataclass

import httpx
import psutil

_PROGRESS = re.compile(r"^vllm:(?:prompt|generation)_tokens_total\{.*\} ([0-9.e+]+)$", re.MULTILINE)
_METRICS_SECONDS = 4.0


def processor_seconds(pid: int | None) -> float:
    """What a process and its descendants, ended ones too, have used of the processor so far; 0 when it has ended."""
    if pid is None:
        return 0.0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for member in family:
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


@dataclass(frozen=True, slots=True)
class Probe:
    """Probes one model server. `seconds` is how long one token may take."""

    url: str
    model: str
    api_key: str
    seconds: float

    async def answers(self) -> bool:
        """Whether the server produces a token, or refuses because its queue is full, within the limit."""
        body = {"model": self.model, "prompt": "ready", "max_tokens": 1}
        try:
            async with httpx.AsyncClient(timeout=self.seconds, headers=self._headers(), trust_env=False) as client:
                reply = await client.post(f"{self.url}/completions", json=body)
        except httpx.HTTPError:
            return False
        return reply.status_code in (200, 429, 503)

    async def tokens(self) -> float | None:
        """Tokens read and written since the server started, None when it doesn't say."""
        try:
            async with httpx.AsyncClient(timeout=_METRICS_SECONDS, headers=self._headers(), trust_env=False) as client:
                reply = await client.get(self.url.removesuffix("/v1") + "/metrics")
        except httpx.HTTPError:
            return None
        found = _PROGRESS.findall(reply.text)
        return sum(map(float, found)) if found else None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}
