"""Asks the model server for signs of life: one token, or at least progress."""

import re
from dataclasses import dataclass, replace

import httpx

_PROGRESS = re.compile(r"^vllm:(?:prompt|generation)_tokens_total\{.*\} ([0-9.e+]+)$", re.MULTILINE)
_METRICS_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Probe:
    """Probes one model server. `seconds` is how long one token may take."""

    url: str
    model: str
    api_key: str
    seconds: float

    def within(self, share: float) -> "Probe":
        """The same probe with a share of its time."""
        return replace(self, seconds=self.seconds * share)

    async def answers(self) -> bool:
        """Whether the server produces a token, or refuses because its queue is full, within the limit."""
        body = {"model": self.model, "prompt": "ready", "max_tokens": 1}
        try:
            async with httpx.AsyncClient(timeout=self.seconds, headers=self._headers()) as client:
                reply = await client.post(f"{self.url}/completions", json=body)
        except httpx.HTTPError:
            return False
        return reply.status_code in (200, 429, 503)

    async def tokens(self) -> float | None:
        """Tokens read and written since the server started, None when it doesn't say."""
        try:
            async with httpx.AsyncClient(timeout=_METRICS_SECONDS, headers=self._headers()) as client:
                reply = await client.get(self.url.removesuffix("/v1") + "/metrics")
        except httpx.HTTPError:
            return None
        found = _PROGRESS.findall(reply.text)
        return sum(map(float, found)) if found else None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}
