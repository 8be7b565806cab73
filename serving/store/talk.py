"""The records of the store that are about conversations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be kept. `answered_by` is the model; objects of JSON are as the API has them."""

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


@dataclass(frozen=True, slots=True)
class Message:
    """A kept message."""

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


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation. `messages` is empty where only the list of conversations was asked for."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    messages: tuple[Message, ...] = ()
