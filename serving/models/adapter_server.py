"""Speaks to the model server about adapters: load, probe, complete, unload."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from dossier.errors import BusyError, EngineError, QuestionError
from serving.answering.model_client import Served

_SECONDS = 120.0
"""A busy server loads between two steps, and a probe stands in its queue."""
_TRIES, _PAUSE = 20, 1.0


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote behind a prompt, token by token, each the likeliest.

    `likeliest` has for each of them the likeliest two, the written one among them, with their natural log-probability.
    """

    tokens: tuple[int, ...]
    likeliest: tuple[tuple[tuple[int, float], ...], ...]


class AdapterServer:
    """The model server's adapters. Every failure is an EngineError unless a method names others."""

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
        if await self._completed({"model": name, "prompt": "ready", "max_tokens": 1}) is None:
            raise EngineError("the model server was too busy to try the adapter. It is tried again.")

    async def complete(self, name: str, prompts: Sequence[Sequence[int]], most: int) -> list[Completion]:
        """Go on greedily behind prompts of token ids, at most so many tokens each, as `name` does.

        A full queue is waited for. Raises QuestionError for prompts that the server can't read, BusyError, EngineError.
        """
        asked = {"model": name, "prompt": [list(prompt) for prompt in prompts], "max_tokens": most}
        how = {"temperature": 0, "logprobs": 2, "return_tokens_as_token_ids": True}
        reply = await self._completed({**asked, **how})
        if reply is None:
            raise BusyError("too many questions at once. Try again in a moment.")
        try:
            choices = sorted(reply.json()["choices"], key=lambda one: int(one["index"]))
            found = [_completion(one["logprobs"]) for one in choices]
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError(
                f"the model server's reply can't be read ({error!r}). Is it of another version?"
            ) from error
        if len(found) != len(prompts):
            raise EngineError(f"the model server answered {len(found)} of {len(prompts)} prompts. Ask again.")
        return found

    async def _completed(self, body: dict[str, Any]) -> httpx.Response | None:
        """The reply to a completion, None where the queue stays full."""
        for _ in range(_TRIES):
            reply = await self._post("completions", body)
            if reply.status_code == 200:
                return reply
            await asyncio.sleep(_PAUSE)
        return None

    async def _post(self, route: str, body: dict[str, Any]) -> httpx.Response:
        """The reply, of status 200, or of 429 or 503 where the queue is full."""
        headers = {"Authorization": f"Bearer {self._served.api_key}"}
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, headers=headers, trust_env=False) as client:
                reply = await client.post(f"{self._served.url}/{route}", json=body)
        except httpx.HTTPError as error:
            raise EngineError(f"the model server didn't answer ({error!r}). It is asked again.") from error
        busy = route == "completions" and reply.status_code in (429, 503)
        if reply.status_code == 400 and route == "completions":
            raise QuestionError(f"the model server can't read a prompt: {reply.text[:300]}")
        if reply.status_code != 200 and not busy:
            raise EngineError(f"the model server refused ({route}, status {reply.status_code}): {reply.text[:300]}")
        return reply


def _completion(raw: dict[str, Any]) -> Completion:
    """From OpenAI's form, tokens written as `token_id:17`."""
    likeliest = (
        tuple(sorted(((_number(name), float(value)) for name, value in listed.items()), key=lambda one: -one[1]))
        for listed in raw["top_logprobs"]
    )
    return Completion(tuple(map(_number, raw["tokens"])), tuple(likeliest))


def _number(name: str) -> int:
    return int(name.removeprefix("token_id:"))
