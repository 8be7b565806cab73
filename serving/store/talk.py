"""The records of the store that are about conversations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be kept. `answered_by` is the model; objects of JSON are as the API has them.

    An answer's `answer_id` finds it again, `pin` is what it was made with (None: not known), `chart` is
    a Vega-Lite specification.
    """

    role: str
    text: str
    sources: tuple[dict[str, Any], ...] = ()
    verdict: str = ""
    note: str = ""
    interrupted: bool = False
    answered_by: str = ""
    traces: tuple[dict[str, Any], ...] = ()
    unsupported: tuple[dict[str, Any], ...] = ()
    withdrawn: str = ""
    asked_as: str = ""
    answer_id: str = ""
    pin: dict[str, Any] | None = None
    chart: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A kept message. Feedback names an answer by its `id`."""

    role: str
    text: str
    sources: tuple[dict[str, Any], ...]
    verdict: str
    note: str
    interrupted: bool
    created_at: datetime
    answered_by: str = ""
    traces: tuple[dict[str, Any], ...] = ()
    unsupported: tuple[dict[str, Any], ...] = ()
    withdrawn: str = ""
    asked_as: str = ""
    answer_id: str = ""
    pin: dict[str, Any] | None = None
    chart: dict[str, Any] | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A kept answer with its question, whose it is, and the groups that they are in now."""

    message: Message
    question: str
    owner: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation. `messages` is empty where only the list of conversations was asked for."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    messages: tuple[Message, ...] = ()
