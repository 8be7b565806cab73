"""What a customer's message wants: told by the pack's head while the reply is being written, never before it."""

import threading
from dataclasses import dataclass, field
from html import escape
from typing import Final

from dossier.errors import DossierError
from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json

TASK: Final = "intent"
"""The task that a pack must have a head for."""
_WAIT_SECONDS: Final = 0.4
"""A label takes some hundredths of a second; the first one loads its model, and is shown beside the reply."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a message wants. `candidates` are labels with their probabilities, best first; `unsure`: none is likely."""

    unsure: bool
    candidates: tuple[tuple[str, float], ...]

    @classmethod
    def read(cls, data: Json) -> "Intent":
        """From one of the results of `POST /v1/classify`."""
        named = tuple((str(one["label"]), float(one["probability"])) for one in data["candidates"])
        return cls(bool(data["unsure"]), named)


@dataclass
class Intending:
    """A message whose intent is being asked for, by a thread of its own. `problem`: why it can't be told."""

    found: Intent | None = None
    problem: str = ""
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self, gateway: Connection, message: str) -> "Intending":
        """Begin to ask."""
        threading.Thread(target=self._ask, args=(gateway, message), name="intent", daemon=True).start()
        return self

    def wait(self) -> bool:
        """Wait a moment for it; whether it is there."""
        return self._over.wait(_WAIT_SECONDS)

    def _ask(self, gateway: Connection, message: str) -> None:
        try:
            reply = gateway.call("POST", "/v1/classify", {"task": TASK, "input": message})
            self.found = Intent.read(reply["results"][0])
        except DossierError as error:
            self.problem = str(error)
        finally:
            self._over.set()


def intent_html(asked: Intending) -> str:
    """The label in plain words and how sure it is; what comes closest where it isn't sure."""
    if asked.found is None:
        said = f'<span class="fine">It can\'t be told now. {escape(asked.problem)}</span>'
    elif asked.found.unsure:
        closest = ", ".join(f"{in_words(name)} ({share:.0%})" for name, share in asked.found.candidates[:2])
        said = f'<b>Not sure</b> <span class="fine">Closest: {escape(closest)}</span>'
    else:
        (name, share), *_ = asked.found.candidates
        said = f'<b>{escape(in_words(name))}</b> <span class="fine">{share:.0%} sure</span>'
    return f'<div class="intent"><span class="eyebrow">What the customer wants</span> {said}</div>'


def in_words(name: str) -> str:
    """A label as people read it: `card_arrival` is `Card arrival`."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]
