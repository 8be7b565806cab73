"""The scripted model server with a real small model behind it, that goes on greedily behind prompts of tokens.

It serves the adapters that it is told to load, read from their folders by PEFT; `spoil` changes a loaded one's weights
as a faulty server might.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.serving.scripted_engine import Handler
from training.evaluation.lab import Lab
from training.tuning.recipe import Precision

Spoil = Callable[[Any], None]


class LabHandler(Handler):
    """Answers completions of token ids by the model of its folder and the adapter of the request."""

    base: Path
    spoil: Spoil | None = None
    cut: int = 0
    """Tokens left out at the end of each reply."""
    labs: dict[str, Lab]
    lock = threading.Lock()

    def plan(self) -> str:
        return "work"

    def _complete(self, body: dict[str, Any]) -> None:
        if not isinstance(body["prompt"], list):
            super()._complete(body)
            return
        kind = type(self)
        with kind.lock:
            lab = kind.labs.get(body["model"])
            if lab is None:
                lab = Lab(kind.base, {"served": Path(self.loaded[body["model"]])}, Precision.FLOAT32)
                if kind.spoil:
                    kind.spoil(lab._causal)
                kind.labs[body["model"]] = lab
            with lab.as_model("served"):
                made = [self._go_on(lab, prompt, body["max_tokens"]) for prompt in body["prompt"]]
        self._reply({"choices": [{"index": number, "logprobs": one} for number, one in enumerate(made)]})

    def _go_on(self, lab: Lab, prompt: list[int], most: int) -> dict[str, Any]:
        import torch

        with torch.inference_mode():
            how = {"do_sample": False, "max_new_tokens": most, "eos_token_id": sorted(lab.ends), "pad_token_id": 0}
            whole = lab._causal.generate(torch.tensor([prompt]), **how)[0].tolist()
        reply = tuple(whole[len(prompt) : len(whole) - self.cut])
        likeliest = [[one.first, one.second] for one in lab.choices([(tuple(prompt), reply)])[0]]
        return {
            "tokens": [f"token_id:{token}" for token in reply],
            "top_logprobs": [{f"token_id:{token}": value for token, value in pair} for pair in likeliest],
        }


@contextmanager
def lab_server(base: Path, spoil: Spoil | None = None, cut: int = 0) -> Iterator[str]:
    """Address of a model server on a model folder."""
    made = {"base": base, "labs": {}, "loaded": {}, "cut": cut}
    kind = type("LabHandler", (LabHandler,), made | ({"spoil": staticmethod(spoil)} if spoil else {}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
