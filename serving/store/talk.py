"""The records of the store that are about conversations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be kept. `sources` is a list of JSON objects, as the API shows them; `answered_by` the model."""

    role: str
    text: str
    sources: tuple[dict[str, Any], ...] = ()
    verdict: str = ""
    note: str = ""
    interrupted: bool = False
    answered_by: str = ""


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
    id: int = 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation. `messages` is empty where only the list of conversations was asked for."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    messages: tuple[Message, ...] = ()
